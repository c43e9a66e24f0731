from __future__ import annotations

import random
import threading
import time

import pytest

from irmas_tf.client.retry import Retry, StoppedError
from irmas_tf.client.server_errors import RefusedError, UnavailableError


class Flaky:
    def __init__(self, failures: int, error: Exception | None = None) -> None:
        self.failures, self.calls = failures, 0
        self.error = error or UnavailableError("busy")

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return "answer"


def quick(retries: int) -> Retry:
    return Retry(retries, first_pause_seconds=0.001)


def test_it_comes_back_until_there_is_an_answer() -> None:
    flaky = Flaky(3)
    assert quick(3).call(flaky) == "answer" and flaky.calls == 4


def test_it_gives_up() -> None:
    flaky = Flaky(10)
    with pytest.raises(UnavailableError, match=r"^busy \(3 attempts\)$"):
        quick(2).call(flaky)
    assert flaky.calls == 3


def test_what_is_refused_is_not_repeated() -> None:
    flaky = Flaky(10, RefusedError("no"))
    with pytest.raises(RefusedError):
        quick(5).call(flaky)
    assert flaky.calls == 1


def test_pauses_double_with_chance_and_have_a_limit() -> None:
    retry = Retry(9, 0.5, 20.0, rng=random.Random(1))
    for attempt in range(9):
        whole = min(20.0, 0.5 * 2**attempt)
        drawn = [retry.pause_seconds(attempt) for _ in range(200)]
        assert min(drawn) >= min(20.0, 0.25 * 2**attempt) and max(drawn) <= whole
        if attempt < 5:
            assert max(drawn) - min(drawn) > 0.4 * whole, "no two clients come back together"


def test_the_server_may_ask_for_more_but_not_for_ever() -> None:
    retry = Retry(1, 0.5, 20.0)
    assert retry.pause_seconds(0, 7.0) == 7.0
    assert retry.pause_seconds(0, 3600.0) == 20.0


def test_a_stop_ends_the_pause() -> None:
    retry = Retry(5, first_pause_seconds=60.0, longest_pause_seconds=60.0)
    threading.Timer(0.05, retry.stop.set).start()
    start = time.monotonic()
    with pytest.raises(StoppedError):
        retry.call(Flaky(10))
    assert time.monotonic() - start < 10
