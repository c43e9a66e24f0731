"""Added noise: white, pink or given, at a signal-to-noise ratio of its own for every waveform."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.fft
import tensorflow as tf

LOWEST_PINK_HZ = 20.0
SILENCE = 1e-15  # what has a root mean square below this is silent: squares of its samples would leave float32


def root_mean_square(waveform: tf.Tensor) -> tf.Tensor:
    """Return the root of the mean square of waveforms [batch, samples], [batch]."""
    return tf.sqrt(tf.reduce_mean(tf.square(waveform), axis=1))


def white_noise(seeds: tf.Tensor, samples: int) -> tf.Tensor:
    """Return Gaussian noise of variance 1, [batch, samples] float32; a seed always gives the same noise.

    Args:
        seeds: [batch, 2] int32.
        samples: length.
    """

    def of_one(seed: tf.Tensor) -> tf.Tensor:
        # The algorithm is named, else it would depend on the device and on XLA.
        return tf.random.stateless_normal([samples], seed, alg="philox")

    return tf.map_fn(of_one, seeds, fn_output_signature=tf.TensorSpec([samples], tf.float32))


def pink_noise(white: tf.Tensor, sample_rate_hz: int) -> tf.Tensor:
    """Return white noise [batch, samples] as pink noise of about variance 1: 3 dB less power each octave up.

    From 20 Hz down the power is constant.
    """
    samples = white.shape[1]
    fft_length = scipy.fft.next_fast_len(samples, real=True)
    fft_length += fft_length % 2
    spectrum = tf.signal.rfft(white, [fft_length])
    shaped = spectrum * tf.cast(_pink_gain(fft_length, sample_rate_hz), tf.complex64)
    return tf.signal.irfft(shaped, [fft_length])[:, :samples]


def _pink_gain(fft_length: int, sample_rate_hz: int) -> npt.NDArray[np.float32]:
    """Return the gain of every FFT bin, whose mean square over the two-sided spectrum is 1."""
    hz = np.arange(fft_length // 2 + 1) * sample_rate_hz / fft_length
    gain = 1.0 / np.sqrt(np.maximum(hz, LOWEST_PINK_HZ))
    both_sides = np.concatenate([gain, gain[1:-1]])
    return (gain / np.sqrt(np.mean(np.square(both_sides)))).astype(np.float32)


def noise_from(
    recordings: tf.Tensor, starts: tf.Tensor, lengths: tf.Tensor, place: tf.Tensor, samples: int
) -> tf.Tensor:
    """Return a piece of a recording for each row of ``place``, [batch, samples] float32.

    Args:
        recordings: [n] float32, recordings one after the other, fewer than 2^24 samples in all.
        starts, lengths: [recordings] float32, where each begins and how long it is.
        place: [batch, 2] float32 in [0, 1): which recording, and how far into it the piece begins. A recording that
            ends goes on with its beginning.
        samples: length of a piece.
    """
    # Places are whole numbers in float32, exact up to 2^24: integers would be counted on the host of a GPU.
    count = float(lengths.shape[0])
    which = tf.cast(tf.minimum(tf.floor(place[:, 0] * count), count - 1.0), tf.int32)
    start, length = tf.gather(starts, which)[:, tf.newaxis], tf.gather(lengths, which)[:, tf.newaxis]
    position = tf.floor(place[:, 1:] * length) + tf.range(samples, dtype=tf.float32)
    around = position - length * tf.floor(position / length)
    # The quotient may be rounded over or below a whole number.
    around = tf.where(around >= length, around - length, tf.where(around < 0.0, around + length, around))
    return tf.gather(recordings, tf.cast(start + around, tf.int32))


def scaled_noise(noise: tf.Tensor, waveform: tf.Tensor, snr_db: tf.Tensor) -> tf.Tensor:
    """Return the noise at the level that lies ``snr_db`` below the waveform's, both as mean power over all samples.

    Args:
        noise: [batch, samples] float32.
        waveform: [batch, samples] float32. To silence no ratio is possible: its noise is silence.
        snr_db: [batch] float32.

    Returns:
        [batch, samples] float32; a silent noise, or one below 1e-15, is silence.
    """
    level, noise_level = root_mean_square(waveform), root_mean_square(noise)
    gain = level / tf.maximum(noise_level, SILENCE) * 10.0 ** (snr_db / -20.0)
    gain = tf.where(noise_level > SILENCE, gain, 0.0)
    return noise * gain[:, tf.newaxis]


def add_noise(waveform: tf.Tensor, noise: tf.Tensor, snr_db: tf.Tensor) -> tf.Tensor:
    """Return the waveform with noise at the signal-to-noise ratio; see `scaled_noise`."""
    return waveform + scaled_noise(noise, waveform, snr_db)
