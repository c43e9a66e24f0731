"""Power spectra by products, against SciPy's FFT in double precision and signals whose spectrum is known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft

from irmas_tf.dsp.dft_products import plan_dft

LENGTHS = [(16, 16), (9, 16), (30, 32), (200, 256), (400, 512), (800, 1024), (1024, 1024), (4096, 4096), (8192, 8192)]


def pieces(plan, frames, beyond=0.0):
    """Frames [n, frame_length] as `DftProducts.power` takes them, with some number after their end."""
    taken = len(plan.windows) * plan.samples
    longer = np.pad(frames.astype(np.float32), [(0, 0), (0, taken - frames.shape[1])], constant_values=beyond)
    return np.split(longer, len(plan.windows), axis=1)


def in_order(plan, frames, beyond=0.0):
    """Powers [frames, fft_length // 2 + 1] in the order of frequency."""
    results = plan.power(*pieces(plan, frames, beyond))
    assert [result.shape for result in results] == [(len(frames), len(bins)) for bins in plan.bins]
    bins, powers = np.concatenate(plan.bins), np.concatenate(results, axis=1)
    return powers[:, np.argsort(np.where(bins < 0, len(bins), bins), kind="stable")][:, : bins.max() + 1]


def plan_for(frame_length, fft_length):
    return plan_dft(np.ones(frame_length, np.float32), fft_length)


@pytest.mark.parametrize("frame_length, fft_length", LENGTHS)
def test_equals_scipy(frame_length, fft_length):
    frames = np.random.default_rng(0).standard_normal((5, frame_length)).astype(np.float32)
    expected = np.abs(scipy.fft.rfft(frames.astype(np.float64), fft_length)) ** 2
    actual = in_order(plan_for(frame_length, fft_length), frames)
    assert actual.shape == expected.shape
    # The error of a magnitude is that of float32 beside the root of the frame's energy.
    energy = np.sqrt(np.sum(frames**2, axis=1, keepdims=True))
    assert np.max(np.abs(np.sqrt(actual) - np.sqrt(expected)) / energy) < 2e-6


@pytest.mark.parametrize("fft_length", [16, 512, 4096])
def test_tones_clicks_and_silence(fft_length):
    plan, samples = plan_for(fft_length, fft_length), np.arange(fft_length)
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


@pytest.mark.parametrize("frame_length, fft_length", [(400, 512), (800, 1024), (4096, 4096)])
def test_frames_are_windowed_and_what_comes_after_them_does_not_matter(frame_length, fft_length):
    rng = np.random.default_rng(0)
    frames, window = rng.standard_normal((3, frame_length)), rng.random(frame_length).astype(np.float32)
    expected = np.abs(scipy.fft.rfft(frames * window, fft_length))
    plan = plan_dft(window, fft_length)
    for beyond in (0.0, 1e3):
        np.testing.assert_allclose(np.sqrt(in_order(plan, frames, beyond)), expected, atol=1e-6 * expected.max())


@pytest.mark.parametrize("fft_length", [512, 4096])
def test_what_is_quiet_beside_a_loud_frame_or_tone_is_not_lost(fft_length):
    """Errors like those of SciPy's FFT in float32, to a factor of 3, also of a frame at -100 dB, and under a tone."""
    rng, samples = np.random.default_rng(0), np.arange(fft_length)
    quiet = 1e-5 * rng.standard_normal((1, fft_length))
    loud = np.cos(2 * np.pi * 0.1234 * samples)[None]
    window = np.hanning(fft_length).astype(np.float32)
    frames = np.concatenate([loud, quiet, loud + quiet]).astype(np.float32)
    actual = np.sqrt(in_order(plan_dft(window, fft_length), frames))
    exact = np.abs(scipy.fft.rfft(frames.astype(np.float64) * window))
    single = np.abs(scipy.fft.rfft(frames * window))
    assert single.dtype == np.float32
    for errors, allowed, peak in zip(np.abs(actual - exact), np.abs(single - exact), exact.max(axis=1), strict=True):
        assert errors.max() < 1e-6 * peak
        assert np.median(errors) < 3 * np.median(allowed)


@pytest.mark.parametrize("frame_length, fft_length", LENGTHS)
def test_every_bin_comes_once_and_a_half_has_no_bin_of_the_other(frame_length, fft_length):
    plan = plan_for(frame_length, fft_length)
    bins, edges = plan.bins
    assert sorted([*bins[bins >= 0], *edges]) == list(range(fft_length // 2 + 1))
    columns = len(edges) - 1
    by_row = bins.reshape(columns, -1)
    spacing = fft_length // columns
    for row, found in enumerate(by_row):
        found = found[found >= 0]
        lowest = spacing * row if row < columns // 2 else spacing * (columns - row) - spacing // 2
        assert np.all((lowest < found) & (found < lowest + spacing // 2))


def test_reordered_filters_add_up_the_same():
    rng = np.random.default_rng(0)
    for frame_length, fft_length in ((200, 256), (4096, 4096)):
        plan, frames = plan_for(frame_length, fft_length), rng.standard_normal((4, frame_length))
        filters = rng.random((fft_length // 2 + 1, 7)).astype(np.float32)
        expected = np.abs(scipy.fft.rfft(frames, fft_length)) ** 2 @ filters
        results, parts = plan.power(*pieces(plan, frames)), plan.reorder(filters)
        actual = sum(result @ part for result, part in zip(results, parts, strict=True))
        np.testing.assert_allclose(actual, expected, rtol=1e-5)


@pytest.mark.parametrize(
    "frame_length, fft_length, share, halves",
    [(400, 512, 6, 1), (512, 512, 7, 1), (800, 1024, 12, 2), (4096, 4096, 30, 2)],
)
def test_it_takes_a_small_share_of_the_products_of_a_plain_transform(frame_length, fft_length, share, halves):
    plan = plan_for(frame_length, fft_length)
    columns = len(plan.second) // 2
    first = sum(2 * part.real.size * columns for part in plan.parts)
    slots = sum(len(part.slots) for part in plan.parts)
    assert first + slots * plan.second.size + plan.edges.size < frame_length * (fft_length + 2) / share
    assert len(plan.windows) == halves, "halves of long frames are added and subtracted"
