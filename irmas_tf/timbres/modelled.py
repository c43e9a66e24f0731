"""Banks whose samples are computed when they are first played: many variants of each instrument, from a seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from irmas_tf.timbres.zones import Zone

RATE_HZ = 44100
VARIANTS = 48  # timbres of each computed instrument
MODELS_VERSION = 3  # raised whenever the same variant would sound otherwise
KEY_STEP = 3  # semitones between two samples; the keys between them are played faster or slower
SUSTAINED_SECONDS, _LOOP_FROM_SECONDS, _LOOP_FADE = 1.8, 0.7, 4096
_BETWEEN_STEPS = np.arange(1024) / 1024.0
_KEPT_BYTES = 256 << 20  # notes of one bank that are not computed again, 16 bits each


@dataclasses.dataclass(frozen=True)
class ModelledProgram:
    """One program of a modelled bank.

    Attributes:
        make: returns a note, float32 [samples], from (key, seconds, variant, vowel), in tune, of any level; the same
            arguments, the same note. ``variant`` counts timbres.
        lowest, highest: keys it is made for.
        sustained: its end is looped; otherwise it dies away by itself within ``seconds``.
        seconds: length of the sample.
        release_seconds: time of a fall by 100 dB after the note's end.
        chosen: the variants that are used, in turn; empty for all. Those that benchmarks/realism.py --variants keeps.
    """

    make: Callable[[int, float, int, str], np.ndarray]
    lowest: int
    highest: int
    sustained: bool = True
    seconds: float = SUSTAINED_SECONDS
    release_seconds: float = 0.25
    chosen: tuple[int, ...] = ()


class ModelledBank:
    """Instruments by program, `variants` timbres of each, found under as many bank numbers.

    Args:
        programs: General MIDI numbers and what plays them.
        variants: timbres of each.
        vowels: a singing bank: bank numbers go on with the next vowel's variants.

    Attributes:
        variants: timbres of each program.
        vowels: names of the vowels, in the order of their bank numbers; empty for instruments.
    """

    def __init__(self, programs: dict[int, ModelledProgram], variants: int, vowels: str = "") -> None:
        self.variants, self.vowels = variants, vowels
        self._programs = programs
        self._made: dict[int, tuple[ModelledProgram, int, int, str]] = {}
        self._zones: dict[tuple[int, int], list[Zone]] = {}
        self._kept: dict[int, np.ndarray] = {}
        self._kept_bytes = 0

    def with_all_variants(self) -> ModelledBank:
        """Return a bank of the same programs in which no variant is left out."""
        programs = {number: dataclasses.replace(model, chosen=()) for number, model in self._programs.items()}
        return ModelledBank(programs, self.variants, self.vowels)

    def zones(self, bank: int, program: int) -> list[Zone]:
        """Return the zones of one variant of a program."""
        if program not in self._programs or not 0 <= bank < self.variants * max(len(self.vowels), 1):
            return []
        if (bank, program) not in self._zones:
            self._zones[bank, program] = self._lay_out(bank, program)
        return self._zones[bank, program]

    def _lay_out(self, bank: int, program: int) -> list[Zone]:
        model = self._programs[program]
        turn, variant = divmod(bank, self.variants)
        vowel = self.vowels[turn] if self.vowels else ""
        if model.chosen:
            variant = model.chosen[variant % len(model.chosen)]
        zones = []
        keys = list(range(model.lowest, model.highest + 1, KEY_STEP))
        for number, key in enumerate(keys):
            sample, length = len(self._made), round(model.seconds * RATE_HZ)
            self._made[sample] = (model, key, variant, vowel)
            zones.append(
                Zone(
                    sample=sample,
                    start=0,
                    end=length,
                    loop=_loop(key, length) if model.sustained else None,
                    rate_hz=RATE_HZ,
                    root_key=float(key),
                    release_seconds=model.release_seconds,
                    keys=(0 if number == 0 else key - 1, 127 if number == len(keys) - 1 else key + KEY_STEP - 2),
                )
            )
        return zones

    def samples(self, zone: Zone) -> np.ndarray:
        """Return a zone's note, computed now: float32, its largest value 0.7, its loop's ends faded into each other."""
        kept = self._kept.pop(zone.sample, None)
        if kept is None:
            kept = (self._make(zone) * 32767).astype(np.int16)
            self._kept_bytes += kept.nbytes
            while self._kept_bytes > _KEPT_BYTES and self._kept:
                self._kept_bytes -= self._kept.pop(next(iter(self._kept))).nbytes
        self._kept[zone.sample] = kept
        return kept.astype(np.float32) / np.float32(32767)

    def _make(self, zone: Zone) -> np.ndarray:
        model, key, variant, vowel = self._made[zone.sample]
        wave = model.make(key, zone.end / RATE_HZ + 0.01, variant, vowel)[: zone.end].astype(np.float32)
        wave = np.pad(wave, (0, zone.end - len(wave)))
        if zone.loop is not None:
            first, last = zone.loop
            fade = min(_LOOP_FADE, first, last - first)
            rising = np.linspace(0, 1, fade, dtype=np.float32)
            wave[last - fade : last] = wave[last - fade : last] * (1 - rising) + wave[first - fade : first] * rising
        else:
            ending = min(4096, len(wave))
            wave[-ending:] *= np.linspace(1, 0, ending, dtype=np.float32)
        return wave * np.float32(0.7 / max(float(np.abs(wave).max()), 1e-9))


def _loop(key: int, length: int) -> tuple[int, int]:
    """Return a loop of whole periods in a sample of ``length``."""
    period = RATE_HZ / hertz(key)
    first = round(_LOOP_FROM_SECONDS * RATE_HZ)
    return first, first + round(int((length - 64 - first) / period) * period)


def hertz(key: float) -> float:
    """Return the frequency of a key at a' = 440 Hz."""
    return float(440.0 * 2.0 ** ((key - 69.0) / 12.0))


def phase(key: float, samples: int, rng: np.random.Generator, jitter: float) -> np.ndarray:
    """Return the phase in turns of a tone whose frequency wanders slowly by ``jitter`` (a share), float64 [samples]."""
    steps = -(-samples // 1024) + 2
    walk = np.zeros(steps)
    noise = rng.standard_normal(steps)
    for i in range(1, steps):
        walk[i] = 0.85 * walk[i - 1] + noise[i]
    # A straight line between steps, written as rows of 1,024.
    speed = hertz(key) / RATE_HZ * (1.0 + jitter * 0.5 * walk)
    return np.cumsum((speed[:-1, None] + np.diff(speed)[:, None] * _BETWEEN_STEPS).reshape(-1)[:samples])


def wavetable(amplitudes: np.ndarray, rng: np.random.Generator, spread: float = 1.0) -> np.ndarray:
    """Return one period of a sum of sines, float32 [4096 + 1].

    Args:
        amplitudes: of the harmonics 1 to n, n <= 1500.
        rng: of the phases.
        spread: 0 all start together, 1 anywhere.
    """
    bins = np.zeros(2049, np.complex128)
    angles = rng.uniform(-np.pi, np.pi, len(amplitudes)) * spread
    bins[1 : len(amplitudes) + 1] = amplitudes * np.exp(1j * (angles - np.pi / 2))
    table = np.fft.irfft(bins) * 2048
    return np.append(table, table[0]).astype(np.float32)


def read_table(table: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Return a wavetable read at a phase in turns, float32."""
    return read_places(table, *table_places(turns))


def table_places(turns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where in a wavetable a phase in turns is: index, and float32 share of the way to the next."""
    position = turns - np.floor(turns)
    position *= 4096
    index = position.astype(np.intp)
    position -= index
    return index, position.astype(np.float32)


def read_places(table: np.ndarray, index: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return a wavetable read at places of `table_places`, float32."""
    low = table.take(index, mode="clip")
    out = np.diff(table).take(index, mode="clip")
    out *= share
    out += low
    return out


def resonances(hz: np.ndarray, peaks: list[tuple[float, float, float]]) -> np.ndarray:
    """Return a gain (a factor) per frequency: bumps of (Hz, dB, octaves wide) added in decibels."""
    octave = np.log2(np.maximum(hz, 20.0))
    gain = np.zeros(len(hz))
    for centre, decibels, width in peaks:
        gain += decibels * np.exp(-0.5 * ((octave - np.log2(centre)) / width) ** 2)
    return 10.0 ** (gain / 20.0)


def harmonics(key: float, highest_hz: float = 17000.0) -> np.ndarray:
    """Return the frequencies of a key's harmonics up to ``highest_hz``, at least one and 1,000 at most."""
    count = int(min(max(highest_hz / hertz(key), 1), 1000))
    return hertz(key) * np.arange(1, count + 1)
