"""What a copy of IRMAS is: its counts against the official ones, bad audio, duplicates, contradictions."""

from __future__ import annotations

import dataclasses
import os
import time
from collections import Counter
from pathlib import Path

from irmas_tf.audio.walk import noun_of_other
from irmas_tf.config.labels import IRMAS_NAMES
from irmas_tf.datasets import irmas_counts
from irmas_tf.datasets.audio_check import examine_all
from irmas_tf.datasets.check_findings import (
    audio_findings,
    count_findings,
    duplicate_findings,
    manifest_findings,
    odd_formats,
    odd_lengths,
)
from irmas_tf.datasets.check_report import SEVERITIES, CheckReport, ClassCount, Finding, PartCount
from irmas_tf.datasets.content_ids import content_ids
from irmas_tf.datasets.irmas import group_excerpts
from irmas_tf.datasets.irmas_layout import DataError, check_data_dir, display
from irmas_tf.datasets.irmas_records import TrainingScan
from irmas_tf.datasets.irmas_scan import scan_testing, scan_training
from irmas_tf.kinds.file_kinds import counted

_DURATION_TOLERANCE_SECONDS = 0.5


def check(data_dir: str | os.PathLike[str], *, deep: bool = False, progress: bool = True) -> CheckReport:
    """Examine a copy of IRMAS and return the report. A bad file becomes a finding, never an exception.

    Args:
        data_dir: the folder that holds IRMAS-TrainingData and the IRMAS-TestingData parts, or one of these.
        deep: decode all audio (finds damaged data, silence, clipping, DC) instead of reading headers; float files,
            which may hold NaN, are always decoded.
        progress: show progress bars on stderr when it takes longer than a second.

    Raises:
        DataError: ``data_dir`` is not a folder that can be read.
    """
    started = time.monotonic()
    base = check_data_dir(data_dir)

    def shown(path: Path) -> str:
        return display(path.relative_to(base) if path.is_relative_to(base) else path)

    findings: list[Finding] = []
    testing = scan_testing(base)
    training: TrainingScan | None = None
    try:
        training = scan_training(base)
    except DataError as error:
        severity = "note" if testing.clips else "error"
        findings.append(Finding(severity, "no_training_set", str(error)))
    for problem in (*(training.problems if training else ()), *testing.problems):
        findings.append(
            Finding("error" if problem.is_fatal else "warning", problem.kind, problem.message, (shown(problem.path),))
        )
    excerpts = training.excerpts if training else ()
    paths = [e.path for e in excerpts] + [c.path for c in testing.clips]
    examined = dict(zip(paths, examine_all(paths, deep=deep, progress=progress), strict=True))
    facts = {path: result[0] for path, result in examined.items() if result[0] is not None}
    findings += audio_findings(examined, shown)
    train_facts = {e.path: facts[e.path] for e in excerpts if e.path in facts}
    test_facts = {c.path: facts[c.path] for c in testing.clips if c.path in facts}
    official_seconds = irmas_counts.TRAINING_FRAMES / irmas_counts.TRAINING_SAMPLE_RATE_HZ
    findings += odd_formats(train_facts, "training excerpts", shown) + odd_formats(test_facts, "test clips", shown)
    findings += odd_lengths(
        train_facts, round(official_seconds - 0.01, 2), round(official_seconds + 0.01, 2), "training excerpts", shown
    )
    low, high = irmas_counts.TESTING_MIN_SECONDS, irmas_counts.TESTING_MAX_SECONDS
    findings += odd_lengths(
        test_facts, low - _DURATION_TOLERANCE_SECONDS, high + _DURATION_TOLERANCE_SECONDS, "test clips", shown
    )
    findings += count_findings(training, testing)
    findings += manifest_findings([*([training.root] if training else []), *testing.roots], shown)
    # The caches are kept for the folders that the indexes use, so that training does not hash everything again.
    ids: dict[Path, str] = {}
    roots = [(training.root, train_facts)] if training else []
    for root, some in (*roots, *((root, test_facts) for root in testing.roots[:1])):
        ids |= dict(zip(some, content_ids(list(some), root=root, progress=progress), strict=True))
    excerpts = tuple(dataclasses.replace(e, content_id=ids.get(e.path)) for e in excerpts)
    clips = [dataclasses.replace(c, content_id=ids.get(c.path)) for c in testing.clips]
    findings += duplicate_findings(excerpts, clips, shown)
    if training and training.other_files:
        files = tuple(map(shown, training.other_files))
        nouns = Counter(noun_of_other(path) or "sound file of another name" for path in training.other_files)
        kinds = ", ".join(counted(count, noun) for noun, count in nouns.most_common())
        findings.append(
            Finding(
                "note",
                "other_files",
                f"the training folder holds {kinds} beside the excerpts; ignored",
                files,
            )
        )
    codes = Counter(e.irmas_code for e in excerpts)
    parts = sorted({*irmas_counts.TESTING_CLIPS, *(c.part for c in testing.clips)})
    formats = Counter(
        f"{f.sample_rate_hz} Hz, {f.channels} channels, {f.subtype}, {p.suffix.lower()[1:]}" for p, f in facts.items()
    )
    labels = Counter(code for clip in testing.clips for code in clip.irmas_codes)
    return CheckReport(
        data_dir=display(base),
        training_root=display(training.root) if training else "",
        classes=tuple(
            ClassCount(
                code,
                name,
                codes[code],
                irmas_counts.TRAINING_EXCERPTS[code],
                len({e.song_id for e in excerpts if e.irmas_code == code}),
                irmas_counts.TRAINING_SONGS[code],
            )
            for code, name in IRMAS_NAMES.items()
        ),
        parts=tuple(
            PartCount(
                part,
                sum(c.part == part for c in testing.clips),
                irmas_counts.TESTING_CLIPS.get(part, 0),
                len({c.song_id for c in testing.clips if c.part == part}),
            )
            for part in parts
        ),
        test_labels={code: labels[code] for code in IRMAS_NAMES},
        groups=len(set(group_excerpts(excerpts))),
        formats=dict(formats.most_common()),
        findings=tuple(sorted(findings, key=lambda f: SEVERITIES.index(f.severity))),
        files_checked=len(paths),
        deep=deep,
        seconds=round(time.monotonic() - started, 2),
    )
