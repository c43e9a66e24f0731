"""Playing a waveform faster or slower: tempo and pitch change together, as on a tape."""

from __future__ import annotations

import math

import tensorflow as tf

_NEIGHBOURS = 3  # samples the interpolation needs beyond the last whole position


def samples_needed(samples: int, fastest: float) -> int:
    """Return how many input samples `change_speed` reads at most for ``samples`` output samples.

    Args:
        samples: length of the output.
        fastest: greatest speed, above 0.
    """
    return math.ceil((samples - 1) * fastest) + _NEIGHBOURS


def change_speed(waveform: tf.Tensor, speed: tf.Tensor, samples: int) -> tf.Tensor:
    """Return ``samples`` samples of every waveform played at its own speed.

    Output sample t is the waveform at ``t * speed``, interpolated by Catmull and Rom's cubic through four samples. What
    the cubic cannot follow is close to the Nyquist frequency: a sine at a quarter of the sample rate keeps its level
    within 1.5 dB and its images lie 20 dB below, one at a tenth of it .1 dB and 45 dB. That is good enough to vary
    training examples and too coarse to convert rates (`irmas_tf.dsp.resample` is for that).

    Args:
        waveform: [batch, n] float32; it counts as zero after its end. `samples_needed` says which n leaves no zeros.
        speed: [batch] float32, above 0: 2 is twice as fast and an octave higher.
        samples: length of the output.

    Returns:
        [batch, samples] float32.
    """
    step = tf.range(samples, dtype=tf.float32)[tf.newaxis]
    # What differs from the step itself is small, so that float32 places it to a thousandth of a sample.
    offset = step * (speed[:, tf.newaxis] - 1.0)
    whole = tf.floor(offset)
    x = offset - whole
    # Places are added as floats, exact up to 2^24: a GPU's int32 arithmetic is done on its host.
    first = step + whole
    padded = tf.pad(waveform, [[0, 0], [1, _NEIGHBOURS]])
    last = tf.cast(tf.shape(padded)[1] - 1, tf.float32)
    before, here, after, beyond = (
        tf.gather(padded, tf.cast(tf.minimum(first + k, last), tf.int32), axis=1, batch_dims=1) for k in range(4)
    )
    slope = after - before
    curve = 2.0 * before - 5.0 * here + 4.0 * after - beyond
    third = 3.0 * (here - after) + beyond - before
    return here + 0.5 * x * (slope + x * (curve + x * third))
