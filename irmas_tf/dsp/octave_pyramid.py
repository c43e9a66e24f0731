"""The octave pyramid: a plan that computes a hop-averaged Morlet scalogram with short kernels at low rates.

The filters of an octave are as long as those an octave higher at half the rate. So the waveform is low-passed and
decimated by two again and again, and each octave is filtered at the lowest rate that holds its filters (Mallat's
pyramid; Schörkhuber and Klapuri 2010 for a constant-Q transform). The bank computes its outputs only once per
*sub-step*: several times per hop, since the magnitude varies within it. Magnitudes of sub-steps are averaged over the
hop. Three approximations remain, all of them small and none hidden:

- *Sub-steps* instead of every sample. The error on white noise follows from the autocorrelation of the filters' output
  and is computed here (`sampling_error`); the plan takes the longest sub-step that keeps it below a bound.
- *Kernels end* at `SUPPORT` standard deviations, with faded ends.
- *Decimation filters* let aliases through, 90 dB down. The droop of their pass-band is no error: kernels undo it.

Positions. Sample k of a signal decimated by D stands for the input samples [k D, (k + 1) D) and lies in their middle,
k D + (D - 1) / 2; sub-step m of length S lies in the middle of [m S, (m + 1) S). Kernels have an odd number of taps
where that middle is a sample and an even number where it lies between two. With D dividing S and S dividing the hop
everything is aligned: a waveform moved by whole hops gives the same frames. Hops that are multiples of a high power of
two are fast; others work with less decimation, an odd hop with none.
"""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import numpy.typing as npt

from irmas_tf.dsp.morlet import morlet_response, nyquist_taper
from irmas_tf.dsp.morlet_bank import SUPPORT, TAPER_START, FloatArray, MorletBank, check_hop

# Filters are kept below this part of half the rate they are computed at; the rest is for the decimator's transition.
_USED_BAND = 0.75
# Where a filter's upper skirt counts as over, in standard deviations. Beyond, filter and decimator share the work.
_SKIRT = 3.0
_STOP_BAND_DB = 90.0
# Taps that the taper near half the sample rate takes to die away.
_TAPER_TAPS = 56
# At least so many sub-steps per hop (if the hop can be divided), for envelopes that are not like noise: onsets.
_MIN_SUBSTEPS = 8
# Outputs per row of the matrix products that compute decimators and filters. Longer rows are used better by the
# processor (a column of outputs takes several times as long), but hold more zeros.
_DECIMATOR_BLOCK = 8
_MAX_FILTER_BLOCK = 4
# Where responses are 1e-9 of their peak and left out of sums over frequencies, in standard deviations.
_GRID_END = 6.5
# Part of each end of a kernel over which it fades out.
_FADE = 0.06


@dataclasses.dataclass(frozen=True)
class Octave:
    """The filters within an octave, which share a kernel length, a rate and a sub-step.

    Attributes:
        first, last: the octave's bins are ``first`` to ``last - 1``.
        level: how often the signal has been decimated by two.
        stride: decimated samples from one sub-step to the next.
        taps: length of the kernels, in decimated samples; even when ``stride`` is, and odd when it is.
        block: sub-steps computed together; divides those of a hop.
    """

    first: int
    last: int
    level: int
    stride: int
    taps: int
    block: int

    @property
    def step(self) -> int:
        """Samples of the waveform from one sub-step to the next."""
        return self.stride << self.level

    @property
    def margin(self) -> int:
        """Decimated samples that the kernels need before the first and after the last sub-step."""
        return max(0, (self.taps - self.stride) // 2)


@dataclasses.dataclass(frozen=True, eq=False)
class Pyramid:
    """How a bank is computed: the octaves, high to low, and the decimation filters.

    Attributes:
        bank: the filters.
        hop_length: samples between frames; every sub-step divides it.
        octaves: high to low.
        decimators: float64 [taps] each, even and symmetric; number i takes level i to level i + 1.
        before, after: per level, samples held before the first and after the last hop. They are zeros on level 0.
    """

    bank: MorletBank
    hop_length: int
    octaves: tuple[Octave, ...]
    decimators: tuple[FloatArray, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]

    def decimation_blocks(self, level: int) -> tuple[int, FloatArray]:
        """Return how level + 1 is computed from ``level``: the first sample, and a matrix [span, block].

        Block i of the next level is the product of ``span`` samples, from the first sample plus i * 2 * block, with the
        matrix; that is a strided convolution, and several times faster than one with a single output channel.
        """
        taps = self.decimators[level]
        start = self.before[level] - 2 * self.before[level + 1] - (len(taps) // 2 - 1)
        matrix = np.zeros((len(taps) + 2 * (_DECIMATOR_BLOCK - 1), _DECIMATOR_BLOCK))
        for column in range(_DECIMATOR_BLOCK):
            matrix[2 * column : 2 * column + len(taps), column] = taps
        return start, matrix

    def kernels(self, octave: Octave) -> npt.NDArray[np.float32]:
        """Return the octave's kernels [taps, 2, bins], real and imaginary parts, to correlate with its signal."""
        centers = self.bank.center_frequencies_hz[octave.first : octave.last]
        spectra = morlet_response(self.grid_hz(octave), centers, self.bank.omega0)
        kernels = (spectra @ self.synthesis(octave)).reshape(len(spectra), octave.taps, 2)
        return kernels.transpose(1, 2, 0).astype(np.float32)

    def block_paddings(self, octave: Octave) -> list[tuple[int, int]]:
        """Return the zero taps before and after the kernels for each sub-step of a block, which then are stacked."""
        extra = (octave.block - 1) * octave.stride
        return [(number * octave.stride, extra - number * octave.stride) for number in range(octave.block)]

    def rate_hz(self, octave: Octave) -> float:
        """Return the rate of the octave's signal."""
        return self.bank.sample_rate_hz / (1 << octave.level)

    def grid_hz(self, octave: Octave) -> FloatArray:
        """Return the frequencies [n] in Hz at which `synthesis` takes the filters' responses: up to where they end."""
        points = _grid_points(octave)
        highest_hz = float(self.bank.center_frequencies_hz[octave.last - 1])
        end_hz = highest_hz * (1 + _GRID_END / self.bank.omega0)
        spacing_hz = self.rate_hz(octave) / points
        return np.arange(1.0, min(points // 2, math.ceil(end_hz / spacing_hz))) * spacing_hz

    def synthesis(self, octave: Octave) -> FloatArray:
        """Return the matrix [n, taps * 2] that turns filter responses on the grid into kernels (real, imaginary).

        It is an inverse Fourier transform of the positive frequencies, which undoes the droop of the decimators, fades
        the ends and takes away what mean the fading has left. Being linear, it serves fixed and trained filters alike.
        """
        grid_hz = self.grid_hz(octave)
        wanted = nyquist_taper(grid_hz, self.bank.sample_rate_hz)
        for level, taps in enumerate(self.decimators[: octave.level]):
            # Limited where no filter of this octave has a response worth restoring.
            wanted = wanted / np.maximum(_zero_phase(taps, grid_hz * (1 << level) / self.bank.sample_rate_hz), 0.25)
        times = np.arange(octave.taps) - (octave.taps - 1) / 2
        # The response to a tone at time t is conj(kernel) times tone, summed; the sign of the phase makes it analytic.
        phases = 2 * np.pi * np.outer(grid_hz / self.rate_hz(octave), times)
        fade = _fade(octave.taps)
        matrices = []
        for wave in (np.cos(phases), -np.sin(phases)):
            matrix = wanted[:, np.newaxis] / _grid_points(octave) * wave * fade
            matrices.append(matrix - np.outer(matrix.sum(axis=1), fade / fade.sum()))
        return np.stack(matrices, axis=-1).reshape(len(grid_hz), -1)


def _grid_points(octave: Octave) -> int:
    """Return the points of the Fourier transform behind the kernels; enough for what lies outside to die away."""
    return max(256, 1 << (4 * octave.taps - 1).bit_length())


def plan_pyramid(bank: MorletBank, hop_length: int, max_sampling_error: float) -> Pyramid:
    """Return the pyramid that computes a bank.

    Args:
        bank: the filters.
        hop_length: samples between frames.
        max_sampling_error: bound of `sampling_error` in every octave.

    Raises:
        ValueError: ``hop_length`` is not a positive integer, or ``max_sampling_error`` is not above 0.
    """
    check_hop(hop_length)
    if not 0.0 < max_sampling_error < math.inf:
        raise ValueError(f"max_sampling_error={max_sampling_error!r}: must be above 0 (0.025 is 2.5 %)")
    centers = bank.center_frequencies_hz
    numbers = np.floor(np.log2(centers[-1] / centers) + 1e-6).astype(int)
    octaves = []
    for number in range(numbers.max() + 1):
        bins = np.flatnonzero(numbers == number)
        if bins.size:
            octaves.append(_plan_octave(bank, int(bins[0]), int(bins[-1]) + 1, hop_length, max_sampling_error))
    depth = max(octave.level for octave in octaves)
    decimators = []
    for level in range(depth):
        edge_hz = max(_edge_hz(bank, octave.last) for octave in octaves if octave.level > level)
        decimators.append(_decimator(edge_hz * (1 << level) / bank.sample_rate_hz))
    before, after = [0] * (depth + 1), [0] * (depth + 1)
    for level in range(depth, -1, -1):
        before[level] = after[level] = max([octave.margin for octave in octaves if octave.level == level] + [0])
        if level < depth:
            half = len(decimators[level]) // 2 - 1
            before[level] = max(before[level], 2 * before[level + 1] + half)
            # The last block may be needed for one sample only.
            after[level] = max(after[level], 2 * (after[level + 1] + _DECIMATOR_BLOCK - 1) + half)
    return Pyramid(bank, hop_length, tuple(octaves), tuple(decimators), tuple(before), tuple(after))


def _plan_octave(bank: MorletBank, first: int, last: int, hop_length: int, max_error: float) -> Octave:
    widths = bank.widths[first:last]
    edge_hz = _edge_hz(bank, last)
    best, best_gain = (1, 0), 1
    for step in (d for d in range(1, max(1, hop_length // _MIN_SUBSTEPS) + 1) if hop_length % d == 0):
        level = 0
        while step % (2 << level) == 0 and edge_hz <= _USED_BAND * bank.sample_rate_hz / (4 << level):
            level += 1
        # Multiplications go with the kernels' length and their number, both divided.
        if step << level > best_gain and _octave_error(widths, step, hop_length) <= max_error:
            best, best_gain = (step, level), step << level
    step, level = best
    stride = step >> level
    taps = math.ceil(2 * SUPPORT * widths[0] / (1 << level))
    if level == 0 and edge_hz > TAPER_START * bank.sample_rate_hz / 2:
        taps = max(taps, _TAPER_TAPS)
    taps = max(3, taps)
    taps += (taps - stride) % 2
    substeps = hop_length // step
    block = max(u for u in range(1, _MAX_FILTER_BLOCK + 1) if substeps % u == 0 and 2 * (u - 1) * stride <= taps)
    return Octave(first, last, level, stride, taps, block)


def _edge_hz(bank: MorletBank, last: int) -> float:
    """Return the upper edge of the band of the bins below ``last``."""
    return float(bank.center_frequencies_hz[last - 1]) * (1 + _SKIRT / bank.omega0)


def _octave_error(widths: FloatArray, step: int, hop_length: int) -> float:
    """Return the error over an octave's filters, from three of them; their energy on noise goes with 1 / width."""
    chosen = widths[np.unique([0, len(widths) // 2, len(widths) - 1])]
    errors = np.array([sampling_error(float(width), step, hop_length) for width in chosen])
    return float(np.sqrt(np.average(errors**2, weights=1 / chosen)))


@functools.cache
def _rayleigh_table() -> tuple[FloatArray, FloatArray]:
    """Return squared correlations and the autocorrelation of the magnitude there, for unit power."""
    squared = np.linspace(0.0, 1.0, 8193)
    total, coefficient, power = np.zeros_like(squared), 1.0, np.ones_like(squared)
    for k in range(1, 400):
        total += coefficient * power
        coefficient *= ((k - 1.5) / k) ** 2
        power = power * squared
    return squared, np.pi / 4 * total


@functools.lru_cache(maxsize=4096)
def sampling_error(width: float, step: int, hop_length: int) -> float:
    """Return the relative RMS error of averaging a filter's magnitude over sub-steps, for white noise.

    The output of a Morlet filter for white Gaussian noise is complex Gaussian with the correlation
    rho(t) = exp(-t^2 / (4 width^2)), and its magnitude has the autocorrelation pi / 4 * 2F1(-1/2, -1/2; 1; rho^2)
    (Middleton, "An Introduction to Statistical Communication Theory", 9.1). The error of the average is a quadratic
    form in it. It is exact but for the taper near half the sample rate.

    Args:
        width: standard deviation of the envelope, in samples.
        step: samples between sub-steps; divides ``hop_length``.
        hop_length: samples averaged over.
    """
    # On a grid of half samples, since the middle of a sub-step may lie between two samples.
    average = np.zeros(2 * hop_length)
    average[::2] = 1.0 / hop_length
    difference = average.copy()
    difference[step - 1 :: 2 * step] -= step / hop_length
    rho = np.exp(-((np.arange(2 * hop_length) / 2 / width) ** 2) / 4)
    autocorrelation = np.interp(rho**2, *_rayleigh_table())
    points = 4 * hop_length

    def power(weights: FloatArray) -> float:
        products = np.fft.irfft(np.abs(np.fft.rfft(weights, points)) ** 2, points)[: 2 * hop_length]
        return float(products[0] * autocorrelation[0] + 2 * products[1:] @ autocorrelation[1:])

    return math.sqrt(max(power(difference), 0.0) / power(average))


def _decimator(pass_edge: float) -> FloatArray:
    """Return a low-pass for decimation by two: an even number of taps, symmetric, gain 1 at 0.

    Args:
        pass_edge: end of the pass-band in cycles per sample, below 1/4; what would alias onto it is suppressed.
    """
    transition = 0.5 - 2 * pass_edge
    taps = 2 * math.ceil((_STOP_BAND_DB - 7.95) / (2 * 2.285 * 2 * np.pi * transition))
    beta = 0.1102 * (_STOP_BAND_DB - 8.7)
    times = np.arange(taps) - (taps - 1) / 2
    values = np.sinc(0.5 * times) * np.kaiser(taps, beta)
    return values / values.sum()


def _zero_phase(taps: FloatArray, frequencies: FloatArray) -> FloatArray:
    """Return the real frequency response of symmetric taps at frequencies in cycles per sample."""
    times = np.arange(len(taps)) - (len(taps) - 1) / 2
    return np.cos(2 * np.pi * np.outer(frequencies, times)) @ taps


def _fade(taps: int) -> FloatArray:
    """Return a window that is 1 in the middle and falls as a raised cosine at both ends, all taps above 0."""
    length = max(1, round(_FADE * taps))
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)
    window = np.ones(taps)
    window[:length] *= ramp
    window[-length:] *= ramp[::-1]
    return window
