"""Refusing bad input inside a graph: INVALID_ARGUMENT with a sentence that says the remedy."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

MAX_ABSOLUTE = 2.0**32  # floats on the scale of 32-bit integers are odd but usable; beyond, spectra would overflow


def require(condition: Any, message: tuple[Any, ...], value: Any) -> Any:
    """Return ``value``, which can only be had if ``condition`` holds.

    Args:
        condition: scalar bool tensor.
        message: texts and scalar tensors, joined to one sentence.
        value: tensor, or a structure of tensors.

    Raises:
        tf.errors.InvalidArgumentError: when the graph runs and the condition does not hold.
    """

    # Written only if it is needed: joining texts costs more than the check.
    def words() -> tf.Tensor:
        parts = [part if isinstance(part, str) else tf.strings.as_string(part) for part in message]
        return tf.strings.join(parts)

    text = tf.cond(condition, lambda: tf.constant(""), words)
    with tf.control_dependencies([tf.debugging.Assert(condition, [text])]):
        return tf.nest.map_structure(tf.identity, value)


def require_audio(waveform: tf.Tensor, name: Any) -> tf.Tensor:
    """Return ``waveform`` (float, any shape) if it holds samples, and all of them are numbers that audio may have.

    Args:
        waveform: samples on the last axis.
        name: text or string tensor, what the message calls it.
    """
    waveform = require(tf.shape(waveform, tf.int64)[-1] > 0, (name, " holds no samples; send at least one"), waveform)
    # NaN compares as false.
    good = tf.reduce_all(tf.abs(waveform) <= MAX_ABSOLUTE)
    problem = " holds NaN, infinity or values far beyond full scale (1.0); mend the audio and send it again"
    return require(good, (name, problem), waveform)
