"""Short calls stay on the caller's thread, slow ones go to others; the results are the same."""

from __future__ import annotations

import threading
import time

import pytest

from irmas_tf.process.ordered_threads import OrderedThreads
from irmas_tf.process.threads_where_slow import map_shares

SHARES = [range(first, first + 4) for first in range(0, 400, 4)]
WANTED = [[-item for item in share] for share in SHARES]


@pytest.mark.parametrize(("slow_seconds", "elsewhere"), [(10.0, 0), (0.0, 64 + 34)])
def test_results_are_in_order_wherever_they_are_made(slow_seconds: float, elsewhere: int) -> None:
    names: list[str] = []

    def negative(item: int) -> int:
        names.append(threading.current_thread().name)
        return -item

    threads = OrderedThreads(3, name="helper")
    assert list(map_shares(negative, SHARES, threads, slow_seconds=slow_seconds)) == WANTED
    threads.close()
    assert sum(name.startswith("helper") for name in names) == 4 * elsewhere


def test_one_slow_call_among_short_ones_sends_nothing_to_threads() -> None:
    threads = OrderedThreads(2, name="helper")
    where: set[str] = set()

    def sometimes_slow(item: int) -> int:
        where.add(threading.current_thread().name.partition("-")[0])
        time.sleep(0.01 if item % 4 == 0 else 0)
        return -item

    assert list(map_shares(sometimes_slow, SHARES[:5], threads, slow_seconds=0.005)) == WANTED[:5]
    threads.close()
    assert "helper" not in where


def test_an_exception_comes_at_its_turn() -> None:
    def picky(item: int) -> int:
        if item == 9:
            raise ValueError("nine")
        return -item

    for slow_seconds in (10.0, 0.0):
        threads, results = OrderedThreads(2), []
        with pytest.raises(ValueError, match="nine"):
            for result in map_shares(picky, SHARES, threads, slow_seconds=slow_seconds):
                results.append(result)
        threads.close()
        assert results == WANTED[:2]
