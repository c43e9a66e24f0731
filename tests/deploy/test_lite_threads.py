"""Interpreters side by side give what one gives, in order, whatever the number of windows."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.deploy.lite_interpreter import LiteInterpreter
from irmas_tf.deploy.lite_threads import FEW_WINDOWS, LiteThreads
from tests.helpers.lite_run import WINDOW_SAMPLES, lite_answer, lite_content


@pytest.fixture(scope="module")
def content():
    return lite_content()


@pytest.mark.slow
def test_numbers_and_order_do_not_depend_on_the_threads(content):
    windows = np.random.default_rng(0).normal(0, 0.1, [11, WINDOW_SAMPLES]).astype(np.float32)
    wanted = LiteInterpreter(content).values(windows)["probabilities"]
    np.testing.assert_allclose(wanted, lite_answer(windows), atol=1e-5)
    for threads in (1, 2, 3):
        model = LiteThreads(content, threads)
        for count in (1, 2, 3, 11):
            np.testing.assert_array_equal(model.values(windows[:count])["probabilities"], wanted[:count])


def test_few_windows_start_no_thread_and_make_no_second_interpreter(content):
    model = LiteThreads(content, 4)
    model.values(np.zeros([FEW_WINDOWS, WINDOW_SAMPLES], np.float32))
    assert model._pool is None and model._others == []
    model.values(np.zeros([3, WINDOW_SAMPLES], np.float32))
    assert len(model._others) == 2
