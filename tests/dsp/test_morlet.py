"""The exact transform against ssqueezepy and PyWavelets, and against signals whose scalogram is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from irmas_tf.dsp.morlet import hop_averaged, morlet_response, nyquist_taper, peak_position, scalogram
from irmas_tf.dsp.morlet_bank import TAPER_START, MorletBank

RATE_HZ = 8000
# Its highest filter's skirt ends below the taper, so that other implementations have the same filters.
LOW_BANK = MorletBank(RATE_HZ, 60.0, 60.0 * 2**4.5, 18)


def noise(samples=6000, seed=0):
    return np.random.default_rng(seed).standard_normal(samples)


@pytest.mark.slow
def test_equals_ssqueezepy(monkeypatch):
    monkeypatch.setenv("SSQ_PARALLEL", "0")
    ssqueezepy = pytest.importorskip("ssqueezepy")
    waveform = noise()
    wavelet = ssqueezepy.Wavelet(("morlet", {"mu": 6.0, "dtype": "float64"}))
    padded = np.pad(waveform, 8192 - len(waveform) // 2)
    transform, _ = ssqueezepy.cwt(padded, wavelet, scales=LOW_BANK.widths[::-1].copy(), padtype=None)
    start = 8192 - len(waveform) // 2
    # Its scales must rise, so that its rows go from high to low frequencies.
    expected = np.abs(transform)[::-1, start : start + len(waveform)]
    actual = scalogram(waveform, LOW_BANK)
    # Its wavelet has unit energy before the L1 norm, so that a sine of amplitude A reads pi^(1/4) / sqrt(2) A.
    np.testing.assert_allclose(actual, expected * np.sqrt(2) / np.pi**0.25, atol=1e-4 * actual.max())


def test_equals_pywavelets():
    pywt = pytest.importorskip("pywt")
    waveform = noise()
    # exp(-t^2 / B) exp(2 pi i C t) with B = 2, C = 6 / (2 pi) is our wavelet, up to its level and the correction.
    scales = LOW_BANK.widths
    transform, frequencies = pywt.cwt(
        waveform, scales, f"cmor2.0-{6 / (2 * np.pi):.15f}", 1 / RATE_HZ, method="fft", precision=16
    )
    np.testing.assert_allclose(frequencies, LOW_BANK.center_frequencies_hz, rtol=0.02)
    # The L1 norm of its wavelet at scale s is sqrt(s); a real sine has half its amplitude at positive frequencies; and
    # it averages the wavelet over the sampling interval.
    droop = np.sinc(LOW_BANK.center_frequencies_hz / RATE_HZ)
    expected = 2 * np.abs(transform) / (np.sqrt(scales) * droop)[:, np.newaxis]
    actual = scalogram(waveform, LOW_BANK)
    for ours, theirs in zip(actual, expected, strict=True):
        assert np.linalg.norm(ours - theirs) < 0.025 * np.linalg.norm(ours)


@pytest.mark.parametrize("omega0", [4.0, 6.0, 12.0])
@pytest.mark.parametrize("bin_number", [0, 7, 20, 23])
def test_sine_peaks_in_its_bin_at_its_amplitude(omega0, bin_number):
    bank = MorletBank(RATE_HZ, 100.0, 1600.0, 24, omega0)
    frequency_hz = bank.center_frequencies_hz[bin_number]
    waveform = 0.3 * np.sin(2 * np.pi * frequency_hz * np.arange(16000) / RATE_HZ + 0.4)
    middle = scalogram(waveform, bank)[:, 6000:10000]
    assert np.all(middle.argmax(axis=0) == bin_number)
    np.testing.assert_allclose(middle[bin_number], 0.3, rtol=1e-6)


@pytest.mark.parametrize("omega0", [4.0, 6.0, 12.0])
def test_click_lasts_as_long_as_the_wavelet(omega0):
    bank = MorletBank(RATE_HZ, 50.0, 800.0, 12, omega0)
    waveform = np.zeros(8001)
    waveform[4000] = 1.0
    magnitude = scalogram(waveform, bank)
    times = np.arange(8001) - 4000
    assert np.all(magnitude.argmax(axis=1) == 4000)
    for row, center, width in zip(magnitude, bank.center_frequencies_hz, bank.widths, strict=True):
        assert width == pytest.approx(omega0 / (2 * np.pi * center) * RATE_HZ)
        near = np.abs(times) < 6 * width  # far out, cutting off the negative frequencies leaves a faint tail
        deviation = math.sqrt(np.average(times[near] ** 2, weights=row[near]))
        assert deviation == pytest.approx(width, rel=0.02)
        # And its level: the Gaussian's peak, 2 / (sqrt(2 pi) width).
        assert row.max() == pytest.approx(2 / (math.sqrt(2 * math.pi) * width), rel=0.01)


def test_white_noise_reads_what_the_module_says():
    bank = MorletBank(RATE_HZ, 100.0, 1600.0, 8)
    rms = np.sqrt(np.mean(scalogram(0.1 * noise(80_000), bank) ** 2, axis=1))
    expected = 0.1 * 2 * np.sqrt(np.sqrt(np.pi) * bank.center_frequencies_hz / (6.0 * RATE_HZ))
    np.testing.assert_allclose(rms, expected, rtol=0.05)


@pytest.mark.parametrize("omega0", [4.0, 5.0, 6.0, 20.0])
def test_response_is_analytic_without_mean_and_peaks_at_two(omega0):
    frequencies = np.linspace(-2000, 2000, 400_001)
    response = morlet_response(frequencies, [500.0], omega0)[0]
    assert np.all(response[frequencies <= 0] == 0.0)
    assert frequencies[response.argmax()] == pytest.approx(500.0, abs=0.01)
    assert response.max() == pytest.approx(2.0, abs=1e-9)
    assert peak_position(omega0) == pytest.approx(omega0, rel=1e-6)
    half_power = frequencies[response > 2 * math.exp(-0.5)]
    assert np.ptp(half_power) / 2 == pytest.approx(500.0 / omega0, rel=0.01)


def test_constant_reads_nothing():
    magnitude = scalogram(np.ones(20_000), MorletBank(RATE_HZ, 100.0, 1600.0, 8))
    assert magnitude[:, 5000:15000].max() < 1e-9


def test_taper_leaves_the_pass_band_and_ends_at_half_the_rate():
    taper = nyquist_taper([0.0, TAPER_START * 4000, 3800.0, 4000.0, 5000.0], 8000)
    np.testing.assert_allclose(taper, [1, 1, 0.5, 0, 0], atol=1e-12)


@pytest.mark.parametrize("hop_length", [1, 50, 256])
@pytest.mark.parametrize("samples", [1, 255, 256, 257, 1000])
def test_hop_averages_are_means_over_whole_hops(hop_length, samples):
    bank, waveform = MorletBank(RATE_HZ, 200.0, 1600.0, 5), noise(samples)
    frames = math.ceil(samples / hop_length)
    # Followed by silence, far beyond the last hop: wavelets ring on there.
    long = scalogram(np.pad(waveform, (0, 3000)), bank)[:, : frames * hop_length]
    expected = long.reshape(5, frames, hop_length).mean(axis=2).T
    np.testing.assert_allclose(hop_averaged(waveform, bank, hop_length), expected, atol=1e-7)


def test_outside_is_silence():
    bank, waveform = MorletBank(RATE_HZ, 60.0, 1600.0, 5), noise(3000)
    padded = scalogram(np.pad(waveform, (5000, 5000)), bank)
    np.testing.assert_allclose(scalogram(waveform, bank), padded[:, 5000:8000], atol=1e-7)
    np.testing.assert_allclose(scalogram(waveform, bank, 4000), padded[:, 5000:9000], atol=1e-7)


@pytest.mark.parametrize("hop_length", [0, -256, 1.5, True])
def test_bad_hops(hop_length):
    with pytest.raises(ValueError, match="hop_length="):
        hop_averaged(noise(100), LOW_BANK, hop_length)


@pytest.mark.parametrize("waveform", [np.zeros(0), np.zeros((2, 100))])
def test_bad_waveforms(waveform):
    with pytest.raises(ValueError, match="waveform"):
        scalogram(waveform, LOW_BANK)
