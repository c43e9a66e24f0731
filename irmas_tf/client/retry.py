"""Trying again after a pause that doubles, with chance in it, so that many clients do not come back at once."""

from __future__ import annotations

import dataclasses
import random
import threading
from collections.abc import Callable
from typing import TypeVar

from irmas_tf.client.server_errors import UnavailableError

T = TypeVar("T")


class StoppedError(Exception):
    """Nobody waits for the answer any more."""


@dataclasses.dataclass
class Retry:
    """How often a call is repeated that the server did not answer.

    Attributes:
        retries: repetitions after the first attempt.
        first_pause_seconds: before the first repetition; then it doubles. Each pause is cut by chance to between half
            and the whole of that.
        longest_pause_seconds: limit of the pauses, also of those that the server asks for.
        stop: set to end pauses at once.
        rng: the chance.
    """

    retries: int = 4
    first_pause_seconds: float = 0.5
    longest_pause_seconds: float = 20.0
    stop: threading.Event = dataclasses.field(default_factory=threading.Event)
    rng: random.Random = dataclasses.field(default_factory=random.Random)

    def pause_seconds(self, attempt: int, asked_seconds: float = 0.0) -> float:
        """Return the pause after an attempt (counted from 0); at least what the server asked for, within the limit."""
        drawn = self.first_pause_seconds * 2.0**attempt * self.rng.uniform(0.5, 1.0)
        return min(max(drawn, asked_seconds), self.longest_pause_seconds)

    def call(self, function: Callable[[], T]) -> T:
        """Return what the function does.

        Raises:
            UnavailableError: of the last attempt.
            StoppedError: ``stop`` was set.
        """
        for attempt in range(self.retries + 1):
            if self.stop.is_set():
                raise StoppedError
            try:
                return function()
            except UnavailableError as error:
                if attempt == self.retries:
                    tried = f" ({attempt + 1} attempts)" if attempt else ""
                    raise UnavailableError(f"{error}{tried}", error.retry_after_seconds) from error
                self.stop.wait(self.pause_seconds(attempt, error.retry_after_seconds))
        raise AssertionError("unreachable")
