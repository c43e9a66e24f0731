"""Power spectra of real frames by matrix products, for runtimes whose FFT is slow.

LiteRT's FFT takes its frames one by one through scalar code in double precision: three times as long as the two steps
of Cooley and Tukey's algorithm as products, which run in the same tuned float32 kernels as a network's layers
(`benchmarks/tflite.py`). TensorFlow's own FFT is faster than both.

A transform of N = A * B points reads its frame as a matrix [A, B], sample ``n = B * a + b``. For ``k = c + A * d``,

    X[k] = sum over b of e(b * d / B) * e(b * c / N) * sum over a of e(a * c / A) * x[B * a + b],

e(t) = exp(-2 pi i t): a product over a, a factor for every (c, b), a product over b. A real frame needs ``c`` up to
A / 2 only; with all ``d`` this covers every bin or its mirror image, N - k. Rows of the frame that are zero padding
are left out.

Source: Cooley and Tukey, "An algorithm for the machine calculation of complex Fourier series", 1965.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import tensorflow as tf

FloatArray = npt.NDArray[np.float32]

SMALLEST_FFT_LENGTH = 16
"""Shorter transforms are not split."""


@dataclasses.dataclass(frozen=True)
class DftProducts:
    """The constants of one transform, and how its results are ordered.

    Attributes:
        frame_length: samples per frame; zeros follow up to the FFT's length.
        first: [2 * C, rows], the transform over a, C = A / 2 + 1: cosines, then sines.
        twiddle: [C, B], complex.
        second: [2 * B, 2 * B], the transform over b of real parts followed by imaginary parts.
        bins: [B * C], the FFT bin of every power, or -1 where it repeats another's. The first half rises.
    """

    frame_length: int
    first: FloatArray
    twiddle: npt.NDArray[np.complex64]
    second: FloatArray
    bins: npt.NDArray[np.int64]

    def power(self, frames: tf.Tensor) -> tf.Tensor:
        """Return squared magnitudes [frames, B * C], in the order of ``bins``, of frames [frames, frame_length]."""
        (half, columns), rows = self.twiddle.shape, self.first.shape[1]
        frames = tf.pad(frames, [[0, 0], [0, rows * columns - self.frame_length]])
        inner = tf.matmul(self.first[np.newaxis], tf.reshape(frames, [-1, rows, columns]))
        # Slices, not a split: the converter can keep an operation with two results in float by neither's name.
        real, imaginary = inner[:, :half], inner[:, half:]
        cosine, sine = np.ascontiguousarray(self.twiddle.real), np.ascontiguousarray(self.twiddle.imag)
        turned = tf.concat([real * cosine - imaginary * sine, real * sine + imaginary * cosine], axis=2)
        # Two-dimensional, and so a layer's product to every converter.
        squared = tf.square(tf.matmul(tf.reshape(turned, [-1, 2 * columns]), self.second))
        power = tf.reshape(squared[:, :columns] + squared[:, columns:], [-1, half, columns])
        return tf.reshape(tf.transpose(power, [0, 2, 1]), [-1, len(self.bins)])

    def reorder(self, filters: FloatArray) -> FloatArray:
        """Return a filter bank [fft_length // 2 + 1, bands] for the order of ``bins``: [B * C, bands]."""
        return np.where(self.bins[:, np.newaxis] < 0, np.float32(0.0), filters[self.bins])


def plan_dft(frame_length: int, fft_length: int) -> DftProducts:
    """Return the transform with the fewest multiplications.

    Args:
        frame_length: samples per frame, at most ``fft_length``.
        fft_length: points of the transform, a power of two of at least `SMALLEST_FFT_LENGTH`.
    """

    def cost(columns: int) -> int:
        half = fft_length // columns // 2 + 1
        return columns * -(-frame_length // columns) * 2 * half + half * 4 * columns**2

    # From two columns to two rows.
    columns = min((1 << power for power in range(1, fft_length.bit_length() - 1)), key=cost)
    rows = fft_length // columns
    half, filled = np.arange(rows // 2 + 1), np.arange(-(-frame_length // columns))
    places = np.arange(columns)
    inner = np.exp(-2j * np.pi * np.outer(half, filled) / rows)
    outer = np.exp(-2j * np.pi * np.outer(places, places) / columns)
    bins = (half + rows * places[:, np.newaxis]).reshape(-1)
    bins = np.minimum(bins, fft_length - bins)
    kept = np.full(len(bins), -1)
    unique, firsts = np.unique(bins, return_index=True)
    kept[firsts] = unique
    return DftProducts(
        frame_length,
        np.concatenate([inner.real, inner.imag]).astype(np.float32),
        np.exp(-2j * np.pi * np.outer(half, places) / fft_length).astype(np.complex64),
        np.block([[outer.real, outer.imag], [-outer.imag, outer.real]]).astype(np.float32),
        kept,
    )
