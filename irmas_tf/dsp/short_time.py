"""Bands of a short-time power spectrum: frames, window, Fourier transform, filter bank."""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from irmas_tf.dsp.dft_products import SMALLEST_FFT_LENGTH, plan_dft
from irmas_tf.dsp.framing import fft_length_for
from irmas_tf.dsp.mel import BandGroup, band_groups

FloatArray = npt.NDArray[np.float32]

_BY_PRODUCTS = contextvars.ContextVar("irmas_tf_dft_by_products", default=False)

# Where spectra are products: XNNPACK computes 32 columns at once on wide processors.
_GROUP_BANDS = 32
# A group that draws on a greater part of the columns is quicker with all of them than with copies of two ranges.
_MOST_COLUMNS = 0.75

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
            return self._by_products(padded, energy)
        spectrum = tf.signal.stft(
            padded, len(self._window), self._hop_length, self._fft_length, lambda *_, dtype: self._window
        )
        power = tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum))
        frames = tf.shape(power)[1] if power.shape[1] is None else power.shape[1]
        # Two-dimensional on purpose: one large product is faster than a batch of small ones.
        bands = _bands(energy(tf.reshape(power, [-1, self._fft_length // 2 + 1])), [[group] for group in self._groups])
        return tf.reshape(bands, [-1, frames, self._filters.shape[1]])

    def _by_products(self, padded: tf.Tensor, energy: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
        """Return what `__call__` does, by `irmas_tf.dsp.dft_products`."""
        plan = plan_dft(self._window, self._fft_length)
        with tf.name_scope(DFT_SCOPE):
            # Frames may be longer than the window: to put zeros behind each would be a copy.
            longer = len(plan.windows) * plan.samples - len(self._window)
            padded = tf.pad(padded, [[0, 0], [0, longer]]) if longer else padded
            starts = [index * plan.samples for index in range(len(plan.windows))]
            pieces = [
                tf.signal.frame(padded[:, start : start - starts[-1] or None], plan.samples, self._hop_length)
                for start in starts
            ]
            power, edge_power = plan.power(*pieces)
        frames = tf.shape(pieces[0])[1] if pieces[0].shape[1] is None else pieces[0].shape[1]
        filters, edge_filters = plan.reorder(self._filters)
        middle, start, groups = len(filters) // 2, 0, []
        for group in band_groups(self._filters, -(-self._filters.shape[1] // _GROUP_BANDS)):
            own = slice(start, start + group.weights.shape[1])
            start = own.stop
            # Bins rise in the first half and fall in the second: a group draws on one range of each.
            halves = [(0, filters[:middle, own]), (middle, filters[middle:, own])]
            parts = [_used(offset, weights) for offset, weights in halves if weights.any()]
            width = sum(part.last - part.first for part in parts)
            if not parts or width > _MOST_COLUMNS * len(filters):
                parts = [BandGroup(0, len(filters), filters[:, own])]
            groups.append(parts)
        bands = _bands(energy(power), groups) + tf.matmul(energy(edge_power), edge_filters)
        return tf.reshape(bands, [-1, frames, self._filters.shape[1]])


def _bands(added: tf.Tensor, groups: list[list[BandGroup]]) -> tf.Tensor:
    """Return [n, bands] of [n, bins]; a group's bands are the sum of its parts."""
    return tf.concat([functools.reduce(tf.add, _sums(added, group)) for group in groups], axis=-1)


def _sums(added: tf.Tensor, group: list[BandGroup]) -> list[tf.Tensor]:
    def used(part: BandGroup) -> tf.Tensor:
        # A slice of everything would be a copy in LiteRT.
        whole = (part.first, part.last) == (0, added.shape[1])
        return added if whole else added[:, part.first : part.last]

    return [tf.matmul(used(part), part.weights) for part in group]


def _used(offset: int, weights: FloatArray) -> BandGroup:
    """Return the part of a bank that is not zero."""
    used = np.flatnonzero(weights.any(axis=1))
    first, last = int(used[0]), int(used[-1]) + 1
    return BandGroup(offset + first, offset + last, np.ascontiguousarray(weights[first:last]))
