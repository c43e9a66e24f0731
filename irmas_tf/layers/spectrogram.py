"""Log-compressed magnitude spectrogram on a linear, mel or logarithmic frequency scale."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from irmas_tf.dsp.framing import check_frame_arguments, fft_length_for, hann_window, padding
from irmas_tf.dsp.mel import filterbank
from irmas_tf.dsp.short_time import ShortTimeBands
from irmas_tf.layers.base import FrontEnd

# Floor under the root, so that its derivative is finite in silence.
_MIN_SQUARED_MAGNITUDE = 1e-30
# Up to this FFT length the product with the whole filter bank is fastest; longer ones gain from a group per doubling.
_UNGROUPED_FFT_LENGTH = 512


def _root(power: tf.Tensor) -> tf.Tensor:
    # A root of squares takes half the time of tf.abs, whose hypot guards against an overflow audio cannot reach.
    return tf.sqrt(tf.maximum(power, _MIN_SQUARED_MAGNITUDE))


@keras.saving.register_keras_serializable(package="irmas_tf")
class Spectrogram(FrontEnd):
    """``log(log_offset + filterbank(|STFT(waveform)|))``, natural logarithm.

    [batch, samples] float in -1..1 -> [batch, ceil(samples / hop_length), num_bins] float32. Frames are centred in
    their hop and zero-padded at both ends; the window is a periodic Hann (`irmas_tf.dsp.framing`).

    Level. Magnitudes are divided by sqrt(sum(window ** 2)), so that white noise of standard deviation s has an RMS of s
    in every FFT bin whatever the frame length, and branches with different frames read music alike. The filters have
    a peak of 1 (`irmas_tf.dsp.mel.filterbank`). A sine of amplitude A reads A * sqrt(frame_length / 6) in a band about
    one FFT bin wide (less up to 15 % between two FFT bins), and about twice that, the sum over the window's main lobe,
    in wide bands. ``log_offset`` = 1e-3 therefore lies where white noise at -60 dB of full scale does, which is 80 to
    90 dB below a full-scale sine: low enough for quiet recordings, high enough for float16 weights. Silence reads
    ``log(log_offset)``.

    Everything is float32 under any dtype policy, the gradient is finite everywhere, and the layer has no weights.

    Args:
        sample_rate_hz: rate of the waveforms, in Hz.
        frame_length: samples per frame. The FFT has the next power of two (other lengths do not run in TFLite).
        hop_length: samples between frames, at most ``frame_length``.
        num_bins: frequency bands.
        scale: ``linear``, ``mel`` or ``log`` (constant bands per octave).
        min_frequency_hz: lower edge of the lowest band.
        max_frequency_hz: upper edge of the highest band; None is half the sample rate.
        mel_scale: ``htk`` or ``slaney``.
        log_offset: added to the band amplitude before the logarithm, above 0.

    Raises:
        ValueError: an argument is out of range; the message names it.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        frame_length: int,
        hop_length: int,
        num_bins: int,
        scale: str = "mel",
        min_frequency_hz: float = 30.0,
        max_frequency_hz: float | None = None,
        mel_scale: str = "slaney",
        log_offset: float = 1e-3,
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate_hz, hop_length, num_bins, **kwargs)
        check_frame_arguments(frame_length, hop_length)
        if not 0.0 < log_offset < np.inf:
            raise ValueError(f"log_offset={log_offset!r}: must be above 0")
        self.frame_length = frame_length
        self.scale = scale
        self.min_frequency_hz = min_frequency_hz
        self.max_frequency_hz = sample_rate_hz / 2 if max_frequency_hz is None else max_frequency_hz
        self.mel_scale = mel_scale
        self.log_offset = log_offset
        filters = filterbank(
            scale, num_bins, self.fft_length, sample_rate_hz, min_frequency_hz, self.max_frequency_hz, mel_scale
        )
        self._window = hann_window(frame_length)
        doublings = max(0, (self.fft_length // _UNGROUPED_FFT_LENGTH).bit_length() - 1)
        self._bands = ShortTimeBands(self._window, hop_length, filters, 1 + doublings)

    @property
    def fft_length(self) -> int:
        """Points of the FFT."""
        return fft_length_for(self.frame_length)

    def call(self, waveform: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Return the log spectrogram of waveforms [batch, samples]."""
        return self.one_at_a_time(self._log_spectrogram, tf.cast(waveform, tf.float32), training)

    def _log_spectrogram(self, waveform: tf.Tensor) -> tf.Tensor:
        before, after = padding(self.samples_of(waveform), self.frame_length, self.hop_length)
        bands = self._bands(tf.pad(waveform, [[0, 0], [before, after]]), _root)
        # Scaled here, where the data is smallest; in the window or the filters the scale would leave float16's range.
        scale = np.float32(1.0 / np.sqrt(np.sum(np.square(self._window))))
        # Never below zero here, but in runtimes that round products to 8 bits some are.
        return tf.math.log(tf.maximum(bands * scale, 0.0) + np.float32(self.log_offset))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {
            "frame_length": self.frame_length,
            "scale": self.scale,
            "min_frequency_hz": self.min_frequency_hz,
            "max_frequency_hz": self.max_frequency_hz,
            "mel_scale": self.mel_scale,
            "log_offset": self.log_offset,
        }
