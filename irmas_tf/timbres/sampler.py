"""Playing notes from a SoundFont: pitch curves, envelopes, moving filters, velocity, swells; mono float32.

symusic 0.5.9's own `render` reads the same samples but not velocity, controllers, pitch bends, release and the filter
envelope (measured: a velocity of 1 and of 127, a full bend and none, give equal arrays), and 0.6.0's raises. Without
them a piano has no decay and a violin no vibrato, so the notes are played here.
"""

from __future__ import annotations

import numpy as np

from irmas_tf.timbres.notes import DRUM_BANK, Note, overdrive
from irmas_tf.timbres.quick_zones import QuickZonePlayer
from irmas_tf.timbres.zone_player import ZonePlayer
from irmas_tf.timbres.zones import Bank, Zone

VELOCITY_STEP = 48  # tones are kept per velocity of this grid; loudness is exact, brightness is in steps
_SPARSE = 8
_BETWEEN = np.arange(_SPARSE, dtype=np.float32) / np.float32(_SPARSE)
_MAX_TONE_SECONDS = 12.0
_LONGEST_ONE_SHOT_SECONDS = 4.0
_SILENT_DB = 50.0
_STRETCH = 8192  # samples bent at a time: what is between fits the processor's cache
_CLOSING = np.linspace(1.0, 0.0, 64, dtype=np.float32)  # no note ends with a click


class Sampler:
    """Plays the presets of one SoundFont or other bank; tones are kept, and bent by reading them at a varying speed.

    Args:
        soundfont: the instruments.
        sample_rate_hz: output rate.
        cache_bytes: the tones used longest ago are forgotten when all take more than this.
        quick: the same sound to within rounding in a part of the time; otherwise bit for bit what it always was.
    """

    def __init__(
        self, soundfont: Bank, sample_rate_hz: int = 44100, cache_bytes: int = 192 << 20, quick: bool = False
    ) -> None:
        self.soundfont = soundfont
        self.sample_rate_hz = sample_rate_hz
        self._cache_limit, self._cache_size = cache_bytes, 0
        self._tones: dict[tuple[int, int, int, int, float, int], np.ndarray] = {}
        self._player = (QuickZonePlayer if quick else ZonePlayer)(soundfont, sample_rate_hz)
        self._quick = quick
        self._releases: dict[float, np.ndarray] = {}
        self._release_seconds: dict[tuple[int, int, int], float] = {}
        self._one_shot_seconds: dict[tuple[int, int, int], float] = {}
        self._chosen: dict[tuple[int, int, int, int], list[Zone]] = {}

    sings = False

    def player(self, seed: str, role: str, bank: int, program: int, code: str) -> Sampler:
        """Return who plays a part: this sampler, whatever the part is."""
        return self

    @staticmethod
    def finish(stem: np.ndarray, drive: float) -> np.ndarray:
        """Return a whole part as the room hears it: through the amplifier, if it has one."""
        return overdrive(stem, drive)

    def can_play(self, bank: int, program: int) -> bool:
        """Return whether the SoundFont has the preset, or one that stands in for it."""
        return bool(self._preset(bank, program))

    def release_seconds(self, bank: int, program: int, key: int) -> float:
        """Return the time a released note takes to fall by 50 dB."""
        name = (bank, program, key)
        if name not in self._release_seconds:
            slowest = max([z.release_seconds for z in self._zones(bank, program, key, 64)], default=0.0)
            self._release_seconds[name] = slowest * _SILENT_DB / 100.0
        return self._release_seconds[name]

    def one_shot_seconds(self, bank: int, program: int, key: int) -> float:
        """Return how long a note sounds whose note-off is ignored: to the sample's end, or to a fall by 50 dB."""
        name = (bank, program, key)
        if name not in self._one_shot_seconds:
            lengths = [0.0]
            for zone in self._zones(bank, program, key, 64):
                fall = min(zone.sustain_db, _SILENT_DB) / 100.0 * zone.decay_at(key)
                fading = zone.attack_seconds + zone.hold_seconds + fall
                if zone.loop is None:
                    played = (zone.end - zone.start) / zone.ratio(key, self.sample_rate_hz) / self.sample_rate_hz
                    lengths.append(played if zone.sustain_db < _SILENT_DB else min(played, fading))
                elif zone.sustain_db >= _SILENT_DB:
                    lengths.append(fading)
                else:  # a loop that would never end
                    lengths.append(fading + _SILENT_DB / 100.0 * zone.release_seconds)
            self._one_shot_seconds[name] = min(max(lengths), _LONGEST_ONE_SHOT_SECONDS)
        return self._one_shot_seconds[name]

    def play(
        self,
        bank: int,
        program: int,
        note: Note,
        tuning_cents: float = 0.0,
        seconds: float | None = None,
        one_shot: bool = False,
        body: int = 0,
    ) -> np.ndarray:
        """Return one note, from its note-on to the end of its release (or ``seconds``), as mono float32.

        Args:
            bank, program: preset; an unknown one plays nothing (an empty array), but the standard kit stands in for a
                missing drum kit.
            note: what to play; ``start`` is not used.
            tuning_cents: detuning of the whole song.
            seconds: longest answer.
            one_shot: the note-off is ignored (drums).
            body: the samples of a key that many semitones higher are taken, and played at the note's pitch: the body's
                resonances move against it. Changes nothing where one sample serves both keys.
        """
        rate = self.sample_rate_hz
        bucket = min(127, max(1, (note.velocity + VELOCITY_STEP // 2) // VELOCITY_STEP * VELOCITY_STEP))
        held = self.one_shot_seconds(bank, program, note.key) if one_shot else min(note.duration, _MAX_TONE_SECONDS)
        release = self.release_seconds(bank, program, note.key)
        length = held if one_shot else held + release
        wanted = round(min(length, seconds if seconds is not None else length) * rate)
        if wanted <= 0 or not self._zones(bank, program, note.key + body, bucket):
            return np.zeros(0, np.float32)
        if note.bend or note.vibrato:
            position = self._positions(note, wanted)
            out = _bent(
                self._tone(bank, program, note.key, bucket, tuning_cents, int(position[-1]) + 3, body), position
            )
        else:
            out = self._tone(bank, program, note.key, bucket, tuning_cents, wanted, body)[:wanted]
        out = out * np.float32((max(note.velocity, 1) / 127.0) ** 2)
        off = round(held * rate)
        if not one_shot and off < len(out):
            out[off:] *= self._release_curve(release)[: len(out) - off]
        if note.swell is not None and len(out):
            points = np.array([0.0, 0.5, 1.0]) * max(held, 1e-3) * rate
            if self._quick:
                grid = np.interp(np.arange(-(-len(out) // _SPARSE) + 1) * _SPARSE, points, note.swell).astype(
                    np.float32
                )
                out *= (grid[:-1, None] + np.diff(grid)[:, None] * _BETWEEN).reshape(-1)[: len(out)]
            else:
                out *= np.interp(np.arange(len(out)), points, note.swell).astype(np.float32)
        fade = min(round(note.attack * rate), len(out))
        if fade > 1:
            out[:fade] *= np.linspace(0.0, 1.0, fade, dtype=np.float32)
        closing = min(len(_CLOSING), len(out))
        out[len(out) - closing :] *= _CLOSING[len(_CLOSING) - closing :]
        return out

    def _preset(self, bank: int, program: int) -> list[Zone]:
        """Return a preset's zones; of a drum kit that is missing, the standard kit's, as General MIDI players do."""
        zones = self.soundfont.zones(bank, program)
        return self.soundfont.zones(bank, 0) if bank == DRUM_BANK and not zones else zones

    def _zones(self, bank: int, program: int, key: int, velocity: int) -> list[Zone]:
        """Return the zones a key sounds; where a preset has a hole (some do), the nearest key's zones."""
        name = (bank, program, key, velocity)
        if name not in self._chosen:
            zones = [z for z in self._preset(bank, program) if z.velocities[0] <= velocity <= z.velocities[1]]
            distance = [max(z.keys[0] - key, key - z.keys[1], 0) for z in zones]
            nearest = min(distance, default=0)
            self._chosen[name] = [z for z, d in zip(zones, distance, strict=True) if d == nearest]
        return self._chosen[name]

    def _release_curve(self, seconds: float) -> np.ndarray:
        """Return the exponential that falls by 50 dB in ``seconds``, at least as long as that."""
        curve = self._releases.get(seconds)
        if curve is None:
            samples = np.arange(round(seconds * self.sample_rate_hz) + 2, dtype=np.float32)
            curve = np.exp(
                samples * np.float32(-_SILENT_DB / 20.0 * np.log(10.0) / max(seconds * self.sample_rate_hz, 1.0))
            )
            self._releases[seconds] = curve
        return curve

    def _positions(self, note: Note, samples: int) -> np.ndarray:
        """Return where in its unbent tone a note is at each sample, float64, from 0 up."""
        # Where quick, the speed is worked out for every eighth sample and a straight line between.
        grid = -(-samples // _SPARSE) + 1 if self._quick else samples
        time = np.arange(grid, dtype=np.float32) / np.float32(self.sample_rate_hz / (_SPARSE if self._quick else 1))
        cents = np.zeros(grid, np.float32)
        if note.bend:
            cents += np.interp(time, [p[0] for p in note.bend], [p[1] for p in note.bend]).astype(np.float32)
        if note.vibrato:
            depth, rate_hz, delay = note.vibrato
            grow = np.clip((time - np.float32(delay)) * np.float32(4.0), 0.0, 1.0)
            cents += np.float32(depth) * grow * np.sin(np.float32(2 * np.pi * rate_hz) * time)
        speed = np.exp2(cents * np.float32(1 / 1200.0))
        if self._quick:
            speed = (speed[:-1, None] + np.diff(speed)[:, None] * _BETWEEN).reshape(-1)[:samples]
        position = np.cumsum(speed, dtype=np.float64)
        position -= position[0]
        return position

    def _tone(
        self, bank: int, program: int, key: int, velocity: int, cents: float, samples: int, body: int
    ) -> np.ndarray:
        name = (bank, program, key, velocity, cents, body)
        tone = self._tones.pop(name, None)
        if tone is None or len(tone) < samples:
            self._cache_size -= 0 if tone is None else tone.nbytes
            # Every stage is causal, so a longer rendering starts with the same samples: the cache never shows.
            tone = self._make_tone(bank, program, key, velocity, cents, -(-samples // 8192) * 8192, body)
            self._cache_size += tone.nbytes
            while self._cache_size > self._cache_limit and self._tones:
                self._cache_size -= self._tones.pop(next(iter(self._tones))).nbytes
        self._tones[name] = tone  # last in, last out
        return tone

    def _make_tone(
        self, bank: int, program: int, key: int, velocity: int, cents: float, samples: int, body: int
    ) -> np.ndarray:
        zones = self._zones(bank, program, key + body, velocity)
        return self._player.play_all(zones, key + cents / 100.0, velocity, samples)


def _bent(tone: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Return ``tone`` read at fractional positions, by 4-point cubic interpolation (Catmull-Rom)."""
    out = np.empty(len(position), np.float32)
    half = np.float32(0.5)
    for begin in range(0, len(position), _STRETCH):
        here = position[begin : begin + _STRETCH]
        index = here.astype(np.intp)
        t = (here - index).astype(np.float32)
        b, c, d = (tone[shift:].take(index, mode="clip") for shift in range(3))
        index -= 1
        a = tone.take(index, mode="clip")
        # b + t / 2 (c - a + t (2 a - 5 b + 4 c - d + t (3 (b - c) + d - a))), from the inside out
        inner = b - c
        inner *= 3
        inner += d
        inner -= a
        inner *= t
        outer = 2 * a
        outer -= 5 * b
        outer += 4 * c
        outer -= d
        inner += outer
        inner *= t
        c -= a
        inner += c
        t *= half
        inner *= t
        np.add(b, inner, out=out[begin : begin + _STRETCH])
    return out
