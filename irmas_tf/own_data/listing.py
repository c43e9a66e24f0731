"""What a data set of the user's own holds: its files with their labels, and what is wrong with them."""

from __future__ import annotations

import dataclasses
import functools
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from irmas_tf.datasets.check_report import Finding
from irmas_tf.datasets.dataset import LabelledExcerpt
from irmas_tf.datasets.irmas_layout import display
from irmas_tf.own_data.label_grammar import Labels
from irmas_tf.process.garbage import no_collection


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A file of the data set.

    Attributes:
        path: the file.
        name: portable name, see `LabelledExcerpt.name`.
        labels: what is known of its classes.
        place: where that is said, for messages: "row 5", or the file's folder.
        group: what is never split; "" where nothing says so, and the file stands alone.
        part: "train", "validation", "test", or "" where it is drawn.
    """

    path: str
    name: str
    labels: Labels
    place: str
    group: str = ""
    part: str = ""


@dataclasses.dataclass(frozen=True)
class Listing:
    """Everything that a data set of the user's own holds.

    Attributes:
        root: folder that names are relative to.
        entries: the files, in an order that does not vary.
        findings: what is wrong; one of severity "error" keeps from training.
        readings: (text, what it was read as, files), such as ("A,B", "A and B heard, no other heard", 12).
        group_source: what groups come from ("the column group"); empty where every file stands alone.
        classes: the classes, in the order of the outputs.
        read_from: files and folders without a change to which it stays the same; empty where they are not known.
    """

    root: Path
    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]
    readings: tuple[tuple[str, str, int], ...]
    group_source: str
    classes: tuple[str, ...]
    read_from: tuple[str, ...] = ()

    @property
    def errors(self) -> list[Finding]:
        """The findings that keep from training."""
        return [finding for finding in self.findings if finding.severity == "error"]

    def excerpts(self) -> list[LabelledExcerpt]:
        """Return the files as excerpts, in order."""
        return list(self._excerpts)

    @functools.cached_property
    @no_collection()
    def _excerpts(self) -> list[LabelledExcerpt]:
        # By identity: readers make equal labels once, and comparing them for every file would take longer.
        distinct = {id(entry.labels): entry.labels for entry in self.entries}
        absent = {key: labels.known_absent(self.classes) for key, labels in distinct.items()}
        return [
            LabelledExcerpt(
                Path(entry.path),
                group=entry.group or entry.name,
                name=entry.name,
                present=entry.labels.present,
                absent=absent[id(entry.labels)],
                part=entry.part,
            )
            for entry in self.entries
        ]


def listing(
    root: Path,
    entries: Sequence[Entry],
    findings: Iterable[Finding],
    classes: Sequence[str] = (),
    *,
    readings: Sequence[tuple[str, str, int]] = (),
    group_source: str = "",
    read_from: Iterable[str] = (),
) -> Listing:
    """Return a listing with its classes, and with what is wrong about these and the names.

    Args:
        root, entries, findings, readings, group_source, read_from: see `Listing`.
        classes: those that ``--classes`` names; empty for those in the data, sorted.
    """
    heard: dict[str, Entry] = {}
    named: dict[str, Entry] = {}
    for entry in {id(entry.labels): entry for entry in reversed(entries)}.values():  # the first with such labels
        for name in entry.labels.present:
            heard.setdefault(name, entry)
        for name in entry.labels.named:
            named.setdefault(name, entry)
    more = [*findings, *_name_findings(entries), *class_findings(heard, named, classes, bool(entries))]
    ordered = tuple(sorted(entries, key=lambda entry: entry.name))
    return Listing(
        root,
        ordered,
        tuple(more),
        tuple(readings),
        group_source,
        tuple(classes) or tuple(sorted(named)),
        tuple(read_from),
    )


def class_findings(
    heard: dict[str, Entry], named: dict[str, Entry], classes: Sequence[str], has_entries: bool
) -> list[Finding]:
    """Return what is wrong with the classes of a data set.

    Args:
        heard, named: class -> the first entry that has it, and that names it.
        classes: those that ``--classes`` names.
        has_entries: whether there are files at all.
    """
    findings = []
    if classes:
        for name in sorted(named.keys() - set(classes)):
            message = f"{named[name].place}: {name!r} is not in --classes; add it there, or leave its files out"
            findings.append(Finding("error", "unlisted_class", message))
        for name in classes:
            if name not in heard:
                message = f"no file has the class {name!r} of --classes; it cannot be learnt"
                findings.append(Finding("warning", "absent_class", message))
    else:
        for name in sorted(named.keys() - heard.keys()):
            message = (
                f"{named[name].place}: {name!r} is only named as not heard or unknown, and heard in no file; correct"
                " its spelling, add files of it, or name all classes with --classes"
            )
            findings.append(Finding("error", "absent_class", message))
        if len(named) < 2 and has_entries:
            shown = f"only {next(iter(named))!r}" if named else "none"
            message = f"of the two classes or more that there must be there is {shown}; add files of another"
            findings.append(Finding("error", "one_class", message))
    return findings + _similar_names(named)


def _similar_names(named: dict[str, Entry]) -> list[Finding]:
    alike: dict[str, list[str]] = {}
    for name in sorted(named):
        key = "".join(unicodedata.normalize("NFKC", name).casefold().replace("_", " ").replace("-", " ").split())
        alike.setdefault(key, []).append(name)
    return [
        Finding(
            "warning",
            "similar_names",
            f"{' and '.join(map(repr, names))} are classes of their own ({named[names[1]].place}); if they are one,"
            " write both in the same way",
        )
        for names in alike.values()
        if len(names) > 1
    ]


def _name_findings(entries: Sequence[Entry]) -> list[Finding]:
    """Names that cannot be saved with a split, and files that have the same one."""
    findings: list[Finding] = []
    first: dict[str, Entry] = {}
    bad, same = [], []
    for entry in entries:
        if not is_utf8(entry.name):
            bad.append(f"{entry.place}: {display(entry.name)}")
        elif (other := first.setdefault(entry.name, entry)) is not entry:
            same.append(f"{entry.place}: {display(entry.path)} = {display(other.path)}")
    if bad:
        findings.append(gathered("error", "bad_name", bad, "files have names that are not UTF-8", "rename them"))
    if same:
        words = "files have the same name as another when letters are composed"
        findings.append(gathered("error", "repeated_name", same, words, "rename one of each two"))
    return findings


def is_utf8(text: str) -> bool:
    """Return whether a text can be written as UTF-8; the name of a file need not."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def gathered(severity: str, kind: str, cases: Sequence[str], what: str, remedy: str) -> Finding:
    """Return a finding for all cases of a kind, with the first in its message.

    Args:
        severity, kind: see `Finding`.
        cases: "row 5: x.wav", or files.
        what: what is wrong, after a number: "rows name files that are not there".
        remedy: what to do.
    """
    return Finding(severity, kind, f"{len(cases):,} {what}; the first is {cases[0]}: {remedy}", tuple(cases))


def counted_readings(counts: Counter[str], read: Mapping[str, Labels]) -> tuple[tuple[str, str, int], ...]:
    """Return `Listing.readings`, most files first.

    Args:
        counts: text -> files.
        read: text -> labels.
    """
    return tuple((text, read[text].described, count) for text, count in counts.most_common())


def relative_name(path: str, root: str) -> str:
    """Return the portable name of a file: its path from the root, in composed letters; "up/" for each folder above."""
    relative = os.path.relpath(path, root) if os.path.isabs(path) else os.path.normpath(path)
    if os.sep != "/" or relative.startswith(os.pardir):
        relative = "/".join("up" if part == os.pardir else part for part in relative.split(os.sep))
    return relative if relative.isascii() else unicodedata.normalize("NFC", relative)


def walked_name(path: str, root: str) -> str:
    """Return what `relative_name` does, of a path that a walk from the root made: both absolute, or neither."""
    prefix = os.path.join(root, "")
    if os.sep == "/" and path.startswith(prefix):
        name = path[len(prefix) :]
        return name if name.isascii() else unicodedata.normalize("NFC", name)
    return relative_name(os.path.abspath(path), os.path.abspath(root))
