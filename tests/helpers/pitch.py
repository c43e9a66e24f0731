"""How far a sound is from a key, by its spectrum alone."""

from __future__ import annotations

import numpy as np

RATE_HZ = 44100


def cents_off(audio: np.ndarray, key: float) -> float:
    """Return how far the harmonics of a sound are from a key, by where their product is largest."""
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), 1 << 18))
    offsets = np.arange(-150, 151, 2)
    scores = []
    for offset in offsets:
        f0 = 440 * 2 ** ((key - 69) / 12 + offset / 1200)
        bins = np.round(f0 * np.arange(1, 7) * (1 << 18) / RATE_HZ).astype(int)
        scores.append(np.log(spectrum[bins] + 1e-4).sum())
    return float(offsets[int(np.argmax(scores))])


def power_between(audio: np.ndarray, low_hz: float, high_hz: float) -> float:
    """Return the power of a sound between two frequencies."""
    power = np.abs(np.fft.rfft(audio * np.hanning(len(audio)))) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / RATE_HZ)
    return float(power[(hz >= low_hz) & (hz < high_hz)].sum())
