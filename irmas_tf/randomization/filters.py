"""Equalisers, band limits and microphones as second-order sections at 44.1 kHz; everything here is linear and costs
nothing per excerpt, since it is folded into the impulse response of a song's bus.
"""

from __future__ import annotations

import math
import random

import numpy as np
from scipy.signal import butter

SAMPLE_RATE_HZ = 44100
# Half the sample rates of old and small machines, as the edge of a sharp low pass, and how often each is met.
_EDGES_HZ = ((3800, 0.12), (5200, 0.18), (7400, 0.3), (10500, 0.2), (14500, 0.2))


def peaking(frequency_hz: float, gain_db: float, quality: float) -> np.ndarray:
    """Return a peaking biquad as one second-order section (R. Bristow-Johnson, Audio EQ Cookbook)."""
    a, w = 10 ** (gain_db / 40), 2 * np.pi * frequency_hz / SAMPLE_RATE_HZ
    alpha, cosine = np.sin(w) / (2 * quality), np.cos(w)
    section = np.array([1 + alpha * a, -2 * cosine, 1 - alpha * a, 1 + alpha / a, -2 * cosine, 1 - alpha / a])
    return section / section[3]


def shelf(frequency_hz: float, gain_db: float, high: bool) -> np.ndarray:
    """Return a low- or high-shelf biquad of slope 1 as one second-order section (same source)."""
    a, w = 10 ** (gain_db / 40), 2 * np.pi * frequency_hz / SAMPLE_RATE_HZ
    s = -1.0 if high else 1.0
    cosine, root = np.cos(w), 2 * np.sqrt(a) * np.sin(w) / np.sqrt(2)
    section = np.array(
        [
            a * ((a + 1) - s * (a - 1) * cosine + root),
            s * 2 * a * ((a - 1) - s * (a + 1) * cosine),
            a * ((a + 1) - s * (a - 1) * cosine - root),
            (a + 1) + s * (a - 1) * cosine + root,
            s * -2 * ((a - 1) + s * (a + 1) * cosine),
            (a + 1) + s * (a - 1) * cosine - root,
        ]
    )
    return section / section[3]


def _between(rng: random.Random, low: float, high: float) -> float:
    """Return a frequency whose logarithm is uniform."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _gain_db(rng: random.Random, spread_db: float) -> float:
    return min(max(rng.gauss(0, spread_db), -15.0), 15.0)


def draw_equaliser(rng: random.Random, spread_db: float) -> np.ndarray:
    """Return two shelves and up to four bells of random gains, float64 [sections, 6].

    Args:
        rng: source of randomness.
        spread_db: standard deviation of the gains, dB; none is beyond 15 dB.
    """
    sections = [
        shelf(_between(rng, 80, 500), _gain_db(rng, spread_db), False),
        shelf(_between(rng, 1800, 9000), _gain_db(rng, spread_db), True),
    ]
    for _ in range(rng.randint(0, 4)):
        sections.append(peaking(_between(rng, 100, 9000), _gain_db(rng, spread_db), rng.uniform(0.4, 3)))
    return np.array(sections)


def draw_passes(rng: random.Random, strength: float) -> np.ndarray:
    """Return a high pass (20 to 250 Hz at strength 1) and a low pass (18 to 3.5 kHz), float64 [sections, 6]."""
    highest, lowest = 20 * 12.5**strength, 18000 * (3500 / 18000) ** strength
    high = butter(rng.choice((1, 2)), _between(rng, 20, highest), "high", fs=SAMPLE_RATE_HZ, output="sos")
    low = butter(rng.choice((1, 2)), _between(rng, lowest, 18000), "low", fs=SAMPLE_RATE_HZ, output="sos")
    return np.concatenate([high, low])


def draw_bandwidth(rng: random.Random) -> np.ndarray:
    """Return the sharp low pass of a lower sample rate, sometimes the telephone's band, float64 [sections, 6]."""
    edge = rng.choices([hz for hz, _ in _EDGES_HZ], [share for _, share in _EDGES_HZ])[0]
    low = butter(8, edge * rng.uniform(0.92, 1.05), "low", fs=SAMPLE_RATE_HZ, output="sos")
    if edge < 6000 and rng.random() < 0.4:
        return np.concatenate([low, butter(2, rng.uniform(150, 320), "high", fs=SAMPLE_RATE_HZ, output="sos")])
    return low


def draw_microphone(rng: random.Random, strength: float) -> tuple[np.ndarray, tuple[tuple[int, float], ...]]:
    """Return the sections of a microphone and its place, and reflections from near by as (delay in samples, gain).

    The tilt turns about 700 Hz (near or far, dark or bright); narrow resonances are those of a cheap capsule, a table
    or the place of the instrument's body that the microphone looks at.
    """
    tilt = _gain_db(rng, 3.0 * strength)
    sections = [shelf(700, -tilt, False), shelf(700, tilt, True)]
    for _ in range(rng.randint(1, 5)):
        sections.append(peaking(_between(rng, 150, 7000), _gain_db(rng, 4.0 * strength), rng.uniform(2, 8)))
    taps: tuple[tuple[int, float], ...] = ()
    if rng.random() < 0.5 * strength:
        taps = ((round(rng.uniform(0.0004, 0.008) * SAMPLE_RATE_HZ), rng.choice((-1, 1)) * rng.uniform(0.15, 0.6)),)
    return np.array(sections), taps
