"""Noise under a recording: pink noise, hiss, hum, rumble, crackle, applause and babble, synthesised, never sampled."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

import numpy as np
from scipy import fft

from irmas_tf.randomization.filters import SAMPLE_RATE_HZ

# Noise repeats without a seam after this many samples (6 s).
PERIOD = 1 << 18


def _shaped(rng: np.random.Generator, response: np.ndarray) -> np.ndarray:
    """Return noise of a magnitude response [PERIOD // 2 + 1], float32 [PERIOD]; it is periodic."""
    phase = rng.uniform(0, 2 * np.pi, len(response)).astype(np.float32)
    spectrum = response.astype(np.float32) * np.exp(1j * phase)
    spectrum[0] = 0
    return fft.irfft(spectrum.astype(np.complex64), PERIOD).astype(np.float32)


def _frequencies() -> np.ndarray:
    return np.arange(PERIOD // 2 + 1, dtype=np.float32) * np.float32(SAMPLE_RATE_HZ / PERIOD)


def _band(low_hz: float, high_hz: float, slope: float = 0.0) -> np.ndarray:
    hz = np.maximum(_frequencies(), 1.0)
    return hz**slope / np.sqrt((1 + (low_hz / hz) ** 4) * (1 + (hz / high_hz) ** 4))


def _pink(rng: np.random.Generator) -> np.ndarray:
    return _shaped(rng, _band(30, 18000, -0.5))


def _hiss(rng: np.random.Generator) -> np.ndarray:
    return _shaped(rng, _band(rng.uniform(500, 3000), rng.uniform(7000, 18000)))


def _rumble(rng: np.random.Generator) -> np.ndarray:
    return _shaped(rng, _band(15, rng.uniform(60, 400), -0.5))


def _hum(rng: np.random.Generator) -> np.ndarray:
    mains = rng.choice((50.0, 60.0))
    response = np.zeros(PERIOD // 2 + 1, np.float32)
    for harmonic in range(1, 13):
        level = (1.0 if harmonic in (1, 2, 3) else 0.4) * rng.uniform(0, 1) / harmonic ** rng.uniform(0.3, 1.2)
        response[round(harmonic * mains * PERIOD / SAMPLE_RATE_HZ)] += level
    return _shaped(rng, response)


def _clicks(rng: np.random.Generator, per_second: float, response: np.ndarray, heavy: float) -> np.ndarray:
    """Return clicks at random times, of levels whose logarithm is spread by ``heavy``, all with one response."""
    count = max(1, rng.poisson(per_second * PERIOD / SAMPLE_RATE_HZ))
    train = np.zeros(PERIOD, np.float32)
    np.add.at(
        train,
        rng.integers(0, PERIOD, count),
        (rng.choice((-1.0, 1.0), count) * np.exp(rng.normal(0, heavy, count))).astype(np.float32),
    )
    return fft.irfft(fft.rfft(train) * response, PERIOD).astype(np.float32)


def _crackle(rng: np.random.Generator) -> np.ndarray:
    clicks = _clicks(rng, rng.uniform(3, 60), _band(400, rng.uniform(4000, 14000)), 1.0)
    return _even(clicks) + _even(_pink(rng)) * np.float32(rng.uniform(0.2, 1.0))


def _applause(rng: np.random.Generator) -> np.ndarray:
    # A clap is a burst of a few milliseconds around 1.5 kHz; many hands are far away and dull.
    burst = rng.standard_normal(600).astype(np.float32) * np.exp(-np.arange(600, dtype=np.float32) / 150)
    clap = fft.rfft(burst, PERIOD) * _band(rng.uniform(500, 900), rng.uniform(2000, 4000))
    return _clicks(rng, rng.uniform(40, 900), clap, 0.8)


def _babble(rng: np.random.Generator) -> np.ndarray:
    """Speech-shaped noise of several talkers, each swelling with the syllables, four a second."""
    total = np.zeros(PERIOD, np.float32)
    speech = _even(_shaped(rng, _band(rng.uniform(120, 300), rng.uniform(600, 1500))))
    time = np.arange(PERIOD, dtype=np.float32) / np.float32(PERIOD)
    for _ in range(int(rng.integers(2, 7))):
        voice = np.roll(speech, int(rng.integers(PERIOD)))
        turns = int(rng.integers(15, 40))  # whole turns in a period: 2.5 to 7 Hz
        swell = np.sin(np.float32(2 * np.pi * turns) * time + np.float32(rng.uniform(0, 6)))
        total += voice * np.exp(1.2 * swell)
    return total


def _even(noise: np.ndarray) -> np.ndarray:
    """Return noise of RMS 1."""
    return noise / np.float32(np.sqrt(np.mean(np.square(noise), dtype=np.float64)) + 1e-12)


KINDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "pink": _pink,
    "hiss": _hiss,
    "hum": _hum,
    "rumble": _rumble,
    "crackle": _crackle,
    "applause": _applause,
    "babble": _babble,
}


@dataclasses.dataclass(frozen=True)
class Noise:
    """Noise of one song: kinds with their level under the music, and the seed of their samples.

    Attributes:
        kinds: (name in `KINDS`, dB of the song's RMS over it).
        seed: of samples and of the places that excerpts take them from.
    """

    kinds: tuple[tuple[str, float], ...]
    seed: int

    @classmethod
    def draw(cls, rng: random.Random, strength: float) -> Noise:
        """Draw one or two kinds; at strength 1 the music is 8 to 45 dB over each."""
        count = rng.choice((1, 1, 2))
        lowest = 26 - 18 * strength
        levels = [rng.uniform(lowest, 45) for _ in range(count)]
        return cls(tuple(zip(rng.sample(sorted(KINDS), count), levels, strict=True)), rng.getrandbits(32))

    def add_to(self, excerpts: list[np.ndarray]) -> list[np.ndarray]:
        """Return the excerpts of a song, float32 [2, n] each, with the noise under them at one level."""
        rng = np.random.default_rng(self.seed)
        level = np.sqrt(np.mean([np.mean(np.square(e), dtype=np.float64) for e in excerpts]))
        noise = np.zeros(PERIOD, np.float32)
        for kind, under_db in self.kinds:
            noise += _even(KINDS[kind](rng)) * np.float32(level * 10 ** (-under_db / 20))
        results = []
        for excerpt in excerpts:
            # Ears hear other stretches of the same noise, as microphones in a room do.
            added = excerpt.copy()
            for channel, at in enumerate(rng.integers(0, PERIOD, 2)):
                turned = np.concatenate([noise[at:], noise[:at]])
                for begin in range(0, added.shape[1], PERIOD):
                    added[channel, begin : begin + PERIOD] += turned[: added.shape[1] - begin]
            results.append(added)
        return results
