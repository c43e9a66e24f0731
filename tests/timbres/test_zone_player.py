"""A zone's pitch, loop, filter and envelope, each against what its numbers say."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from irmas_tf.timbres.zone_player import ZonePlayer
from irmas_tf.timbres.zones import Zone

RATE = 44100
PLAIN = Zone(
    sample=0, start=0, end=1050, loop=(50, 1050), rate_hz=22050, root_key=69.0, scale_tuning=100.0, attenuation_db=0.0,
    filter_cents=13500.0, filter_envelope_cents=0.0, mod_attack_seconds=0.0, mod_hold_seconds=0.0,
    mod_decay_seconds=0.0, mod_sustain=1.0, attack_seconds=0.0, hold_seconds=0.0, decay_seconds=0.0,
    decay_cents_per_key=0.0, sustain_db=0.0, release_seconds=0.1, keys=(0, 127), velocities=(0, 127),
)  # fmt: skip


class Samples:
    """Stands in for a SoundFont with one sample."""

    def __init__(self, data: np.ndarray) -> None:
        self.data = data.astype(np.float32)

    def samples(self, zone: Zone) -> np.ndarray:
        return self.data[zone.start : zone.end]


def player(data: np.ndarray) -> ZonePlayer:
    return ZonePlayer(Samples(data), RATE)  # type: ignore[arg-type]


SINE = np.sin(2 * np.pi * np.arange(1050) / 50)  # 441 Hz at 22050 Hz, in loops of 20 periods


@pytest.mark.parametrize("key", [57.0, 69.0, 72.5, 81.0])
def test_a_looped_sine_is_that_sine_at_the_pitch_asked_for(key):
    audio = player(SINE).play(PLAIN, key, 127, 20000)
    frequency = 441 * 2 ** ((key - 69) / 12)
    expected = np.sin(2 * np.pi * frequency * np.arange(20000) / RATE)
    assert len(audio) == 20000
    np.testing.assert_allclose(audio[200:], expected[200:], atol=0.02)  # the sample's first points see its edge


def test_without_a_loop_the_sample_ends():
    zone = dataclasses.replace(PLAIN, loop=None)
    audio = player(SINE).play(zone, 69.0, 127, 20000)
    assert len(audio) == pytest.approx(2 * 1050, abs=4)


def test_the_envelope_rises_holds_falls_and_stays():
    zone = dataclasses.replace(
        PLAIN, attack_seconds=0.05, hold_seconds=0.1, decay_seconds=1.0, sustain_db=20.0, attenuation_db=6.0
    )
    audio = np.abs(player(np.ones(1050)).play(zone, 69.0, 127, RATE))
    level = 20 * np.log10(np.maximum(audio, 1e-9))
    assert audio[int(0.025 * RATE)] == pytest.approx(10 ** (-6 / 20) / 2, rel=0.02)
    assert level[int(0.1 * RATE)] == pytest.approx(-6, abs=0.1)
    assert level[int(0.25 * RATE)] == pytest.approx(-16, abs=0.2)  # 0.1 s into a fall of 100 dB a second
    assert level[int(0.9 * RATE)] == pytest.approx(-26, abs=0.1)


@pytest.mark.parametrize(
    "cents, key, seconds", [(100.0, 72.0, 0.5), (100.0, 48.0, 2.0), (-50.0, 84.0, 2.0), (70.0, 60.0, 1.0)]
)
def test_the_decay_follows_the_key(cents, key, seconds):
    zone = dataclasses.replace(PLAIN, decay_seconds=1.0, sustain_db=100.0, decay_cents_per_key=cents)
    audio = np.abs(player(np.ones(1050)).play(zone, key, 127, RATE))
    level = 20 * np.log10(np.maximum(audio, 1e-9))
    assert level[RATE // 10] == pytest.approx(-10 / seconds, abs=0.2)


def test_the_filter_cuts_and_its_envelope_moves_it():
    noise = np.random.default_rng(0).standard_normal(4000)
    zone = dataclasses.replace(PLAIN, end=4000, loop=(0, 4000), rate_hz=44100)

    def treble(audio: np.ndarray) -> float:
        spectrum = np.abs(np.fft.rfft(audio)) ** 2
        edge = int(4000 / RATE * len(audio))
        return float(10 * np.log10(spectrum[edge:].sum() / spectrum[:edge].sum()))

    cents = 1200 * np.log2(1000 / 8.176)
    bright = player(noise).play(zone, 69.0, 127, RATE)
    dull = player(noise).play(dataclasses.replace(zone, filter_cents=cents), 69.0, 127, RATE)
    assert treble(dull) < treble(bright) - 20
    softer = player(noise).play(dataclasses.replace(zone, filter_cents=cents), 69.0, 30, RATE)
    assert treble(softer) < treble(dull) - 3
    closing = dataclasses.replace(
        zone, filter_cents=cents, filter_envelope_cents=4800.0, mod_decay_seconds=0.5, mod_sustain=0.0
    )
    audio = player(noise).play(closing, 69.0, 127, RATE)
    assert treble(audio[:4096]) > treble(audio[-4096:]) + 15


def test_a_longer_rendering_begins_with_the_shorter_one():
    zone = dataclasses.replace(
        PLAIN, filter_cents=6000.0, filter_envelope_cents=3000.0, mod_hold_seconds=0.02, mod_decay_seconds=2.0,
        mod_sustain=0.2, attack_seconds=0.01, decay_seconds=9.0, sustain_db=100.0,
    )  # fmt: skip
    short, long = (player(SINE).play(zone, 66.3, 90, n) for n in (5003, 60001))
    np.testing.assert_array_equal(long[:5003], short)
