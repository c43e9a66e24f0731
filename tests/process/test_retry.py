from __future__ import annotations

import email.utils
import random
import threading
import time

import pytest

from irmas_tf.process.retry import Retry, StoppedError, TemporaryError, parse_retry_after


class OwnError(TemporaryError):
    pass


class Flaky:
    def __init__(self, failures: int, error: Exception | None = None) -> None:
        self.failures, self.calls = failures, 0
        self.error = error or OwnError("busy")

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


@pytest.mark.parametrize("retries, message", [(2, r"^busy \(3 attempts\)$"), (0, "^busy$")])
def test_it_gives_up(retries: int, message: str) -> None:
    flaky = Flaky(10)
    with pytest.raises(OwnError, match=message):
        quick(retries).call(flaky)
    assert flaky.calls == retries + 1


def test_other_errors_are_final() -> None:
    flaky = Flaky(10, KeyError("no"))
    with pytest.raises(KeyError):
        quick(5).call(flaky)
    assert flaky.calls == 1


def test_whoever_gets_on_starts_counting_again() -> None:
    waits: list[float] = []
    reported: list[tuple[str, float]] = []
    flaky, retry = Flaky(5), Retry(2, 2.0, 100.0, shortest_part=1.0, pause=waits.append)
    how_far = iter([0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4])  # before and after each attempt
    retry.call(
        flaky, progress=lambda: next(how_far), report=lambda error, seconds: reported.append((str(error), seconds))
    )
    assert waits == [2.0, 4.0, 2.0, 2.0, 2.0]
    assert reported == [("busy", seconds) for seconds in waits]


def test_pauses_double_with_chance_and_have_a_limit() -> None:
    retry = Retry(9, 0.5, 20.0, rng=random.Random(1))
    for failures in range(1, 10):
        whole = 0.5 * 2 ** (failures - 1)
        drawn = [retry.pause_seconds(failures) for _ in range(200)]
        assert min(drawn) >= min(20.0, whole / 2) and max(drawn) <= min(20.0, whole)
        if failures < 6:
            assert max(drawn) - min(drawn) > 0.4 * whole, "no two clients come back together"


def test_the_other_side_may_ask_for_more_but_not_for_ever() -> None:
    retry = Retry(1, 0.5, 20.0)
    assert retry.pause_seconds(1, 7.0) == 7.0
    assert retry.pause_seconds(1, 3600.0) == 20.0


def test_a_stop_ends_the_pause() -> None:
    retry = Retry(5, first_pause_seconds=60.0, longest_pause_seconds=60.0)
    threading.Timer(0.05, retry.stop.set).start()
    start = time.monotonic()
    with pytest.raises(StoppedError):
        retry.call(Flaky(10))
    assert time.monotonic() - start < 10


def test_retry_after() -> None:
    assert parse_retry_after("120") == 120.0
    for value in (None, "", "-5", "later", "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 99 Jan 1970 00:00:00 GMT"):
        assert parse_retry_after(value) == 0.0
    assert 0 < parse_retry_after("9" * 300) < float("inf")
    assert 50 < parse_retry_after(email.utils.formatdate(time.time() + 60, usegmt=True)) <= 60
