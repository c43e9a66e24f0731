"""The graph's windows against those of the package's streaming cutter, and against a count by hand."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from irmas_tf.audio import windows as python
from irmas_tf.deploy.window_graph import CHUNK_WINDOWS, run_windows, window_starts

WINDOW = 7


def window_itself(windows: tf.Tensor) -> dict[str, tf.Tensor]:
    """A model that answers with what it is given, and with its largest value."""
    return {"window": windows, "peak": tf.reduce_max(windows, axis=1, keepdims=True)}


def cutter(hop: int):
    return tf.function(
        lambda waveform: run_windows(window_itself, waveform, {"window": WINDOW, "peak": 1}, WINDOW, hop),
        input_signature=[tf.TensorSpec([None, None], tf.float32)],
    )


CUTTERS = {hop: cutter(hop) for hop in (1, 3, 7, 11)}


@pytest.mark.slow
@given(samples=st.integers(1, 400), hop=st.sampled_from(sorted(CUTTERS)), batch=st.integers(1, 4))
def test_windows_are_those_of_predict(samples, hop, batch):
    clips = np.random.default_rng(samples).normal(size=(batch, samples)).astype(np.float32)
    values, starts = CUTTERS[hop](clips)
    expected = [np.concatenate(list(python.iter_windows([clip], WINDOW, hop, 5))) for clip in clips]
    np.testing.assert_array_equal(values["window"], expected)
    np.testing.assert_array_equal(values["peak"][..., 0], np.max(expected, axis=2))
    np.testing.assert_array_equal(starts, python.window_starts(samples, WINDOW, hop))
    assert starts.dtype == tf.int64


@pytest.mark.parametrize(
    ("samples", "expected"),
    [(1, [0]), (7, [0]), (8, [0, 1]), (10, [0, 3]), (11, [0, 3, 4]), (13, [0, 3, 6]), (14, [0, 3, 6, 7])],
)
def test_starts_by_hand(samples, expected):
    assert window_starts(tf.constant(samples), WINDOW, 3).numpy().tolist() == expected


def test_starts_of_a_day_of_audio_do_not_overflow():
    day = 24 * 3600 * 192_000
    starts = window_starts(tf.constant(day, tf.int64), 192_000 * 3600, 192_000 * 3600).numpy()
    assert len(starts) == 24 and starts[-1] == day - 192_000 * 3600


def test_the_model_sees_a_bounded_number_of_windows_at_once():

    def watching(windows: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"count": tf.fill([tf.shape(windows)[0], 1], tf.cast(tf.shape(windows)[0], tf.float32))}

    values, _ = run_windows(watching, tf.zeros([3, 7 + 3 * 10]), {"count": 1}, WINDOW, 3)
    seen = values["count"].numpy().ravel()
    assert seen.tolist() == [CHUNK_WINDOWS] * 32 + [1.0]  # 33 windows, a batch's clips together


@pytest.mark.slow
def test_an_empty_batch_has_no_windows():
    values, _ = CUTTERS[3](np.zeros([0, 50], np.float32))
    assert values["window"].shape == (0, 16, WINDOW)
