"""The acceptance check: an artefact computes what the trained model computes, number by number.

"It did not raise" proves nothing. The live side is the run's model with windows cut and files decoded in Python, as
predict does it, so that graph and Python are two oracles for each other.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np


class AcceptanceError(ValueError):
    """An artefact does not compute what the model does; the message names the checks that failed.

    Attributes:
        report: all checks, where one was made.
    """

    def __init__(self, message: str, report: Report | None = None) -> None:
        super().__init__(message)
        self.report = report


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
        words, passed = [], True
        for key, found, wanted, tolerance in comparisons:
            if found.shape == wanted.shape:
                worst = float(np.abs(np.asarray(found, np.float64) - wanted).max(initial=0.0))
                words.append(f"{key} {worst:.1e}")
                passed &= worst <= tolerance
                self.differences[key] = float(np.maximum(self.differences.get(key, 0.0), worst))  # keeps NaN
            else:
                words.append(f"{key} has shape {list(found.shape)} instead of {list(wanted.shape)}")
                passed = False
        self.add(name, passed, ", ".join(words), ", ".join(f"{one.tolerance:.1e}" for one in comparisons))

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
            raise AcceptanceError(f"{self.artefact}: the acceptance check failed: {'; '.join(failed)}", self)

    def table(self) -> str:
        """Return the report as text, a line per check."""
        width = max((len(check.name) for check in self.checks), default=0)
        lines = [f"Acceptance check of {self.artefact}"]
        for check in self.checks:
            verdict = ("ok  " if check.passed else "FAIL") if check.limit else "    "
            limit = f"   (allowed: {check.limit})" if check.limit else ""
            lines.append(f"  {verdict} {check.name:{width}}  {check.found}{limit}")
        return "\n".join(lines) + "\n"


@contextlib.contextmanager
def showing_failures() -> Iterator[None]:
    """Print the report of an artefact that fails inside the block; the error goes on."""
    try:
        yield
    except AcceptanceError as error:
        if error.report is not None:
            print(error.report.table(), end="", flush=True)
        raise


def median_milliseconds(call: Callable[[], object], repetitions: int = 15) -> float:
    """Return the median time of a call in milliseconds, after one that is not counted."""
    call()
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return 1000.0 * float(np.median(seconds))
