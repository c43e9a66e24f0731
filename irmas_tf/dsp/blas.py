"""Keeping NumPy's matrix products on one thread: signals, not products, are what runs in parallel here.

Two reasons: BLAS libraries run one multi-threaded product at a time, so that decoding threads would queue up behind
each other; and a product cut up for several threads is rounded differently, so that the same file would not give the
same bits on every machine, or even under every load.
"""

from __future__ import annotations

import functools

from irmas_tf.process.cpu import has_one_blas_thread


@functools.cache
def use_one_blas_thread() -> None:
    """Limit the process's BLAS libraries to one thread, once and for good; TensorFlow's own threads are not touched.

    It is not put back afterwards: the libraries know one setting for the process, which only one thread may change,
    while resampling begins and ends on many.
    """
    if has_one_blas_thread():
        return
    import threadpoolctl  # type: ignore[import-untyped]

    threadpoolctl.threadpool_limits(limits=1, user_api="blas")
