"""From a composed song to audio: excerpts in which the predominant instrument can be heard, and labelled test clips."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
from scipy.signal import butter, sosfilt

from irmas_tf.corpus.composition import Part, Song, compose_backing
from irmas_tf.corpus.instruments import INSTRUMENTS
from irmas_tf.corpus.studio import LONGEST_ROOM, RINGING, SAMPLE_RATE_HZ, Desk, Mix, Stem, draw_mix, randomized
from irmas_tf.randomization.chain import SongChain
from irmas_tf.randomization.filters import peaking
from irmas_tf.randomization.ingredients import Randomization
from irmas_tf.timbres.notes import DRUM_BANK, Ensemble, Note

EXCERPT_FRAMES = 132299  # 3 s as the official files have them, one sample short
# Leads are never quieter than this against everything else, in any excerpt.
LEAST_LEAD_OVER_REST_DB = 1.0
_LABEL_SHARE, _LABEL_SECONDS, _LABEL_RANGE_DB = 0.2, 1.5, 15.0
# First three formants and their gains (Peterson and Barney 1952, men; women sing about 15 % higher).
_FORMANTS = {
    "a": (730, 1090, 2440),
    "e": (530, 1840, 2480),
    "i": (290, 2290, 3010),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
}
_CONSONANTS = {
    "s": (5000, 11000, 0.11, 0.09),
    "f": (1500, 9000, 0.09, 0.035),
    "t": (3000, 9000, 0.028, 0.12),
    "k": (1200, 5000, 0.03, 0.1),
}


@dataclasses.dataclass(frozen=True)
class Rendered:
    """One finished piece of audio.

    Attributes:
        audio: int16 [frames, 2].
        codes: IRMAS codes of the leads that are heard.
        start_seconds: where in the song it begins.
        lead_over_rest_db: level of the leads against everything else (infinite for a solo).
        lead_share: share of the time in which a lead's note is held.
    """

    audio: np.ndarray
    codes: tuple[str, ...]
    start_seconds: float
    lead_over_rest_db: float
    lead_share: float


class Coverage:
    """Answers how long notes are held in a stretch of time; each note counts for ``ring`` seconds at most.

    Args:
        notes: any order, overlaps allowed.
        ring: seconds.
    """

    def __init__(self, notes: list[Note], ring: float = 1.5) -> None:
        times, covered, reached, total = [0.0], [0.0], 0.0, 0.0
        for note in sorted(notes, key=lambda n: n.start):
            begin, finish = max(note.start, reached), note.start + min(note.duration, ring)
            if finish > begin:
                times += [begin, finish]
                covered += [total, total + finish - begin]
                total += finish - begin
                reached = finish
        self._times, self._covered = times, covered

    def seconds(self, start: np.ndarray | float, end: np.ndarray | float) -> np.ndarray:
        """Return the covered seconds between ``start`` and ``end``."""
        return np.asarray(np.interp(end, self._times, self._covered) - np.interp(start, self._times, self._covered))


def choose_starts(song: Song, count: int, seconds: float, rng: random.Random) -> list[float]:
    """Choose places of a song where the leads play, apart from each other as far as the song allows, in order.

    Raises:
        ValueError: the song is shorter than ``count`` excerpts.
    """
    last = song.seconds - seconds - 0.5
    if last < (count - 1) * seconds:
        raise ValueError(f"a song of {song.seconds:.0f} s has no room for {count} excerpts of {seconds:.0f} s")
    grid = [i * 0.25 for i in range(int(last / 0.25) + 1)]
    rng.shuffle(grid)
    starts = np.array(grid)
    held = Coverage([n for p in song.leads for n in p.notes]).seconds(starts, starts + seconds) / seconds
    share = dict(zip(grid, held.tolist(), strict=True))
    for needed in (0.75, 0.6, 0.45, 0.3, 0.0):
        chosen: list[float] = []
        for start in grid:
            if share[start] >= needed and all(abs(start - c) >= seconds for c in chosen):
                chosen.append(start)
                if len(chosen) == count:
                    return sorted(chosen)
    # A random packing may leave gaps too short for the rest; an even one always fits.
    return [i * last / max(count - 1, 1) for i in range(count)]


def _consonant(kind: str, rng: np.random.Generator) -> np.ndarray:
    low, high, seconds, level = _CONSONANTS[kind]
    noise = rng.standard_normal(int(seconds * SAMPLE_RATE_HZ), dtype=np.float32)
    sections = butter(2, (low, high), "band", fs=SAMPLE_RATE_HZ, output="sos").astype(np.float32)
    envelope = np.hanning(len(noise)) if seconds > 0.05 else np.exp(-np.arange(len(noise)) / (0.3 * len(noise)))
    return (sosfilt(sections, noise) * envelope * level).astype(np.float32)


class SongRenderer:
    """Renders places of one song with one mix.

    Args:
        ensemble: whose players play the parts.
        song: what to play.
        mix: how to record it; drawn from the song's seed by default.
        chain: what randomisation does to it; none by default.
    """

    def __init__(self, ensemble: Ensemble, song: Song, mix: Mix | None = None, chain: SongChain | None = None) -> None:
        self.song = song
        self._players = {
            id(part): ensemble.player(f"{song.seed} part {number}", part.role, part.bank, part.program, part.code)
            for number, part in enumerate(song.parts)
        }
        self.mix = mix if mix is not None else draw_mix(random.Random(f"mix {song.seed}"), song.genre)
        self._chain = chain
        if chain is not None:
            self.mix = randomized(self.mix, chain)
        self.desk = Desk(self.mix)
        self._rng = np.random.default_rng(self.mix.noise_seed + 2)
        self._consonants = {kind: _consonant(kind, self._rng) for kind in _CONSONANTS}
        size = 1.0 if self._rng.random() < 0.5 else 1.16
        self._vowels = {
            vowel: np.array(
                [peaking(f * size, gain, q) for f, gain, q in zip(hz, (9, 8, 7), (2.5, 4, 5), strict=True)]
            ).astype(np.float32)
            for vowel, hz in _FORMANTS.items()
        }

    def stem(self, part: Part, start: float, frames: int) -> np.ndarray:
        """Return a part alone, dry and mono, float32 [pre-roll + frames]; the pre-roll lies before ``start``."""
        begin = start - self.desk.pre_roll / SAMPLE_RATE_HZ
        end = start + frames / SAMPLE_RATE_HZ
        buffer = np.zeros(self.desk.pre_roll + frames, np.float32)
        player = self._players[id(part)]
        drums = part.bank == DRUM_BANK
        tuning = 0.0 if drums else self.mix.tuning_cents
        for note in part.notes:
            if note.start >= end:
                break
            if drums:
                fallen = note.start + player.one_shot_seconds(part.bank, part.program, note.key)
            else:
                fallen = note.end + player.release_seconds(part.bank, part.program, note.key)
            if fallen < begin:
                continue
            sound = player.play(part.bank, part.program, note, tuning, seconds=end - note.start, one_shot=drums)
            if note.vowel and len(sound) and not player.sings:
                sound = self._sing(note, sound)
            offset = round((note.start - begin) * SAMPLE_RATE_HZ)
            if note.vowel[1:] in self._consonants:
                burst = self._consonants[note.vowel[1:]]
                at = offset - len(burst) * 2 // 3
                if at >= 0 and at + len(burst) <= len(buffer):
                    buffer[at : at + len(burst)] += burst * np.float32(note.velocity / 127)
            skip = max(0, -offset)
            sound = sound[skip : skip + len(buffer) - max(offset, 0)]
            buffer[offset + skip : offset + skip + len(sound)] += sound
        buffer = player.finish(buffer, part.drive)
        rate_hz, depth = self.mix.rotary
        if part.program in (16, 17, 18) and not drums and depth > 0:
            time = np.arange(len(buffer), dtype=np.float32) / SAMPLE_RATE_HZ + np.float32(begin)
            buffer *= 1 - np.float32(depth) * (1 + np.sin(np.float32(2 * np.pi * rate_hz) * time))
        return buffer

    def _sing(self, note: Note, sound: np.ndarray) -> np.ndarray:
        sung = sosfilt(self._vowels[note.vowel[0]], sound).astype(np.float32)
        if note.vowel[1:] == "m" and len(sung) > 4000:  # a hummed start opens into the vowel
            opening = np.ones(len(sung), np.float32)
            opening[:3500] = np.linspace(0.25, 1, 3500)
            sung *= opening
        return sung * np.float32(0.6)

    def render(self, starts: list[float], frames: list[int]) -> list[Rendered]:
        """Render excerpts that begin at ``starts`` seconds and last ``frames`` samples, with one balance for all."""
        wanted = frames
        if self._chain is not None:
            frames = [self._chain.source_frames(count) for count in frames]
        dry = [
            [self.stem(part, start, count) for part in self.song.parts]
            for start, count in zip(starts, frames, strict=True)
        ]
        heard = [self._heard(place, start, count) for place, start, count in zip(dry, starts, frames, strict=True)]
        gains = self._balance(dry)
        excerpts, ratios = [], []
        for place, audible in zip(dry, heard, strict=True):
            buses: tuple[list[Stem], list[Stem]] = ([], [])
            for part, stem, gain, on in zip(self.song.parts, place, gains, audible, strict=True):
                if on and gain > 0:
                    buses[0 if part.role == "lead" else 1].append(Stem(stem, gain, part.pan))
            audio, ratio = self.desk.record(*buses, LEAST_LEAD_OVER_REST_DB)
            excerpts.append(audio)
            ratios.append(ratio)
        if self._chain is not None:
            excerpts = self._chain.treat(excerpts, wanted)
        results = []
        for number, audio in enumerate(self.desk.master(excerpts)):
            if self._chain is not None:
                audio = self._chain.encode(audio)
            seconds = frames[number] / SAMPLE_RATE_HZ
            playing = [p for p, on in zip(self.song.parts, heard[number], strict=True) if on and p.role == "lead"]
            share = float(
                Coverage([n for p in playing for n in p.notes]).seconds(starts[number], starts[number] + seconds)
            )
            results.append(
                Rendered(
                    audio, tuple(sorted({p.code for p in playing})), starts[number], ratios[number], share / seconds
                )
            )
        return results

    def _heard(self, place: list[np.ndarray], start: float, frames: int) -> list[bool]:
        """Return which parts play in an excerpt: of several leads, those long and loud enough to be labelled."""
        leads = [(p, s) for p, s in zip(self.song.parts, place, strict=True) if p.role == "lead"]
        if len(leads) == 1:
            return [True] * len(place)
        seconds = frames / SAMPLE_RATE_HZ
        times = [float(Coverage(p.notes).seconds(start, start + seconds)) for p, _ in leads]
        levels = [float(np.sqrt(np.mean(s[self.desk.pre_roll :] ** 2))) + 1e-9 for _, s in leads]
        floor = max(levels) * 10 ** (-_LABEL_RANGE_DB / 20)
        enough = [
            (t >= max(_LABEL_SECONDS, _LABEL_SHARE * seconds)) and level >= floor
            for t, level in zip(times, levels, strict=True)
        ]
        if not any(enough):
            enough[times.index(max(times))] = True
        keep = iter(enough)
        return [next(keep) if part.role == "lead" else True for part in self.song.parts]

    def _balance(self, dry: list[list[np.ndarray]]) -> list[float]:
        """Return a gain per part: levels inside the two buses, then the lead bus over the rest."""
        gains, powers = [], []
        for number, part in enumerate(self.song.parts):
            level = _active_rms([place[number][self.desk.pre_roll :] for place in dry])
            gains.append(10 ** (part.level_db / 20) / level if level > 1e-6 else 0.0)
            powers.append(10 ** (part.level_db / 10) if level > 1e-6 else 0.0)
        lead = sum(p for p, part in zip(powers, self.song.parts, strict=True) if part.role == "lead")
        rest = sum(p for p, part in zip(powers, self.song.parts, strict=True) if part.role != "lead")
        if lead > 0 and rest > 0:
            scale = np.sqrt(lead / rest) * 10 ** (-self.song.lead_over_rest_db / 20)
            gains = [g if part.role == "lead" else g * scale for g, part in zip(gains, self.song.parts, strict=True)]
        return [float(g) for g in gains]


def _active_rms(signals: list[np.ndarray]) -> float:
    """Return the RMS over the 50 ms stretches that are not near silent."""
    blocks = np.concatenate([np.mean(s[: len(s) // 2205 * 2205].reshape(-1, 2205) ** 2, axis=1) for s in signals])
    loud = blocks[blocks > blocks.max() * 1e-3]
    return float(np.sqrt(loud.mean())) if len(loud) and blocks.max() > 0 else 0.0


def draw_chain(randomization: Randomization, song: Song) -> SongChain | None:
    """Draw what randomisation does to a song; None without ingredients."""
    return SongChain(randomization, song.seed, LONGEST_ROOM - 2 * RINGING) if randomization else None


def with_backing(song: Song, chain: SongChain | None, only_unlabelled: bool = False) -> Song:
    """Return a song with the accompaniment and the balance that its chain drew; the song itself without a chain.

    Args:
        song: composed.
        chain: its chain.
        only_unlabelled: the other song's accompaniment is free of the eleven classes.
    """
    if chain is None:
        return song
    if chain.foreign_backing:
        avoid = {p for lead in song.leads for p in INSTRUMENTS[lead.code].never_with}
        rest = compose_backing(avoid, f"backing {song.seed}", song.seconds, only_unlabelled)
        drums = any(part.role == "drums" for part in rest)
        song = dataclasses.replace(song, parts=song.leads + rest, drums=drums)
    if chain.lead_over_rest_db is not None:
        song = dataclasses.replace(song, lead_over_rest_db=chain.lead_over_rest_db)
    return song


def render_training_song(ensemble: Ensemble, song: Song, count: int, chain: SongChain | None = None) -> list[Rendered]:
    """Render ``count`` excerpts of `EXCERPT_FRAMES` samples from different places of a song."""
    frames = EXCERPT_FRAMES if chain is None else chain.source_frames(EXCERPT_FRAMES)
    starts = choose_starts(song, count, frames / SAMPLE_RATE_HZ, random.Random(f"places {song.seed}"))
    return SongRenderer(ensemble, song, chain=chain).render(starts, [EXCERPT_FRAMES] * count)


def render_test_song(ensemble: Ensemble, song: Song, count: int, chain: SongChain | None = None) -> list[Rendered]:
    """Render ``count`` clips of 5 to 20 s; each is labelled with the leads heard in it."""
    rng = random.Random(f"places {song.seed}")
    seconds = [rng.choice((20.0, rng.uniform(5, 20))) for _ in range(count)]
    frames = [round(s * SAMPLE_RATE_HZ) for s in seconds]
    longest = max(seconds) if chain is None else max(map(chain.source_frames, frames)) / SAMPLE_RATE_HZ
    starts = choose_starts(song, count, longest, rng)
    return SongRenderer(ensemble, song, chain=chain).render(starts, frames)
