"""Music to check artefacts with, made of sums of sines and noise: the same everywhere, and nothing need be installed.

Two pieces that between them have what music has and single tones have not: chords, several instruments at once, a bass,
drums, soft and hard attacks, decays, vibrato, glides, breath, distortion, quick notes, rests. They excite every band of
a front-end at levels far apart, at every moment otherwise.
"""

from __future__ import annotations

import dataclasses

import numpy as np

SECONDS = 3.0
_PEAK = 0.8
_HIGHEST = 0.45  # of the sample rate: nothing is left to fold over
_FADE_SECONDS = 0.02  # of a note's end
_VIBRATO_HZ = 5.6


@dataclasses.dataclass(frozen=True)
class Timbre:
    """How an instrument sounds.

    Attributes:
        slope: partial k has the amplitude k**-slope.
        even: amplitude of the even partials among the odd ones; little in a clarinet.
        stretch: inharmonicity B of strings; partial k lies at k sqrt(1 + B k^2) times the fundamental.
        attack_seconds: time constant of the beginning.
        decay_seconds: time constant of partial 1; that of partial k is shorter by sqrt(k). 0 sustains.
        vibrato_cents: depth, reached after a quarter of a second.
        glide_cents: how far below its pitch a note begins.
        breath: level of the noise with which a note begins; a fifth of it stays.
        drive: gain before a saturating amplifier; 0 is clean.
    """

    slope: float
    even: float = 1.0
    stretch: float = 0.0
    attack_seconds: float = 0.003
    decay_seconds: float = 0.0
    vibrato_cents: float = 0.0
    glide_cents: float = 0.0
    breath: float = 0.0
    drive: float = 0.0


PIANO = Timbre(slope=1.7, stretch=4e-4, decay_seconds=0.9)
GUITAR = Timbre(slope=1.4, stretch=1e-4, decay_seconds=0.45)
BASS = Timbre(slope=2.0, attack_seconds=0.008, decay_seconds=0.7)
FLUTE = Timbre(slope=2.2, attack_seconds=0.05, vibrato_cents=12.0, breath=0.1)
CLARINET = Timbre(slope=1.4, even=0.08, attack_seconds=0.03, breath=0.01)
VIOLIN = Timbre(slope=1.2, attack_seconds=0.07, vibrato_cents=25.0, breath=0.01)
VOICE = Timbre(slope=1.5, attack_seconds=0.04, vibrato_cents=60.0, glide_cents=150.0, breath=0.08)
LEAD_GUITAR = Timbre(slope=1.0, decay_seconds=1.5, vibrato_cents=15.0, glide_cents=60.0, drive=6.0)

# Notes: beginning and length in seconds, MIDI keys that sound together, level.
Notes = tuple[tuple[float, float, tuple[int, ...], float], ...]
_BAND: tuple[tuple[Timbre, Notes], ...] = (
    (PIANO, ((0.0, 0.9, (50, 57, 60, 65), 0.5), (1.0, 0.9, (47, 55, 59, 65), 0.4), (2.0, 0.7, (48, 55, 59, 64), 0.5))),
    (BASS, ((0.0, 0.45, (38,), 0.9), (0.5, 0.45, (45,), 0.7), (1.0, 0.45, (43,), 0.9), (1.5, 0.3, (41,), 0.6),
            (2.0, 0.7, (36,), 0.9))),
    (FLUTE, ((0.05, 0.4, (77,), 0.5), (0.5, 0.2, (81,), 0.5), (0.72, 0.2, (79,), 0.45), (1.0, 0.7, (86,), 0.6),
             (2.1, 0.6, (84,), 0.3))),
    (CLARINET, ((1.25, 0.12, (67,), 0.4), (1.375, 0.12, (70,), 0.4), (1.5, 0.12, (74,), 0.4), (1.625, 0.3, (76,), 0.4),
                (2.0, 0.75, (72,), 0.35))),
    (GUITAR, tuple((2.0 + 0.02 * string, 0.5, (key,), 0.35) for string, key in enumerate((52, 55, 60, 64, 67)))),
)  # fmt: skip
_SONG: tuple[tuple[Timbre, Notes], ...] = (
    (
        VIOLIN,
        (
            (0.0, 0.4, (55, 62, 71), 0.4),
            (0.45, 0.15, (71,), 0.3),
            (0.65, 0.5, (55, 62, 74), 0.4),
            (1.25, 0.3, (54, 62, 69), 0.35),
            (1.6, 0.4, (54, 60, 69), 0.35),
        ),
    ),
    (VOICE, ((0.1, 0.5, (67,), 0.8), (0.65, 0.25, (69,), 0.7), (0.95, 0.9, (74,), 0.9))),
    (LEAD_GUITAR, ((2.2, 0.35, (64, 71), 0.5), (2.55, 0.3, (67,), 0.6))),
    (GUITAR, tuple((0.25 * step, 0.3, (key,), 0.3) for step, key in enumerate((43, 59, 62, 67, 42, 57, 62, 66)))),
)
# Drums: beginning in seconds, kind, level.
_BEAT = (
    *((0.25 * step, "hat", 0.12) for step in range(1, 11)),
    (0.0, "kick", 0.9), (0.5, "snare", 0.4), (1.0, "kick", 0.8),
    (1.375, "kick", 0.5), (1.5, "snare", 0.5), (2.0, "kick", 0.9),
)  # fmt: skip


def check_music(rate_hz: int) -> dict[str, np.ndarray]:
    """Return {name: float32 [3 s of samples] at ``rate_hz``, peak 0.8}: a band with drums, and a song that pauses."""
    pieces = {"music (band)": (_BAND, _BEAT), "music (song)": (_SONG, ())}
    music = {}
    for name, (parts, beat) in pieces.items():
        rng = np.random.default_rng(20260101)
        mix = np.zeros(round(SECONDS * rate_hz))
        for timbre, notes in parts:
            for start, seconds, keys, level in notes:
                _add(mix, start, level * _chord(timbre, keys, seconds, rate_hz, rng), rate_hz)
        for start, kind, level in beat:
            _add(mix, start, level * _stroke(kind, rate_hz, rng), rate_hz)
        music[name] = (_PEAK / np.abs(mix).max() * mix).astype(np.float32)
    return music


def _add(mix: np.ndarray, start: float, sound: np.ndarray, rate_hz: int) -> None:
    place = mix[round(start * rate_hz) :][: len(sound)]
    place += sound[: len(place)]


def _chord(timbre: Timbre, keys: tuple[int, ...], seconds: float, rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """Return keys that sound together through one amplifier, with an attack and an end."""
    tones = [_tone(timbre, 440.0 * 2.0 ** ((key - 69) / 12), seconds, rate_hz, rng) for key in keys]
    sound = np.sum(tones, axis=0)
    time = np.arange(len(sound)) / rate_hz
    sound += timbre.breath * (0.2 + np.exp(-time / 0.05)) * rng.standard_normal(len(sound))
    if timbre.drive:
        sound = np.tanh(timbre.drive * sound)
    return sound * (1.0 - np.exp(-time / timbre.attack_seconds)) * np.clip((seconds - time) / _FADE_SECONDS, 0.0, 1.0)


def _tone(timbre: Timbre, hz: float, seconds: float, rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """Return the partials of a note that are below the highest frequency wherever vibrato takes them."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    cents = timbre.vibrato_cents * np.minimum(time / 0.25, 1.0) * np.sin(2 * np.pi * _VIBRATO_HZ * time)
    cents -= timbre.glide_cents * np.exp(-time / 0.06)
    phase = 2 * np.pi * np.cumsum(hz * 2.0 ** (cents / 1200)) / rate_hz
    highest = _HIGHEST * rate_hz / (hz * 2.0 ** (timbre.vibrato_cents / 1200))
    sound = np.zeros(len(time))
    k = 1
    while (ratio := k * np.sqrt(1.0 + timbre.stretch * k * k)) < highest:
        partial = k**-timbre.slope * np.sin(ratio * phase + rng.uniform(0, 2 * np.pi))
        if timbre.decay_seconds:
            partial *= np.exp(-time * np.sqrt(k) / timbre.decay_seconds)
        sound += partial if k % 2 else timbre.even * partial
        k += 1
    return sound


def _stroke(kind: str, rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """Return the sound of a drum: a sine that falls, noise with a body, or bright noise."""
    time = np.arange(round(0.3 * rate_hz)) / rate_hz
    noise = rng.standard_normal(len(time))
    if kind == "kick":
        return np.sin(2 * np.pi * (50.0 * time + 4.0 * (1.0 - np.exp(-time / 0.03)))) * np.exp(-time / 0.09)
    if kind == "snare":
        return 0.5 * noise * np.exp(-time / 0.06) + 0.5 * np.sin(2 * np.pi * 190.0 * time) * np.exp(-time / 0.05)
    return np.diff(noise, prepend=0.0) * np.exp(-time / 0.025)
