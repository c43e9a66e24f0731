"""Quick zones against the exact player: the same notes to within rounding."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.signal import resample_poly

from irmas_tf.timbres.notes import Note
from irmas_tf.timbres.quick_zones import QuickZonePlayer, doubled, sounding_alike
from irmas_tf.timbres.sampler import Sampler
from irmas_tf.timbres.sf2 import SoundFont, bundled_soundfont
from irmas_tf.timbres.zone_player import ZonePlayer
from irmas_tf.timbres.zones import Zone

RATE = 44100
PLAIN = Zone(sample=0, start=0, end=90000, loop=(20000, 89000), rate_hz=RATE, root_key=60.0)


class Samples:
    """Two samples one behind the other: both halves of a stereo recording."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.data = np.cumsum(rng.standard_normal(200000)).astype(np.float32) * np.float32(0.001)
        self.data -= np.linspace(0, self.data[-1], len(self.data), dtype=np.float32)

    def samples(self, zone: Zone) -> np.ndarray:
        return self.data[zone.start : zone.end]


def under_db(quick: np.ndarray, exact: np.ndarray) -> float:
    """Return how far the difference is under the sound, dB."""
    assert quick.shape == exact.shape
    return float(10 * np.log10(np.mean(exact**2) / (np.mean((quick - exact) ** 2) + 1e-30)))


def test_a_doubled_rate_is_resample_poly_s():
    raw = np.random.default_rng(1).standard_normal(5000).astype(np.float32)
    assert under_db(doubled(raw), resample_poly(raw, 2, 1)) > 120


@pytest.mark.parametrize("key", [41.0, 60.0, 67.3, 96.0])
@pytest.mark.parametrize(
    "zone",
    [
        PLAIN,
        dataclasses.replace(PLAIN, loop=None),
        dataclasses.replace(PLAIN, loop=(500, 531)),
        dataclasses.replace(PLAIN, attack_seconds=0.05, hold_seconds=0.1, decay_seconds=1.0, sustain_db=30.0),
        dataclasses.replace(PLAIN, attenuation_db=9.0, decay_seconds=0.5, sustain_db=100.0, decay_cents_per_key=50.0),
        dataclasses.replace(PLAIN, filter_cents=8000.0, filter_envelope_cents=3000.0, mod_decay_seconds=1.0),
    ],
)
def test_a_pair_of_zones_sounds_as_one_after_the_other(zone, key):
    pair = [zone, dataclasses.replace(zone, sample=1, start=90100, end=180100)]
    bank = Samples()
    quick, exact = QuickZonePlayer(bank, RATE), ZonePlayer(bank, RATE)
    for samples in (3000, 150000, 20000):  # a longer one and a shorter one after it
        assert under_db(quick.play_all(pair, key, 90, samples), exact.play_all(pair, key, 90, samples)) > 80


@pytest.mark.parametrize(
    "change",
    [
        {"filter_cents": 7000.0},
        {"attenuation_db": 12.0},
        {"loop": (500, 531)},
        {"loop": None},
        {"end": 40000, "loop": None},
        {"attack_seconds": 0.2},
    ],
)
def test_another_zone_of_the_same_sample_is_another_sound(change):
    # Velocity layers and other presets often share a sample, with another filter or loop.
    bank = Samples()
    quick, exact = QuickZonePlayer(bank, RATE), ZonePlayer(bank, RATE)
    quick.play_all([PLAIN], 60.0, 90, 120000)
    other = dataclasses.replace(PLAIN, **change)
    assert under_db(quick.play_all([other], 60.0, 90, 60000), exact.play_all([other], 60.0, 90, 60000)) > 80


def test_only_what_differs_in_samples_alone_is_added():
    other = dataclasses.replace(PLAIN, sample=1, start=100, end=90100, keys=(0, 60))
    assert sounding_alike([PLAIN, other]) == [[PLAIN, other]]
    assert len(sounding_alike([PLAIN, dataclasses.replace(other, end=90099)])) == 2
    assert len(sounding_alike([PLAIN, dataclasses.replace(other, filter_cents=9000.0)])) == 2


@pytest.mark.slow
def test_notes_of_a_soundfont_differ_by_rounding_whatever_was_played_before():
    font = SoundFont(bundled_soundfont())
    quick, exact, fresh = Sampler(font, quick=True), Sampler(font), Sampler(font, quick=True)
    note = Note(0.0, 1.5, 60, 80, bend=((0.0, 0.0), (0.4, 150.0)), vibrato=(40.0, 5.5, 0.2), swell=(0.3, 1.0, 0.5))
    for program in (0, 19, 40, 48, 56, 73):
        for played in (note, dataclasses.replace(note, bend=(), vibrato=None, swell=None)):
            short = quick.play(0, program, dataclasses.replace(played, duration=0.2), seconds=0.2)
            sound = quick.play(0, program, played)
            assert len(short) and under_db(sound, exact.play(0, program, played)) > 60, program
            np.testing.assert_array_equal(sound, fresh.play(0, program, played))
