"""Many short calls, such as reading the first bytes of files: on threads where they wait, and else without."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from irmas_tf.process.ordered_threads import OrderedThreads

T = TypeVar("T")
R = TypeVar("R")
SLOW_SECONDS = (
    2e-4  # a file of a few bytes in the system's memory takes a tenth of it, one on a disk many times as much
)
_SHARES_ON_THREADS = 64


def map_shares(
    function: Callable[[T], R],
    shares: Iterable[Sequence[T]],
    threads: OrderedThreads,
    *,
    slow_seconds: float = SLOW_SECONDS,
) -> Iterator[list[R]]:
    """Yield [function(item) for item in share] of each share, in order.

    Threads that all the time take Python's lock from each other need several times the processor of one alone, and
    are no faster. So a share is done here, and only if most of its calls are slow, the next ones on threads.

    Args:
        function: what is called.
        shares: items that a thread does in one go, none empty.
        threads: those to be used.
        slow_seconds: from where a call counts as slow; 0 is always.
    """
    remaining = iter(shares)

    def whole(share: Sequence[T]) -> list[R]:
        return [function(item) for item in share]

    for share in remaining:
        results, times = [], []
        for item in share:
            started = time.perf_counter()
            results.append(function(item))
            times.append(time.perf_counter() - started)
        yield results
        if statistics.median(times) >= slow_seconds:
            yield from threads.map(whole, itertools.islice(remaining, _SHARES_ON_THREADS))
