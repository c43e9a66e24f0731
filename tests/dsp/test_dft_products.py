"""Power spectra by products, against SciPy's FFT in double precision and signals whose spectrum is known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft

from irmas_tf.dsp.dft_products import SMALLEST_FFT_LENGTH, plan_dft

LENGTHS = [(16, 16), (9, 16), (30, 32), (200, 256), (400, 512), (800, 1024), (1024, 1024), (4096, 4096), (8192, 8192)]


def in_order(plan, frames):
    """Powers [frames, fft_length // 2 + 1] in the order of frequency."""
    powers = plan.power(frames.astype(np.float32)).numpy()
    assert powers.shape == (len(frames), len(plan.bins))
    return powers[:, np.argsort(np.where(plan.bins < 0, len(plan.bins), plan.bins), kind="stable")][
        :, : plan.bins.max() + 1
    ]


@pytest.mark.parametrize("frame_length, fft_length", LENGTHS)
def test_equals_scipy(frame_length, fft_length):
    frames = np.random.default_rng(0).standard_normal((5, frame_length)).astype(np.float32)
    expected = np.abs(scipy.fft.rfft(frames.astype(np.float64), fft_length)) ** 2
    actual = in_order(plan_dft(frame_length, fft_length), frames)
    assert actual.shape == expected.shape
    # The error of a magnitude is that of float32 beside the root of the frame's energy.
    energy = np.sqrt(np.sum(frames**2, axis=1, keepdims=True))
    assert np.max(np.abs(np.sqrt(actual) - np.sqrt(expected)) / energy) < 2e-6


@pytest.mark.parametrize("fft_length", [16, 512, 4096])
def test_tones_clicks_and_silence(fft_length):
    plan, samples = plan_dft(fft_length, fft_length), np.arange(fft_length)
    for k in (1, fft_length // 8 + 1, fft_length // 2 - 1):
        powers = in_order(plan, np.cos(2 * np.pi * k * samples / fft_length + 0.3)[None])[0]
        assert powers[k] == pytest.approx((fft_length / 2) ** 2, rel=1e-5)
        powers[k] = 0.0
        assert powers.max() < 1e-10 * fft_length**2
    for place in (0, 1, fft_length - 1):
        np.testing.assert_allclose(in_order(plan, (samples == place)[None]), 1.0, rtol=1e-5)
    assert not in_order(plan, np.zeros((2, fft_length))).any()
    for k, constant in ((0, np.ones(fft_length)), (fft_length // 2, (-1.0) ** samples)):
        assert in_order(plan, constant[None])[0, k] == pytest.approx(fft_length**2, rel=1e-5)


@pytest.mark.parametrize("frame_length, fft_length", LENGTHS)
def test_every_bin_comes_once_and_the_first_half_rises(frame_length, fft_length):
    bins = plan_dft(frame_length, fft_length).bins
    assert sorted(bins[bins >= 0]) == list(range(fft_length // 2 + 1))
    first, second = np.array_split(bins, 2)
    assert np.all(np.diff(first[first >= 0]) > 0)
    assert np.all(np.diff(second[second >= 0][1:]) < 0) or fft_length == SMALLEST_FFT_LENGTH


def test_reordered_filters_add_up_the_same():
    rng = np.random.default_rng(0)
    plan, frames = plan_dft(200, 256), rng.standard_normal((4, 200))
    filters = rng.random((129, 7)).astype(np.float32)
    expected = np.abs(scipy.fft.rfft(frames, 256)) ** 2 @ filters
    np.testing.assert_allclose(plan.power(frames.astype(np.float32)) @ plan.reorder(filters), expected, rtol=1e-5)


def test_it_takes_a_sixth_of_the_products_of_a_plain_transform_or_less():
    for frame_length, fft_length in [(400, 512), (800, 1024), (4096, 4096)]:
        plan = plan_dft(frame_length, fft_length)
        half, columns = plan.twiddle.shape
        products = plan.first.size * columns + half * plan.second.size
        assert products < frame_length * (fft_length + 2) / 6
