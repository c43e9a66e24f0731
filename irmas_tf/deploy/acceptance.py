"""The acceptance check: an artefact computes what the trained model computes, number by number.

"It did not raise" proves nothing. The live side comes from the caller and has its own way of cutting windows and
decoding files, the one that predict takes, so that graph and Python are two oracles for each other.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np


@dataclasses.dataclass(frozen=True)
class ClipWindows:
    """What the live model says about the windows of a clip.

    Attributes:
        values: {"probabilities", "logits", "embedding": [windows, width]}.
        starts: first sample of every window.
    """

    values: Mapping[str, np.ndarray]
    starts: np.ndarray

    def mean(self, name: str) -> np.ndarray:
        """Return the clip's value, [width]."""
        return np.asarray(self.values[name], np.float64).mean(axis=0)


class LiveModel(Protocol):
    """The trained model, run as predict runs it."""

    def clip(self, waveform: np.ndarray) -> ClipWindows:
        """Answer for a mono clip [samples] float32 at the model's rate."""
        ...

    def decode(self, content: bytes) -> np.ndarray:
        """Return the bytes of a WAV file as mono float32 [samples] at the model's rate."""
        ...


class AcceptanceError(ValueError):
    """An artefact does not compute what the model does; the message names the checks that failed."""


@dataclasses.dataclass(frozen=True)
class Check:
    """One line of the report.

    Attributes:
        name: what was looked at.
        passed: whether it is as it must be.
        found: measured, in words.
        limit: what is allowed, in words; empty where the line only informs.
    """

    name: str
    passed: bool
    found: str
    limit: str = ""


class Comparison(NamedTuple):
    """Numbers of the artefact and of the live model, and the greatest absolute difference that passes."""

    key: str
    found: np.ndarray
    wanted: np.ndarray
    tolerance: float


class Report:
    """The checks of one artefact, in order.

    Args:
        artefact: what is checked, for the heading.

    Attributes:
        checks: the lines so far.
        differences: {key: greatest absolute difference of all comparisons under this key}.
    """

    def __init__(self, artefact: str) -> None:
        self.artefact = artefact
        self.checks: list[Check] = []
        self.differences: dict[str, float] = {}

    def add(self, name: str, passed: bool, found: str, limit: str = "") -> None:
        """Add a line."""
        self.checks.append(Check(name, bool(passed), found, limit))

    def inform(self, name: str, found: str) -> None:
        """Add a line that cannot fail."""
        self.add(name, True, found)

    def compare(self, name: str, *comparisons: Comparison) -> None:
        """Add a line that compares numbers; NaN and another shape fail."""
        found, passed = [], True
        for one in comparisons:
            if one.found.shape == one.wanted.shape:
                worst = float(np.abs(np.asarray(one.found, np.float64) - one.wanted).max(initial=0.0))
                found.append(f"{one.key} {worst:.1e}")
                passed &= worst <= one.tolerance
                self.differences[one.key] = float(np.maximum(self.differences.get(one.key, 0.0), worst))  # keeps NaN
            else:
                found.append(f"{one.key} has shape {list(one.found.shape)} instead of {list(one.wanted.shape)}")
                passed = False
        self.add(name, passed, ", ".join(found), ", ".join(f"{one.tolerance:.1e}" for one in comparisons))

    @property
    def passed(self) -> bool:
        """All checks did."""
        return all(check.passed for check in self.checks)

    def raise_if_failed(self) -> None:
        """Raise if a check failed.

        Raises:
            AcceptanceError: the message names every failed check with what was found and what is allowed.
        """
        failed = [f"{c.name}: {c.found} (allowed: {c.limit})" for c in self.checks if not c.passed]
        if failed:
            raise AcceptanceError(f"{self.artefact}: the acceptance check failed: {'; '.join(failed)}")

    def table(self) -> str:
        """Return the report as text, a line a check."""
        width = max((len(check.name) for check in self.checks), default=0)
        lines = [f"Acceptance check of {self.artefact}"]
        for check in self.checks:
            verdict = ("ok  " if check.passed else "FAIL") if check.limit else "    "
            limit = f"   (allowed: {check.limit})" if check.limit else ""
            lines.append(f"  {verdict} {check.name:{width}}  {check.found}{limit}")
        return "\n".join(lines) + "\n"


def median_milliseconds(call: Callable[[], object], repetitions: int = 15) -> float:
    """Return the median time of a call in milliseconds, after one that is not counted."""
    call()
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return 1000.0 * float(np.median(seconds))
