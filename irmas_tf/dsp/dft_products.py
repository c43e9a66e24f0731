"""Power spectra of real frames by matrix products, for runtimes whose FFT is slow.

LiteRT's FFT takes its frames one by one through scalar code in double precision: three times as long as the two steps
of Cooley and Tukey's algorithm as products, which run in the same tuned float32 kernels as a network's layers
(`benchmarks/tflite.py`). TensorFlow's own FFT is faster than both.

A transform of N = A * B points reads its frame as a matrix [A, B], sample ``n = B * a + b``. For ``k = c + A * d``,

    X[k] = sum over b of e(b * d / B) * e(b * c / N) * sum over a of e(a * c / A) * x[B * a + b],

e(t) = exp(-2 pi i t): a product over a, a factor for every (c, b), a product over b. A real frame needs ``c`` up to
A / 2 only; with all ``d`` this covers every bin or its mirror image, N - k. Rows of the frame that are zero padding
are left out. Three things save time in XNNPACK, whose products compute 16 columns at a time or more:

- Constants stand on the right of every product, and frames are transposed for that, which is cheap. A constant on the
  left makes XNNPACK pack the other side again for every frame, and compute 32 columns where there are 16.
- The sums over a for c = 0 and for c = A / 2 are real, so that A real sums are all there are. These two take the place
  of one complex sum, and a small product of their own gives their bins, ``k = m * A / 2``.
- Before the first product the two halves of a frame are added for even ``c`` and subtracted for odd ones, which halves
  the product (decimation in frequency); then the halves of the sum in the same way, and so on as long as it pays.

Source: Cooley and Tukey, "An algorithm for the machine calculation of complex Fourier series", 1965; Gentleman and
Sande, "Fast Fourier transforms: for fun and profit", 1966, for the halves.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import tensorflow as tf

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

SMALLEST_FFT_LENGTH = 16
"""Shorter transforms are not split."""

_KERNEL_COLUMNS = 16
# What it costs to add and subtract halves, in multiplications of a product per sample.
_HALVES_COST = 15


@dataclasses.dataclass(frozen=True)
class Residues:
    """The part of a transform for some of the ``c``, those that share their added or subtracted halves.

    Attributes:
        real, imaginary: [rows, slots], the transform over a; where ``c`` is 0, ``imaginary`` is that of A / 2.
        twiddle: [B, slots], complex; 1 where ``c`` is 0.
        slots: [slots], the ``c``.
    """

    real: FloatArray
    imaginary: FloatArray
    twiddle: npt.NDArray[np.complex64]
    slots: IntArray

    def inner(self, samples: tf.Tensor) -> tf.Tensor:
        """Return the sums over a times their factors, [frames, slots, 2 * B], of samples [frames, rows, B]."""
        by_column = tf.transpose(samples, [0, 2, 1])
        real, imaginary = _product(by_column, self.real), _product(by_column, self.imaginary)
        cosine, sine = np.ascontiguousarray(self.twiddle.real), np.ascontiguousarray(self.twiddle.imag)
        turned = tf.concat([real * cosine - imaginary * sine, real * sine + imaginary * cosine], axis=1)
        return tf.transpose(turned, [0, 2, 1])


@dataclasses.dataclass(frozen=True)
class DftProducts:
    """The constants of one transform, and how its results are ordered.

    Attributes:
        windows: [rows, B] each, what the frame or its two halves are multiplied by; zeros at the end.
        parts: that of the halves added again and again, then those of the subtracted halves, the shortest first.
        second: [2 * B, 2 * B], the transform over b, from real parts and imaginary parts to the same.
        edges: [2 * B, 2 * (B + 1)], from the sums for c = 0 and for c = A / 2 to their bins.
        bins: the FFT bins of the two results of `power`: [B * A / 2], or -1 where a column holds nothing; [B + 1].
            Those of the first result are ordered by ``d``, and lie below N / 2 in its first half, above in its second.
    """

    windows: tuple[FloatArray, ...]
    parts: tuple[Residues, ...]
    second: FloatArray
    edges: FloatArray
    bins: tuple[IntArray, IntArray]

    @property
    def samples(self) -> int:
        """Samples of each piece of a frame that `power` takes: of the whole frame, or of each half."""
        return self.windows[0].size

    def power(self, *pieces: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return squared magnitudes [frames, B * A / 2] and [frames, B + 1] of frames, windowed here.

        Args:
            *pieces: as many as there are ``windows``: consecutive parts of frames, float32, `samples` on the last axis.
                Where they reach beyond the window, any samples will do.
        """
        rows, columns = self.windows[0].shape
        # In three dimensions from here on, for XNNPACK copies what it reshapes.
        added, *halves = (
            tf.reshape(piece, [-1, rows, columns]) * window for piece, window in zip(pieces, self.windows, strict=True)
        )
        subtracted = []
        for _ in self.parts[1:]:
            if not halves:
                rows //= 2
                # Slices, not a split: the converter can keep an operation with two results in float by neither's name.
                added, halves = added[:, :rows], [added[:, rows:]]
            last = halves.pop()
            subtracted.append(added - last)
            added += last
        inner = [part.inner(each) for part, each in zip(self.parts, [added, *reversed(subtracted)], strict=True)]
        powers = [_squared_magnitude(sums, self.second) for sums in inner]
        by_slot = tf.concat(powers, axis=1) if len(powers) > 1 else powers[0]
        power = tf.reshape(tf.transpose(by_slot, [0, 2, 1]), [-1, len(self.bins[0])])
        # Cut and reshaped: XNNPACK leaves slices that drop an axis to LiteRT's slowest code.
        edges = _squared_magnitude(inner[0][:, :1], self.edges)
        return power, tf.reshape(edges, [-1, len(self.bins[1])])

    def reorder(self, filters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return a filter bank [fft_length // 2 + 1, bands] for the two results: [bins of each, bands]."""
        inside, edges = self.bins
        return np.where(inside[:, np.newaxis] < 0, np.float32(0.0), filters[inside]), filters[edges]


def _product(values: tf.Tensor, matrix: FloatArray) -> tf.Tensor:
    """Return [frames, n, m] of values [frames, n, k] and a matrix [k, m]."""
    # Two-dimensional, and so a layer's product to every converter, which takes the reshapes into it.
    product = tf.matmul(tf.reshape(values, [-1, len(matrix)]), matrix)
    return tf.reshape(product, [-1, values.shape[1], matrix.shape[1]])


def _squared_magnitude(values: tf.Tensor, transform: FloatArray) -> tf.Tensor:
    """Return those of values [frames, n, 2 * B] times a transform to real parts followed by imaginary parts."""
    # Two products: to cut the result of one in two would be a copy.
    real, imaginary = (np.ascontiguousarray(half) for half in np.split(transform, 2, axis=1))
    return tf.square(_product(values, real)) + tf.square(_product(values, imaginary))


def plan_dft(window: FloatArray, fft_length: int) -> DftProducts:
    """Return the transform that is cheapest by the number of multiplications, and of copies.

    Args:
        window: [frame_length], at most ``fft_length``; zeros follow.
        fft_length: points of the transform, a power of two of at least `SMALLEST_FFT_LENGTH`.
    """
    frame_length = len(window)
    # From two columns to two rows; halves as long as differences of two rows are left.
    splits = [
        (1 << power, halvings)
        for power in range(1, fft_length.bit_length() - 1)
        for halvings in range(fft_length.bit_length() - power - 1)
    ]
    columns, halvings = min(splits, key=lambda split: _cost(frame_length, fft_length, *split))
    rows = fft_length // columns
    filled, groups = _layout(frame_length, fft_length, columns, halvings)
    parts = tuple(_residues(count, slots, rows, columns) for count, slots in zip(filled, groups, strict=True))
    places, multiples = np.arange(columns), np.arange(columns + 1)
    outer = np.exp(-2j * np.pi * np.outer(places, places) / columns)
    # Even multiples of A / 2 come from the sum for c = 0, odd ones from that for A / 2.
    edges = np.exp(-1j * np.pi * np.outer(places, multiples) / columns)
    edges = np.concatenate([edges * (multiples % 2 == 0), edges * (multiples % 2 == 1)])
    slots = np.concatenate(groups)
    bins = slots + rows * places[:, np.newaxis]
    bins = np.where(slots > 0, np.minimum(bins, fft_length - bins), -1)
    # Halves are cut from the signal, for to cut them from frames would be a copy.
    pieces = 2 if halvings else 1
    padded = np.pad(window, [0, pieces * filled[-1] * columns - frame_length])
    return DftProducts(
        tuple(padded.reshape(pieces, -1, columns)),
        parts,
        np.block([[outer.real, outer.imag], [-outer.imag, outer.real]]).astype(np.float32),
        np.concatenate([edges.real, edges.imag], axis=1).astype(np.float32),
        (bins.reshape(-1), multiples * (rows // 2)),
    )


def _layout(frame_length: int, fft_length: int, columns: int, halvings: int) -> tuple[list[int], list[IntArray]]:
    """Return the rows and the slots of every part."""
    rows = fft_length // columns
    filled: list[int] = []
    groups: list[IntArray] = []
    for level in range(halvings):
        filled.insert(0, rows >> level + 1)
        groups.insert(0, np.arange(1 << level, rows // 2, 2 << level))
    filled.insert(0, rows >> halvings if halvings else -(-frame_length // columns))
    groups.insert(0, np.arange(0, rows // 2, 1 << halvings))
    return filled, groups


def _cost(frame_length: int, fft_length: int, columns: int, halvings: int) -> int:
    """Return the multiplications per frame, those for columns that nothing needs included."""
    filled, groups = _layout(frame_length, fft_length, columns, halvings)

    def computed(wanted: int) -> int:
        return -(-wanted // _KERNEL_COLUMNS) * _KERNEL_COLUMNS

    first = sum(2 * count * computed(len(slots)) * columns for count, slots in zip(filled, groups, strict=True))
    second = fft_length // columns // 2 * 2 * columns * 2 * computed(columns)
    return first + second + sum(_HALVES_COST * (fft_length >> level) for level in range(halvings))


def _residues(filled: int, slots: IntArray, rows: int, columns: int) -> Residues:
    inner = np.exp(-2j * np.pi * np.outer(np.arange(filled), slots) / rows)
    twiddle = np.exp(-2j * np.pi * np.outer(np.arange(columns), slots) / (rows * columns))
    real, imaginary = inner.real, inner.imag
    if slots[0] == 0:
        imaginary[:, 0] = (-1.0) ** np.arange(filled)
    return Residues(real.astype(np.float32), imaginary.astype(np.float32), twiddle.astype(np.complex64), slots)
