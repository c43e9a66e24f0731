"""Playing a waveform faster or slower: tempo and pitch change together, as on a tape.

Between two input samples the windowed sinc is a polynomial in the place, for every tap: a Farrow structure. Its
coefficients for all input samples are one matrix product on blocks; what is gathered for an output sample then lies
side by side. Every example has filters of its own, so that what is played faster is band-limited as it must be.

Sources: J. O. Smith, "Digital Audio Resampling Home Page" (windowed sinc); C. W. Farrow, "A continuously variable
digital delay element", ISCAS 1988.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import tensorflow as tf
from numpy.polynomial import chebyshev, polynomial

TAPS = 32
_DEGREE = 4  # of the polynomials: their error is about that of the window
_BETA = 4.9  # of the Kaiser window: 54 dB for this many taps and a transition of a tenth of the sample rate
_BLOCK = TAPS  # input samples of a row of the matrix product
_RUN = 256  # output samples whose places are counted from one start


def samples_needed(samples: int, fastest: float) -> int:
    """Return how many input samples `change_speed` reads at most for ``samples`` output samples.

    Args:
        samples: length of the output.
        fastest: greatest speed, above 0.
    """
    return math.ceil((samples - 1) * fastest) + 1 + TAPS // 2


def change_speed(waveform: tf.Tensor, speed: tf.Tensor, samples: int) -> tf.Tensor:
    """Return ``samples`` samples of every waveform played at its own speed.

    Output sample t is the band-limited waveform at ``t * speed``: linear phase, zero delay. In cycles per input sample,
    with c = .5 / max(1, speed), half the lower of both sample rates: passed within .05 dB up to c - .05, -6 dB at c,
    below -50 dB from c + .05 on. So what lies between leaves images behind when played slower, and folds back when
    played faster, the less the further it is from c; of all else neither is heard.

    Args:
        waveform: [batch, n] float32, n known; it counts as zero outside. `samples_needed` says which n leaves no zeros.
        speed: [batch] float32, above 0: 2 is twice as fast and an octave higher. 1 gives the samples as they are.
        samples: length of the output; times the speed at most 2^24.

    Returns:
        [batch, samples] float32.

    Raises:
        ValueError: n is not known.
    """
    if waveform.shape[1] is None:
        raise ValueError("the number of samples must be known when the graph is built")
    terms = _polynomials(waveform, speed)
    whole, between = _places(speed, samples)
    # Places are added as floats, exact up to 2^24: a GPU's int32 arithmetic is done on its host.
    first = tf.minimum(whole, float(terms.shape[1] - 1))
    terms = tf.unstack(tf.gather(terms, tf.cast(first, tf.int32), axis=1, batch_dims=1), axis=-1)
    place = 2.0 * between - 1.0
    played = functools.reduce(lambda value, term: value * place + term, reversed(terms))
    unchanged = tf.pad(waveform[:, :samples], [[0, 0], [0, max(0, samples - waveform.shape[1])]])
    return tf.where(speed[:, tf.newaxis] == 1.0, unchanged, played)


def _places(speed: tf.Tensor, samples: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the input sample before each output sample, and how far behind it that lies, both [batch, samples].

    Runs of outputs begin at places computed in double precision; inside a run float32 is exact to 1e-4 of a sample at
    twice the speed.
    """
    runs = -(-samples // _RUN)
    faster = tf.cast(speed, tf.float64)[:, tf.newaxis] - 1.0
    start = faster * float(_RUN) * tf.range(runs, dtype=tf.float64)
    start_whole = tf.floor(start)
    step = tf.range(_RUN, dtype=tf.float32)
    beyond = tf.cast(start - start_whole, tf.float32)[:, :, tf.newaxis]
    beyond += step * tf.cast(faster, tf.float32)[:, :, tf.newaxis]
    whole = tf.floor(beyond)
    begins = tf.cast(start_whole, tf.float32) + float(_RUN) * tf.range(runs, dtype=tf.float32)
    first = begins[:, :, tf.newaxis] + step + whole
    between = tf.reshape(beyond - whole, [-1, runs * _RUN])[:, :samples]
    return tf.reshape(first, [-1, runs * _RUN])[:, :samples], between


def _polynomials(waveform: tf.Tensor, speed: tf.Tensor) -> tf.Tensor:
    """Return what follows each input sample as a polynomial in 2 * place - 1, [batch, n and more, _DEGREE + 1].

    The last one is zero, as is what comes after the waveform.
    """
    samples = waveform.shape[1]
    blocks = -(-(samples + TAPS) // _BLOCK)
    before = TAPS // 2 - 1
    padded = tf.pad(waveform, [[0, 0], [before, (blocks + 1) * _BLOCK - before - samples]])
    rows = tf.reshape(padded, [-1, blocks + 1, _BLOCK])
    rows = tf.concat([rows[:, :-1], rows[:, 1:]], axis=2)
    return tf.reshape(tf.matmul(rows, _filters(speed)), [-1, blocks * _BLOCK, _DEGREE + 1])


def _filters(speed: tf.Tensor) -> tf.Tensor:
    """Return what makes the polynomials of a block, [batch, 2 * _BLOCK, _BLOCK * (_DEGREE + 1)]."""
    nodes = 0.5 * (chebyshev.chebpts1(_DEGREE + 1) + 1.0)  # between two input samples; never on one
    times = nodes[:, np.newaxis] - (np.arange(TAPS) - (TAPS // 2 - 1))
    window = np.i0(_BETA * np.sqrt(1.0 - np.square(times / (TAPS / 2)))) / np.i0(_BETA)
    cutoff = 0.5 * tf.minimum(1.0, 1.0 / speed)  # cycles per input sample
    angle = (2.0 * np.pi * times).astype(np.float32) * cutoff[:, tf.newaxis, tf.newaxis]
    values = tf.sin(angle) * (window / (np.pi * times)).astype(np.float32)
    values /= tf.reduce_sum(values, axis=2, keepdims=True)  # a constant is kept exactly
    inverse = np.linalg.inv(polynomial.polyvander(2.0 * nodes - 1.0, _DEGREE)).astype(np.float32)
    taps = tf.einsum("pn,bnt->btp", inverse, values)
    # Row i of the matrix is input sample i of the block and the next, column j the block's sample j: tap i - j.
    tap = np.arange(2 * _BLOCK)[:, np.newaxis] - np.arange(_BLOCK)
    tap = np.where((tap >= 0) & (tap < TAPS), tap, TAPS)
    matrix = tf.gather(tf.pad(taps, [[0, 0], [0, 1], [0, 0]]), tap.astype(np.int32), axis=1)
    return tf.reshape(matrix, [-1, 2 * _BLOCK, _BLOCK * (_DEGREE + 1)])
