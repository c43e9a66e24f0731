"""Singers: a glottal source that trembles, a vocal tract of five formants, breath; another person per variant.

Formants after Peterson and Barney (1952) and Fant (1960); bandwidths about 5 to 8 % of the frequency. Trained singers
have a cluster near 2.9 kHz (Sundberg, The Science of the Singing Voice, 1987).
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from irmas_tf.timbres.modelled import (
    RATE_HZ,
    VARIANTS,
    ModelledBank,
    ModelledProgram,
    harmonics,
    hertz,
    phase,
    read_places,
    table_places,
    wavetable,
)

VOWELS = "aeiou"
_FORMANTS = {  # of men, Hz; women's are about 17 % higher, children's a third
    "a": (730, 1090, 2440, 3400, 4400),
    "e": (480, 1840, 2480, 3450, 4500),
    "i": (290, 2290, 3010, 3600, 4600),
    "o": (490, 840, 2410, 3300, 4300),
    "u": (320, 870, 2240, 3300, 4300),
}


def _tract(hz: np.ndarray, formants: np.ndarray, bandwidths: np.ndarray) -> np.ndarray:
    """Return the magnitude of a cascade of resonances at frequencies ``hz``."""
    gain = np.ones(len(hz))
    for centre, width in zip(formants, bandwidths, strict=True):
        gain *= centre**2 / np.sqrt((centre**2 - hz**2) ** 2 + (width * hz) ** 2)
    return gain


def sing(key: int, seconds: float, variant: int, vowel: str = "a") -> np.ndarray:
    """Return a sung vowel, float32 [seconds x 44100]."""
    samples = round(seconds * RATE_HZ)
    time = np.arange(samples) / RATE_HZ
    own = np.random.default_rng([3, variant])
    rng = np.random.default_rng([3, variant, key, ord(vowel or "a")])
    high = key > 62 or (key > 55 and own.uniform() < 0.5)
    scale = own.uniform(1.08, 1.3) if high else own.uniform(0.9, 1.12)
    person = own.normal(1.0, 0.06, (5, 5))[VOWELS.index(vowel or "a")]
    formants = np.array(_FORMANTS[vowel or "a"], float) * scale * person
    f0 = hertz(key)
    formants[0] = max(formants[0], f0 * own.uniform(1.0, 1.15))  # singers open the jaw when the pitch passes it
    bandwidths = own.uniform(50, 90) + formants * own.uniform(0.03, 0.07)
    if own.uniform() < 0.3:
        formants[2:4] = np.array([2700, 3000]) * own.uniform(0.95, 1.08) * (1.1 if high else 1.0)
    hz = harmonics(key, 15000)
    tilt = own.uniform(0.4, 1.3)  # pressed to breathy
    glottis = (hz / f0) ** -tilt * np.exp(-hz / own.uniform(5000, 12000))
    tract = _tract(hz, formants, bandwidths)
    soft = glottis * (hz / f0) ** -0.6 * tract
    turns = phase(key, samples, rng, own.uniform(0.0015, 0.007))
    opening = np.clip(time / own.uniform(0.03, 0.14), 0, 1).astype(np.float32)
    table_soft, table = wavetable(soft, rng, 0.15), wavetable(glottis * tract, rng, 0.15)
    table_soft *= np.abs(table).max() / max(float(np.abs(table_soft).max()), 1e-9)
    places, share = table_places(turns)
    voiced = read_places(table, places, share)
    closed = int(np.searchsorted(opening, 1.0))  # while it opens, both are heard
    soft_part = read_places(table_soft, places[:closed], share[:closed])
    voiced[:closed] = soft_part * (1 - opening[:closed]) + voiced[:closed] * opening[:closed]
    rough = rng.normal(1, own.uniform(0.01, 0.06), int(seconds * 60) + 2).astype(np.float32)
    between = np.arange(RATE_HZ // 60, dtype=np.float32) / np.float32(RATE_HZ // 60)
    shimmer = (rough[:-1, None] + np.diff(rough)[:, None] * between).reshape(-1)[:samples]
    voiced *= shimmer * opening
    size = 1 << (samples - 1).bit_length()
    spectrum = fft.rfft(rng.standard_normal(size).astype(np.float32))
    spectrum *= _tract(np.fft.rfftfreq(size, 1 / RATE_HZ), formants, 2 * bandwidths).astype(np.float32)
    shaped = fft.irfft(spectrum)[:samples]
    level = np.sqrt(np.mean(voiced**2)) / max(np.sqrt(np.mean(shaped**2)), 1e-9)
    pulsed = 0.6 + 0.4 * np.cos(
        np.float32(2 * np.pi) * (turns - np.floor(turns)).astype(np.float32)
    )  # breath passes while the glottis is open
    return np.asarray(voiced + shaped * pulsed * level * own.uniform(0.01, 0.15) * opening, np.float32)


SINGERS = {
    program: ModelledProgram(sing, 42, 90, seconds=1.5, release_seconds=release)
    for program, release in ((52, 0.5), (53, 0.4), (54, 0.3), (85, 0.35))
}


def voice_bank() -> ModelledBank:
    """Return singers, five vowels each."""
    return ModelledBank(SINGERS, VARIANTS, VOWELS)
