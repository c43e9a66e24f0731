"""Calls that run side by side on threads, with their results in order."""

from __future__ import annotations

import collections
import functools
import os
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class OrderedThreads:
    """A fixed number of threads that apply functions to items and give the results back in order.

    Args:
        threads: number of threads; 0 is one for each CPU.
        name: what the threads' names begin with.
        daemon: whether the end of the program waits for no call under way, as a request's should be whose server does
            not answer: Ctrl-C must not wait for it. Others are waited for: native code does not bear to be cut off.
    """

    def __init__(self, threads: int = 0, *, name: str = "irmas_tf", daemon: bool = False) -> None:
        self.threads = threads or usable_cpus()
        self._executor: Executor = (
            _DaemonExecutor(self.threads, name) if daemon else ThreadPoolExecutor(self.threads, thread_name_prefix=name)
        )

    def map(
        self, function: Callable[[T], R], items: Iterable[T], lookahead: int | None = None
    ) -> Generator[R, None, None]:
        """Yield function(item) in the order of the items.

        An exception is raised at its item's turn. Whenever the generator ends, what was not yet begun is cancelled.

        Args:
            function: what is called.
            items: its arguments; they are taken from the caller's thread.
            lookahead: most results under way or waiting, so that a slow consumer does not make memory grow; None is
                four times the threads.
        """
        lookahead = lookahead or 4 * self.threads
        waiting: collections.deque[Future[R]] = collections.deque()
        try:
            for item in items:
                waiting.append(self._executor.submit(function, item))
                if len(waiting) >= lookahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def run(self, function: Callable[[T], object], items: Sequence[T]) -> None:
        """Apply a function to every item and wait; the first item's exception, in order, is raised."""
        collections.deque(self.map(function, items, lookahead=len(items) + 1), maxlen=0)

    def close(self) -> None:
        """Let the threads end when they have done what was begun; returns at once."""
        self._executor.shutdown(wait=False)


class _DaemonExecutor(Executor):
    """Threads that the end of the program does not wait for, which those of `ThreadPoolExecutor` cannot be."""

    def __init__(self, threads: int, name: str) -> None:
        self._todo: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._threads = threads
        for index in range(threads):
            threading.Thread(target=self._work, name=f"{name}-{index}", daemon=True).start()

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """Return the future result of a call."""
        future: Future[R] = Future()
        self._todo.put((future, functools.partial(fn, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the threads end after the calls that were submitted; does not wait."""
        for _ in range(self._threads):
            self._todo.put(None)

    def _work(self) -> None:
        while (task := self._todo.get()) is not None:
            future, call = task
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:
                    future.set_exception(error)


@functools.lru_cache(maxsize=8)
def shared_threads(threads: int = 0) -> OrderedThreads:
    """Return the process's threads of that number."""
    return OrderedThreads(threads)


def usable_cpus() -> int:
    """Return the CPUs this process may run on, which in a container can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
