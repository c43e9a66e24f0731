"""The parameters of a bank of wavelets: the frequency axis, and refusals that say what would work."""

from __future__ import annotations

import math

import pytest

from irmas_tf.dsp.morlet_bank import SUPPORT, MorletBank

RATE_HZ = 8000


def test_axis():
    bank = MorletBank(22050, 40.0, 10240.0, 96)
    assert bank.bins_per_octave == pytest.approx(12.0)
    assert bank.center_frequencies_hz[[0, 12]] == pytest.approx([40.0, 80.0])
    assert MorletBank.with_bins_per_octave(22050, 40.0, 10240.0, 12) == bank
    uneven = MorletBank.with_bins_per_octave(22050, 40.0, 10000.0, 12)
    assert uneven.num_bins == 96 and uneven.center_frequencies_hz[-1] < 10000.0
    assert uneven.bins_per_octave == pytest.approx(12.0)


def bank_of(**changes):
    arguments = {"sample_rate_hz": 22050, "min_frequency_hz": 40.0, "max_frequency_hz": 10240.0, "num_bins": 96}
    return MorletBank(**(arguments | changes))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"max_frequency_hz": 11026.0}, "max_frequency_hz=11026: must be at most 11025"),
        ({"max_frequency_hz": 11000.0}, r"max_frequency_hz=11000: .* up to (\d+) puts it at 9922"),
        ({"max_frequency_hz": 40.0}, "max_frequency_hz=40: must be above min_frequency_hz=40"),
        ({"min_frequency_hz": 0.0}, "min_frequency_hz=0.0: must be a number above 0"),
        ({"min_frequency_hz": float("nan")}, "min_frequency_hz=nan"),
        ({"omega0": 3.9}, "omega0=3.9: must be at least 4"),
        ({"omega0": -6.0}, "omega0=-6.0"),
        ({"omega0": 65.0}, "omega0=65: must be at most 64"),
        ({"num_bins": 0}, "num_bins=0"),
        ({"num_bins": 1.5}, "num_bins=1.5"),
        ({"sample_rate_hz": 0}, "sample_rate_hz=0"),
    ],
)
def test_bad_parameters_are_named(changes, words):
    with pytest.raises(ValueError, match=words):
        bank_of(**changes)


def test_the_maximum_that_a_message_names_works():
    with pytest.raises(ValueError) as caught:
        bank_of(max_frequency_hz=11000.0)
    named = float(str(caught.value).split("up to ")[1].split(" ")[0])
    assert bank_of(max_frequency_hz=named).num_bins == 96
    with pytest.raises(ValueError):
        bank_of(max_frequency_hz=named + 1)


@pytest.mark.parametrize("bins_per_octave", [0, -1, 1.5, True])
def test_bad_bins_per_octave(bins_per_octave):
    with pytest.raises(ValueError, match="bins_per_octave="):
        MorletBank.with_bins_per_octave(22050, 40.0, 10240.0, bins_per_octave)


def test_wavelet_longer_than_the_window_is_refused_with_what_fits():
    bank = bank_of(min_frequency_hz=2.0)
    length = math.ceil(2 * SUPPORT * bank.widths[0])
    bank.check_fits(length)
    with pytest.raises(ValueError, match=f"min_frequency_hz=2: its wavelet lasts {length} samples") as caught:
        bank.check_fits(22050)
    lowest_hz = float(str(caught.value).split("at least ")[1].split(" ")[0])
    bank_of(min_frequency_hz=lowest_hz).check_fits(22050)
