from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.augment.some_examples import change_some

WAVEFORM = tf.constant(np.arange(10).reshape(5, 2), tf.float32)


def negating(probability: float, computed: list[int]) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
    """Return what makes examples negative; ``computed`` hears how many are computed when it is traced."""

    def change(waveform: tf.Tensor, rows: tf.Tensor, is_on: tf.Tensor) -> tf.Tensor:
        computed.append(rows.shape[0])
        rows = tf.gather(waveform, rows)
        return tf.where(is_on[:, tf.newaxis], -rows - 1.0, rows)

    return tf.function(
        lambda waveform, turn: change_some(waveform, turn, probability, functools.partial(change, waveform))
    )


@pytest.mark.slow
@pytest.mark.parametrize("probability", [0.01, 0.3, 1.0])
def test_each_has_the_probability_and_no_more_are_computed_than_that_takes(probability):
    computed: list[int] = []
    negated, turns = negating(probability, computed), np.random.default_rng(0).random([200, 5, 2])
    counts = np.zeros(5)
    for turn in tf.constant(turns, tf.float32):
        out, is_changed = negated(WAVEFORM, turn)
        np.testing.assert_array_equal(out, np.where(is_changed[:, None], -WAVEFORM - 1, WAVEFORM))
        counts += is_changed.numpy()
    assert computed == [int(np.ceil(5 * probability - 1e-9))]
    np.testing.assert_allclose(counts / 200, probability, atol=4.5 * np.sqrt(probability * (1 - probability) / 200))


def test_the_place_in_the_batch_does_not_matter():
    negated, turn = negating(0.5, []), tf.constant(np.random.default_rng(1).random([5, 2]), tf.float32)
    out, is_changed = negated(WAVEFORM, turn)
    mirrored, is_mirrored = negated(WAVEFORM[::-1], turn[::-1])
    np.testing.assert_array_equal(mirrored[::-1], out)
    np.testing.assert_array_equal(is_mirrored[::-1], is_changed)
