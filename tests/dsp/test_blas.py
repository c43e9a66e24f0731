from __future__ import annotations

import numpy as np
import pytest
import threadpoolctl

from irmas_tf.dsp.blas import use_one_blas_thread
from irmas_tf.dsp.resample import resample


def blas_threads() -> set[int]:
    return {lib["num_threads"] for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"}


@pytest.fixture
def two_threads():
    if not blas_threads():
        pytest.skip("NumPy's BLAS has no thread control here")
    use_one_blas_thread.cache_clear()
    with threadpoolctl.threadpool_limits(limits=2, user_api="blas"):
        yield


def test_resampling_limits_blas_to_one_thread(two_threads):
    assert blas_threads() == {2}
    resample(np.zeros(1000), 44100, 22050)
    assert blas_threads() == {1}


def test_bits_do_not_depend_on_the_threads_blas_was_given(two_threads):
    signal = np.random.default_rng(0).standard_normal(132_299)
    first = resample(signal, 44100, 22050)
    use_one_blas_thread.cache_clear()
    with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):
        np.testing.assert_array_equal(resample(signal, 44100, 22050), first)
