"""Two oracles: analytic signals, whose resampled samples are known exactly, and the resamplers of soxr and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.signal

from irmas_tf.dsp.resample import (
    MAX_RATE_HZ,
    PASS_BAND_EDGE,
    STOP_BAND_EDGE,
    StreamingResampler,
    design_resampler,
    output_length,
    resample,
)

COMMON = [(44100, 22050), (48000, 22050), (22050, 44100), (44100, 16000), (96000, 22050), (8000, 22050), (11025, 22050)]
AWKWARD = [(44101, 22050), (37800, 22050), (22049, 22050), (22050, 44101), (192000, 8000), (8000, 192000)]


def decibels(value: float) -> float:
    return 20.0 * math.log10(max(value, 1e-12))


def middle(signal: np.ndarray) -> np.ndarray:
    """Return the half of a signal that its ends have no influence on."""
    return signal[len(signal) // 4 : 3 * len(signal) // 4]


def sine(frequency_hz: float, rate_hz: int, samples: int) -> np.ndarray:
    return np.sin(2.0 * np.pi * frequency_hz / rate_hz * np.arange(samples) + 0.3)


def response(source_hz: int, target_hz: int) -> tuple[np.ndarray, np.ndarray]:
    """Return frequencies and magnitudes of the filter itself, from the matrix' columns put in order of their times."""
    design = design_resampler(source_hz, target_hz)
    assert design.degree == 0
    times, taps = [], []
    for phase in range(design.up):
        # Output `phase` of a block is at phase * down / up; its column holds h(input - that).
        times.append(np.arange(design.span) - design.left - phase * design.down / design.up)
        taps.append(design.matrix[:, phase])
    order = np.argsort(np.concatenate(times))
    impulse = np.concatenate(taps)[order].astype(np.float64) / design.up
    bins = 1 << (len(impulse) * 8).bit_length()
    return np.fft.rfftfreq(bins, 1.0 / (source_hz * design.up)), np.abs(np.fft.rfft(impulse, bins))


@pytest.mark.parametrize("rates", [(44100, 22050), (48000, 22050), (22050, 44100), (44100, 16000), (96000, 44100)])
def test_ripple_and_stop_band_of_the_impulse_response(rates):
    frequencies, magnitude = response(*rates)
    edge = min(rates) / 2
    passed = magnitude[frequencies <= PASS_BAND_EDGE * edge]
    flat = magnitude[frequencies <= 0.88 * edge]
    stopped = magnitude[frequencies >= STOP_BAND_EDGE * edge]
    assert decibels(passed.max()) < 0.001
    assert decibels(passed.min()) > -0.09
    assert decibels(flat.min()) > -0.001
    assert decibels(stopped.max()) < -82.0
    assert decibels(np.interp(0.943 * edge, frequencies, magnitude)) == pytest.approx(-6.02, abs=0.2)


@pytest.mark.parametrize("rates", COMMON + AWKWARD)
def test_pass_band_sines_keep_amplitude_and_time(rates):
    source_hz, target_hz = rates
    samples = source_hz // 2
    for share in (0.01, 0.3, 0.7, 0.875):
        frequency = share * min(rates) / 2
        got = resample(sine(frequency, source_hz, samples), source_hz, target_hz)
        assert len(got) == math.ceil(samples * target_hz / source_hz)
        error = np.abs(middle(got - sine(frequency, target_hz, len(got)))).max()
        assert decibels(error) < -80.0, f"{frequency:.0f} Hz"


@pytest.mark.parametrize("rates", [r for r in COMMON + AWKWARD if r[0] > r[1]])
def test_what_cannot_be_represented_is_removed(rates):
    source_hz, target_hz = rates
    for share in (1.0, 1.004, 1.03, 1.1, 1.5, 1.9):
        frequency = share * target_hz / 2
        if frequency < source_hz / 2:
            got = resample(sine(frequency, source_hz, source_hz // 2), source_hz, target_hz)
            assert decibels(np.abs(middle(got)).max()) < -80.0, f"{frequency:.0f} Hz"


@pytest.mark.parametrize("rates", COMMON[:5] + AWKWARD[:4])
def test_agrees_with_soxr_on_band_limited_noise(rates):
    soxr = pytest.importorskip("soxr")
    source_hz, target_hz = rates
    noise = np.random.default_rng(1).standard_normal(source_hz)
    # Only what both filters pass: below 0.85 of the lower Nyquist frequency.
    low = 0.85 * min(rates) / source_hz
    noise = scipy.signal.sosfiltfilt(scipy.signal.ellip(12, 0.01, 140, min(low * 0.9, 0.99), output="sos"), noise)
    expected = soxr.resample(noise, source_hz, target_hz, quality="VHQ")
    got = resample(noise, source_hz, target_hz)
    assert abs(len(got) - len(expected)) <= 1
    shared = min(len(got), len(expected))
    error = middle(got[:shared] - expected[:shared])
    assert decibels(np.sqrt(np.mean(error**2)) / np.std(noise)) < -80.0


@pytest.mark.parametrize("rates", [(44100, 22050), (48000, 32000), (22050, 44100), (44100, 16000)])
def test_agrees_with_scipy_given_the_same_filter(rates):
    source_hz, target_hz = rates
    design = design_resampler(source_hz, target_hz)
    columns = {}
    for phase in range(design.up):
        for row in range(design.span):
            columns[(row - design.left) * design.up - phase * design.down] = design.matrix[row, phase]
    reach = max(abs(k) for k in columns)
    # resample_poly runs over the zero-stuffed signal: tap k belongs to the time -k / up.
    taps = np.array([columns.get(-k, 0.0) for k in range(-reach, reach + 1)], np.float64)
    signal = np.random.default_rng(2).standard_normal(4000)
    # It also scales the taps it is given by `up`.
    expected = scipy.signal.resample_poly(signal, design.up, design.down, window=taps / design.up)
    got = resample(signal, source_hz, target_hz)
    assert len(got) == len(expected)
    np.testing.assert_allclose(got, expected, atol=5e-6)


@pytest.mark.parametrize("rates", [(44100, 22050), (44100, 16000), (44101, 22050), (8000, 48000), (22050, 22050)])
def test_streaming_gives_the_same_bits_whatever_the_pieces(rates):
    rng = np.random.default_rng(3)
    signal = rng.standard_normal(150_001).astype(np.float32)
    whole = resample(signal, *rates)
    for pieces in ([150_001], [1, 0, 99_999, 50_001], rng.multinomial(150_001, np.ones(40) / 40).tolist()):
        stream = StreamingResampler(design_resampler(*rates))
        parts, position = [], 0
        for size in pieces:
            parts.append(stream.push(signal[position : position + size]))
            position += size
        parts.append(stream.flush())
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_streaming_holds_a_bounded_part_of_the_signal():
    stream = StreamingResampler(design_resampler(192000, 8000))
    piece = np.zeros(10_000, np.float32)
    for _ in range(100):
        stream.push(piece)
        assert len(stream._pending) < 80_000


@pytest.mark.parametrize("rates", COMMON + AWKWARD)
@pytest.mark.parametrize("samples", [0, 1, 2, 31, 1000])
def test_length_is_the_ceiling(rates, samples):
    got = resample(np.ones(samples, np.float32), *rates)
    assert len(got) == math.ceil(samples * rates[1] / rates[0]) == output_length(samples, *rates)
    assert got.dtype == np.float32


def test_a_click_stays_where_it_is():
    click = np.zeros(44100, np.float32)
    click[10_000] = 1.0
    got = resample(click, 44100, 22050)
    assert int(np.argmax(np.abs(got))) == 5_000
    np.testing.assert_allclose(got[4900:5000], got[5001:5101][::-1], atol=1e-7)  # linear phase


def test_a_constant_stays_the_same_constant():
    for rates in COMMON + AWKWARD:
        np.testing.assert_allclose(middle(resample(np.ones(20_000), *rates)), 1.0, atol=2e-6)


def test_equal_rates_change_nothing():
    signal = np.random.default_rng(4).standard_normal(100).astype(np.float32)
    np.testing.assert_array_equal(resample(signal, 22050, 22050), signal)


@pytest.mark.slow
def test_filters_stay_small_for_every_rate():
    for rates in ((8000, 48000), (8001, 16000), (44101, 22050), (MAX_RATE_HZ - 1, 8000), (MAX_RATE_HZ, 22050)):
        assert design_resampler(*rates).matrix.nbytes < 8 << 20


@pytest.mark.parametrize("rates", [(7999, 22050), (22050, 192001), (0, 22050), (-44100, 22050), (44100.5, 22050)])
def test_rates_out_of_range_are_refused(rates):
    with pytest.raises(ValueError, match="must be an integer from 8000 to 192000 Hz"):
        resample(np.zeros(10), *rates)


def test_only_mono_is_accepted():
    with pytest.raises(ValueError, match="one-dimensional"):
        resample(np.zeros((10, 2)), 44100, 22050)
