"""Calls that run side by side, with their results in order."""

from __future__ import annotations

import collections
import queue
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_order(function: Callable[[T], R], items: Iterable[T], threads: int) -> Generator[R, None, None]:
    """Yield function(item) in the order of the items, at most ``threads`` calls at a time.

    No more than twice as many items are taken ahead of the one whose result is out. An exception is raised at its
    item's turn. Unlike those of an executor, the threads do not hold up the end of the program: a request that waits
    for its server must not make Ctrl-C wait as well.

    Args:
        function: what is called.
        items: its arguments; they are taken from the caller's thread.
        threads: calls at a time.
    """
    todo: queue.SimpleQueue[tuple[Future[R], T] | None] = queue.SimpleQueue()
    waiting: collections.deque[Future[R]] = collections.deque()

    def work() -> None:
        while (task := todo.get()) is not None:
            future, item = task
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(function(item))
                except BaseException as error:
                    future.set_exception(error)

    for index in range(threads):
        threading.Thread(target=work, name=f"request-{index}", daemon=True).start()
    try:
        for item in items:
            future: Future[R] = Future()
            waiting.append(future)
            todo.put((future, item))
            if len(waiting) >= 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
        for _ in range(threads):
            todo.put(None)
