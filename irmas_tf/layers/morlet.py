"""Morlet scalogram inside the model: an octave pyramid of strided convolutions, fixed or trainable."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from irmas_tf.dsp.framing import num_frames
from irmas_tf.dsp.morlet_bank import MAX_OMEGA0, MIN_OMEGA0, TAPER_START, FloatArray, MorletBank
from irmas_tf.dsp.octave_pyramid import Octave, plan_pyramid
from irmas_tf.layers.base import FrontEnd

# Far below what float32 keeps of audio.
_MIN_MAGNITUDE = 1e-15
# How far a trained omega0 may go from its initial value, as a factor: the kernels' lengths are laid out for that one.
_OMEGA0_RANGE = 1.25


@keras.saving.register_keras_serializable(package="irmas_tf")
class MorletScalogram(FrontEnd):
    """``log(log_offset + scalogram)``, natural logarithm: magnitudes of an analytic Morlet transform, hop-averaged.

    [batch, samples] float in -1..1 -> [batch, ceil(samples / hop_length), num_bins] float32. Frame t is the mean over
    the hop [t * hop_length, (t + 1) * hop_length), with silence outside the waveform; bins go from low to high
    frequencies in geometric steps. The conventions are those of `irmas_tf.dsp.morlet`, whose `hop_averaged` is the
    exact transform; this one approximates it as `irmas_tf.dsp.octave_pyramid` describes, to about 1 % of the magnitude.

    Level. A sine of amplitude A reads A in the bin at its frequency; a `Spectrogram` with 1024-sample frames reads 13
    times as much. With ``log_offset`` = 1e-4 a full-scale sine lies 80 dB above the offset, as it does there with 1e-3.

    Trainable wavelets. Every filter's centre frequency and omega0 (its width: omega0 / (2 pi f) seconds) become
    weights, as in LEAF (Zeghidour et al. 2021), and kernels are computed from them in the graph. They stay wavelets:
    the correction that makes the mean zero and the level of a sine are part of that computation; centres stay sorted
    and within the octave whose rate and kernel length were laid out for them; omega0 stays within a factor of 1.25 of
    its initial value. The output before training is the fixed layer's.

    Everything is float32 under any dtype policy, and the gradient is finite everywhere.

    Args:
        sample_rate_hz: rate of the waveforms, in Hz.
        hop_length: samples between frames. Multiples of a high power of two are fast (256, 512); an odd hop forbids
            decimation and is many times slower.
        num_bins: number of filters.
        min_frequency_hz: centre of the lowest filter.
        max_frequency_hz: end of the frequency axis, one step above the centre of the highest filter; that centre must
            be at most 0.9 of half the sample rate.
        omega0: the wavelets' centre in radians: higher is finer in frequency and coarser in time.
        max_sampling_error: accuracy against time: bound of the relative error, on white noise and in every octave, that
            comes from computing the magnitude at sub-steps of the hop. 0.01 is 1 %.
        log_offset: added to the magnitude before the logarithm, above 0; None returns the magnitude itself.
        trainable_wavelets: make centre frequencies and omega0 weights.

    Raises:
        ValueError: an argument is out of range; the message names it and says what would work.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        hop_length: int,
        num_bins: int = 96,
        min_frequency_hz: float = 40.0,
        max_frequency_hz: float = 10240.0,
        omega0: float = 6.0,
        max_sampling_error: float = 0.0105,
        log_offset: float | None = 1e-4,
        trainable_wavelets: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate_hz, hop_length, num_bins, **kwargs)
        if log_offset is not None and not 0.0 < log_offset < np.inf:
            raise ValueError(f"log_offset={log_offset!r}: must be above 0, or None for magnitudes")
        self.min_frequency_hz = min_frequency_hz
        self.max_frequency_hz = max_frequency_hz
        self.omega0 = omega0
        self.max_sampling_error = max_sampling_error
        self.log_offset = log_offset
        self.trainable_wavelets = trainable_wavelets
        self._bank = MorletBank(sample_rate_hz, min_frequency_hz, max_frequency_hz, num_bins, omega0)
        self._pyramid = plan_pyramid(self._bank, hop_length, max_sampling_error)
        self._decimators = [self._pyramid.decimation_blocks(i) for i in range(len(self._pyramid.decimators))]
        if not trainable_wavelets:
            self._filters = [self._fixed_filters(octave) for octave in self._pyramid.octaves]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights of trainable wavelets."""
        if self.trainable_wavelets:
            positions = np.log2(self._bank.center_frequencies_hz / self.min_frequency_hz)
            self.center_octaves = self._wavelet_weight("center_octaves", positions, _Sorted(*self._center_limits()))
            omega0 = np.full(self.num_bins, self.omega0)
            self.filter_omega0 = self._wavelet_weight("filter_omega0", omega0, _Within(*self._omega0_limits()))
            # Responses on a grid of frequencies to kernels; see `Pyramid.synthesis`.
            octaves = self._pyramid.octaves
            self._grids_hz = [self._pyramid.grid_hz(octave).astype(np.float32) for octave in octaves]
            self._syntheses = [self._pyramid.synthesis(octave).astype(np.float32) for octave in octaves]

    def _wavelet_weight(
        self, name: str, values: FloatArray, constraint: keras.constraints.Constraint
    ) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=(self.num_bins,),
            initializer=lambda shape, dtype: keras.ops.convert_to_tensor(values, dtype),
            constraint=constraint,
            dtype="float32",
            autocast=False,
        )

    def _center_limits(self) -> tuple[FloatArray, FloatArray]:
        """Return the lowest and the highest centre of every filter, in octaves above the minimum frequency."""
        centers = np.log2(self._bank.center_frequencies_hz / self.min_frequency_hz)
        half_step = 0.5 / self._bank.bins_per_octave
        top = np.log2(TAPER_START * self.sample_rate_hz / 2 / self.min_frequency_hz)
        low, high = np.empty(self.num_bins), np.empty(self.num_bins)
        for octave in self._pyramid.octaves:
            bins = slice(octave.first, octave.last)
            low[bins], high[bins] = centers[octave.first] - half_step, centers[octave.last - 1] + half_step
        return low, np.minimum(high, max(top, centers[-1]))

    def _omega0_limits(self) -> tuple[float, float]:
        return max(MIN_OMEGA0, self.omega0 / _OMEGA0_RANGE), min(MAX_OMEGA0, self.omega0 * _OMEGA0_RANGE)

    @property
    def bins_per_octave(self) -> float:
        """Filters per octave at initialisation; a whole number or not."""
        return self._bank.bins_per_octave

    @property
    def center_frequencies_hz(self) -> FloatArray:
        """Centre frequencies [num_bins] in Hz as they are now, low to high."""
        if self.trainable_wavelets and self.built:
            return self.min_frequency_hz * 2.0 ** np.asarray(self.center_octaves, np.float64)
        return self._bank.center_frequencies_hz

    def call(self, waveform: tf.Tensor) -> tf.Tensor:
        """Return the scalogram of waveforms [batch, samples]."""
        waveform = tf.cast(waveform, tf.float32)
        samples = self.samples_of(waveform)
        pyramid = self._pyramid
        frames = num_frames(samples, self.hop_length)
        covered = frames * self.hop_length
        signal = tf.pad(waveform, [[0, 0], [pyramid.before[0], covered - samples + pyramid.after[0]]])
        all_filters = self._trained_filters() if self.trainable_wavelets else self._filters
        high_to_low = []
        level = 0
        for octave, filters in zip(pyramid.octaves, all_filters, strict=True):
            while level < octave.level:
                signal = self._decimated(signal, level)
                level += 1
            start = pyramid.before[level] - octave.margin
            needed = signal[:, start : start + covered // (1 << level) + 2 * octave.margin]
            high_to_low.append(self._averages(needed, octave, filters, frames))
        magnitude = tf.concat(high_to_low[::-1], axis=-1)
        if self.log_offset is None:
            return magnitude
        # Never below zero here, but perhaps in a runtime that rounds.
        return tf.math.log(tf.maximum(magnitude, 0.0) + np.float32(self.log_offset))

    def _decimated(self, signal: tf.Tensor, level: int) -> tf.Tensor:
        """Return level + 1 of the pyramid, [batch, samples]."""
        start, matrix = self._decimators[level]
        span, block = matrix.shape
        kernel = matrix.astype(np.float32).reshape(span, 1, block)
        blocks = tf.nn.conv1d(tf.expand_dims(signal[:, start:], -1), kernel, 2 * block, "VALID")
        return tf.reshape(blocks, [tf.shape(signal)[0], tf.shape(blocks)[1] * block])

    def _averages(self, signal: tf.Tensor, octave: Octave, filters: Any, frames: int | tf.Tensor) -> tf.Tensor:
        """Return an octave's magnitudes, averaged over hops: [batch, frames, bins]."""
        batch, bins, block = tf.shape(signal)[0], octave.last - octave.first, octave.block
        outputs = tf.nn.conv1d(tf.expand_dims(signal, -1), filters, block * octave.stride, "VALID")
        # A difference instead of a square, as a floor under the root: its derivative is finite in silence.
        squared = tf.math.squared_difference(outputs, np.float32(_MIN_MAGNITUDE))
        power = tf.reduce_sum(tf.reshape(squared, [batch, tf.shape(outputs)[1], 2, block * bins]), axis=2)
        substeps = self.hop_length // octave.step
        return tf.reduce_mean(tf.reshape(tf.sqrt(power), [batch, frames, substeps, bins]), axis=2)

    def _fixed_filters(self, octave: Octave) -> npt.NDArray[np.float32]:
        """Return an octave's convolution kernel [taps of a block, 1, real or imaginary * sub-steps * bins]."""
        kernels = self._pyramid.kernels(octave)
        shifted = [np.pad(kernels, [pad, (0, 0), (0, 0)]) for pad in self._pyramid.block_paddings(octave)]
        stacked = np.stack(shifted, axis=2)
        return stacked.reshape(len(stacked), 1, -1)

    def _trained_filters(self) -> list[tf.Tensor]:
        """Return what `_fixed_filters` does for every octave, computed from the weights."""
        # Optimizers apply the constraints; this holds for weights from elsewhere.
        low, high = self._center_limits()
        positions = tf.clip_by_value(self.center_octaves.value, low.astype(np.float32), high.astype(np.float32))
        omega0 = tf.clip_by_value(self.filter_omega0.value, *self._omega0_limits())
        centers_hz = np.float32(self.min_frequency_hz) * tf.exp(positions * np.float32(np.log(2.0)))
        filters = []
        for octave, grid_hz, synthesis in zip(self._pyramid.octaves, self._grids_hz, self._syntheses, strict=True):
            bins = slice(octave.first, octave.last)
            omega, center_hz = tf.expand_dims(omega0[bins], -1), tf.expand_dims(centers_hz[bins], -1)
            u = omega * grid_hz / center_hz
            # `morlet_response`, whose peak lies at u = omega to 1e-7.
            spectra = 2.0 * tf.exp(-0.5 * tf.square(u - omega)) * (1.0 - tf.exp(-omega * u))
            kernels = tf.transpose(tf.reshape(tf.matmul(spectra, synthesis), [-1, octave.taps, 2]), [1, 2, 0])
            shifted = [tf.pad(kernels, [pad, (0, 0), (0, 0)]) for pad in self._pyramid.block_paddings(octave)]
            stacked = tf.stack(shifted, axis=2)
            filters.append(tf.reshape(stacked, [stacked.shape[0], 1, 2 * octave.block * (octave.last - octave.first)]))
        return filters

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {
            "min_frequency_hz": self.min_frequency_hz,
            "max_frequency_hz": self.max_frequency_hz,
            "omega0": self.omega0,
            "max_sampling_error": self.max_sampling_error,
            "log_offset": self.log_offset,
            "trainable_wavelets": self.trainable_wavelets,
        }


class _Within(keras.constraints.Constraint):
    """Keep values between two limits."""

    def __init__(self, low: Any, high: Any) -> None:
        self.low, self.high = np.asarray(low, np.float32), np.asarray(high, np.float32)

    def __call__(self, value: Any) -> Any:
        """Return the values within the limits."""
        return keras.ops.clip(value, self.low, self.high)


class _Sorted(_Within):
    """Keep values sorted too; limits must rise."""

    def __call__(self, value: Any) -> Any:
        """Return the values within the limits, in rising order."""
        return keras.ops.sort(super().__call__(value))
