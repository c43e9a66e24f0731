from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from irmas_tf.process.ordered_threads import OrderedThreads, shared_threads


@pytest.fixture(params=[False, True], ids=["waited for", "daemon"])
def threads(request):
    made: list[OrderedThreads] = []

    def make(count: int) -> OrderedThreads:
        made.append(OrderedThreads(count, daemon=request.param))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_results_are_in_order_whatever_comes_first(threads):
    def slow_first(item: int) -> int:
        time.sleep(0.02 if item % 3 == 0 else 0.0)
        return item * item

    assert list(threads(4).map(slow_first, range(12))) == [i * i for i in range(12)]
    assert list(threads(4).map(slow_first, [])) == []


def test_so_many_run_at_a_time_and_no_more(threads):
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

    list(threads(3).map(count, range(9)))
    assert most == 3


def test_items_are_taken_as_results_are_wanted_and_the_rest_is_cancelled(threads):
    taken: list[int] = []
    begun: list[int] = []
    gate = threading.Event()

    def items():
        for item in range(100):
            taken.append(item)
            yield item

    def work(item: int) -> int:
        begun.append(item)
        if item:
            gate.wait(10)
        return item

    pool = threads(2)
    results = pool.map(work, items(), lookahead=6)
    assert next(results) == 0 and len(taken) == 6
    results.close()
    gate.set()
    pool.run(lambda item: None, [0, 1])  # comes after whatever was not cancelled
    assert len(begun) <= 3 and len(taken) == 6


def test_an_exception_comes_at_its_turn(threads):
    def fail_at_three(item: int) -> int:
        if item == 3:
            raise KeyError(item)
        return item

    results = threads(3).map(fail_at_three, range(10))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(KeyError):
        next(results)
    with pytest.raises(KeyError):
        threads(3).run(fail_at_three, range(10))


def test_run_waits_for_everything(threads):
    done: list[int] = []
    threads(2).run(done.append, range(50))
    assert sorted(done) == list(range(50))


def test_threads_are_shared_by_number():
    assert shared_threads(2) is shared_threads(2) and shared_threads(2).threads == 2
    assert shared_threads(0).threads >= 1


def test_the_end_of_the_program_does_not_wait_for_a_daemons_call():
    code = (
        "import time\nfrom irmas_tf.process.ordered_threads import OrderedThreads\n"
        "for _ in OrderedThreads(2, daemon=True).map(time.sleep, [0, 600], 2):\n    break\n"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)
