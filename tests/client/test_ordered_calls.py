from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from irmas_tf.client.ordered_calls import in_order


def test_results_are_in_order_whatever_comes_first() -> None:
    def slow_first(item: int) -> int:
        time.sleep(0.002 * (20 - item))
        return item

    assert list(in_order(slow_first, range(20), 4)) == list(range(20))
    assert list(in_order(slow_first, [], 4)) == []


def test_so_many_run_at_a_time_and_no_more() -> None:
    running, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(3)

    def count(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(10)  # passes only if three are here
        with lock:
            running -= 1

    list(in_order(count, range(9), 3))
    assert most == 3


def test_items_are_not_taken_far_ahead() -> None:
    taken: list[int] = []

    def items():
        for item in range(100):
            taken.append(item)
            yield item

    results = in_order(lambda item: item, items(), 2)
    assert next(results) == 0 and len(taken) <= 4
    results.close()
    assert len(taken) <= 4


def test_an_exception_comes_at_its_turn() -> None:
    def fail(item: int) -> int:
        if item == 2:
            raise OSError("two")
        return item

    results = in_order(fail, range(5), 4)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(OSError, match="two"):
        next(results)


def test_a_call_that_hangs_does_not_hold_up_the_end() -> None:
    code = (
        "import time\nfrom irmas_tf.client.ordered_calls import in_order\n"
        "for _ in in_order(lambda item: time.sleep(item), [0, 600], 2):\n    break\n"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)
