"""Sound that is in memory already: any samples to a mono waveform at a model's rate, and a model's values for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from irmas_tf.audio.heard import Heard
from irmas_tf.audio.mono import mean_of_channels
from irmas_tf.audio.silence import silent_windows
from irmas_tf.audio.windows import iter_windows, window_starts
from irmas_tf.dsp.resample import MAX_RATE_HZ, MIN_RATE_HZ, resample
from irmas_tf.inference.clip_windows import counted
from irmas_tf.inference.window_model import WindowModel, silence_dbfs

MOST_CHANNELS = 64
MANY_CHANNELS = 8
"""More are believed only of samples that are longer than wide."""
MOST_ABSOLUTE = 2.0**32
"""Greatest sample, as in files: floats on the scale of 32-bit integers are odd but usable."""
BATCH = 16


class SamplesError(ValueError):
    """Samples cannot be used; the message says what they are and what is wanted."""


def mono_waveform(samples: Any, sample_rate_hz: float | None, target_hz: int, heard: Heard | None = None) -> np.ndarray:
    """Return samples as mono float32 [samples] at a model's rate, as the same samples in a file would be decoded.

    Args:
        samples: array-like, [samples] or [samples, channels]: floats with full scale 1.0, or PCM integers of 16 or 32
            bits (signed) or 8 bits (unsigned), which are scaled.
        sample_rate_hz: their rate, 8,000 to 192,000.
        target_hz: the model's rate.
        heard: gathers what is odd about the samples.

    Raises:
        SamplesError: there are none, they are not finite, not numbers, of another shape, or the rate is missing or out
            of range.
    """
    if isinstance(samples, (str, bytes)) or not hasattr(samples, "__len__"):
        raise SamplesError(f"samples are {type(samples).__name__}; give a path, or an array [samples]")
    rate_hz = _checked_rate(sample_rate_hz)
    try:
        array = np.asarray(samples)
    except ValueError as error:
        raise SamplesError(f"samples are not an array ({error}); give [samples] or [samples, channels]") from error
    array = _scaled(array)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise SamplesError(f"samples have shape {list(array.shape)}; give [samples] or [samples, channels]")
    if array.size == 0:
        raise SamplesError(f"samples are empty (shape {list(np.shape(samples))}); give at least one")
    if len(array) < array.shape[1] and array.shape[1] > MANY_CHANNELS:
        raise SamplesError(
            f"samples have shape {list(array.shape)}, which looks like [channels, samples]; transpose them, to"
            " [samples, channels]"
        )
    if array.shape[1] > MOST_CHANNELS:
        raise SamplesError(f"samples have {array.shape[1]} channels; at most {MOST_CHANNELS} are sound")
    if not np.isfinite(array).all():
        first = int(np.argmax(~np.isfinite(array).all(axis=1)))
        raise SamplesError(f"samples hold NaN or infinity, first at {first / rate_hz:.3f} s; mend their source")
    if (greatest := float(np.abs(array).max())) > MOST_ABSOLUTE:
        raise SamplesError(f"samples hold a value of {greatest:.2g}; full scale is 1.0")
    mono = mean_of_channels(array)
    if heard is not None:
        heard.add(rate_hz, array, mono)
    return resample(mono, rate_hz, target_hz)


def _checked_rate(sample_rate_hz: float | None) -> int:
    if sample_rate_hz is None:
        raise SamplesError("sample_rate_hz is missing: give the rate of the samples, like 44100")
    try:
        rate_hz = int(sample_rate_hz)
        is_whole = rate_hz == sample_rate_hz
    except (TypeError, ValueError, OverflowError):
        is_whole = False
    if not is_whole or not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise SamplesError(
            f"sample_rate_hz={sample_rate_hz!r}: must be a whole number from {MIN_RATE_HZ:,} to {MAX_RATE_HZ:,}"
        )
    return rate_hz


def _scaled(array: np.ndarray) -> np.ndarray:
    """Return samples as float32 with full scale 1.0, in the same shape."""
    if array.dtype == np.uint8:
        return (array.astype(np.float32) - np.float32(128)) / np.float32(128)
    if array.dtype == np.int16:
        return array.astype(np.float32) / np.float32(32768)
    if array.dtype == np.int32:
        return (array / 2.0**31).astype(np.float32)
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what overflows is refused as infinity
            return array.astype(np.float32, copy=False)
    raise SamplesError(
        f"samples are {array.dtype}; give floats with full scale 1.0, or PCM integers: int16, int32 or uint8"
    )


@dataclasses.dataclass(frozen=True)
class WindowValues:
    """What a model says about the windows of a waveform.

    Attributes:
        values: output -> [windows, width].
        starts: first sample of every window.
        silent: which windows are silent, [windows] bool.
    """

    values: dict[str, np.ndarray]
    starts: np.ndarray
    silent: np.ndarray

    def mean(self, output: str) -> np.ndarray:
        """Return the mean over the windows that count, [width] float64: those that are not silent, or else all."""
        return np.asarray(counted(self.values[output], self.silent), np.float64).mean(axis=0)


def window_values(model: WindowModel, waveform: np.ndarray, outputs: Iterable[str] | None = None) -> WindowValues:
    """Return a model's outputs for the windows of a mono waveform, float32 [samples] at the model's rate.

    Windows are those of files: a hop apart, the last one ends with the waveform, a short waveform is padded with zeros.

    Args:
        model: the function of windows.
        waveform: at least one sample.
        outputs: which; by default all that the model gives.
    """
    audio = model.audio
    names = tuple(model.outputs if outputs is None else outputs)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
    silent = []
    for windows in iter_windows([waveform], audio.window_samples, audio.window_hop_samples, BATCH):
        silent.append(silent_windows(windows, silence_dbfs(model)))
        for name in names:
            parts[name].append(np.asarray(model.values(windows, name), np.float32))
    starts = window_starts(len(waveform), audio.window_samples, audio.window_hop_samples)
    values = {name: np.concatenate(batches) for name, batches in parts.items()}
    return WindowValues(values, np.array(starts), np.concatenate(silent))
