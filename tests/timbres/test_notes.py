"""A note's times, and the soft clipper of parts without an amplifier."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.timbres.notes import Note, overdrive
from tests.helpers.pitch import RATE_HZ, power_between

SINE = (0.3 * np.sin(2 * np.pi * 441 * np.arange(RATE_HZ) / RATE_HZ)).astype(np.float32)


def test_a_note_ends_where_it_starts_and_lasts():
    assert Note(1.5, 0.25, 60, 100).end == 1.75


def test_without_drive_nothing_happens():
    assert overdrive(SINE, 0.0) is SINE


@pytest.mark.parametrize("level", [0.001, 0.3, 4.0])
def test_more_drive_is_more_harmonics_whatever_the_level(level):
    stem = SINE * np.float32(level)
    third = [
        power_between(out, 1300, 1350) / power_between(out, 420, 460)
        for out in (overdrive(stem, drive) for drive in (0.5, 2.0, 8.0))
    ]
    assert 1e-4 < third[0] < third[1] < third[2] < 1 / 9  # a square wave's
    out = overdrive(stem, 2.0)
    assert out.dtype == np.float32 and len(out) == len(stem)
    assert power_between(out, 860, 900) < 1e-6 * power_between(out, 1300, 1350)  # it is symmetric: no even ones
    assert np.abs(out).max() <= 1.01 * np.sqrt(np.mean(stem**2)) + 1e-6


def test_silence_stays_silent():
    silence = np.zeros(100, np.float32)
    np.testing.assert_array_equal(overdrive(silence, 3.0), silence)
