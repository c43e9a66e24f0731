"""The plan's parts: predicted errors against measured ones, kernels against the responses they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.dsp.morlet import morlet_response, nyquist_taper, scalogram
from irmas_tf.dsp.morlet_bank import MorletBank
from irmas_tf.dsp.octave_pyramid import plan_pyramid, sampling_error

BANK = MorletBank(22050, 40.0, 10240.0, 96)


@pytest.mark.parametrize("step", [8, 16, 32])
def test_predicted_error_is_the_measured_one(step):
    bank = MorletBank(22050, 2000.0, 2100.0, 1)
    waveform = np.random.default_rng(0).standard_normal(256 * 800)
    magnitude = scalogram(waveform, bank)[0].reshape(-1, 256)
    middle = magnitude.reshape(800, -1, step)[:, :, step // 2 - 1 : step // 2 + 1].mean(axis=2)
    exact = magnitude.mean(axis=1)
    measured = np.linalg.norm(middle.mean(axis=1) - exact) / np.linalg.norm(exact)
    # Between two samples the magnitude is a little less than their mean, hence the tolerance.
    assert sampling_error(float(bank.widths[0]), step, 256) == pytest.approx(measured, rel=0.2, abs=5e-4)


def test_every_sample_has_no_error():
    assert sampling_error(10.0, 1, 64) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("hop_length", [1, 50, 220, 256, 441, 512])
@pytest.mark.parametrize("bound", [0.003, 0.03])
def test_plan_is_consistent(hop_length, bound):
    pyramid = plan_pyramid(BANK, hop_length, bound)
    bins = [number for octave in pyramid.octaves[::-1] for number in range(octave.first, octave.last)]
    assert bins == list(range(96))
    levels = [octave.level for octave in pyramid.octaves]
    assert levels == sorted(levels) and len(pyramid.decimators) == levels[-1]
    for octave in pyramid.octaves:
        assert hop_length % (octave.step * octave.block) == 0
        assert (octave.taps - octave.stride) % 2 == 0
        assert pyramid.before[octave.level] >= octave.margin <= pyramid.after[octave.level]
        highest_hz = BANK.center_frequencies_hz[octave.last - 1]
        assert octave.level == 0 or highest_hz * 1.5 <= 0.75 * pyramid.rate_hz(octave) / 2
        width = float(BANK.widths[octave.last - 1])
        assert sampling_error(width, octave.step, hop_length) < 2 * bound


def test_finer_bound_means_finer_steps():
    coarse, fine = (plan_pyramid(BANK, 256, bound) for bound in (0.03, 0.003))
    assert all(a.step >= b.step for a, b in zip(coarse.octaves, fine.octaves, strict=True))
    assert sum(a.step > b.step for a, b in zip(coarse.octaves, fine.octaves, strict=True)) >= 3


@pytest.mark.parametrize("number", [0, 1, 3, 7])
def test_kernels_behind_the_decimators_have_the_exact_response(number):
    pyramid = plan_pyramid(BANK, 256, 0.01)
    octave = pyramid.octaves[number]
    kernels = pyramid.kernels(octave).astype(np.float64)
    times = np.arange(octave.taps) - (octave.taps - 1) / 2
    frequencies = np.linspace(-0.5, 0.5, 2001) * pyramid.rate_hz(octave)
    waves = np.exp(2j * np.pi * np.outer(times, frequencies / pyramid.rate_hz(octave)))
    response = (kernels[:, 0] + 1j * kernels[:, 1]).T @ waves
    for level, taps in enumerate(pyramid.decimators[: octave.level]):
        at = np.arange(len(taps)) - (len(taps) - 1) / 2
        response = response * (taps @ np.cos(2 * np.pi * np.outer(at, frequencies) * (1 << level) / 22050))
    centers = BANK.center_frequencies_hz[octave.first : octave.last]
    exact = morlet_response(frequencies, centers) * nyquist_taper(frequencies, 22050)
    assert np.linalg.norm(response - exact) < (0.004 if number == 0 else 0.001) * np.linalg.norm(exact)
    # No mean, so that a constant reads nothing, at any level.
    np.testing.assert_allclose(kernels.sum(axis=0), 0.0, atol=1e-6)


def test_decimators_stop_what_would_alias():
    pyramid = plan_pyramid(BANK, 512, 0.01)
    for level, taps in enumerate(pyramid.decimators):
        edge = (
            max(BANK.center_frequencies_hz[octave.last - 1] * 1.5 for octave in pyramid.octaves if octave.level > level)
            * (1 << level)
            / 22050
        )
        gain = np.abs(np.fft.rfft(taps, 8192))
        assert taps.sum() == pytest.approx(1.0)
        assert 20 * np.log10(gain[int(np.ceil((0.5 - edge) * 8192)) :].max()) < -80


@pytest.mark.parametrize("bound", [0.0, -1.0, float("nan")])
def test_bad_bounds(bound):
    with pytest.raises(ValueError, match="max_sampling_error="):
        plan_pyramid(BANK, 256, bound)


@pytest.mark.parametrize("hop_length", [0, -256, 1.5])
def test_bad_hops(hop_length):
    with pytest.raises(ValueError, match="hop_length="):
        plan_pyramid(BANK, hop_length, 0.01)
