"""Accuracy against the exact transform, octave by octave, and trainable wavelets; test_base has the contract."""

from __future__ import annotations

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.dsp.morlet import hop_averaged
from irmas_tf.dsp.morlet_bank import MorletBank
from irmas_tf.dsp.resample import resample
from irmas_tf.layers.morlet import MorletScalogram

RATE_HZ = 22050
BANK = MorletBank(RATE_HZ, 40.0, 10240.0, 96)
HOPS = (256, 512)


@functools.cache
def layer_for(hop_length=256, **changes):
    return MorletScalogram(RATE_HZ, hop_length, log_offset=None, **changes)


def octave_errors(waveform, hop_length, **changes):
    """Return the relative L2 error in each octave, low to high."""
    exact = hop_averaged(waveform, BANK, hop_length)
    ours = layer_for(hop_length, **changes)(waveform[np.newaxis].astype(np.float32))[0].numpy().astype(np.float64)
    assert ours.shape == exact.shape
    difference = np.square(ours - exact).reshape(-1, 8, 12).sum(axis=(0, 2))
    return np.sqrt(difference / np.square(exact).reshape(-1, 8, 12).sum(axis=(0, 2)))


def seconds(duration=3.0):
    return np.arange(int(duration * RATE_HZ)) / RATE_HZ


def tones():
    """One tone in every octave, at various places within it."""
    places = (0.37, 0.9, 0.11, 0.62, 0.25, 0.78, 0.5, 0.8)
    return sum(0.1 * np.sin(2 * np.pi * 40 * 2 ** (j + at) * seconds() + j) for j, at in enumerate(places))


def linear_chirp():
    return np.cos(2 * np.pi * (30 * seconds() + (10500 - 30) / 6 * seconds() ** 2))


def exponential_chirp():
    rate = np.log(10500 / 30) / 3
    return np.cos(2 * np.pi * 30 * np.expm1(rate * seconds()) / rate)


@pytest.mark.slow
@pytest.mark.parametrize("signal, hop_length", [(tones, 256), (linear_chirp, 512), (exponential_chirp, 256)])
def test_tones_and_chirps_are_exact_to_half_a_percent(signal, hop_length):
    assert octave_errors(signal(), hop_length).max() < 0.005


@pytest.mark.slow
@pytest.mark.parametrize("hop_length", HOPS)
def test_white_noise_is_exact_to_the_sampling_error(hop_length):
    noise = 0.1 * np.random.default_rng(0).standard_normal(3 * RATE_HZ)
    assert octave_errors(noise, hop_length).max() < 0.012
    # The bound decides: this test would fail if it were ignored.
    coarse = octave_errors(noise, hop_length, max_sampling_error=0.03)
    assert 0.012 < coarse.max() < 0.033


@pytest.mark.slow
def test_real_excerpts_are_exact_to_one_percent(shared_dir):
    soundfile = pytest.importorskip("soundfile")
    folder = shared_dir / "irmas" / "real"
    paths = sorted(folder.glob("train/*/*.wav"))[::24]
    if not paths:
        pytest.skip(f"no recordings in {folder}")
    for number, path in enumerate(paths):
        audio, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        errors = octave_errors(resample(audio.mean(axis=1), rate_hz, RATE_HZ), HOPS[number % 2])
        assert errors.max() < 0.01, (path.name, errors)


@pytest.mark.slow
@pytest.mark.parametrize("hop_length", [200, 441])
@pytest.mark.parametrize("samples", [1, 7000])
def test_any_hop_and_length(hop_length, samples):
    """Hops that allow little or no decimation; and the padding of the lowest octaves, longer than the waveform."""
    waveform = 0.1 * np.random.default_rng(1).standard_normal(samples)
    exact = hop_averaged(waveform, BANK, hop_length)
    ours = layer_for(hop_length)(waveform[np.newaxis].astype(np.float32))[0].numpy()
    assert np.linalg.norm(ours - exact) < 0.012 * np.linalg.norm(exact)


def test_bins_need_not_divide_octaves():
    bank = MorletBank(16000, 55.0, 7000.0, 50, 8.0)
    waveform = 0.1 * np.random.default_rng(1).standard_normal(20_000)
    layer = MorletScalogram(16000, 320, 50, 55.0, 7000.0, 8.0, log_offset=None)
    exact = hop_averaged(waveform, bank, 320)
    ours = layer(waveform[np.newaxis].astype(np.float32))[0].numpy()
    assert np.linalg.norm(ours - exact) < 0.012 * np.linalg.norm(exact)
    np.testing.assert_allclose(layer.center_frequencies_hz, bank.center_frequencies_hz)
    assert layer.bins_per_octave == pytest.approx(bank.bins_per_octave)


@pytest.mark.slow
def test_sine_reads_its_amplitude_after_the_logarithm():
    layer = MorletScalogram(RATE_HZ, 256)
    for number in (5, 30, 60, 95):
        sine = 0.5 * np.sin(2 * np.pi * BANK.center_frequencies_hz[number] * seconds(1.5))
        frame = layer(sine[np.newaxis].astype(np.float32))[0, 60].numpy()
        assert frame.argmax() == number
        assert frame[number] == pytest.approx(np.log(0.5 + 1e-4), abs=0.005)
    np.testing.assert_allclose(layer(np.zeros((1, 3000), np.float32)), np.log(1e-4), atol=1e-5)


def test_constants_are_small():
    """Kernels of all octaves and decimators; an FFT bank would take megabytes."""
    layer = layer_for(512)
    numbers = sum(f.size for f in layer._filters) + sum(m.size for _, m in layer._decimators)
    assert numbers * 4 < 300_000
    assert not layer.weights


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"max_frequency_hz": 12000.0}, "max_frequency_hz=12000"),
        ({"omega0": 2.0}, "omega0=2"),
        ({"hop_length": -256}, "hop_length=-256"),
        ({"hop_length": 1.5}, "hop_length=1.5"),
        ({"num_bins": 0}, "num_bins=0"),
        ({"log_offset": 0.0}, "log_offset=0.0"),
        ({"max_sampling_error": 0.0}, "max_sampling_error=0.0"),
    ],
)
def test_bad_arguments_are_named(changes, words):
    with pytest.raises(ValueError, match=words):
        MorletScalogram(**({"sample_rate_hz": RATE_HZ, "hop_length": 256} | changes))


def trainable_layer(**changes):
    arguments = {"num_bins": 24, "min_frequency_hz": 400.0, "max_frequency_hz": 3200.0, "log_offset": None} | changes
    return MorletScalogram(8000, 128, **arguments, trainable_wavelets=True)


def test_trainable_wavelets_start_as_fixed_ones():
    waveforms = (0.1 * np.random.default_rng(0).standard_normal((2, 4000))).astype(np.float32)
    layer = trainable_layer()
    fixed = MorletScalogram(8000, 128, 24, 400.0, 3200.0, log_offset=None)
    np.testing.assert_allclose(layer(waveforms), fixed(waveforms), atol=2e-6)
    assert [weight.shape for weight in layer.trainable_weights] == [(24,), (24,)]
    np.testing.assert_allclose(layer.center_frequencies_hz, fixed.center_frequencies_hz, rtol=1e-6)


@pytest.mark.slow
def test_training_moves_a_centre_towards_a_tone():
    layer = trainable_layer()
    tone_hz = 1000.0
    tone = np.sin(2 * np.pi * tone_hz * np.arange(2048) / 8000)[np.newaxis].astype(np.float32)
    layer(tone)
    number = 10  # 951 Hz; its neighbours stay where they are
    start_hz = layer.center_frequencies_hz.copy()
    optimizer = keras.optimizers.Adam(0.005)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(layer(tone)[:, 4:-4, number])
        gradients = tape.gradient(loss, layer.trainable_weights)
        optimizer.apply(gradients, layer.trainable_weights)
        return loss

    losses = [float(step()) for _ in range(25)]
    end_hz = layer.center_frequencies_hz
    assert losses[-1] < losses[0]
    assert abs(end_hz[number] - tone_hz) < 0.4 * abs(start_hz[number] - tone_hz)
    np.testing.assert_allclose(np.delete(end_hz, number), np.delete(start_hz, number), rtol=1e-5)
    assert float(layer(tone)[0, 8, number]) == pytest.approx(1.0, abs=0.02)


def test_constraints_keep_wavelets():
    """However far a step goes, filters stay sorted, in their octave, without mean and at their level."""
    layer = trainable_layer()
    layer(np.zeros((1, 1000), np.float32))
    rng = np.random.default_rng(0)
    optimizer = keras.optimizers.SGD(1.0)
    for _ in range(3):
        optimizer.apply([tf.constant(rng.normal(size=24, scale=2.0), tf.float32) for _ in range(2)], layer.weights)
        centers = layer.center_frequencies_hz
        assert np.all(np.diff(centers) >= 0.0)
        position = np.log2(centers / 400.0) - np.arange(24) // 8
        assert position.min() >= -0.5 / 8 - 1e-5 and position.max() <= 7.5 / 8 + 1e-5
        omega0 = np.asarray(layer.filter_omega0)
        assert omega0.min() >= 4.8 - 1e-5 and omega0.max() <= 7.5 + 1e-5
    constant = layer(np.ones((1, 8000), np.float32))[0, 20:40].numpy()
    assert constant.max() < 1e-5
    for number in (0, 12, 23):
        sine = np.sin(2 * np.pi * centers[number] * np.arange(8000) / 8000)[np.newaxis].astype(np.float32)
        np.testing.assert_allclose(layer(sine)[0, 20:40, number], 1.0, atol=0.02)


def test_trained_wavelets_are_saved(check_layer):
    def prepare(layer):
        layer.center_octaves.assign(np.asarray(layer.center_octaves) + 0.01)
        layer.filter_omega0.assign(np.full(24, 5.5))

    arguments = trainable_layer().get_config() | {"name": "wavelets"}
    batch = (0.1 * np.random.default_rng(0).standard_normal((2, 3000))).astype(np.float32)
    check_layer(MorletScalogram, arguments, batch, prepare)


@pytest.mark.slow
def test_gradients_of_the_weights_are_finite_in_silence():
    layer = trainable_layer(log_offset=1e-4)
    layer(np.zeros((1, 1000), np.float32))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(np.zeros((1, 1000), np.float32)))
    for gradient in tape.gradient(total, layer.trainable_weights):
        assert np.all(np.isfinite(gradient))
