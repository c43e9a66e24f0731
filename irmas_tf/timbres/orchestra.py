"""Who plays a part: a timbre drawn from several sources, and changes of it, each seeded by the song and the part.

The changes: ``body`` takes an instrument's samples from other keys, so that its resonances move against the pitch;
``blend`` sounds two sources at once in one line, up to 0.8 of the second (ADT_STR's mix-up of drums, arXiv 2601.09520);
``phrase`` changes the timbre every few seconds; ``players`` doubles a line by two to four that are not quite together
nor in tune; ``amplifier`` sends electric guitars through a preamplifier and a loudspeaker.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

import numpy as np

from irmas_tf.timbres.amplifiers import Amplifier, draw_amplifier
from irmas_tf.timbres.notes import DRUM_BANK, Note, overdrive
from irmas_tf.timbres.sampler import Sampler
from irmas_tf.timbres.sources import Source
from irmas_tf.timbres.zones import SoundFontError

# Programs of the same class, best first, for sources that lack one.
_SAME_CLASS: tuple[tuple[int, ...], ...] = (
    (0, 1, 2, 3),
    (16, 17, 18),
    (19, 20),
    (25, 24),
    (26, 27, 28, 31),
    (29, 30),
    (52, 53, 54, 85, 91),
    (56, 59),
    (64, 65, 66, 67),
)
_OF_CLASS = {
    "cel": (42,), "cla": (71,), "flu": (73,), "gac": (24, 25), "gel": (27, 26, 29, 30, 28), "org": (16, 19, 17, 18),
    "pia": (0, 1, 2), "sax": (65, 66, 64, 67), "tru": (56,), "vio": (40,), "voi": (53, 52, 85, 54),
}  # fmt: skip
# What may stand in for an accompanying program that a source lacks; none of a labelled class but guitars' own.
_STAND_INS = {
    6: (0, 46), 11: (9, 13, 8, 0), 12: (13, 0), 21: (23, 22, 16), 32: (33, 35), 38: (39, 33), 43: (32, 33),
    45: (46, 24), 46: (24, 0), 48: (49, 44), 49: (48, 44), 50: (48, 51), 61: (60, 57), 89: (94, 95, 88, 48),
    105: (25,), 110: (40,),
}  # fmt: skip
_DOUBLED = {
    "vio": 0.15,
    "voi": 0.15,
    "gel": 0.2,
    "gac": 0.12,
    "cel": 0.1,
    "tru": 0.12,
    "sax": 0.1,
    "flu": 0.06,
    "cla": 0.06,
}
_AMPLIFIED = (26, 27, 28, 29, 30, 31)


@dataclasses.dataclass(frozen=True)
class Layer:
    """One source's preset in a timbre: where its samples come from, relative to the key, and how loud it is."""

    sampler: Sampler
    bank: int
    program: int
    body: int
    gain: float


@dataclasses.dataclass(frozen=True)
class Timbre:
    """One to two layers, and the players: (cents, seconds late, gain) of each."""

    layers: tuple[Layer, ...]
    players: tuple[tuple[float, float, float], ...] = ((0.0, 0.0, 1.0),)


class PartPlayer:
    """Plays one part of one song, see `irmas_tf.timbres.notes.Player`.

    Args:
        timbres: one, or several that take turns.
        phrase_seconds: how long each of several plays.
        amplifier: of the whole part, or None.
    """

    def __init__(
        self, timbres: Sequence[Timbre], phrase_seconds: float = 1e9, amplifier: Amplifier | None = None
    ) -> None:
        self.sings = bool(getattr(timbres[0].layers[0].sampler.soundfont, "vowels", ""))
        self.timbres, self.phrase_seconds, self.amplifier = tuple(timbres), phrase_seconds, amplifier

    def release_seconds(self, bank: int, program: int, key: int) -> float:
        """Return how long a note may sound after its end."""
        layers = [layer for timbre in self.timbres for layer in timbre.layers]
        late = max(player[1] for timbre in self.timbres for player in timbre.players)
        return late + max((x.sampler.release_seconds(x.bank, x.program, key) for x in layers), default=0.0)

    def one_shot_seconds(self, bank: int, program: int, key: int) -> float:
        """Return how long a note sounds whose end is ignored."""
        layers = [layer for timbre in self.timbres for layer in timbre.layers]
        return max((x.sampler.one_shot_seconds(x.bank, x.program, key) for x in layers), default=0.0)

    def play(
        self,
        bank: int,
        program: int,
        note: Note,
        tuning_cents: float = 0.0,
        seconds: float | None = None,
        one_shot: bool = False,
    ) -> np.ndarray:
        """Return one note by every layer and player, see `irmas_tf.timbres.sampler.Sampler.play`."""
        timbre = self.timbres[int(max(note.start, 0.0) / self.phrase_seconds) % len(self.timbres)]
        if len(timbre.layers) == 1 and len(timbre.players) == 1:
            return self._sound(timbre.layers[0], note, tuning_cents, seconds, one_shot)
        rate = timbre.layers[0].sampler.sample_rate_hz
        sounds: list[tuple[int, np.ndarray]] = []
        for cents, late, gain in timbre.players:
            played = note if cents == 0 else _detuned(note, cents)
            left = None if seconds is None else max(seconds - late, 0.0)
            level = 0.0
            for number, layer in enumerate(timbre.layers):
                sound = self._sound(layer, played, tuning_cents, left, one_shot)
                energy = float(np.sqrt(np.mean(sound[: rate // 2] ** 2))) if len(sound) else 0.0
                if number == 0:
                    level = energy
                elif energy > 0 and level > 0:
                    sound = sound * np.float32(level / energy)
                sounds.append((round(late * rate), sound * np.float32(gain * layer.gain)))
        out = np.zeros(max(at + len(sound) for at, sound in sounds), np.float32)
        for at, sound in sounds:
            out[at : at + len(sound)] += sound
        return out

    def _sound(
        self, layer: Layer, note: Note, tuning_cents: float, seconds: float | None, one_shot: bool
    ) -> np.ndarray:
        vowels = getattr(layer.sampler.soundfont, "vowels", "")
        bank = layer.bank
        if vowels:
            bank += layer.sampler.soundfont.variants * max(vowels.find(note.vowel[:1] or "a"), 0)  # type: ignore[attr-defined]
        return layer.sampler.play(
            bank, layer.program, note, tuning_cents, seconds=seconds, one_shot=one_shot, body=layer.body
        )

    def finish(self, stem: np.ndarray, drive: float) -> np.ndarray:
        """Return the part through its amplifier."""
        return overdrive(stem, drive) if self.amplifier is None else self.amplifier.process(stem)


class Orchestra:
    """Gives each part of a song its player.

    Args:
        sources: where sounds come from.
        changes: which of `irmas_tf.timbres.sources.CHANGES` may happen.
        sample_rate_hz: of what is played.
        cache_bytes: memory for tones, over all sources.

    Raises:
        SoundFontError: a source cannot be read, or none plays one of the classes or any drum.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        changes: Sequence[str],
        sample_rate_hz: int = 44100,
        cache_bytes: int = 192 << 20,
    ) -> None:
        self.sources, self.changes = tuple(sources), frozenset(changes)
        # Recorded sources are drawn for accompaniment as well, and get more of the memory.
        shares = [3 if source.path else 1 for source in sources]
        self.samplers = [
            Sampler(source.open(), sample_rate_hz, cache_bytes * share // sum(shares), quick=True)
            for source, share in zip(sources, shares, strict=True)
        ]

    def check(self) -> None:
        """Check that every class and the standard drums are played by a source that is ever drawn.

        Raises:
            SoundFontError: says which are missing.
        """
        missing = [code for code, programs in _OF_CLASS.items() if not self._candidates(programs[0], 0, code)]
        if not any(sampler.can_play(DRUM_BANK, 0) for sampler in self.samplers):
            missing.append("the standard drum kit (bank 128)")
        if missing:
            names = ", ".join(source.name for source in self.sources)
            raise SoundFontError(f"--sounds: {names} cannot play {', '.join(missing)}; name another source beside them")

    def _candidates(self, program: int, bank: int, code: str) -> list[tuple[Source, Sampler, int]]:
        """Return who can play a preset, by itself or by one of the same class, each with the program it takes."""
        able = []
        for source, sampler in zip(self.sources, self.samplers, strict=True):
            if source.weight_for(code) <= 0:
                continue
            if bank == DRUM_BANK:
                options: tuple[int, ...] = (program, 0)
            else:
                same = next((group for group in _SAME_CLASS if program in group), ())
                options = (program, *same, *(_OF_CLASS[code] if code else _STAND_INS.get(program, ())))
            playable = next((p for p in options if sampler.can_play(bank, p)), None)
            if playable is not None:
                able.append((source, sampler, playable))
        return able

    def player(self, seed: str, role: str, bank: int, program: int, code: str) -> PartPlayer:
        """Return the player of a part, see `irmas_tf.timbres.notes.Ensemble`; silent if no source can play it."""
        rng = random.Random(f"timbre {seed}")
        able = self._candidates(program, bank, code)
        if not able:
            able = [(s, m, program) for s, m in zip(self.sources, self.samplers, strict=True)]
        weights = [source.weight_for(code) for source, _, _ in able]
        if not any(weights):
            weights = [1.0] * len(able)
        drums = bank == DRUM_BANK

        # A singer of vowels keeps to those who sing: the renderer gives formants to all of a part, or to nothing.
        sings = bool(getattr(rng.choices(able, weights)[0][1].soundfont, "vowels", ""))
        same = [n for n, (_, m, _) in enumerate(able) if bool(getattr(m.soundfont, "vowels", "")) == sings]
        able, weights = [able[n] for n in same], [weights[n] for n in same]

        def draw_layer(gain: float) -> Layer:
            _, sampler, playable = rng.choices(able, weights)[0]
            body = rng.randint(-5, 5) if "body" in self.changes and not drums and rng.random() < 0.6 else 0
            return Layer(sampler, draw_variant(rng, sampler, bank, playable), playable, body, gain)

        def draw_timbre() -> Timbre:
            layers = [draw_layer(1.0)]
            if "blend" in self.changes and not drums and rng.random() < (0.3 if code else 0.1):
                layers.append(draw_layer(rng.uniform(0.1, 0.8)))
            players: tuple[tuple[float, float, float], ...] = ((0.0, 0.0, 1.0),)
            if "players" in self.changes and rng.random() < _DOUBLED.get(code, 0.0):
                count = rng.choice((2, 2, 3, 4))
                spread = rng.uniform(4.0, 14.0)
                players = tuple(
                    (rng.gauss(0.0, spread), abs(rng.gauss(0.0, 0.015)), rng.uniform(0.5, 1.0)) for _ in range(count)
                )
            return Timbre(tuple(layers), players)

        timbres = [draw_timbre()]
        phrase_seconds = 1e9
        if "phrase" in self.changes and code and rng.random() < 0.5:
            timbres += [draw_timbre() for _ in range(rng.choice((1, 2)))]
            phrase_seconds = rng.uniform(1.5, 4.5)
        amplifier = None
        if "amplifier" in self.changes and program in _AMPLIFIED and rng.random() < 0.75:
            amplifier = draw_amplifier(
                rng, timbres[0].layers[0].sampler.sample_rate_hz, clean=program in (26, 27, 28, 31)
            )
        return PartPlayer(timbres, phrase_seconds, amplifier)


def draw_variant(rng: random.Random, sampler: Sampler, bank: int, program: int) -> int:
    """Return one of the banks in which a source has variants of a program: models have many."""
    variants = getattr(sampler.soundfont, "variants", 1)
    return bank if bank == DRUM_BANK or variants <= 1 else rng.randrange(variants)


def _detuned(note: Note, cents: float) -> Note:
    bend = tuple((at, value + cents) for at, value in note.bend) or ((0.0, cents),)
    return dataclasses.replace(note, bend=bend)
