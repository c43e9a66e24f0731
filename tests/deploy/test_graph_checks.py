from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.deploy.graph_checks import MAX_ABSOLUTE, require, require_audio


@pytest.mark.parametrize("traced", [False, True])
def test_what_holds_is_passed_on_and_what_does_not_is_a_sentence(traced):
    def half(x):
        return require(x % 2 == 0, ("number ", x, " of ", tf.constant("five"), " is odd"), {"a": x // 2, "b": (x,)})

    function = tf.function(half, input_signature=[tf.TensorSpec([], tf.int32)]) if traced else half
    found = function(tf.constant(8))
    assert int(found["a"]) == 4 and int(found["b"][0]) == 8
    with pytest.raises(tf.errors.InvalidArgumentError, match="number 7 of five is odd"):
        function(tf.constant(7))


def test_the_check_survives_when_only_its_value_is_asked_for():
    # Graph optimisation removes what nothing depends on.
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.float32, [])
        positive = require(x > 0, ("not positive",), x) * 2.0
        assert session.run(positive, {x: 3.0}) == 6.0
        with pytest.raises(tf.errors.InvalidArgumentError, match="not positive"):
            session.run(positive, {x: -3.0})


@pytest.mark.parametrize("value", [0.0, -1.0, 32768.0, -(2.0**32)])
def test_audio_may_be_loud(value):
    waveform = np.array([[0.0, value]], np.float32)
    np.testing.assert_array_equal(require_audio(tf.constant(waveform), "waveform"), waveform)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.01 * MAX_ABSOLUTE])
@pytest.mark.parametrize("place", [(0, 0), (1, 2)])
def test_what_is_no_audio_is_named(value, place):
    waveform = np.zeros([2, 3], np.float32)
    waveform[place] = value
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"this one holds NaN, infinity .*; mend the audio"):
        require_audio(tf.constant(waveform), "this one")


@pytest.mark.parametrize("shape", [[0], [4, 0]])
def test_no_samples(shape):
    with pytest.raises(tf.errors.InvalidArgumentError, match="clip holds no samples; send at least one"):
        require_audio(tf.zeros(shape), tf.constant("clip"))
