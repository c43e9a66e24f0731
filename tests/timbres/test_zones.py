"""What a zone's numbers mean: steps per sample, and a decay that follows the key."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from irmas_tf.timbres.zones import Zone

ZONE = Zone(sample=0, start=0, end=1000, loop=None, rate_hz=22050, root_key=69.0)


@pytest.mark.parametrize(
    "key, scale_tuning, rate_hz, steps",
    [
        (69.0, 100.0, 22050, 1.0),
        (69.0, 100.0, 44100, 0.5),
        (81.0, 100.0, 44100, 1.0),  # an octave up, twice as fast
        (57.5, 100.0, 22050, 2 ** (-11.5 / 12)),
        (81.0, 50.0, 22050, 2**0.5),  # half a semitone per key
        (20.0, 0.0, 22050, 1.0),  # every key at the same pitch, as drums have it
    ],
)
def test_steps_per_sample_follow_key_tuning_and_rate(key, scale_tuning, rate_hz, steps):
    assert dataclasses.replace(ZONE, scale_tuning=scale_tuning).ratio(key, rate_hz) == pytest.approx(steps)


@pytest.mark.parametrize(
    "cents, key, seconds",
    [(100.0, 72.0, 0.5), (100.0, 48.0, 2.0), (-50.0, 84.0, 2.0), (70.0, 60.0, 1.0), (0.0, 9, 1.0)],
)
def test_the_decay_follows_the_key(cents, key, seconds):
    zone = dataclasses.replace(ZONE, decay_seconds=1.0, decay_cents_per_key=cents)
    assert zone.decay_at(key) == pytest.approx(seconds)


def test_a_decay_ends_at_the_longest_time_of_the_specification():
    zone = dataclasses.replace(ZONE, decay_seconds=50.0, decay_cents_per_key=100.0)
    assert zone.decay_at(0) == pytest.approx(2 ** (8000 / 1200))
    assert dataclasses.replace(zone, decay_cents_per_key=0.0).decay_at(0) == 50.0


def test_zones_are_read_without_numpy():
    """`irmas soundfont --help` names the sources, which name the error of this module."""
    code = "import sys, irmas_tf.timbres.sources; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
