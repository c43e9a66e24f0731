"""Playing notes from a SoundFont: pitch curves, envelopes, moving filters, velocity, swells; mono float32.

symusic 0.5.9's own `render` reads the same samples but not velocity, controllers, pitch bends, release and the filter
envelope (measured: a velocity of 1 and of 127, a full bend and none, give equal arrays), and 0.6.0's raises. Without
them a piano has no decay and a violin no vibrato, so the notes are played here.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.signal import lfilter, resample_poly

from irmas_tf.data.sf2 import SoundFont, Zone

VELOCITY_STEP = 48  # tones are kept per velocity of this grid; loudness is exact, brightness is in steps
_MAX_TONE_SECONDS = 12.0
_SILENT_DB = 60.0


@dataclasses.dataclass(slots=True)
class Note:
    """One sounding note. Times in seconds from the start of the song.

    Attributes:
        start, duration: note-on and how long it is held; the release follows.
        key: MIDI number. On drum parts, the drum.
        velocity: 1 to 127; loudness follows (velocity/127)^2 and brightness rises with it.
        bend: pitch curve, (seconds after note-on, cents) points, linear between them (a pitch wheel).
        vibrato: (cents either way, Hz, seconds of delay), or None (a modulation wheel).
        swell: gains at note-on, middle and end (an expression pedal), or None.
        attack: seconds of fade-in added to the instrument's own (soft tonguing, bow start).
        vowel: formants of a sung note, see `irmas_tf.data.rendering`; empty for instruments.
    """

    start: float
    duration: float
    key: int
    velocity: int
    bend: tuple[tuple[float, float], ...] = ()
    vibrato: tuple[float, float, float] | None = None
    swell: tuple[float, float, float] | None = None
    attack: float = 0.0
    vowel: str = ""

    @property
    def end(self) -> float:
        """Time of the note-off."""
        return self.start + self.duration


class Sampler:
    """Plays the presets of one SoundFont; tones are kept and used again, bent by reading them at a varying speed.

    Args:
        soundfont: the instruments.
        sample_rate_hz: output rate.
        cache_bytes: the tones used longest ago are forgotten when all take more than this.
    """

    def __init__(self, soundfont: SoundFont, sample_rate_hz: int = 44100, cache_bytes: int = 192 << 20) -> None:
        self.soundfont = soundfont
        self.sample_rate_hz = sample_rate_hz
        self._cache_limit, self._cache_size = cache_bytes, 0
        self._tones: dict[tuple[int, int, int, int, float], np.ndarray] = {}
        self._waves: dict[tuple[int, int, int, tuple[int, int] | None], tuple[np.ndarray, np.ndarray]] = {}
        self._releases: dict[float, np.ndarray] = {}
        self._chosen: dict[tuple[int, int, int, int], list[Zone]] = {}

    def can_play(self, bank: int, program: int) -> bool:
        """Return whether the SoundFont has the preset."""
        return bool(self.soundfont.zones(bank, program))

    def release_seconds(self, bank: int, program: int, key: int) -> float:
        """Return the time a released note takes to fall by 60 dB."""
        zones = self._zones(bank, program, key, 64)
        return max([z.release_seconds for z in zones], default=0.0) * _SILENT_DB / 100.0

    def play(
        self,
        bank: int,
        program: int,
        note: Note,
        tuning_cents: float = 0.0,
        seconds: float | None = None,
        one_shot: bool = False,
    ) -> np.ndarray:
        """Return one note, from its note-on to the end of its release (or ``seconds``), as mono float32.

        Args:
            bank, program: preset; an unknown one plays nothing (an empty array).
            note: what to play; ``start`` is not used.
            tuning_cents: detuning of the whole song.
            seconds: longest answer.
            one_shot: the note-off is ignored (drums).
        """
        rate = self.sample_rate_hz
        bucket = min(127, max(1, (note.velocity + VELOCITY_STEP // 2) // VELOCITY_STEP * VELOCITY_STEP))
        held = _MAX_TONE_SECONDS if one_shot else min(note.duration, _MAX_TONE_SECONDS)
        release = self.release_seconds(bank, program, note.key)
        length = held if one_shot else held + release
        wanted = round(min(length, seconds if seconds is not None else length) * rate)
        if wanted <= 0 or not self._zones(bank, program, note.key, bucket):
            return np.zeros(0, np.float32)
        if note.bend or note.vibrato:
            position = self._positions(note, wanted)
            out = _bent(self._tone(bank, program, note.key, bucket, tuning_cents, int(position[-1]) + 3), position)
        else:
            out = self._tone(bank, program, note.key, bucket, tuning_cents, wanted)[:wanted]
        out = out * np.float32((max(note.velocity, 1) / 127.0) ** 2)
        off = round(held * rate)
        if not one_shot and off < len(out):
            out[off:] *= self._release_curve(release)[: len(out) - off]
        if note.swell is not None and len(out):
            points = np.array([0.0, 0.5, 1.0]) * max(held, 1e-3) * rate
            out *= np.interp(np.arange(len(out)), points, note.swell).astype(np.float32)
        fade = min(round(note.attack * rate), len(out))
        if fade > 1:
            out[:fade] *= np.linspace(0.0, 1.0, fade, dtype=np.float32)
        closing = min(64, len(out))
        out[len(out) - closing :] *= np.linspace(1.0, 0.0, closing, dtype=np.float32)
        return out

    def _zones(self, bank: int, program: int, key: int, velocity: int) -> list[Zone]:
        """Return the zones a key sounds; where a preset has a hole (some do), the nearest key's zones."""
        name = (bank, program, key, velocity)
        if name not in self._chosen:
            zones = [z for z in self.soundfont.zones(bank, program) if z.velocities[0] <= velocity <= z.velocities[1]]
            distance = [max(z.keys[0] - key, key - z.keys[1], 0) for z in zones]
            nearest = min(distance, default=0)
            self._chosen[name] = [z for z, d in zip(zones, distance, strict=True) if d == nearest]
        return self._chosen[name]

    def _release_curve(self, seconds: float) -> np.ndarray:
        """Return the exponential that falls by 60 dB in ``seconds``, at least as long as that."""
        curve = self._releases.get(seconds)
        if curve is None:
            samples = np.arange(round(seconds * self.sample_rate_hz) + 2, dtype=np.float32)
            curve = np.exp(samples * np.float32(-np.log(1000.0) / max(seconds * self.sample_rate_hz, 1.0)))
            self._releases[seconds] = curve
        return curve

    def _positions(self, note: Note, samples: int) -> np.ndarray:
        """Return where in its unbent tone a note is at each sample, float64, from 0 up."""
        time = np.arange(samples, dtype=np.float32) / np.float32(self.sample_rate_hz)
        cents = np.zeros(samples, np.float32)
        if note.bend:
            cents += np.interp(time, [p[0] for p in note.bend], [p[1] for p in note.bend]).astype(np.float32)
        if note.vibrato:
            depth, rate_hz, delay = note.vibrato
            grow = np.clip((time - np.float32(delay)) * np.float32(4.0), 0.0, 1.0)
            cents += np.float32(depth) * grow * np.sin(np.float32(2 * np.pi * rate_hz) * time)
        speed = np.exp2(cents * np.float32(1 / 1200.0))
        position = np.cumsum(speed, dtype=np.float64)
        position -= position[0]
        return position

    def _tone(self, bank: int, program: int, key: int, velocity: int, cents: float, samples: int) -> np.ndarray:
        name = (bank, program, key, velocity, cents)
        tone = self._tones.pop(name, None)
        if tone is None or len(tone) < samples:
            self._cache_size -= 0 if tone is None else tone.nbytes
            # Every stage is causal, so a longer rendering starts with the same samples: the cache never shows.
            tone = self._make_tone(bank, program, key, velocity, cents, -(-samples // 8192) * 8192)
            self._cache_size += tone.nbytes
            while self._cache_size > self._cache_limit and self._tones:
                self._cache_size -= self._tones.pop(next(iter(self._tones))).nbytes
        self._tones[name] = tone  # last in, last out
        return tone

    def _make_tone(self, bank: int, program: int, key: int, velocity: int, cents: float, samples: int) -> np.ndarray:
        out = np.zeros(samples, np.float32)
        for zone in self._zones(bank, program, key, velocity):
            part = self._read(zone, key + cents / 100.0, samples)
            length = len(part)
            part = self._filter(zone, part, velocity, 0.5 * self.sample_rate_hz * zone.ratio(key, self.sample_rate_hz))
            part *= self._envelope(zone, length)
            out[:length] += part
        return out

    def _wave(self, zone: Zone) -> tuple[np.ndarray, np.ndarray]:
        """Return a zone's sample at twice its rate, its loop continued, and the steps between its points."""
        name = (zone.sample, zone.start, zone.end, zone.loop)
        wave = self._waves.get(name)
        if wave is None:
            raw = self.soundfont.samples(zone)
            if zone.loop is not None:
                first, last = zone.loop
                raw = np.concatenate([raw[:last], raw[first + np.arange(32) % (last - first)]])
            dense = resample_poly(raw, 2, 1).astype(np.float32)
            if zone.loop is not None:
                dense = dense[: 2 * zone.loop[1] + 2]
            wave = dense[:-1].copy(), np.diff(dense)
            self._waves[name] = wave
        return wave

    def _read(self, zone: Zone, key: float, samples: int) -> np.ndarray:
        """Return a zone's sample at the pitch of ``key``, looped: linear interpolation of the doubled rate."""
        position = np.arange(samples, dtype=np.float64)
        position *= 2 * zone.ratio(key, self.sample_rate_hz)
        if zone.loop is None:
            position = position[: int(np.searchsorted(position, 2 * (zone.end - zone.start - 1)))]
        else:
            first, last = 2 * zone.loop[0], 2 * zone.loop[1]
            looped = position[int(np.searchsorted(position, last)) :]
            turns = (looped - first) * (1.0 / (last - first))
            np.floor(turns, out=turns)
            turns *= last - first
            looped -= turns
            np.clip(looped, first, last, out=looped)  # rounding may leave a hair outside
        index = position.astype(np.intp)
        position -= index
        points, steps = self._wave(zone)
        out = steps.take(index, mode="clip")
        out *= position.astype(np.float32)
        out += points.take(index, mode="clip")
        return out

    def _filter(self, zone: Zone, part: np.ndarray, velocity: int, bandwidth_hz: float) -> np.ndarray:
        """Low-pass ``part``, which has nothing above ``bandwidth_hz``, as the modulation envelope moves the cut-off.

        The cut-off moves in steps that widen with time.
        """
        # Softer is darker: the specification takes 2400 cents off at velocity 0; half of that sounds natural here.
        darker = 1200.0 * (1.0 - velocity / 127.0)
        nyquist_cents = 1200.0 * np.log2(0.45 * self.sample_rate_hz / 8.176)
        state = np.zeros(2, np.float32)
        begin, previous = 0, -1.0
        b = a = np.zeros(3)
        moving = abs(zone.filter_envelope_cents) > 1.0
        if not moving and zone.filter_cents - darker > 1200.0 * np.log2(bandwidth_hz / 8.176):
            return part
        while begin < len(part):
            end = len(part) if not moving else min(len(part), begin + max(512, min(begin // 2, 16384)))
            # Block edges depend on absolute time only, so that a longer rendering repeats a shorter one.
            cents = (
                zone.filter_cents + self._mod_envelope(zone, begin / self.sample_rate_hz) * zone.filter_envelope_cents
            )
            cents = min(cents - darker, 13500.0 - darker)
            if cents >= nyquist_cents:
                cents = nyquist_cents
            if cents != previous:
                b, a = self._low_pass(8.176 * 2.0 ** (max(cents, 2400.0) / 1200.0))
                previous = cents
            part[begin:end], state = lfilter(b, a, part[begin:end], zi=state)
            begin = end
        return part

    def _low_pass(self, cutoff_hz: float) -> tuple[np.ndarray, np.ndarray]:
        """Return a Butterworth biquad (R. Bristow-Johnson, Audio EQ Cookbook)."""
        w = 2.0 * np.pi * cutoff_hz / self.sample_rate_hz
        alpha, cosine = np.sin(w) / np.sqrt(2.0), np.cos(w)
        b = np.array([(1 - cosine) / 2, 1 - cosine, (1 - cosine) / 2]) / (1 + alpha)
        a = np.array([1 + alpha, -2 * cosine, 1 - alpha]) / (1 + alpha)
        return b.astype(np.float32), a.astype(np.float32)

    @staticmethod
    def _mod_envelope(zone: Zone, time: float) -> float:
        if time < zone.mod_attack_seconds:
            return time / zone.mod_attack_seconds
        time -= zone.mod_attack_seconds + zone.mod_hold_seconds
        if time <= 0:
            return 1.0
        if zone.mod_decay_seconds <= 0:
            return zone.mod_sustain
        return max(zone.mod_sustain, 1.0 - time / zone.mod_decay_seconds)

    def _envelope(self, zone: Zone, samples: int) -> np.ndarray:
        rate = self.sample_rate_hz
        level = np.float32(10.0 ** (-zone.attenuation_db / 20.0))
        envelope = np.full(samples, level, np.float32)
        attack = round(zone.attack_seconds * rate)
        begin = attack + round(zone.hold_seconds * rate)
        if begin < samples and zone.sustain_db > 0:
            time = np.arange(samples - begin, dtype=np.float32)
            fall = np.minimum(
                time * np.float32(100.0 / max(zone.decay_seconds * rate, 1.0)), np.float32(zone.sustain_db)
            )
            envelope[begin:] *= np.exp(fall * np.float32(-np.log(10.0) / 20.0))
        if attack > 1:
            ramp = np.arange(min(attack, samples), dtype=np.float32) / np.float32(attack)
            envelope[: len(ramp)] *= ramp
        return envelope


def _bent(tone: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Return ``tone`` read at fractional positions, by 4-point cubic interpolation (Catmull-Rom)."""
    index = position.astype(np.intp)
    t = (position - index).astype(np.float32)
    a, b, c, d = (tone.take(index + shift, mode="clip") for shift in (-1, 0, 1, 2))
    half = np.float32(0.5)
    return b + half * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
