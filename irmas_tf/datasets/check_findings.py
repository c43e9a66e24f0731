"""What a data check concludes from the files it has looked at: each function turns facts into findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from irmas_tf.audio.walk import AUDIO_SUFFIXES
from irmas_tf.datasets import irmas_counts
from irmas_tf.datasets.audio_check import AudioFacts, AudioIssue
from irmas_tf.datasets.check_report import Finding
from irmas_tf.datasets.irmas import contradictory_sets, count_differences, identical_sets
from irmas_tf.datasets.irmas_layout import walk_files
from irmas_tf.datasets.irmas_records import Excerpt, TestClip, TestingScan, TrainingScan

_FETCH = "irmas download fetches missing parts"
_ISSUE_WORDS = {
    "unreadable": "cannot be read as audio: replace or remove",
    "empty": "hold no sound: replace or remove",
    "unsupported_rate": "have a sample rate that cannot be used: convert or remove",
    "non_finite": "hold NaN, infinity or numbers far beyond full scale: replace or remove",
    "truncated": "are cut short (what is there is used)",
    "silent": "are silent",
    "silent_in_mono": "are silent in mono: take one channel, or invert one",
    "clipped": "are clipped",
    "dc_offset": "have a DC offset",
}


def audio_findings(
    examined: dict[Path, tuple[AudioFacts | None, list[AudioIssue]]], shown: Callable[[Path], str]
) -> list[Finding]:
    """One finding for each kind of issue, with all its files."""
    by_kind: dict[str, list[tuple[Path, AudioIssue]]] = {}
    for path, (_, issues) in examined.items():
        for issue in issues:
            by_kind.setdefault(issue.kind, []).append((path, issue))
    findings = []
    for kind, cases in by_kind.items():
        first, issue = cases[0]
        message = f"{len(cases)} audio files {_ISSUE_WORDS[kind]}; {shown(first)} {issue.detail}"
        severity = "error" if issue.is_error else "warning"
        findings.append(Finding(severity, kind, message, tuple(shown(path) for path, _ in cases)))
    return findings


def odd_formats(facts: dict[Path, AudioFacts], what: str, shown: Callable[[Path], str]) -> list[Finding]:
    """Files whose format differs from the majority (warning), and a majority that is not the official one (note)."""
    official = (irmas_counts.TRAINING_SAMPLE_RATE_HZ, irmas_counts.TRAINING_CHANNELS, irmas_counts.TRAINING_SUBTYPE)
    kinds = {path: (f.sample_rate_hz, f.channels, f.subtype) for path, f in facts.items()}
    if not kinds:
        return []
    findings = []
    usual = Counter(kinds.values()).most_common(1)[0][0]
    if usual != official:
        message = "most {} are {} Hz, {} channels, {}; the official ones are {} Hz, {} channels, {}"
        findings.append(Finding("note", "unofficial_format", message.format(what, *usual, *official)))
    odd = [path for path, kind in kinds.items() if kind != usual]
    if odd:
        message = (
            "{} {} have another rate, channel count or sample format than the rest, the first {} Hz, {} channels, {}"
        )
        files = tuple(shown(path) for path in odd)
        findings.append(Finding("warning", "odd_format", message.format(len(odd), what, *kinds[odd[0]]), files))
    return findings


def odd_lengths(
    facts: dict[Path, AudioFacts], low: float, high: float, what: str, shown: Callable[[Path], str]
) -> list[Finding]:
    """Files that last less than ``low`` or more than ``high`` seconds."""
    odd = [p for p, f in facts.items() if not low <= f.duration_seconds <= high]
    if not odd:
        return []
    wanted = f"{low:g} s" if high - low < 0.1 else f"{low:g} to {high:g} s"
    message = f"{len(odd)} {what} do not last {wanted}, the first {facts[odd[0]].duration_seconds:.2f} s"
    return [Finding("warning", "odd_length", message, tuple(shown(p) for p in odd))]


def _holes(excerpts: Sequence[Excerpt]) -> list[str]:
    """Return files that must be missing: excerpts of a song are numbered from 1 without holes.

    The prefix is that of a sibling; it may differ, since a few songs have files with and without one.
    """
    songs: dict[str, dict[int, str]] = {}
    for excerpt in excerpts:
        stem = excerpt.name.rpartition("__")[0]
        songs.setdefault(f"{excerpt.irmas_code}/{excerpt.song_id}", {})[excerpt.excerpt_number] = stem
    return [
        f"{have[max(have)]}__{n}.wav" for _, have in sorted(songs.items()) for n in range(1, max(have)) if n not in have
    ]


def manifest_findings(roots: Iterable[Path], shown: Callable[[Path], str]) -> list[Finding]:
    """Compare folders that the download command made with what it unpacked."""
    from irmas_tf.datasets.archive import missing_from_manifest, read_manifest

    missing, surplus = [], []
    for root in roots:
        manifest = read_manifest(root)
        if manifest is None:
            continue
        missing += [shown(root / name) for name in missing_from_manifest(root, manifest)]
        present = (path for path in walk_files(root, skip_testing=False) if path.suffix.lower() in AUDIO_SUFFIXES)
        surplus += [shown(path) for path in present if path.relative_to(root).as_posix() not in manifest]
    findings = []
    if missing:
        message = f"{len(missing)} files that were unpacked are missing or have changed their size; {_FETCH}"
        findings.append(Finding("warning", "missing", message, tuple(missing)))
    if surplus:
        findings.append(
            Finding("warning", "surplus", f"{len(surplus)} audio files are not part of IRMAS", tuple(surplus))
        )
    return findings


def _difference_findings(which: str, counts: Counter[str], official: dict[str, int]) -> list[Finding]:
    phrases = count_differences(counts, official)
    findings = []
    for kind, wanted, remedy in (("missing", True, f"; {_FETCH}"), ("surplus", False, "")):
        chosen = [p for p in phrases if p.endswith("missing") == wanted]
        if chosen:
            message = f"not the official {which} set: {'; '.join(chosen)}{remedy}"
            findings.append(Finding("warning", kind, message))
    return findings


def count_findings(training: TrainingScan | None, testing: TestingScan) -> list[Finding]:
    """Compare the counts with the official ones, and name excerpts that the numbering shows to be missing."""
    findings = []
    if training is not None:
        counts = Counter(e.irmas_code for e in training.excerpts)
        absent = [code for code in irmas_counts.TRAINING_EXCERPTS if not counts[code]]
        findings += _difference_findings("training", counts, irmas_counts.TRAINING_EXCERPTS)
        if absent and training.excerpts:
            message = f"classes without a single excerpt cannot be learnt: {', '.join(absent)}"
            findings.append(Finding("warning", "absent_class", message))
        songs = {code: len({e.song_id for e in training.excerpts if e.irmas_code == code}) for code in counts}
        lonely = [code for code, n in songs.items() if n == 1]
        if lonely:
            message = f"classes with one song only are never validated: {', '.join(lonely)}"
            findings.append(Finding("warning", "single_song", message))
        holes = _holes(training.excerpts)
        if holes:
            message = f"{len(holes)} excerpts are missing between others of the same song; {_FETCH}"
            findings.append(Finding("warning", "missing", message, tuple(holes)))
    if not testing.clips:
        findings.append(Finding("note", "no_test_set", f"no test clips here; {_FETCH}"))
    else:
        clips = Counter(f"Part{c.part}" for c in testing.clips)
        findings += _difference_findings("test", clips, {f"Part{p}": n for p, n in irmas_counts.TESTING_CLIPS.items()})
        if clips["Part0"]:
            findings.append(
                Finding(
                    "note", "unknown_part", f"{clips['Part0']} test clips are in no folder named Part1, Part2 or Part3"
                )
            )
    return findings


def _pairs(sets: Iterable[Sequence[Excerpt | TestClip]], shown: Callable[[Path], str]) -> tuple[str, ...]:
    return tuple(" = ".join(shown(item.path) for item in same) for same in sets)


def duplicate_findings(
    excerpts: Sequence[Excerpt], clips: Sequence[TestClip], shown: Callable[[Path], str]
) -> list[Finding]:
    """Identical files: duplicates, contradictory labels, and audio in both the training and the test set.

    The excerpts and clips must carry their content identifiers; those without (unreadable files) are not compared.
    """
    findings = []
    same = identical_sets(excerpts)
    if same:
        message = (
            f"{sum(len(group) - 1 for group in same)} training excerpts repeat the audio of another ({len(same)} sets;"
            " the official release has them; each set stays on one side of a split)"
        )
        findings.append(Finding("note", "duplicate", message, _pairs(same, shown)))
    clash = contradictory_sets(excerpts)
    if clash:
        message = (
            f"{len(clash)} sets of identical excerpts carry contradictory labels (the official release has 9 such"
            " pairs, gac and gel)"
        )
        findings.append(Finding("warning", "contradictory", message, _pairs(clash, shown)))
    test: dict[str, list[TestClip]] = {}
    for clip in clips:
        if clip.content_id is not None:
            test.setdefault(clip.content_id, []).append(clip)
    same_clips = [group for group in test.values() if len(group) > 1]
    if same_clips:
        message = f"{len(same_clips)} sets of test clips are byte-identical (the official release has 10 pairs)"
        findings.append(Finding("note", "duplicate_clips", message, _pairs(same_clips, shown)))
    differing = [group for group in same_clips if len({frozenset(c.irmas_codes) for c in group}) > 1]
    if differing:
        message = f"{len(differing)} sets of identical test clips carry different labels"
        findings.append(Finding("warning", "contradictory_clips", message, _pairs(differing, shown)))
    shared: list[list[Excerpt | TestClip]] = [[e, test[e.content_id][0]] for e in excerpts if e.content_id in test]
    if shared:
        message = f"{len(shared)} training excerpts are also in the test set"
        findings.append(Finding("warning", "train_in_test", message, _pairs(shared, shown)))
    return findings
