"""Triangular filters whose sides are straight on the mel axis, as Kaldi and TensorFlow draw them.

`irmas_tf.dsp.mel` (like librosa) draws them straight on the frequency axis. The difference is small but not small
enough for a network that was trained with the other kind.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def _mel(frequency_hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return ``1127 ln(1 + f / 700)``, the HTK mel scale with a natural logarithm."""
    return 1127.0 * np.log1p(np.asarray(frequency_hz, np.float64) / 700.0)


def mel_domain_filterbank(
    num_bins: int, fft_length: int, sample_rate_hz: float, min_frequency_hz: float, max_frequency_hz: float
) -> npt.NDArray[np.float32]:
    """Return the weights that turn FFT bins into mel bands.

    The band edges are equally spaced in mel from ``min_frequency_hz`` to ``max_frequency_hz``; every triangle has its
    peak of 1 between its edges and is sampled at the FFT's frequencies. A band narrower than an FFT bin may be empty
    (Kaldi leaves it so). Equals ``tf.signal.linear_to_mel_weight_matrix`` and torchaudio's
    ``compliance.kaldi.get_mel_banks`` without warping.

    Args:
        num_bins: number of bands.
        fft_length: points of the FFT.
        sample_rate_hz: sample rate.
        min_frequency_hz: lower edge of the first band, at least 0.
        max_frequency_hz: upper edge of the last band, at most half the sample rate.

    Returns:
        [fft_length // 2 + 1, num_bins] float32, in 0..1.

    Raises:
        ValueError: frequencies out of order or above half the sample rate.
    """
    if not 0.0 <= min_frequency_hz < max_frequency_hz <= sample_rate_hz / 2:
        raise ValueError(
            f"min_frequency_hz={min_frequency_hz:g}, max_frequency_hz={max_frequency_hz:g}: must rise from 0 or more"
            f" to at most {sample_rate_hz / 2:g} Hz"
        )
    edges = np.linspace(_mel(min_frequency_hz), _mel(max_frequency_hz), num_bins + 2)
    lower, center, upper = edges[:-2], edges[1:-1], edges[2:]
    mel = _mel(np.arange(fft_length // 2 + 1) * (sample_rate_hz / fft_length))[:, np.newaxis]
    rising = (mel - lower) / (center - lower)
    falling = (upper - mel) / (upper - center)
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
