"""A .tflite model on several threads: an interpreter for each, which computes its share of the windows.

A window at a time in one thread per core keeps the cores busier than LiteRT's own threads, which share out every single
operation and wait for one another after each; and a window's numbers do not depend on how many threads there are.
Several windows in one call are not to be had: a graph that computes spectra by matrix products takes one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from irmas_tf.deploy.lite_interpreter import LiteInterpreter
from irmas_tf.inference.window_model import PROBABILITIES
from irmas_tf.process.ordered_threads import OrderedThreads, usable_cpus

MOST_THREADS = 8
"""More would wait for the thread that hands out the windows."""
FEW_WINDOWS = 8
"""One interpreter has answered for them by the time that a second one is set up."""


class LiteThreads(LiteInterpreter):
    """The content of a .tflite file, ready to run; interpreters beyond the first are made after the first few windows.

    Args:
        content: of the file.
        threads: how many; 0 is one for each CPU, `MOST_THREADS` at most.

    Raises:
        LiteModelError: as for `LiteInterpreter`.
    """

    def __init__(self, content: bytes, threads: int = 0) -> None:
        super().__init__(content)
        self._content = content
        self._most = threads or min(MOST_THREADS, usable_cpus())
        self._others: list[LiteInterpreter] = []
        self._pool: OrderedThreads | None = None
        self._seen = 0

    def values(self, windows: np.ndarray, outputs: Sequence[str] = (PROBABILITIES,)) -> dict[str, np.ndarray]:
        """Return {output: [n, width]} for windows [n, window_samples] float32."""
        self._seen += len(windows)
        shares = min(self._most, len(windows)) if self._seen > FEW_WINDOWS else 1
        if shares < 2:
            return super().values(windows, outputs)
        if self._pool is None:
            self._pool = OrderedThreads(self._most, name="litert")
        while len(self._others) < shares - 1:
            # Set up here: LiteRT's line about the processor is held back in one thread at a time.
            self._others.append(LiteInterpreter(self._content))
            self._others[-1].allocate()
        functions = [super().values, *(other.values for other in self._others)]
        pieces = zip(functions, np.array_split(windows, shares), strict=False)
        parts = list(self._pool.map(lambda piece: piece[0](piece[1], outputs), pieces, lookahead=shares + 1))
        return {name: np.concatenate([part[name] for part in parts]) for name in outputs}
