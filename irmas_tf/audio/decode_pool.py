"""Decoding many files at once, in order, on threads (decoding and resampling release Python's lock)."""

from __future__ import annotations

import collections
import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from irmas_tf.audio.decode import decode_file

T = TypeVar("T")
Decoder = Callable[[str], np.ndarray]


def make_decoder(name: str, target_hz: int) -> Decoder:
    """Return the function path -> mono float32 [samples] at ``target_hz`` behind a ``--decoder`` value.

    Raises:
        ValueError: unknown name, or tensorflow_io asked for where it does not work.
    """
    if name == "auto":
        return functools.partial(decode_file, target_hz=target_hz)
    if name == "soundfile":
        return functools.partial(decode_file, target_hz=target_hz, fast=False)
    if name == "tensorflow_io":
        from irmas_tf.audio.tf_decode import decode_file_in_graph

        return functools.partial(decode_file_in_graph, target_hz=target_hz)
    raise ValueError(f"unknown decoder {name!r}; known: auto, soundfile, tensorflow_io")


class DecodePool:
    """A fixed number of threads that apply a function to items and give the results back in order.

    Args:
        threads: number of threads; 0 is one for each CPU.
    """

    def __init__(self, threads: int = 0) -> None:
        self.threads = threads or _usable_cpus()
        self._executor = ThreadPoolExecutor(self.threads, thread_name_prefix="irmas_tf-decode")

    def map(self, function: Callable[[Any], T], items: Iterable[Any], lookahead: int | None = None) -> Iterator[T]:
        """Yield function(item) in the order of the items.

        At most ``lookahead`` (default: four times the threads) results are under way or waiting, so that a slow
        consumer does not make memory grow. An exception is raised at its item's turn; what was not yet begun is
        cancelled.
        """
        lookahead = lookahead or 4 * self.threads
        waiting: collections.deque[Future[T]] = collections.deque()
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

    def run(self, function: Callable[[Any], Any], items: Sequence[Any]) -> None:
        """Apply a function to every item and wait; the first item's exception, in order, is raised."""
        collections.deque(self.map(function, items, lookahead=len(items) + 1), maxlen=0)


@functools.lru_cache(maxsize=8)
def shared_pool(threads: int = 0) -> DecodePool:
    """Return the process's pool of that size."""
    return DecodePool(threads)


def _usable_cpus() -> int:
    """Return the CPUs this process may run on, which in a container can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
