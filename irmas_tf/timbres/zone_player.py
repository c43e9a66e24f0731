"""One sample of a SoundFont at one pitch: looped, low-passed by its moving filter, under its volume envelope.

Source: SoundFont Technical Specification 2.04, sections 8 and 9. Every stage is causal and starts at the note-on, so a
longer rendering begins with exactly the samples of a shorter one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.signal import lfilter, resample_poly

from irmas_tf.timbres.zones import Bank, Zone

# A sample is made ready in parts: this many of its points, or twice, four times ... as many; and what a filter reaches.
PART, MARGIN = 1 << 15, 64


class ZonePlayer:
    """Plays zones of a SoundFont.

    Args:
        soundfont: where the samples are.
        sample_rate_hz: output rate.
        cache_bytes: the samples used longest ago are forgotten when all take more than this.
    """

    def __init__(self, soundfont: Bank, sample_rate_hz: int, cache_bytes: int = 256 << 20) -> None:
        self.soundfont = soundfont
        self.sample_rate_hz = sample_rate_hz
        self._cache_limit, self._cache_size = cache_bytes, 0
        self._waves: dict[tuple[int, int, int, tuple[int, int] | None], tuple[np.ndarray, np.ndarray, int]] = {}

    def play(self, zone: Zone, key: float, velocity: int, samples: int) -> np.ndarray:
        """Return a zone as a held note, mono float32, shorter than ``samples`` if it does not loop and ends before.

        Args:
            zone: what to play.
            key: MIDI key, may be fractional.
            velocity: 1 to 127; sets the brightness, not the level.
            samples: length.
        """
        part = self._read(zone, key, samples)
        part = self._filter(zone, part, velocity, 0.5 * self.sample_rate_hz * zone.ratio(key, self.sample_rate_hz))
        part *= self._envelope(zone, key, len(part))
        return part

    def play_all(self, zones: Sequence[Zone], key: float, velocity: int, samples: int) -> np.ndarray:
        """Return the zones of one key together, float32 [samples]; arguments as of `play`."""
        out = np.zeros(samples, np.float32)
        for zone in zones:
            part = self.play(zone, key, velocity, samples)
            out[: len(part)] += part
        return out

    def _wave(self, zone: Zone, last_point: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a zone's sample at twice its rate, its loop continued, and the steps between its points.

        Long samples of which ``last_point`` is far from the end are made ready as far as it and a little farther: the
        same numbers, in a fraction of the time.
        """
        name = (zone.sample, zone.start, zone.end, zone.loop)
        wave = self._waves.pop(name, None)
        if wave is not None and wave[2] <= last_point:  # what is there does not reach
            self._cache_size -= 2 * wave[0].nbytes
            wave = None
        if wave is None:
            raw = self.soundfont.samples(zone)
            whole = zone.loop[1] if zone.loop is not None else len(raw)
            reach = PART << max(0, (last_point // 2 // PART).bit_length())
            if reach + PART < whole:
                dense = resample_poly(raw[: reach + MARGIN], 2, 1).astype(np.float32)[: 2 * reach]
                covered = 2 * reach - 2
            else:
                if zone.loop is not None:
                    first, last = zone.loop
                    raw = np.concatenate([raw[:last], raw[first + np.arange(32) % (last - first)]])
                dense = resample_poly(raw, 2, 1).astype(np.float32)
                covered = 2 * len(raw)
            if zone.loop is not None:
                dense = dense[: 2 * zone.loop[1] + 2]
            wave = dense[:-1].copy(), np.diff(dense), covered
            self._cache_size += 2 * wave[0].nbytes
            while self._cache_size > self._cache_limit and self._waves:
                self._cache_size -= 2 * self._waves.pop(next(iter(self._waves)))[0].nbytes
        self._waves[name] = wave  # last in, last out
        return wave[0], wave[1]

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
        points, steps = self._wave(zone, int(index.max()) if len(index) else 0)
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

    def _envelope(self, zone: Zone, key: float, samples: int) -> np.ndarray:
        rate = self.sample_rate_hz
        level = np.float32(10.0 ** (-zone.attenuation_db / 20.0))
        envelope = np.full(samples, level, np.float32)
        attack = round(zone.attack_seconds * rate)
        begin = attack + round(zone.hold_seconds * rate)
        if begin < samples and zone.sustain_db > 0:
            time = np.arange(samples - begin, dtype=np.float32)
            fall = np.minimum(
                time * np.float32(100.0 / max(zone.decay_at(key) * rate, 1.0)), np.float32(zone.sustain_db)
            )
            envelope[begin:] *= np.exp(fall * np.float32(-np.log(10.0) / 20.0))
        if attack > 1:
            ramp = np.arange(min(attack, samples), dtype=np.float32) / np.float32(attack)
            envelope[: len(ramp)] *= ramp
        return envelope
