"""What a data set is, whichever it is: counts per class, bad audio, duplicates, contradictions, groups."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from pathlib import Path

from irmas_tf.config.data import DataConfig
from irmas_tf.config.datasets import DATASETS, base_name
from irmas_tf.datasets.audio_check import examine_all
from irmas_tf.datasets.check_findings import audio_findings
from irmas_tf.datasets.check_report import SEVERITIES, Finding
from irmas_tf.datasets.content_ids import content_ids
from irmas_tf.datasets.dataset import LabelledExcerpt
from irmas_tf.datasets.irmas_layout import display
from irmas_tf.own_data.group_proposals import Proposal, propose_groups
from irmas_tf.own_data.own_dataset import OwnDataset, join_identical
from irmas_tf.own_data.same_sound import same_bytes, same_sound_findings, same_to_the_ear
from irmas_tf.own_data.set_report import LabelCount, SetReport
from irmas_tf.process.garbage import no_collection


@dataclasses.dataclass(frozen=True)
class CheckedSet:
    """A data set that was checked.

    Attributes:
        report: what it is.
        excerpts: its files.
        classes: its classes.
        proposal: groups for the files, those of the data set or those that are proposed.
        unusable: files that training would refuse.
    """

    report: SetReport
    excerpts: tuple[LabelledExcerpt, ...]
    classes: tuple[str, ...]
    proposal: Proposal
    unusable: frozenset[Path]


@dataclasses.dataclass(frozen=True)
class _Listed:
    root: Path
    excerpts: list[LabelledExcerpt]
    classes: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    readings: tuple[tuple[str, str, int], ...] = ()
    group_source: str = ""


def check_dataset(settings: DataConfig, *, deep: bool = False, progress: bool = True) -> CheckedSet:
    """Examine a data set. A bad file or row becomes a finding, never an exception.

    Args:
        settings: which data set, and where.
        deep: decode all audio: finds damage, silence, clipping, and the same sound at another level, in another format
            or cut elsewhere (`irmas_tf.own_data.fingerprints`). Otherwise headers are read and bytes compared.
        progress: show progress bars on stderr when it takes longer than a second.

    Raises:
        DataError: the place is not one of this data set, or nothing can be listed.
    """
    with contextlib.nullcontext() if deep else no_collection():  # decoders may leave circles behind
        return _checked(settings, deep, progress)


def _checked(settings: DataConfig, deep: bool, progress: bool) -> CheckedSet:
    started = time.monotonic()
    listed = _listed(settings)
    base = os.fspath(listed.root)

    def shown(path: Path) -> str:
        return display(os.path.relpath(path, base) if path.is_relative_to(base) else path)

    paths = [excerpt.path for excerpt in listed.excerpts]
    # A list, no dictionary: the hash of a path takes as long as its header.
    examined = list(zip(paths, examine_all(paths, deep=deep, progress=progress), strict=True))
    bad = {i for i, (_, (facts, issues)) in enumerate(examined) if facts is None or any(j.is_error for j in issues)}
    unusable = frozenset(paths[index] for index in bad)
    usable = [index for index in range(len(paths)) if index not in bad]
    ids: list[str | None] = [None] * len(paths)
    for index, content_id in zip(
        usable, content_ids([paths[i] for i in usable], root=listed.root, progress=progress), strict=True
    ):
        ids[index] = content_id
    excerpts = join_identical(listed.excerpts, ids)
    same = [same_bytes(ids)]
    if deep:
        same.append(same_to_the_ear(paths, usable, ids, progress=progress))
    has_groups = bool(listed.group_source)
    proposal = propose_groups(listed.excerpts, [s for kind in same for s in kind.sets], has_groups=has_groups)
    findings = [
        *listed.findings,
        *audio_findings({path: looked for path, looked in examined if looked[1]}, shown),
        *(finding for kind in same for finding in same_sound_findings(kind, excerpts, shown)),
        *_class_findings(excerpts, listed.classes, has_groups=has_groups),
        *_group_findings(proposal, len(paths), has_groups=has_groups),
    ]
    kinds = Counter(
        (facts.sample_rate_hz, facts.channels, facts.subtype, path.suffix)
        for path, (facts, _) in examined
        if facts is not None
    )
    formats: Counter[str] = Counter()
    for (rate, channels, subtype, suffix), count in kinds.items():
        formats[f"{rate} Hz, {channels} channels, {subtype}, {suffix.lower()[1:]}"] += count
    parts = Counter(excerpt.part or "drawn" for excerpt in excerpts)
    report = SetReport(
        dataset=settings.dataset,
        data_dir=display(settings.data_dir),
        classes=_label_counts(excerpts, listed.classes),
        files=len(paths),
        none_of_them=sum(e.absent is None and not e.classes_present for e in excerpts),
        parts={part: parts[part] for part in ("train", "validation", "test", "drawn") if parts[part]},
        groups=len({excerpt.group for excerpt in excerpts}),
        group_source=listed.group_source,
        readings=listed.readings,
        proposed_groups=proposal.number if proposal.reasons and not listed.group_source else 0,
        formats=dict(formats.most_common()),
        findings=tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))),
        files_checked=len(paths),
        deep=deep,
        seconds=round(time.monotonic() - started, 2),
    )
    return CheckedSet(report, tuple(listed.excerpts), listed.classes, proposal, unusable)


def _listed(settings: DataConfig) -> _Listed:
    kind = DATASETS.get(base_name(settings.dataset))
    dataset, data_dir = kind(settings), settings.data_dir
    root = Path(data_dir).expanduser()
    if isinstance(dataset, OwnDataset):
        own = dataset.listing(data_dir)
        return _Listed(own.root, own.excerpts(), own.classes, own.findings, own.readings, own.group_source)
    described = kind(dataset.describe(data_dir))
    excerpts = list(described.items(data_dir))
    has_groups = any(excerpt.group != excerpt.name for excerpt in excerpts)
    codes = tuple(described.labels.source_to_code)
    return _Listed(root, excerpts, codes, group_source="the data set" if has_groups else "")


def _label_counts(excerpts: Sequence[LabelledExcerpt], classes: Sequence[str]) -> tuple[LabelCount, ...]:
    heard: Counter[str] = Counter()
    not_heard: Counter[str] = Counter()  # in excerpts that name what is not heard
    heard_of_full: Counter[str] = Counter()
    groups: dict[str, set[Hashable]] = defaultdict(set)
    full = 0
    for excerpt in excerpts:
        full += excerpt.absent is None
        for name in excerpt.classes_present:
            heard[name] += 1
            heard_of_full[name] += excerpt.absent is None
            groups[name].add(excerpt.group)
        for name in excerpt.absent or ():
            not_heard[name] += 1
    rows = []
    for name in classes:
        absent = not_heard[name] + full - heard_of_full[name]
        rows.append(LabelCount(name, heard[name], absent, len(excerpts) - heard[name] - absent, len(groups[name])))
    return tuple(rows)


def _class_findings(excerpts: Sequence[LabelledExcerpt], classes: Sequence[str], *, has_groups: bool) -> list[Finding]:
    """Classes that training or validation would not see, in the order of the classes."""
    groups: dict[str, set[Hashable]] = defaultdict(set)
    trains: set[str] = set()
    first: dict[str, LabelledExcerpt] = {}
    for excerpt in excerpts:
        for name in excerpt.classes_present:
            first.setdefault(name, excerpt)
            groups[name].add(excerpt.group)
            if excerpt.part in ("", "train"):
                trains.add(name)
    findings = []
    for name in classes:
        if name in first and name not in trains:
            message = f"class {name!r} is heard in no file to train with; move some of its recordings into training"
            findings.append(Finding("warning", "not_trained", message))
        elif len(groups[name]) == 1:
            what = f"group only, {str(first[name].group)!r}" if has_groups else f"file only, {first[name].name!r}"
            message = f"class {name!r} is in one {what}: it is learnt and never validated; add another recording of it"
            findings.append(Finding("warning", "single_group", message))
    return findings


def _group_findings(proposal: Proposal, files: int, *, has_groups: bool) -> list[Finding]:
    if has_groups or not files:
        return []
    message = "no groups: a split by single files flatters where several are of one recording"
    if proposal.reasons:
        reasons = " and ".join(f"{count:,} files with {reason}" for reason, count in proposal.reasons.items())
        message += (
            f"; there are {reasons}: --write_manifest=FILE.csv writes all as {proposal.number:,} groups, to be looked"
            " through and trained with (--dataset=manifest)"
        )
    else:
        message += "; names propose none; if some are, list all in a manifest with a column group"
    return [Finding("warning", "no_groups", message)]
