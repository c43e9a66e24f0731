"""The log-mel front-ends with which published networks were trained, to the letter of their authors' code.

A pretrained network knows one front-end only, so these differ from `irmas_tf.layers.spectrogram.Spectrogram` wherever
the originals do, also in framing:

================== ======================================= =====================================================
layer              frames                                  why not ``ceil(samples / hop_length)``
================== ======================================= =====================================================
`YamnetLogMel`     ``96 + 48 * further patches``           frames lie inside the signal, which is padded at its
                                                           end until patches of 96 frames cover it
`PannLogMel`       ``1 + samples // hop_length``           frame ``t`` is centred on sample ``t * hop_length``
`MobileNetLogMel`  ``ceil(samples / hop_length)``          the same rule: pre-emphasis costs one sample of
                                                           ``1 + (samples - 1) // hop_length``
================== ======================================= =====================================================

Where the originals pad by reflection, a waveform must be longer than half a frame: shorter ones are first padded with
zeros to ``minimum_samples``.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from irmas_tf.dsp.framing import check_frame_arguments, fft_length_for
from irmas_tf.dsp.mel import filterbank
from irmas_tf.dsp.mel_domain import mel_domain_filterbank
from irmas_tf.dsp.short_time import ShortTimeBands
from irmas_tf.layers.base import FrontEnd

# Floor under a root, so that its derivative is finite in silence.
_MIN_POWER = 1e-30


def _hann(frame_length: int, *, periodic: bool) -> npt.NDArray[np.float32]:
    """Return the exact Hann window (that of `irmas_tf.dsp.framing` is rounded to float16)."""
    intervals = frame_length if periodic else frame_length - 1
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(frame_length) / intervals)).astype(np.float32)


class PublishedLogMel(FrontEnd):
    """Base of the front-ends below: pad, short-time power spectrum, mel bands, logarithm. No weights, float32.

    [batch, samples] float in -1..1 -> [batch, frames, num_bins] float32.

    Args:
        sample_rate_hz: rate of the waveforms, in Hz.
        frame_length: samples per frame. The FFT has the next power of two.
        hop_length: samples between frames.
        num_bins: mel bands.
        min_frequency_hz: lower edge of the lowest band.
        max_frequency_hz: upper edge of the highest band.
        minimum_samples: shorter waveforms are padded with zeros at their end.
        filters: [fft bins, num_bins], given by the subclass; an attribute of the layer.
        window: [frame_length], given by the subclass; an attribute of the layer.
        bandwidth_hz: what lies above is left out of the power spectra, as if the audio had been recorded or coded with
            this bandwidth; None leaves nothing out. The filters stay the published ones, and so does `identity`: the
            published weights fit.
        **kwargs: arguments of `keras.layers.Layer`.

    Raises:
        ValueError: an argument is out of range; the message names it.
    """

    KIND = ""
    """What the layer computes, in one word; the first word of `identity`."""

    def __init__(
        self,
        sample_rate_hz: int,
        frame_length: int,
        hop_length: int,
        num_bins: int,
        min_frequency_hz: float,
        max_frequency_hz: float,
        minimum_samples: int,
        *,
        filters: npt.NDArray[np.float32],
        window: npt.NDArray[np.float32],
        bandwidth_hz: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate_hz, hop_length, num_bins, **kwargs)
        check_frame_arguments(frame_length, hop_length)
        self.frame_length = frame_length
        self.min_frequency_hz = min_frequency_hz
        self.max_frequency_hz = max_frequency_hz
        self.minimum_samples = minimum_samples
        self.window = window
        self.filters = filters
        self.bandwidth_hz = bandwidth_hz
        heard = np.fft.rfftfreq(self.fft_length, 1.0 / sample_rate_hz) <= (bandwidth_hz or sample_rate_hz)
        self._bands = ShortTimeBands(window, hop_length, filters * heard[:, np.newaxis], 2)

    @property
    def fft_length(self) -> int:
        """Points of the FFT."""
        return fft_length_for(self.frame_length)

    @property
    def identity(self) -> str:
        """Return a line that is equal for two front-ends if and only if they compute the same features."""
        names = ("sample_rate_hz", "frame_length", "hop_length", "num_bins", "min_frequency_hz", "max_frequency_hz")
        return " ".join([self.KIND, *(f"{name}={getattr(self, name):g}" for name in names)])

    def num_frames(self, samples: int) -> int:
        """Return how many frames a waveform of ``samples`` gives."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, int | None, int]:
        """Return ``(batch, frames, num_bins)``."""
        batch, frames, bins = super().compute_output_shape(input_shape)
        return batch, None if frames is None else self.num_frames(int(input_shape[1] or 0)), bins

    def call(self, waveform: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Return the log-mel features of waveforms [batch, samples]."""
        self.samples_of(waveform)  # refuses waveforms without samples
        return self.one_at_a_time(self._log_mel, tf.cast(waveform, tf.float32), training)

    def _log_mel(self, waveform: tf.Tensor) -> tf.Tensor:
        return self._compress(self._bands(self._prepare(self._at_least(waveform)), self._energy))

    def _at_least(self, waveform: tf.Tensor) -> tf.Tensor:
        """Return the waveform, of ``minimum_samples`` or more."""
        samples = waveform.shape[1]
        if samples is None:
            missing = tf.maximum(0, self.minimum_samples - tf.shape(waveform)[1])
        elif samples < self.minimum_samples:
            missing = self.minimum_samples - samples
        else:
            return waveform
        return tf.pad(waveform, [[0, 0], [0, missing]])

    def _prepare(self, waveform: tf.Tensor) -> tf.Tensor:
        """Return the waveform padded so that its frames can be cut from sample 0 on."""
        half = self.frame_length // 2
        # tf.pad's REFLECT refuses batches of no examples.
        before = tf.reverse(waveform[:, 1 : half + 1], axis=[1])
        after = tf.reverse(waveform[:, -half - 1 : -1], axis=[1])
        return tf.concat([before, waveform, after], axis=1)

    def _energy(self, power: tf.Tensor) -> tf.Tensor:
        """Return what the filters add up: power, unless a subclass says magnitude."""
        return power

    def _compress(self, bands: tf.Tensor) -> tf.Tensor:
        """Return the logarithm of bands.

        Subclasses cut bands off at zero first: some runtimes round the products that they come from, to below zero.
        """
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {
            "frame_length": self.frame_length,
            "min_frequency_hz": self.min_frequency_hz,
            "max_frequency_hz": self.max_frequency_hz,
            "minimum_samples": self.minimum_samples,
            **({"bandwidth_hz": self.bandwidth_hz} if self.bandwidth_hz else {}),
        }


@keras.saving.register_keras_serializable(package="irmas_tf")
class YamnetLogMel(PublishedLogMel):
    """YAMNet's front-end: ``ln(mel magnitude + 0.001)``, 16 kHz, 64 bands, frames of 25 ms every 10 ms.

    Frames (periodic Hann, not centred) lie inside the signal. The signal is padded with zeros at its end to
    ``minimum_samples`` (one patch: 15,600) and from there to a whole number of patch hops, so that patches of
    ``patch_frames`` every ``patch_hop_frames`` cover it: 96 + 48 * ceil((samples - 15600) / 7680) frames.

    Source: Plakal and Ellis, "YAMNet", TensorFlow model garden, research/audioset/yamnet (features.py).
    """

    KIND = "yamnet_log_mel"

    def __init__(
        self,
        sample_rate_hz: int = 16000,
        frame_length: int = 400,
        hop_length: int = 160,
        num_bins: int = 64,
        min_frequency_hz: float = 125.0,
        max_frequency_hz: float = 7500.0,
        minimum_samples: int | None = None,
        patch_frames: int = 96,
        patch_hop_frames: int = 48,
        **kwargs: Any,
    ) -> None:
        self._first_patch = (patch_frames - 1) * hop_length + frame_length
        super().__init__(
            sample_rate_hz,
            frame_length,
            hop_length,
            num_bins,
            min_frequency_hz,
            max_frequency_hz,
            max(self._first_patch, minimum_samples or 0),
            filters=mel_domain_filterbank(
                num_bins, fft_length_for(frame_length), sample_rate_hz, min_frequency_hz, max_frequency_hz
            ),
            window=_hann(frame_length, periodic=True),
            **kwargs,
        )
        self.patch_frames = patch_frames
        self.patch_hop_frames = patch_hop_frames

    def _further_patches(self, samples: Any) -> Any:
        """Return how many patches follow the first, for an int or a tensor of at least ``minimum_samples``."""
        return -(-(samples - self._first_patch) // (self.patch_hop_frames * self.hop_length))

    def num_frames(self, samples: int) -> int:
        """Return how many frames a waveform of ``samples`` gives."""
        further = self._further_patches(max(samples, self.minimum_samples))
        return self.patch_frames + further * self.patch_hop_frames

    def _prepare(self, waveform: tf.Tensor) -> tf.Tensor:
        samples = tf.shape(waveform)[1] if waveform.shape[1] is None else waveform.shape[1]
        whole = self._first_patch + self._further_patches(samples) * self.patch_hop_frames * self.hop_length
        return tf.pad(waveform, [[0, 0], [0, whole - samples]])

    def _energy(self, power: tf.Tensor) -> tf.Tensor:
        return tf.sqrt(tf.maximum(power, _MIN_POWER))

    def _compress(self, bands: tf.Tensor) -> tf.Tensor:
        return tf.math.log(tf.maximum(bands, 0.0) + 1e-3)  # see `_compress` of the base

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"patch_frames": self.patch_frames, "patch_hop_frames": self.patch_hop_frames}


@keras.saving.register_keras_serializable(package="irmas_tf")
class PannLogMel(PublishedLogMel):
    """The front-end of the PANNs: ``10 log10(max(mel power, 1e-10))``, 64 bands (Slaney scale, area 1).

    Frame ``t`` (periodic Hann) is centred on sample ``t * hop_length``; both ends are padded by reflection.
    ``1 + samples // hop_length`` frames. 32 kHz: 1024/320, 50-14000 Hz; 16 kHz: 512/160, 50-8000 Hz.

    Source: Kong et al., "PANNs", IEEE/ACM TASLP 2020, section III; torchlibrosa for what the paper leaves open.
    """

    KIND = "pann_log_mel"

    def __init__(
        self,
        sample_rate_hz: int = 32000,
        frame_length: int = 1024,
        hop_length: int = 320,
        num_bins: int = 64,
        min_frequency_hz: float = 50.0,
        max_frequency_hz: float = 14000.0,
        minimum_samples: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            sample_rate_hz,
            frame_length,
            hop_length,
            num_bins,
            min_frequency_hz,
            max_frequency_hz,
            max(frame_length // 2 + 1, minimum_samples or 0),
            filters=filterbank(
                "mel",
                num_bins,
                fft_length_for(frame_length),
                sample_rate_hz,
                min_frequency_hz,
                max_frequency_hz,
                norm="slaney",
                min_half_width_bins=0.0,
            ),
            window=_hann(frame_length, periodic=True),
            **kwargs,
        )

    def num_frames(self, samples: int) -> int:
        """Return how many frames a waveform of ``samples`` gives."""
        return 1 + max(samples, self.minimum_samples) // self.hop_length

    def _compress(self, bands: tf.Tensor) -> tf.Tensor:
        return tf.math.log(tf.maximum(bands, 1e-10)) * np.float32(10.0 / np.log(10.0))


@keras.saving.register_keras_serializable(package="irmas_tf")
class MobileNetLogMel(PublishedLogMel):
    """The front-end of EfficientAT's networks: ``(ln(mel power + 1e-5) + 4.5) / 5``, 32 kHz, 128 Kaldi bands.

    Pre-emphasis ``y[t] = x[t + 1] - 0.97 x[t]`` makes the signal one sample shorter; frame ``t`` (symmetric Hann of
    800 samples, 1024-point FFT) is centred on its sample ``t * hop_length``, both ends are padded by reflection.
    ``1 + (samples - 1) // hop_length`` frames, which is ``ceil(samples / hop_length)``.

    Source: Schmid et al., "Efficient large-scale audio tagging via transformer-to-CNN knowledge distillation",
    ICASSP 2023, section 3.2.
    """

    KIND = "mobilenet_log_mel"

    def __init__(
        self,
        sample_rate_hz: int = 32000,
        frame_length: int = 800,
        hop_length: int = 320,
        num_bins: int = 128,
        min_frequency_hz: float = 0.0,
        max_frequency_hz: float = 15000.0,
        minimum_samples: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            sample_rate_hz,
            frame_length,
            hop_length,
            num_bins,
            min_frequency_hz,
            max_frequency_hz,
            max(frame_length // 2 + 2, minimum_samples or 0),
            filters=mel_domain_filterbank(
                num_bins, fft_length_for(frame_length), sample_rate_hz, min_frequency_hz, max_frequency_hz
            ),
            window=_hann(frame_length, periodic=False),
            **kwargs,
        )

    def num_frames(self, samples: int) -> int:
        """Return how many frames a waveform of ``samples`` gives."""
        return 1 + (max(samples, self.minimum_samples) - 1) // self.hop_length

    def _prepare(self, waveform: tf.Tensor) -> tf.Tensor:
        # A window of 800 in the middle of 1024 samples has the power spectrum of these 800 samples alone.
        return super()._prepare(waveform[:, 1:] - 0.97 * waveform[:, :-1])

    def _compress(self, bands: tf.Tensor) -> tf.Tensor:
        return (tf.math.log(tf.maximum(bands, 0.0) + 1e-5) + 4.5) / 5.0
