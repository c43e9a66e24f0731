from __future__ import annotations

import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from irmas_tf.dsp.frequency_scale import FREQUENCY_SCALES, band_edges_hz
from irmas_tf.dsp.mel import band_groups, filterbank


@pytest.mark.slow
@pytest.mark.parametrize("norm, librosa_norm", [("peak", None), ("slaney", "slaney")])
@pytest.mark.parametrize("mel_scale", ["htk", "slaney"])
@pytest.mark.parametrize("rate, fft_length, bands, low, high", [
    (22050, 512, 64, 30.0, 11000.0), (22050, 4096, 128, 30.0, 11000.0), (16000, 1024, 40, 0.0, 8000.0),
    (44100, 2048, 200, 20.0, 22050.0),
])  # fmt: skip
def test_equals_librosa_without_widening(mel_scale, norm, librosa_norm, rate, fft_length, bands, low, high):
    ours = filterbank("mel", bands, fft_length, rate, low, high, mel_scale, norm=norm, min_half_width_bins=0.0)
    with np.testing.suppress_warnings() as warnings:
        warnings.filter(UserWarning, "Empty filters")
        theirs = librosa.filters.mel(
            sr=rate, n_fft=fft_length, n_mels=bands, fmin=low, fmax=high, htk=mel_scale == "htk", norm=librosa_norm
        ).T
    np.testing.assert_allclose(ours, theirs, atol=1e-5 * theirs.max())


def test_widening_changes_only_narrow_bands():
    wide = filterbank("mel", 256, 1024, 22050, 30.0, 11000.0)
    plain = filterbank("mel", 256, 1024, 22050, 30.0, 11000.0, min_half_width_bins=0.0)
    side_bins = np.diff(band_edges_hz("mel", 256, 30.0, 11000.0)) / (22050 / 1024)
    narrow = np.minimum(side_bins[:-1], side_bins[1:]) < 1
    assert 0 < narrow.sum() < 256
    np.testing.assert_array_equal(wide[:, ~narrow], plain[:, ~narrow])
    assert np.any(wide[:, narrow] != plain[:, narrow], axis=0).all()


@given(
    scale=st.sampled_from(FREQUENCY_SCALES), bands=st.integers(1, 300), exponent=st.integers(4, 12),
    low=st.floats(1.0, 3000.0), width=st.floats(100.0, 5000.0), norm=st.sampled_from(["peak", "slaney"]),
)  # fmt: skip
def test_no_band_is_empty_and_none_is_negative(scale, bands, exponent, low, width, norm):
    weights = filterbank(scale, bands, 2**exponent, 16000, low, low + width, norm=norm)
    assert weights.shape == (2 ** (exponent - 1) + 1, bands)
    assert weights.dtype == np.float32
    assert np.all(np.isfinite(weights)) and np.all(weights >= 0)
    assert np.all(weights.sum(axis=0) > 0)
    if norm == "peak":
        assert weights.max() <= 1.0 + 1e-6
        assert np.all(weights.max(axis=0) >= 0.5 - 1e-6)


def test_band_narrower_than_a_bin_interpolates_its_two_neighbours():
    bin_hz = 22050 / 512
    for fraction in (0.0, 0.25, 0.5, 0.9):
        center = (10 + fraction) * bin_hz
        weights = filterbank("linear", 1, 512, 22050, center - 1.0, center + 1.0)[:, 0]
        expected = np.zeros(257)
        expected[10], expected[11] = 1 - fraction, fraction
        np.testing.assert_allclose(weights, expected, atol=1e-5)


def test_peaks_follow_the_scale():
    bin_hz = 22050 / 4096
    for scale in FREQUENCY_SCALES:
        weights = filterbank(scale, 40, 4096, 22050, 100.0, 10000.0)
        centers = band_edges_hz(scale, 40, 100.0, 10000.0)[1:-1]
        assert np.all(np.abs(weights.argmax(axis=0) * bin_hz - centers) <= bin_hz)


def test_slaney_norm_has_unit_area():
    weights = filterbank("mel", 40, 8192, 22050, 100.0, 10000.0, norm="slaney")
    np.testing.assert_allclose(weights.sum(axis=0) * 22050 / 8192, 1.0, rtol=0.01)


@pytest.mark.parametrize("scale", FREQUENCY_SCALES)
@pytest.mark.parametrize("groups", [1, 2, 5, 40, 99])
def test_groups_put_side_by_side_are_the_bank(scale, groups):
    weights = filterbank(scale, 40, 1024, 22050, 100.0, 8000.0)
    parts = band_groups(weights, groups)
    assert len(parts) == min(groups, 40)
    rebuilt = []
    for part in parts:
        full = np.zeros((513, part.weights.shape[1]), np.float32)
        full[part.first : part.last] = part.weights
        rebuilt.append(full)
    np.testing.assert_array_equal(np.concatenate(rebuilt, axis=1), weights)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"norm": "area"}, "norm='area': must be one of peak, slaney"),
        ({"max_frequency_hz": 8001.0}, "max_frequency_hz=8001: must be at most 8000 Hz"),
        ({"scale": "bark"}, "scale='bark'"),
        ({"num_bins": 0}, "num_bins=0"),
        ({"min_frequency_hz": 9000.0}, "0 <= min < max"),
    ],
)
def test_bad_arguments_are_named(changes, words):
    arguments = {"scale": "mel", "num_bins": 8, "fft_length": 512, "sample_rate_hz": 16000, "min_frequency_hz": 30.0,
                 "max_frequency_hz": 8000.0} | changes  # fmt: skip
    with pytest.raises(ValueError, match=words):
        filterbank(**arguments)
