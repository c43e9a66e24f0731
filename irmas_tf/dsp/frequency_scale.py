"""Frequency scales on which triangular bands are spaced: linear, mel (HTK or Slaney) and logarithmic."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FREQUENCY_SCALES = ("linear", "mel", "log")
MEL_SCALES = ("htk", "slaney")

# Slaney's scale (Auditory Toolbox, 1998): linear below 1 kHz, then logarithmic with 27 steps to a factor of 6.4.
_SLANEY_HZ_PER_MEL = 200.0 / 3.0
_SLANEY_BREAK_HZ = 1000.0
_SLANEY_BREAK_MEL = _SLANEY_BREAK_HZ / _SLANEY_HZ_PER_MEL
_SLANEY_LOG_STEP = np.log(6.4) / 27.0

FloatArray = npt.NDArray[np.float64]


def hz_to_mel(frequency_hz: npt.ArrayLike, mel_scale: str = "slaney") -> FloatArray:
    """Return frequencies in mel.

    Args:
        frequency_hz: frequencies in Hz, at least 0, any shape.
        mel_scale: ``htk`` (O'Shaughnessy: 2595 log10(1 + f / 700)) or ``slaney`` (Auditory Toolbox).

    Raises:
        ValueError: unknown mel scale.
    """
    hz = np.asarray(frequency_hz, np.float64)
    if mel_scale == "htk":
        return 2595.0 * np.log10(1.0 + hz / 700.0)
    if mel_scale == "slaney":
        log_part = _SLANEY_BREAK_MEL + np.log(np.maximum(hz, _SLANEY_BREAK_HZ) / _SLANEY_BREAK_HZ) / _SLANEY_LOG_STEP
        return np.where(hz < _SLANEY_BREAK_HZ, hz / _SLANEY_HZ_PER_MEL, log_part)
    raise ValueError(f"mel_scale={mel_scale!r}: must be one of {', '.join(MEL_SCALES)}")


def mel_to_hz(mel: npt.ArrayLike, mel_scale: str = "slaney") -> FloatArray:
    """Return mel values in Hz; the inverse of `hz_to_mel`.

    Raises:
        ValueError: unknown mel scale.
    """
    m = np.asarray(mel, np.float64)
    if mel_scale == "htk":
        return 700.0 * (10.0 ** (m / 2595.0) - 1.0)
    if mel_scale == "slaney":
        log_part = _SLANEY_BREAK_HZ * np.exp(_SLANEY_LOG_STEP * (np.maximum(m, _SLANEY_BREAK_MEL) - _SLANEY_BREAK_MEL))
        return np.where(m < _SLANEY_BREAK_MEL, m * _SLANEY_HZ_PER_MEL, log_part)
    raise ValueError(f"mel_scale={mel_scale!r}: must be one of {', '.join(MEL_SCALES)}")


def band_edges_hz(
    scale: str, num_bins: int, min_frequency_hz: float, max_frequency_hz: float, mel_scale: str = "slaney"
) -> FloatArray:
    """Return ``num_bins + 2`` frequencies, equally spaced on a scale from the lowest to the highest edge.

    Band ``b`` rises from entry ``b``, peaks at entry ``b + 1`` and falls to entry ``b + 2``. On scale ``log`` there are
    ``(num_bins + 1) / log2(max / min)`` bands in every octave.

    Raises:
        ValueError: unknown scale, no bands, or edges out of order (scale log needs a lowest edge above 0 Hz).
    """
    if scale not in FREQUENCY_SCALES:
        raise ValueError(f"scale={scale!r}: must be one of {', '.join(FREQUENCY_SCALES)}")
    if num_bins < 1:
        raise ValueError(f"num_bins={num_bins}: must be at least 1")
    low, high = float(min_frequency_hz), float(max_frequency_hz)
    if not 0.0 <= low < high < np.inf:
        raise ValueError(f"min_frequency_hz={low:g}, max_frequency_hz={high:g}: must be 0 <= min < max")
    if scale == "linear":
        return np.linspace(low, high, num_bins + 2)
    if scale == "mel":
        edges = np.linspace(hz_to_mel(low, mel_scale), hz_to_mel(high, mel_scale), num_bins + 2)
        return mel_to_hz(edges, mel_scale)
    if low <= 0.0:
        raise ValueError(f"min_frequency_hz={low:g}: must be above 0 Hz on scale log")
    return np.geomspace(low, high, num_bins + 2)
