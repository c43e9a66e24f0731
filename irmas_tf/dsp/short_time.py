"""Bands of a short-time power spectrum: frames, window, Fourier transform, filter bank."""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from irmas_tf.dsp.dft_products import SMALLEST_FFT_LENGTH, plan_dft
from irmas_tf.dsp.framing import fft_length_for
from irmas_tf.dsp.mel import BandGroup, band_groups

FloatArray = npt.NDArray[np.float32]

_BY_PRODUCTS = contextvars.ContextVar("irmas_tf_dft_by_products", default=False)

DFT_SCOPE = "dft"
"""Operations of a transform by products have this scope in their names: none of their weights may be rounded."""


@contextlib.contextmanager
def dft_by_products() -> Iterator[None]:
    """Within this context, graphs get matrix products in place of FFTs (`irmas_tf.dsp.dft_products`)."""
    token = _BY_PRODUCTS.set(True)
    try:
        yield
    finally:
        _BY_PRODUCTS.reset(token)


class ShortTimeBands:
    """Frames of a signal, their power spectra, and what a filter bank adds up of these.

    Args:
        window: [frame_length].
        hop_length: samples between frames.
        filters: [fft_length // 2 + 1, bands]; the FFT has the power of two from the frame length up.
        num_groups: groups that the bank is multiplied in (`irmas_tf.dsp.mel.band_groups`).
    """

    def __init__(self, window: FloatArray, hop_length: int, filters: FloatArray, num_groups: int) -> None:
        self._window = window
        self._fft_length = fft_length_for(len(window))
        self._hop_length = hop_length
        self._filters = filters
        self._groups = band_groups(filters, num_groups)

    def __call__(self, padded: tf.Tensor, energy: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
        """Return [batch, frames, bands] of signals whose frames are cut from sample 0 on.

        Args:
            padded: [batch, samples] float32.
            energy: from power to what the filters add up, element by element.
        """
        if _BY_PRODUCTS.get() and self._fft_length >= SMALLEST_FFT_LENGTH:
            frames, power, groups = self._products(padded)
        else:
            spectrum = tf.signal.stft(
                padded, len(self._window), self._hop_length, self._fft_length, lambda *_, dtype: self._window
            )
            power = tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum))
            frames = tf.shape(power)[1] if power.shape[1] is None else power.shape[1]
            # Two-dimensional on purpose: one large product is faster than a batch of small ones.
            power, groups = tf.reshape(power, [-1, self._fft_length // 2 + 1]), [[group] for group in self._groups]
        added = energy(power)
        bands = tf.concat([functools.reduce(tf.add, _sums(added, group)) for group in groups], axis=-1)
        return tf.reshape(bands, [-1, frames, self._filters.shape[1]])

    def _products(self, padded: tf.Tensor) -> tuple[Any, tf.Tensor, list[list[BandGroup]]]:
        """Return the number of frames, power [batch * frames, bins in another order], and the groups that fit it."""
        frame_length = len(self._window)
        plan = plan_dft(frame_length, self._fft_length)
        with tf.name_scope(DFT_SCOPE):
            windowed = tf.signal.frame(padded, frame_length, self._hop_length) * self._window
            power = plan.power(tf.reshape(windowed, [-1, frame_length]))
        frames = tf.shape(windowed)[1] if windowed.shape[1] is None else windowed.shape[1]
        filters = plan.reorder(self._filters)
        middle, start, groups = len(filters) // 2, 0, []
        for group in self._groups:
            bands = slice(start, start + group.weights.shape[1])
            start = bands.stop
            # Bins rise in the first half and fall in the second: a group draws on one range of each.
            halves = [(0, filters[:middle, bands]), (middle, filters[middle:, bands])]
            groups.append([_used(offset, weights) for offset, weights in halves if weights.any()])
        return frames, power, groups


def _sums(added: tf.Tensor, group: list[BandGroup]) -> list[tf.Tensor]:
    return [tf.matmul(added[:, part.first : part.last], part.weights) for part in group]


def _used(offset: int, weights: FloatArray) -> BandGroup:
    """Return the part of a bank that is not zero."""
    used = np.flatnonzero(weights.any(axis=1))
    first, last = int(used[0]), int(used[-1]) + 1
    return BandGroup(offset + first, offset + last, np.ascontiguousarray(weights[first:last]))
