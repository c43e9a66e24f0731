"""Trying again after a pause that doubles, for whatever may be away for a while.

urllib3 retries single requests. It cannot know that a download has moved on between two failures, end a pause because
nobody waits any more, or serve gRPC; so the policy is our own, and urllib3 reads the header.
"""

from __future__ import annotations

import dataclasses
import random
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class TemporaryError(Exception):
    """It did not work this time; it may later.

    Attributes:
        retry_after_seconds: when the other side asks to be tried again; 0 if it does not say.
    """

    def __init__(self, message: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class StoppedError(Exception):
    """Nobody waits for the answer any more."""


@dataclasses.dataclass
class Retry:
    """How often a call is repeated that did not work this time.

    Attributes:
        retries: repetitions after the first attempt, or after the last one that got on.
        first_pause_seconds: before the first repetition; then it doubles.
        longest_pause_seconds: limit of the pauses, also of those that the other side asks for.
        shortest_part: each pause is cut by chance to between this part and the whole of it, so that many clients do
            not come back at once; 1 leaves it as it is.
        stop: set to end pauses at once.
        rng: the chance.
        pause: waits so many seconds; None waits for ``stop``.
    """

    retries: int = 4
    first_pause_seconds: float = 0.5
    longest_pause_seconds: float = 20.0
    shortest_part: float = 0.5
    stop: threading.Event = dataclasses.field(default_factory=threading.Event)
    rng: random.Random = dataclasses.field(default_factory=random.Random)
    pause: Callable[[float], object] | None = None

    def pause_seconds(self, failures: int, asked_seconds: float = 0.0) -> float:
        """Return the pause after so many failures (from 1); at least what was asked for, within the limit."""
        drawn = self.first_pause_seconds * 2.0 ** (failures - 1) * self.rng.uniform(self.shortest_part, 1.0)
        return min(max(drawn, asked_seconds), self.longest_pause_seconds)

    def call(
        self,
        function: Callable[[], T],
        *,
        progress: Callable[[], int] = lambda: 0,
        report: Callable[[TemporaryError, float], object] = lambda error, seconds: None,
    ) -> T:
        """Return what the function does.

        Args:
            function: raises a `TemporaryError` if it is to be called again.
            progress: how far it has come; a failure after which it is further counts as the first.
            report: called before each pause with the failure and the pause, s.

        Raises:
            TemporaryError: of the last attempt, in its own type; the message says how many there were.
            StoppedError: ``stop`` was set.
        """
        failures = 0
        while not self.stop.is_set():
            before = progress()
            try:
                return function()
            except TemporaryError as error:
                failures = 1 if progress() > before else failures + 1
                if failures > self.retries:
                    tried = f" ({failures} attempts)" if failures > 1 else ""
                    raise type(error)(f"{error}{tried}", error.retry_after_seconds) from error
                seconds = self.pause_seconds(failures, error.retry_after_seconds)
                report(error, seconds)
                (self.pause or self.stop.wait)(seconds)
        raise StoppedError


def parse_retry_after(value: str | None) -> float:
    """Return the seconds that a Retry-After header asks for (number or HTTP date); 0 if absent, past or malformed."""
    from urllib3.exceptions import InvalidHeader
    from urllib3.util import Retry as HeaderReader

    try:
        return float(HeaderReader().parse_retry_after(value or ""))
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0
