"""Organs: tonewheels with drawbars, key click, percussion, chorus and rotating horn; pipes in ranks that speak late."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfilt

from irmas_tf.timbres.modelled import (
    RATE_HZ,
    VARIANTS,
    ModelledBank,
    ModelledProgram,
    harmonics,
    hertz,
    phase,
    read_table,
    wavetable,
)

# Pitches of the nine drawbars relative to the key, and registrations as players set them (0 to 8, 3 dB a step).
_DRAWBARS = np.array([0.5, 1.5, 1, 2, 3, 4, 5, 6, 8])
_REGISTRATIONS = (
    "888000000", "888800000", "888888888", "888000008", "808000008", "868800000", "688600000", "800000888",
    "008530000", "007600000", "838000000", "886440000", "888844220", "888660000", "060400040", "885324588",
)  # fmt: skip
_CLICK = 8192  # samples after which a click is 400 dB down
# Feet of pipes: 16, 8, 4, 2 2/3, 2, 1 3/5, 1 1/3, 1.
_FEET = np.array([0.5, 1, 2, 3, 4, 5, 6, 8])


def _generator(kind: str, key: int, variant: int) -> np.random.Generator:
    return np.random.default_rng([sum(kind.encode()), variant, key])


def tonewheel(key: int, seconds: float, variant: int, vowel: str = "") -> np.ndarray:
    """Return a note of an electromechanical organ, float32 [seconds x 44100]."""
    samples, time = round(seconds * RATE_HZ), np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    own, rng = np.random.default_rng([1, variant]), _generator("wheel", key, variant)
    bars = np.array([int(c) for c in _REGISTRATIONS[own.integers(len(_REGISTRATIONS))]], float)
    bars = np.clip(bars + own.integers(-1, 2, 9) * (bars > 0), 0, 8)
    loud = np.where(bars > 0, 10.0 ** ((bars - 8) * 3 / 20), 0.0)
    speed_hz, depth = own.choice([0.7, 6.2, 6.5, 6.8, 7.1]), own.uniform(0.3, 1.2) * own.choice([0, 1, 1, 1, 1])
    turn = (2 * np.pi * (speed_hz * time + own.uniform())).astype(np.float32)
    bent = time + depth * 0.0003 * np.sin(turn).astype(np.float64)  # the horn comes nearer and goes away
    out = np.zeros(samples, np.float32)
    for ratio, level in zip(_DRAWBARS, loud, strict=True):
        pitch_hz = hertz(key) * ratio
        while pitch_hz > 5900:  # the highest wheels are used twice
            pitch_hz /= 2
        if level > 0:
            turns = pitch_hz * bent
            turns += rng.uniform()
            turns -= np.floor(turns)
            angle = turns.astype(np.float32)
            angle *= np.float32(2 * np.pi)
            tone = np.sin(angle)
            angle *= 2
            tone += np.float32(own.uniform(0, 0.02)) * np.sin(angle, out=angle)
            tone *= np.float32(level)
            out += tone
    if own.uniform() < 0.35:
        ring = np.exp(-time / own.choice([0.1, 0.3])).astype(np.float32)
        out += ring * np.sin(2 * np.pi * hertz(key) * own.choice([2, 3]) * time).astype(np.float32)
    click = rng.standard_normal(samples, dtype=np.float32)[:_CLICK] * np.exp(-time[:_CLICK] / 0.004).astype(np.float32)
    sharp = butter(2, 1500, "high", fs=RATE_HZ, output="sos").astype(np.float32)
    out[:_CLICK] += np.float32(own.uniform(0.0, 0.25)) * sosfilt(sharp, click)
    out *= 1 + np.float32(0.45 * depth) * np.sin(turn + np.float32(1.3))
    drive = own.choice([0.0, own.uniform(0.3, 1.0), own.uniform(0.5, 4.0)])
    if drive > 0:
        out = np.tanh(out * np.float32(drive)) / np.float32(max(drive, 0.5))
    out[:110] *= np.linspace(0, 1, 110, dtype=np.float32)
    dull = butter(1, own.uniform(3000, 9000), "low", fs=RATE_HZ, output="sos").astype(np.float32)
    return np.asarray(sosfilt(dull, out), np.float32)


def pipes(key: int, seconds: float, variant: int, vowel: str = "") -> np.ndarray:
    """Return a note of a pipe organ: one to six ranks of principals, flutes, strings or reeds."""
    samples, time = round(seconds * RATE_HZ), np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    own, rng = np.random.default_rng([2, variant]), _generator("pipes", key, variant)
    count = int(own.choice([1, 2, 3, 4, 6]))
    feet = np.concatenate([[1.0], own.choice(_FEET, count - 1, p=np.array([2, 4, 5, 2, 3, 1, 1, 1]) / 19)])
    out = np.zeros(samples, np.float32)
    for foot in feet:
        kind = own.choice(["principal", "principal", "flute", "string", "reed"])
        pitch = key + 12 * np.log2(foot)
        hz = harmonics(pitch, 12000)
        order = np.arange(1, len(hz) + 1)
        if kind == "flute":
            amplitudes = order ** -own.uniform(2.0, 3.5) * np.where(order % 2 == 0, own.uniform(0.05, 0.6), 1)
        elif kind == "reed":
            amplitudes = order ** -own.uniform(0.4, 0.9) * np.exp(-hz / own.uniform(1800, 4000))
        elif kind == "string":
            amplitudes = order ** -own.uniform(0.7, 1.1)
        else:
            amplitudes = order ** -own.uniform(1.2, 1.9)
        amplitudes = amplitudes * 10 ** (rng.normal(0, 2.0, len(hz)) / 20)
        turns = phase(pitch + rng.normal(0, 0.02), samples, rng, 0.0004)
        onset = 1 - np.exp(-time / own.uniform(0.008, 0.05))
        out += (own.uniform(0.4, 1.0) * onset * read_table(wavetable(amplitudes, rng), turns)).astype(np.float32)
    chiff = rng.standard_normal(samples, dtype=np.float32) * np.exp(-time / own.uniform(0.01, 0.05)).astype(np.float32)
    band = np.clip(hertz(key) * own.uniform(2, 5), 300, 8000)
    out += np.float32(own.uniform(0, 0.3)) * sosfilt(
        butter(1, (band, 2 * band), "band", fs=RATE_HZ, output="sos"), chiff
    )
    return out


# Of 48, those that AudioSet's head calls an organ (p > .1): python benchmarks/realism.py --variants=organ --only=16.
_RECOGNISED = (1, 5, 20, 33, 36, 38, 43, 45, 47)
ORGANS = {
    16: ModelledProgram(tonewheel, 36, 96, release_seconds=0.12, chosen=_RECOGNISED),
    17: ModelledProgram(tonewheel, 36, 96, release_seconds=0.12, chosen=_RECOGNISED),
    18: ModelledProgram(tonewheel, 36, 96, release_seconds=0.12, chosen=_RECOGNISED),
    19: ModelledProgram(pipes, 36, 96, release_seconds=1.6),
    20: ModelledProgram(pipes, 36, 96, release_seconds=0.7),
}


def organ_bank() -> ModelledBank:
    """Return tonewheel and pipe organs."""
    return ModelledBank(ORGANS, VARIANTS)
