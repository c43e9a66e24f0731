"""Strings, winds and brass as sums of harmonics: brightness that follows the attack, a body, bow and breath.

Two spectra, soft and full, are faded into each other; what is drawn per variant (slopes, resonances, attacks, noise)
keeps to the ranges that textbooks give for the instrument (Fletcher and Rossing, The Physics of Musical Instruments,
1998). These are approximations by the ear's main cues, not models of the instruments.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from scipy.signal import butter, sosfilt

from irmas_tf.timbres.modelled import (
    RATE_HZ,
    VARIANTS,
    ModelledBank,
    ModelledProgram,
    harmonics,
    phase,
    read_places,
    resonances,
    table_places,
    wavetable,
)

Peaks = list[tuple[float, float, float]]


@dataclasses.dataclass
class Colour:
    """How one variant of an instrument sounds.

    Attributes:
        full: amplitudes of the harmonics (of frequencies ``hz``, first ``hz[0]``) when it speaks.
        softer: exponent by which they fall faster at the beginning of the attack.
        attack_seconds, jitter, roughness: onset; wandering of pitch; unsteadiness of level, as shares.
        noise: level of bow or breath against the tone.
        noise_hz: band of it.
        chiff: how much more noise there is in the attack.
        tremor: (Hz, share) of a slow change of level.
        decay_seconds: time constant of the fall after the attack, of the full spectrum; infinite for what is sustained.
    """

    full: np.ndarray
    softer: float
    attack_seconds: float
    jitter: float
    roughness: float
    noise: float
    noise_hz: tuple[float, float]
    chiff: float = 1.0
    tremor: tuple[float, float] = (5.0, 0.0)
    decay_seconds: float = np.inf


def _peaks(rng: np.random.Generator, count: int, low: float, high: float, decibels: float) -> Peaks:
    """Return random resonances of a body."""
    return [
        (float(np.exp(rng.uniform(np.log(low), np.log(high)))), float(rng.normal(0, decibels)), rng.uniform(0.08, 0.3))
        for _ in range(count)
    ]


def violin(hz: np.ndarray, own: np.random.Generator, low: bool = False) -> Colour:
    """Return a bowed string: a sawtooth through air and wood resonances and the hill of the bridge."""
    order = hz / hz[0]
    body: Peaks = [(100.0 if low else 275.0, own.uniform(2, 8), 0.2), (190.0 if low else 500.0, own.uniform(2, 9), 0.2)]
    body += [(own.uniform(900, 1600) if low else own.uniform(2000, 3200), own.uniform(3, 9), 0.45)]
    body += _peaks(own, 16, 120 if low else 220, 6000, 5.0)
    fall = np.exp(-hz / (own.uniform(2000, 6000) if low else own.uniform(3500, 8000)))
    full = order ** -own.uniform(0.9, 1.25) * resonances(hz, body) * fall
    # Where the bow touches, harmonics with a node there are weak.
    full *= np.abs(np.sin(np.pi * order * own.uniform(0.06, 0.17))) + 0.15
    return Colour(
        full, own.uniform(0.3, 1.0), own.uniform(0.03, 0.18), own.uniform(0.001, 0.005), own.uniform(0.03, 0.15),
        own.uniform(0.02, 0.25), (300 if low else 1500, 8000), own.uniform(1, 4),
    )  # fmt: skip


def cello(hz: np.ndarray, own: np.random.Generator) -> Colour:
    """Return the bowed string of a larger body."""
    return violin(hz, own, low=True)


def clarinet(hz: np.ndarray, own: np.random.Generator) -> Colour:
    """Return a closed cylinder: odd harmonics first, even ones above the cut-off of the tone holes and up high."""
    order = hz / hz[0]
    high = np.clip((hz[0] - 350) / 500, 0, 1)
    even_db = -own.uniform(18, 35) * (1 - 0.6 * high) + np.clip(order - 5, 0, 8) * own.uniform(1.0, 3.0)
    even = np.where(order.round() % 2 == 0, 10 ** (np.minimum(even_db, 0) / 20), 1.0)
    cutoff = own.uniform(1300, 1900)
    full = order ** -own.uniform(0.5, 1.1) * even / (1 + (hz / cutoff) ** own.uniform(1.5, 3.0))
    full *= resonances(hz, _peaks(own, 6, 400, 5000, 2.5))
    return Colour(
        full, own.uniform(0.4, 1.2), own.uniform(0.015, 0.06), own.uniform(0.0003, 0.0015), own.uniform(0.01, 0.04),
        own.uniform(0.004, 0.03), (1000, 6000), own.uniform(0.5, 2),
    )  # fmt: skip


def flute(hz: np.ndarray, own: np.random.Generator) -> Colour:
    """Return an open pipe blown softly: few harmonics, much breath, vibrato of loudness."""
    order = hz / hz[0]
    slope_db = own.uniform(5, 13) * (1 + np.clip((hz[0] - 500) / 1500, 0, 1))
    full = 10 ** (-slope_db * (order - 1) / 20) * 10 ** (own.normal(0, 3, len(hz)) / 20)
    if hz[0] < 600:
        full[1:2] *= own.uniform(0.8, 3.0)
    return Colour(
        full, own.uniform(0.2, 0.8), own.uniform(0.03, 0.1), own.uniform(0.0008, 0.003), own.uniform(0.02, 0.08),
        own.uniform(0.02, 0.14), (min(hz[0], 4000.0), min(6 * hz[0] + 1500, 12000)), own.uniform(1, 5),
        (own.uniform(4.5, 6), own.choice([0.0, own.uniform(0.05, 0.3)])),
    )  # fmt: skip


def saxophone(hz: np.ndarray, own: np.random.Generator) -> Colour:
    """Return a reed on a cone: all harmonics, a hump of the mouthpiece, a rough and breathy tone."""
    order = hz / hz[0]
    hump: Peaks = [(own.uniform(450, 1000), own.uniform(2, 9), 0.5), (own.uniform(1400, 2600), own.uniform(0, 7), 0.4)]
    full = order ** -own.uniform(0.5, 1.0) * resonances(hz, hump + _peaks(own, 8, 300, 6000, 3.0))
    full /= 1 + (hz / own.uniform(1800, 4000)) ** own.uniform(1.5, 2.5)
    full[0] *= own.uniform(0.3, 1.0)
    return Colour(
        full, own.uniform(0.4, 1.2), own.uniform(0.012, 0.06), own.uniform(0.0008, 0.003), own.uniform(0.03, 0.12),
        own.uniform(0.01, 0.2), (800, 7000), own.uniform(1, 4),
    )  # fmt: skip


def trumpet(hz: np.ndarray, own: np.random.Generator) -> Colour:
    """Return a lip reed on a bell: dull at first, then bright far beyond its formant."""
    order = hz / hz[0]
    formant: Peaks = [(own.uniform(900, 1700), own.uniform(3, 9), 0.6), *_peaks(own, 5, 500, 6000, 2.0)]
    full = order ** -own.uniform(0.1, 0.5) * resonances(hz, formant) / (1 + (hz / own.uniform(1800, 4200)) ** 2.2)
    return Colour(
        full, own.uniform(1.0, 2.2), own.uniform(0.02, 0.07), own.uniform(0.0005, 0.002), own.uniform(0.01, 0.05),
        own.uniform(0.002, 0.02), (1500, 8000), own.uniform(0.5, 2),
    )  # fmt: skip


def muted_trumpet(hz: np.ndarray, own: np.random.Generator) -> Colour:
    """Return a trumpet with a straight or Harmon mute: nasal peaks, little below them."""
    colour = trumpet(hz, own)
    nasal: Peaks = [
        (own.uniform(1300, 2200), own.uniform(8, 16), 0.3),
        (own.uniform(3000, 5500), own.uniform(6, 14), 0.3),
    ]
    colour.full = colour.full * resonances(hz, [(400.0, -own.uniform(6, 14), 0.9), *nasal])
    return colour


def plucked(hz: np.ndarray, own: np.random.Generator, bright: float, body: Peaks, place: float) -> Colour:
    """Return a string plucked at a place: harmonics with a node there are missing; a body's resonances colour it."""
    order = hz / hz[0]
    full = np.abs(np.sin(np.pi * order * place)) / order ** own.uniform(0.9, 1.4) * np.exp(-hz / bright)
    full = full * resonances(hz, body) * 10 ** (own.normal(0, 1.5, len(hz)) / 20)
    return Colour(
        full, 0.0, own.uniform(0.001, 0.004), 0.0, 0.0, own.uniform(0.05, 0.4), (500, 6000), 1.0,
        decay_seconds=own.uniform(0.8, 2.5) * float(np.clip((260 / hz[0]) ** 0.5, 0.4, 1.6)),
    )  # fmt: skip


def nylon_guitar(hz: np.ndarray, own: np.random.Generator) -> Colour:
    """Return a classical guitar."""
    body: Peaks = [
        (own.uniform(90, 115), 7.0, 0.15),
        (own.uniform(180, 240), 7.0, 0.15),
        *_peaks(own, 12, 250, 4000, 4.0),
    ]
    return plucked(hz, own, own.uniform(900, 2200), body, own.uniform(0.12, 0.35))


def steel_guitar(hz: np.ndarray, own: np.random.Generator) -> Colour:
    """Return a folk guitar."""
    body: Peaks = [
        (own.uniform(90, 120), 5.0, 0.15),
        (own.uniform(170, 230), 5.0, 0.15),
        *_peaks(own, 12, 250, 7000, 4.0),
    ]
    return plucked(hz, own, own.uniform(2500, 7000), body, own.uniform(0.08, 0.25))


def electric_guitar(hz: np.ndarray, own: np.random.Generator) -> Colour:
    """Return a solid body under a pickup, whose coils resonate and whose place is a comb."""
    coil: Peaks = [(own.uniform(2000, 5000), own.uniform(2, 9), 0.4), *_peaks(own, 4, 200, 3000, 2.0)]
    colour = plucked(hz, own, own.uniform(2000, 5000), coil, own.uniform(0.06, 0.25))
    colour.full = colour.full * (np.abs(np.sin(np.pi * hz / hz[0] * own.uniform(0.06, 0.3))) + 0.03)
    colour.noise *= 0.3
    colour.decay_seconds *= 2.0
    return colour


def render(
    colour: Callable[[np.ndarray, np.random.Generator], Colour], kind: int, key: int, seconds: float, variant: int
) -> np.ndarray:
    """Return one note of an instrument's variant, float32 [seconds x 44100]."""
    samples = round(seconds * RATE_HZ)
    time = np.arange(samples, dtype=np.float32) / np.float32(RATE_HZ)
    own, rng = np.random.default_rng([kind, variant]), np.random.default_rng([kind, variant, key])
    hz = harmonics(key)
    c = colour(hz, own)
    full = c.full * 10 ** (rng.normal(0, 1.0, len(hz)) / 20)
    turns = phase(key, samples, rng, c.jitter)
    if np.isfinite(c.decay_seconds):
        out = _dying(full, hz, c.decay_seconds, turns, time, rng, own.uniform(0.3, 1.5))
    else:
        soft = full * (hz / hz[0]) ** -c.softer
        speaking = np.clip(time / np.float32(c.attack_seconds), 0, 1)
        tables = [wavetable(a, rng, 0.3) for a in (soft, full)]
        tables[0] *= np.sqrt(np.mean(tables[1] ** 2) / max(float(np.mean(tables[0] ** 2)), 1e-12))
        places, share = table_places(turns)
        out = read_places(tables[1], places, share)
        changing = min(samples, int(2.0 * c.attack_seconds * RATE_HZ) + 2)  # later only the full spectrum is heard
        bright = np.clip(time[:changing] / np.float32(2.0 * c.attack_seconds), 0, 1)
        dull = read_places(tables[0], places[:changing], share[:changing])
        out[:changing] = dull * (1 - bright) + out[:changing] * bright
        steps = int(seconds * 30) + 2
        rough = rng.normal(1, c.roughness, steps).astype(np.float32)
        rows = RATE_HZ // 30  # 44100 / 30 is whole
        between = np.arange(rows, dtype=np.float32) / np.float32(rows)
        out *= speaking * (rough[:-1, None] + np.diff(rough)[:, None] * between).reshape(-1)[:samples]
        if c.tremor[1] > 0:
            out *= 1 + np.float32(c.tremor[1]) * np.sin(np.float32(2 * np.pi * c.tremor[0]) * time)
    band = butter(1, c.noise_hz, "band", fs=RATE_HZ, output="sos").astype(np.float32)
    noise = sosfilt(band, rng.standard_normal(samples).astype(np.float32))
    start = np.exp(-time / np.float32(max(1.5 * c.attack_seconds, 0.008)))
    strength = (
        start if np.isfinite(c.decay_seconds) else np.clip(time / np.float32(c.attack_seconds), 0, 1) + c.chiff * start
    )
    level = float(np.sqrt(np.mean(out[: RATE_HZ // 2] ** 2)) / max(float(np.std(noise)), 1e-9))
    return np.asarray(out + noise * strength * np.float32(level * c.noise), np.float32)


def _dying(
    full: np.ndarray,
    hz: np.ndarray,
    seconds: float,
    turns: np.ndarray,
    time: np.ndarray,
    rng: np.random.Generator,
    dull: float,
) -> np.ndarray:
    """Return harmonics that die away, the higher the faster: six groups, each with a decay of its own."""
    rate = (1 / seconds) * (1 + (hz / 1500.0) ** dull)
    groups = (
        np.array_split(np.arange(len(hz)), min(6, len(hz)))
        if len(hz) < 12
        else np.split(np.arange(len(hz)), np.unique(np.round(np.geomspace(2, len(hz), 6)).astype(int))[:-1])
    )
    out = np.zeros(len(time), np.float32)
    places = table_places(turns)
    for group in groups:
        if len(group):
            part = np.zeros(len(full))
            part[group] = full[group]
            out += read_places(wavetable(part, rng, 0.5), *places) * np.exp(-time * np.float32(np.mean(rate[group])))
    out[:60] *= np.linspace(0, 1, 60, dtype=np.float32)
    return out


def _program(
    colour: Callable[[np.ndarray, np.random.Generator], Colour], kind: int, lowest: int, highest: int, release: float,
    sustained: bool = True,
) -> ModelledProgram:  # fmt: skip
    def make(key: int, seconds: float, variant: int, vowel: str) -> np.ndarray:
        return render(colour, kind, key, seconds, variant)

    return ModelledProgram(make, lowest, highest, sustained, 2.2 if sustained else 4.0, release)


ADDITIVE = {
    24: _program(nylon_guitar, 24, 40, 84, 0.3, False),
    25: _program(steel_guitar, 25, 40, 84, 0.3, False),
    26: _program(electric_guitar, 26, 40, 88, 0.25, False),
    27: _program(electric_guitar, 27, 40, 88, 0.25, False),
    29: _program(electric_guitar, 29, 40, 88, 0.25, False),
    30: _program(electric_guitar, 30, 40, 88, 0.25, False),
    40: _program(violin, 40, 54, 102, 0.35),
    42: _program(cello, 42, 36, 78, 0.4),
    56: _program(trumpet, 56, 54, 84, 0.2),
    59: _program(muted_trumpet, 59, 54, 84, 0.2),
    64: _program(saxophone, 64, 55, 88, 0.2),
    65: _program(saxophone, 65, 49, 82, 0.2),
    66: _program(saxophone, 66, 43, 76, 0.2),
    67: _program(saxophone, 67, 36, 70, 0.2),
    71: _program(clarinet, 71, 49, 91, 0.2),
    73: _program(flute, 73, 58, 97, 0.25),
}


def additive_bank() -> ModelledBank:
    """Return strings, winds, brass and guitars."""
    return ModelledBank(ADDITIVE, VARIANTS)
