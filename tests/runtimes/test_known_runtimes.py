"""What is installed answers as LiteRT does; benchmarks/runtimes.py runs the others in environments of their own."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.runtimes.runtime import RUNTIMES
from tests.helpers import lite_run

WINDOWS = np.random.default_rng(0).normal(0, 0.1, [3, lite_run.WINDOW_SAMPLES]).astype(np.float32)


@pytest.mark.parametrize("name", RUNTIMES.names())
def test_an_installed_runtime_answers_as_it_should(name, lite_file):
    runtime = RUNTIMES.get(name)
    if not runtime.is_installed():
        pytest.skip(f"{runtime.title} is not installed")
    answer, _ = runtime.load(lite_file, **runtime.setups[-1].options)
    np.testing.assert_allclose(answer(WINDOWS), lite_run.lite_answer(WINDOWS), atol=1e-5)
