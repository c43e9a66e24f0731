"""The report of a check of any data set: plain data, with a table for people and JSON for programs."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from irmas_tf.datasets.check_report import Finding, closing_lines

_SHOWN_READINGS = 12
_WIDEST_NAME = 32


@dataclasses.dataclass(frozen=True)
class LabelCount:
    """What is known of a class: files in which it is heard, is not, and of which nobody said; groups that it is in."""

    name: str
    heard: int
    not_heard: int
    unknown: int
    groups: int


@dataclasses.dataclass(frozen=True)
class SetReport:
    """What a data set is.

    Attributes:
        dataset, data_dir: what was checked.
        classes: an entry per class, in the order of the outputs.
        files: files listed.
        none_of_them: files in which no class is heard and none is unknown.
        parts: "train", "validation", "test", "drawn" -> files; empty parts are left out.
        groups: groups, counting each file that stands alone.
        group_source: what they come from ("the column group"); empty where every file stands alone.
        readings: (text, what it was read as, files) of folder names or cells.
        proposed_groups: groups that are proposed; 0 if nothing but single files could be.
        formats: "44100 Hz, 2 channels, PCM_16, wav" -> files.
        findings: errors first, then warnings, then notes.
        files_checked: audio files examined.
        deep: whether all samples were decoded, and compared for near-duplicates.
        seconds: time taken.
    """

    dataset: str
    data_dir: str
    classes: tuple[LabelCount, ...]
    files: int
    none_of_them: int
    parts: dict[str, int]
    groups: int
    group_source: str
    readings: tuple[tuple[str, str, int], ...]
    proposed_groups: int
    formats: dict[str, int]
    findings: tuple[Finding, ...]
    files_checked: int
    deep: bool
    seconds: float

    @property
    def is_usable(self) -> bool:
        """Whether nothing keeps from training."""
        return not any(finding.severity == "error" for finding in self.findings)

    def to_json(self) -> str:
        """Return the report as indented JSON (ASCII only, so that any file name survives)."""
        document: dict[str, Any] = {"usable": self.is_usable, **dataclasses.asdict(self)}
        document["readings"] = [dict(zip(("text", "read_as", "files"), row, strict=True)) for row in self.readings]
        return json.dumps(document, indent=2)

    def to_table(self) -> str:
        """Return the report as text for a terminal."""
        lines = [f"{self.data_dir} (--dataset={self.dataset})", ""]
        if self.classes:
            width = min(_WIDEST_NAME, max(5, *(len(c.name) for c in self.classes)))
            row = f"{{:<{width}}} {{:>9}} {{:>9}} {{:>9}} {{:>9}}"
            lines.append(row.format("class", "heard", "not heard", "unknown", "groups"))
            lines += [row.format(c.name, c.heard, c.not_heard, c.unknown, c.groups) for c in self.classes]
        counts = [f"{self.files} files", *(f"{count} {part}" for part, count in self.parts.items())]
        if self.none_of_them:
            counts.append(f"{self.none_of_them} with none of the classes")
        lines.append(", ".join(counts))
        source = f"groups: {self.groups}, of {self.group_source}" if self.group_source else "groups: none"
        lines += [source, ""]
        # What means just what it says is in the table above.
        telling = [row for row in self.readings if row[1] != f"{row[0]} heard, no other heard"]
        lines += [f"read: {text!r} as {read_as}: {count} files" for text, read_as, count in telling[:_SHOWN_READINGS]]
        if len(telling) > _SHOWN_READINGS:
            lines.append(f"read: ... and {len(telling) - _SHOWN_READINGS} more (--format=json lists all)")
        lines += [f"format: {count} files of {name}" for name, count in self.formats.items()]
        return "\n".join([*lines, *closing_lines(self.findings, self.files_checked, self.seconds, deep=self.deep)])
