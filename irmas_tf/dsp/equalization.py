"""A graphic equaliser: gains at a few frequencies, smooth between them, applied without changing the phase."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
import scipy.fft
import tensorflow as tf

LOWEST_BAND_HZ = 60.0
_TAIL_SECONDS = 0.05  # room for what the filter spreads beyond the ends, three periods of the lowest band


def band_frequencies(bands: int, sample_rate_hz: int) -> npt.NDArray[np.float64]:
    """Return the frequencies of the bands in Hz, [bands]: 60 Hz to half the sample rate in equal ratios."""
    return np.geomspace(LOWEST_BAND_HZ, sample_rate_hz / 2, bands)


@functools.lru_cache(maxsize=8)
def interpolation_matrix(bands: int, sample_rate_hz: int, fft_length: int) -> npt.NDArray[np.float32]:
    """Return [bands, fft_length // 2 + 1]: the share of every band's decibels in every FFT bin.

    Gains are linear in decibels over the logarithm of the frequency, and constant below the lowest band.
    """
    centers = np.log(band_frequencies(bands, sample_rate_hz))
    bins = np.arange(fft_length // 2 + 1) * sample_rate_hz / fft_length
    positions = np.log(np.maximum(bins, LOWEST_BAND_HZ))
    rows = [np.interp(positions, centers, row) for row in np.eye(bands)]
    return np.stack(rows).astype(np.float32)


def equalize(waveform: tf.Tensor, gains_db: tf.Tensor, sample_rate_hz: int) -> tf.Tensor:
    """Return every waveform with its own gains at the `band_frequencies`, zero-phase.

    Args:
        waveform: [batch, samples] float32, ``samples`` known.
        gains_db: [batch, bands] decibels, at least two bands.
        sample_rate_hz: rate of the waveforms.

    Returns:
        [batch, samples] float32; the waveform counts as zero outside.
    """
    samples, bands = waveform.shape[1], gains_db.shape[1]
    fft_length = scipy.fft.next_fast_len(samples + round(_TAIL_SECONDS * sample_rate_hz), real=True)
    fft_length += fft_length % 2
    gain_db = tf.matmul(gains_db, interpolation_matrix(bands, sample_rate_hz, fft_length))
    gain = tf.exp(gain_db * np.float32(np.log(10.0) / 20.0))
    spectrum = tf.signal.rfft(waveform, [fft_length])
    return tf.signal.irfft(spectrum * tf.cast(gain, tf.complex64), [fft_length])[:, :samples]
