"""Sample-rate conversion with a polyphase Kaiser-windowed sinc, computed as one strided convolution.

Conventions, for every pair of integer rates from 8 to 192 kHz:

- Output sample n is the band-limited signal at time n / target_hz: linear phase, zero delay. Outside the input is
  silence.
- The output has ceil(samples * target_hz / source_hz) samples.
- With f = half the lower of both rates: pass-band 0 to 0.9 f, ripple below 0.001 dB up to 0.88 f and -0.08 dB at 0.9 f;
  stop-band from f up, attenuation more than 82 dB (images when the rate goes up, aliases when it goes down); -6 dB at
  0.943 f. Nothing folds back: the stop-band begins where aliasing does.

The rate ratio is L / M in lowest terms, so L outputs use up M inputs and the same L filters come round again. Instead
of one dot product per output, a block of B outputs (a multiple of L) is one row of a matrix product: the span of
inputs it needs times a [span, B] matrix whose columns are the filters, each shifted to its place. That is exactly a
1-D convolution with stride B * M / L and B output channels, and runs at the speed of a matrix product. Where L is so
large that this matrix would be huge (44,101 Hz), blocks start at any fraction of a sample, and the matrix is a
Chebyshev polynomial in that fraction (a Farrow structure, on blocks).

Sources: J. O. Smith, "Digital Audio Resampling Home Page" (windowed sinc); J. F. Kaiser and R. W. Schafer, "On the use
of the I0-sinh window for spectrum analysis", IEEE TASSP 1980 (window length); C. W. Farrow, "A continuously variable
digital delay element", ISCAS 1988 (polynomial in the fraction).
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable

import numpy as np

from irmas_tf.dsp.blas import use_one_blas_thread
from irmas_tf.dsp.scratch import scratch

MIN_RATE_HZ = 8000
MAX_RATE_HZ = 192000
PASS_BAND_EDGE = 0.9  # of half the lower rate
STOP_BAND_EDGE = 1.0
# The formula's transition begins where the gain has only left 1 by 7e-5. Counted from -0.08 dB it is shorter by this
# factor, and so is the filter.
_USED_TRANSITION = 0.88
STOP_BAND_DB = 83.0  # of the Kaiser formula; the filters measure up to 0.7 dB less

_BLOCK_OUTPUTS = 48  # columns from which on a matrix product runs at full speed; more would only widen the span
_MAX_MATRIX_ELEMENTS = 1 << 20
_TILE_VALUES = 160_000  # inputs to one matrix product: few calls, and about what the L2 cache holds
_FRACTION_ERROR = 1e-5  # of the polynomial in the fraction: -100 dB


@dataclasses.dataclass(frozen=True, eq=False)
class ResamplerDesign:
    """A filter bank for one pair of rates.

    Attributes:
        source_hz, target_hz: the rates.
        up, down: target_hz / source_hz in lowest terms (L and M).
        block_outputs: outputs per block (B).
        left: inputs a block needs before the one at (the whole part of) its start time.
        span: inputs a block needs in all.
        matrix: float32 [span, (degree + 1) * block_outputs]; columns d * B .. d * B + B - 1 belong to the Chebyshev
            polynomial T_d(2 * fraction - 1) of the block's fractional start time.
        degree: 0 where every block starts on an input sample.
    """

    source_hz: int
    target_hz: int
    up: int
    down: int
    block_outputs: int
    left: int
    span: int
    matrix: np.ndarray
    degree: int

    def output_length(self, samples: int) -> int:
        """Return the number of outputs for a number of inputs."""
        return output_length(samples, self.source_hz, self.target_hz)

    def block_start(self, block: int) -> tuple[int, float]:
        """Return the whole and the fractional part of a block's start time, in input samples."""
        whole, rest = divmod(block * self.block_outputs * self.down, self.up)
        return whole, rest / self.up

    def block_end(self, block: int) -> int:
        """Return the index one past the last input that a block needs."""
        return self.block_start(block)[0] - self.left + self.span

    def padded_length(self, samples: int) -> int:
        """Return the length of a signal with the silence that its outputs need before and after it."""
        blocks = -(-self.output_length(samples) // self.block_outputs)
        return self.left + max(samples, self.block_end(blocks - 1))

    @property
    def tile_rows(self) -> int:
        """Blocks computed by one matrix product; part of the result, since it decides about rounding."""
        return max(16, _TILE_VALUES // self.span)

    @property
    def is_identity(self) -> bool:
        """Both rates are the same."""
        return self.up == self.down

    @property
    def block_inputs(self) -> int:
        """Inputs from one block to the next (the convolution's stride); only whole when ``degree`` is 0."""
        return self.block_outputs * self.down // self.up


def output_length(samples: int, source_hz: int, target_hz: int) -> int:
    """Return ceil(samples * target_hz / source_hz)."""
    return -(-samples * target_hz // source_hz)


def _prototype(times: np.ndarray, cutoff: float, half_width: float, beta: float) -> np.ndarray:
    """Return the Kaiser-windowed sinc at ``times`` (input samples) for a cutoff in cycles per input sample."""
    inside = np.sqrt(np.clip(1.0 - (times / half_width) ** 2, 0.0, 1.0))
    window = np.where(np.abs(times) <= half_width, np.i0(beta * inside) / np.i0(beta), 0.0)
    return 2.0 * cutoff * np.sinc(2.0 * cutoff * times) * window


@functools.lru_cache(maxsize=32)
def design_resampler(source_hz: int, target_hz: int) -> ResamplerDesign:
    """Return the filter bank that converts ``source_hz`` to ``target_hz``; cached.

    Raises:
        ValueError: a rate is not an integer from 8,000 to 192,000 Hz.
    """
    for name, rate in (("source_hz", source_hz), ("target_hz", target_hz)):
        if rate != int(rate) or not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
            raise ValueError(f"{name}={rate}: must be an integer from {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz")
    source_hz, target_hz = int(source_hz), int(target_hz)
    divisor = math.gcd(source_hz, target_hz)
    up, down = target_hz // divisor, source_hz // divisor
    nyquist = 0.5 * min(source_hz, target_hz) / source_hz  # cycles per input sample
    transition = (STOP_BAND_EDGE - PASS_BAND_EDGE) / _USED_TRANSITION
    cutoff = (STOP_BAND_EDGE - 0.5 * transition) * nyquist
    transition *= 2.0 * math.pi * nyquist
    half_width = 0.5 * (STOP_BAND_DB - 7.95) / (2.285 * transition)
    beta = 0.1102 * (STOP_BAND_DB - 8.7)
    step = down / up  # input samples per output
    left = math.ceil(half_width)

    wanted = math.ceil(_BLOCK_OUTPUTS * max(1.0, 1.0 / step))
    block_outputs = up * math.ceil(wanted / up)
    span = math.floor((block_outputs - 1) * step + half_width) + left + 1
    exact = block_outputs * span <= _MAX_MATRIX_ELEMENTS
    if not exact:
        block_outputs = wanted
        span = math.ceil(block_outputs * step + half_width) + left + 1

    def filters(fraction: float) -> np.ndarray:
        """[span, block_outputs] for blocks that start ``fraction`` of an input sample late."""
        times = np.arange(span)[:, None] - left - (fraction + np.arange(block_outputs) * step)[None, :]
        columns = _prototype(times, cutoff, half_width, beta)
        return columns / columns.sum(axis=0)

    if exact:
        matrix, degree = filters(0.0)[None], 0
    else:
        matrix = _fit_fractions(filters)
        degree = len(matrix) - 1
    stacked = np.ascontiguousarray(np.concatenate(matrix, axis=1), dtype=np.float32)
    stacked.setflags(write=False)
    return ResamplerDesign(source_hz, target_hz, up, down, block_outputs, left, span, stacked, degree)


def _fit_fractions(filters: Callable[[float], np.ndarray]) -> np.ndarray:
    """Return Chebyshev coefficients [degree + 1, span, block_outputs] of ``filters`` over the fractions from 0 to 1."""
    from numpy.polynomial import chebyshev  # here: few pairs of rates need it, and it takes a while

    checks = [(fraction, filters(fraction)) for fraction in (0.013, 0.29, 0.55, 0.83, 0.997)]
    for degree in range(3, 13):
        nodes = chebyshev.chebpts1(degree + 1)
        values = np.stack([filters(0.5 * (node + 1.0)) for node in nodes])
        inverse = np.linalg.inv(chebyshev.chebvander(nodes, degree))
        coefficients = np.tensordot(inverse, values, axes=1)
        worst = 0.0
        for fraction, expected in checks:
            weights = chebyshev.chebvander(np.array([2.0 * fraction - 1.0]), degree)[0]
            error = np.tensordot(weights, coefficients, axes=1) - expected
            worst = max(worst, float(np.abs(np.fft.rfft(error[:, ::7], axis=0)).max()))
        if worst < _FRACTION_ERROR:
            break
    return coefficients


class StreamingResampler:
    """Resamples a signal that arrives in pieces; the pieces' sizes do not change a single bit of the result.

    Every matrix product covers the same rows of the signal's block grid whatever the pieces are, so that even the
    rounding is the same.

    Args:
        design: the filter bank.
    """

    def __init__(self, design: ResamplerDesign) -> None:
        self._design = design
        self._pending = np.zeros(design.left, np.float32)  # silence before the first sample
        self._start = -design.left  # input index of _pending[0]
        self._received = 0
        self._next_block = 0

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Take the next float32 [samples] and return the outputs that are now complete, float32 [any number]."""
        samples = _as_mono(samples)
        design = self._design
        self._received += len(samples)
        if design.is_identity:
            return samples
        self._pending = np.concatenate([self._pending, samples])
        end = self._start + len(self._pending)
        blocks = 0
        while design.block_end(self._next_block + blocks + design.tile_rows - 1) <= end:
            blocks += design.tile_rows
        outputs = np.empty(blocks * design.block_outputs, np.float32)
        _run(design, self._pending, self._start, self._next_block, outputs)
        self._next_block += blocks
        drop = design.block_start(self._next_block)[0] - design.left - self._start
        self._pending = self._pending[drop:]
        self._start += drop
        return outputs

    def flush(self) -> np.ndarray:
        """Return the outputs that were waiting for more input; the stream is over."""
        design = self._design
        wanted = design.output_length(self._received) - self._next_block * design.block_outputs
        if design.is_identity or wanted <= 0:
            return np.zeros(0, np.float32)
        blocks = -(-wanted // design.block_outputs)
        silence = design.block_end(self._next_block + blocks - 1) - self._start - len(self._pending)
        self._pending = np.concatenate([self._pending, np.zeros(max(0, silence), np.float32)])
        outputs = np.empty(blocks * design.block_outputs, np.float32)
        _run(design, self._pending, self._start, self._next_block, outputs)
        return outputs[:wanted]


def resample(samples: np.ndarray, source_hz: int, target_hz: int) -> np.ndarray:
    """Resample a whole mono signal.

    Args:
        samples: float [samples], any scale.
        source_hz, target_hz: integer rates from 8,000 to 192,000 Hz.

    Returns:
        float32 [ceil(samples * target_hz / source_hz)].

    Raises:
        ValueError: a rate is out of range, or the signal is not one-dimensional.
    """
    design = design_resampler(source_hz, target_hz)
    samples = _as_mono(samples)
    if design.is_identity:
        return samples
    padded = scratch("resample.padded", design.padded_length(len(samples)), np.float32)
    padded[: design.left] = 0.0
    padded[design.left : design.left + len(samples)] = samples
    padded[design.left + len(samples) :] = 0.0
    return resample_padded(padded, len(samples), design)


def resample_padded(padded: np.ndarray, samples: int, design: ResamplerDesign) -> np.ndarray:
    """Resample a whole signal that already stands between its padding: `resample` without a copy.

    Args:
        padded: float32 [design.padded_length(samples)]: ``design.left`` zeros, the signal, zeros.
        samples: length of the signal.
        design: the filter bank, not that of two equal rates.
    """
    blocks = -(-design.output_length(samples) // design.block_outputs)
    outputs = np.empty(blocks * design.block_outputs, np.float32)
    _run(design, padded, -design.left, 0, outputs)
    return outputs[: design.output_length(samples)]


def _as_mono(samples: np.ndarray) -> np.ndarray:
    if np.ndim(samples) != 1:
        raise ValueError(f"samples must be one-dimensional (mono), not of shape {np.shape(samples)}")
    return np.asarray(samples, np.float32)


def _run(design: ResamplerDesign, inputs: np.ndarray, start: int, first_block: int, outputs: np.ndarray) -> None:
    """Fill ``outputs`` [blocks * block_outputs] from ``first_block`` on; ``start`` is the index of inputs[0]."""
    grid = outputs.reshape(-1, design.block_outputs)
    size = design.tile_rows
    work = scratch("resample.rows", (min(len(grid), size), design.span), np.float32)
    use_one_blas_thread()
    for first in range(0, len(grid), size):
        _run_tile(design, inputs, start, first_block + first, grid[first : first + size], work)


def _run_tile(
    design: ResamplerDesign, inputs: np.ndarray, start: int, block: int, tile: np.ndarray, work: np.ndarray
) -> None:
    """Fill ``tile`` [rows, block_outputs] with the blocks from ``block`` on."""
    rows = work[: len(tile)]
    if design.degree == 0:
        begin = design.block_start(block)[0] - design.left - start
        # Overlapping rows of ``inputs``; this constructor checks that they lie within it, and is fast.
        strides = (4 * design.block_inputs, 4)
        np.copyto(rows, np.ndarray(rows.shape, np.float32, inputs, 4 * begin, strides))
        np.matmul(rows, design.matrix, out=tile)
        return
    from numpy.polynomial import chebyshev

    starts = [design.block_start(block + i) for i in range(len(tile))]
    for row, (whole, _) in zip(rows, starts, strict=True):
        row[:] = inputs[whole - design.left - start :][: design.span]
    terms = (rows @ design.matrix).reshape(len(tile), design.degree + 1, design.block_outputs)
    positions = 2.0 * np.array([fraction for _, fraction in starts]) - 1.0
    weights = chebyshev.chebvander(positions, design.degree).astype(np.float32)
    np.einsum("tds,td->ts", terms, weights, out=tile)
