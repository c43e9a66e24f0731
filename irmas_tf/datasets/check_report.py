"""The report of a data check: plain data, with a table for people and JSON for programs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

SEVERITIES = ("error", "warning", "note")
_SHOWN_FILES = 5


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something to know about a copy.

    Attributes:
        severity: "error" breaks training or evaluation, "warning" may distort it, "note" is for information.
        kind: machine-readable kind ("unreadable", "missing", "duplicate"...).
        message: one sentence, with the remedy if there is one.
        files: the files concerned, all of them, relative to the data directory where possible.
    """

    severity: str
    kind: str
    message: str
    files: tuple[str, ...] = ()


def closing_lines(findings: Sequence[Finding], files_checked: int, seconds: float, *, deep: bool) -> list[str]:
    """Return the end of a report as text: how files were checked, the findings with their first files, the result."""
    how = "decoded" if deep else "headers read, float files decoded"
    lines = [f"{files_checked} audio files checked in {seconds:.1f} s ({how})", ""]
    for finding in findings:
        lines.append(f"{finding.severity}: {finding.message}")
        lines += [f"    {name}" for name in finding.files[:_SHOWN_FILES]]
        if len(finding.files) > _SHOWN_FILES:
            lines.append(f"    ... and {len(finding.files) - _SHOWN_FILES} more (--format=json lists all)")
    counts = {s: sum(f.severity == s for f in findings) for s in SEVERITIES}
    verdict = "NOT usable until the errors are mended" if counts["error"] else "usable"
    verdict += "" if deep else " (headers only; --deep decodes everything)"
    lines.append(f"result: {verdict}; {counts['error']} errors, {counts['warning']} warnings, {counts['note']} notes")
    return lines


@dataclasses.dataclass(frozen=True)
class ClassCount:
    """Excerpts and songs of one class, found and official."""

    code: str
    name: str
    excerpts: int
    official_excerpts: int
    songs: int
    official_songs: int


@dataclasses.dataclass(frozen=True)
class PartCount:
    """Clips and songs of one test part; part 0 holds clips whose folder names no part."""

    part: int
    clips: int
    official_clips: int
    songs: int


@dataclasses.dataclass(frozen=True)
class CheckReport:
    """What a copy of IRMAS is.

    Attributes:
        data_dir, training_root: folders; ``training_root`` is empty without a training set.
        classes: one entry a class.
        parts: one entry a test part.
        test_labels: IRMAS code -> test clips that carry it.
        groups: leak-free groups of the training set.
        formats: "44100 Hz, 2 channels, PCM_16, wav" -> files.
        findings: errors first, then warnings, then notes.
        files_checked: audio files examined.
        deep: whether all samples were decoded; those of float files always are.
        seconds: time taken.
    """

    data_dir: str
    training_root: str
    classes: tuple[ClassCount, ...]
    parts: tuple[PartCount, ...]
    test_labels: dict[str, int]
    groups: int
    formats: dict[str, int]
    findings: tuple[Finding, ...]
    files_checked: int
    deep: bool
    seconds: float

    @property
    def is_usable(self) -> bool:
        """Whether nothing found breaks training."""
        return not any(f.severity == "error" for f in self.findings)

    @property
    def excerpts(self) -> int:
        """Training excerpts found."""
        return sum(c.excerpts for c in self.classes)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {"usable": self.is_usable, "excerpts": self.excerpts, **dataclasses.asdict(self)}

    def to_json(self) -> str:
        """Return the report as indented JSON (ASCII only, so that any file name survives)."""
        return json.dumps(self.to_dict(), indent=2)

    def to_table(self) -> str:
        """Return the report as text for a terminal."""
        lines = [f"{self.training_root or self.data_dir}", ""]
        if self.training_root:
            row = "{:<5} {:<16} {:>9} {:>9} {:>7} {:>9}"
            lines.append(row.format("code", "class", "excerpts", "official", "songs", "official"))
            for c in self.classes:
                numbers = (c.excerpts, c.official_excerpts, c.songs, c.official_songs)
                lines.append(row.format(c.code, c.name, *numbers))
            sums = [
                sum(getattr(c, f) for c in self.classes)
                for f in ("excerpts", "official_excerpts", "songs", "official_songs")
            ]
            lines += [row.format("all", "", *sums), f"leak-free groups (same song or same content): {self.groups}"]
        lines.append("")
        for p in self.parts:
            name = f"Part{p.part}" if p.part else "no part"
            lines.append(f"test {name}: {p.clips} of {p.official_clips} clips, {p.songs} songs")
        if any(p.clips for p in self.parts):
            lines.append("test labels: " + ", ".join(f"{code} {n}" for code, n in self.test_labels.items()))
        for name, count in self.formats.items():
            lines.append(f"format: {count} files of {name}")
        lines += closing_lines(self.findings, self.files_checked, self.seconds, deep=self.deep)
        return "\n".join(lines)
