from __future__ import annotations

import keras
import librosa
import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from irmas_tf.dsp.mel_domain import mel_domain_filterbank
from irmas_tf.layers.published_log_mel import MobileNetLogMel, PannLogMel, YamnetLogMel

PANN_16K = {"sample_rate_hz": 16000, "frame_length": 512, "hop_length": 160, "max_frequency_hz": 8000.0}
LAYERS = {
    "yamnet": (YamnetLogMel, {}),
    "pann": (PannLogMel, {}),
    "pann_16k": (PannLogMel, PANN_16K),
    "mobilenet": (MobileNetLogMel, {}),
}
each_layer = pytest.mark.parametrize("cls,arguments", LAYERS.values(), ids=LAYERS.keys())


def waveforms(samples, batch=1, seed=0):
    random = np.random.default_rng(seed)
    time = np.arange(samples) / 16000
    tone = 0.3 * np.sin(2 * np.pi * 440.0 * time)
    return (tone + 0.05 * random.standard_normal((batch, samples))).astype(np.float32)


def expected_frames(layer, samples):
    if isinstance(layer, YamnetLogMel):
        return 96 + 48 * max(0, -(-(samples - 15600) // 7680))
    samples = max(samples, layer.minimum_samples)
    return 1 + samples // layer.hop_length if isinstance(layer, PannLogMel) else -(-samples // layer.hop_length)


@pytest.mark.slow
@each_layer
def test_frame_rule_with_known_and_unknown_length(cls, arguments):
    layer = cls(**arguments)
    run = tf.function(layer, input_signature=[tf.TensorSpec([None, None], tf.float32)])
    for samples in (1, 401, 1000, 15600, 15601, 23280, 23281, 32000):
        for batch in (0, 2):
            shape = (batch, expected_frames(layer, samples), layer.num_bins)
            x = waveforms(samples, batch)
            assert run(x).shape == shape
            assert batch == 0 or layer(x).shape == shape
            assert np.all(np.isfinite(run(x)))
        assert layer(keras.KerasTensor((None, samples))).shape == (None, *shape[1:])
    assert layer(keras.KerasTensor((None, None))).shape == (None, None, layer.num_bins)


@pytest.mark.slow
def test_pann_equals_librosa():
    for arguments in (LAYERS["pann"][1], LAYERS["pann_16k"][1]):
        layer = PannLogMel(**arguments)
        x = waveforms(20000)
        power = librosa.feature.melspectrogram(
            y=x[0], sr=layer.sample_rate_hz, n_fft=layer.frame_length, hop_length=layer.hop_length, power=2.0,
            center=True, pad_mode="reflect", n_mels=64, fmin=50.0, fmax=layer.max_frequency_hz,
        )  # fmt: skip
        np.testing.assert_allclose(layer(x)[0], 10 * np.log10(np.maximum(power, 1e-10)).T, atol=2e-3)
        np.testing.assert_allclose(layer(np.zeros((1, 20000), np.float32)), -100.0, atol=1e-4)


def test_yamnet_equals_scipy():
    layer, x = YamnetLogMel(), waveforms(20000)
    padded = np.pad(x[0], (0, 15600 + 7680 - 20000)).astype(np.float64)
    window = scipy.signal.get_window("hann", 400)
    frames = np.stack([padded[t * 160 : t * 160 + 400] * window for t in range(144)])
    filters = mel_domain_filterbank(64, 512, 16000, 125.0, 7500.0)
    expected = np.log(np.abs(np.fft.rfft(frames, 512)) @ filters + 1e-3)
    np.testing.assert_allclose(layer(x)[0], expected, atol=2e-3)


def test_mobilenet_equals_numpy():
    layer, x = MobileNetLogMel(), waveforms(20001)
    emphasised = x[0, 1:].astype(np.float64) - 0.97 * x[0, :-1]
    padded = np.pad(emphasised, 512, mode="reflect")
    window = np.pad(scipy.signal.get_window("hann", 800, fftbins=False), 112)
    frames = np.stack([padded[t * 320 : t * 320 + 1024] * window for t in range(1 + 20000 // 320)])
    filters = mel_domain_filterbank(128, 1024, 32000, 0.0, 15000.0)
    expected = (np.log(np.abs(np.fft.rfft(frames)) ** 2 @ filters + 1e-5) + 4.5) / 5
    np.testing.assert_allclose(layer(x)[0], expected, atol=1e-3)


@each_layer
def test_short_waveforms_are_padded_with_zeros(cls, arguments):
    layer = cls(**arguments)
    x = waveforms(200)
    padded = np.pad(x, ((0, 0), (0, layer.minimum_samples - 200)))
    np.testing.assert_array_equal(layer(x), layer(padded))
    with pytest.raises(ValueError, match="no samples"):
        layer(np.zeros((1, 0), np.float32))


@each_layer
def test_policy_changes_nothing(cls, arguments, dtype_policy):
    layer, x = cls(**arguments), waveforms(16000, 2)
    features = layer(x)
    assert features.dtype == tf.float32
    np.testing.assert_allclose(features, cls(**arguments, dtype="float32")(x), atol=1e-5)
    assert layer(keras.KerasTensor((None, 16000))).dtype == "float32"


@pytest.mark.slow
@each_layer
def test_training_computes_the_same(cls, arguments):
    layer = cls(**arguments)
    run = tf.function(lambda x: layer(x, training=True), input_signature=[tf.TensorSpec([None, None], tf.float32)])
    for shape in [(1, 300), (3, 5000)]:
        waveforms = np.random.default_rng(0).normal(0.0, 0.1, shape).astype(np.float32)
        np.testing.assert_allclose(run(waveforms), layer(waveforms), atol=1e-4)


@each_layer
def test_gradient_is_finite_also_in_silence(cls, arguments):
    layer = cls(**arguments)
    for x in (np.zeros((1, 16000), np.float32), waveforms(16000)):
        tensor = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(tensor)
            total = tf.reduce_sum(layer(tensor))
        assert np.all(np.isfinite(tape.gradient(total, tensor)))


@each_layer
def test_serialisation(cls, arguments, check_layer):
    check_layer(cls, {**arguments, "minimum_samples": 17000}, waveforms(20000, 2))
    assert not cls(**arguments).weights


def test_identity_tells_front_ends_apart():
    identities = {cls(**arguments).identity for cls, arguments in LAYERS.values()}
    assert len(identities) == 4
    assert PannLogMel(max_frequency_hz=13000.0).identity not in identities
    # What changes no feature changes no identity.
    assert PannLogMel(minimum_samples=9920, name="other").identity in identities
    assert PannLogMel().identity == (
        "pann_log_mel sample_rate_hz=32000 frame_length=1024 hop_length=320 num_bins=64"
        " min_frequency_hz=50 max_frequency_hz=14000"
    )


@each_layer
def test_a_bandwidth_leaves_out_what_lies_above_and_nothing_below(cls, arguments):
    published, limited = cls(**arguments), cls(bandwidth_hz=5000, **arguments)
    x = waveforms(32000)
    spectrum = np.fft.rfft(x)
    spectrum[:, np.fft.rfftfreq(32000, 1 / published.sample_rate_hz) > 5000] = 0
    recorded_with_less = np.fft.irfft(spectrum, 32000).astype(np.float32)
    expected, silence = (np.array(published(y)) for y in (recorded_with_less, 0 * x))
    features = np.array(limited(x))
    # Bands that share no bin with the limit or its neighbours, where windows smear an edge. Padded ends have kinks.
    edge = np.abs(np.fft.rfftfreq(published.fft_length, 1 / published.sample_rate_hz) - 5000) < 100
    mean_bin = (np.arange(len(edge))[:, None] * published.filters).sum(axis=0) / published.filters.sum(axis=0)
    apart = ~published.filters[edge].any(axis=0)
    below, above = apart & (mean_bin < edge.argmax()), apart & (mean_bin > edge.argmax())
    assert below.sum() > 30 and above.sum() >= 8
    np.testing.assert_allclose(features[:, 4:80, below], expected[:, 4:80, below], atol=1e-3 * np.ptp(expected))
    np.testing.assert_array_equal(features[..., above], silence[..., above])
    assert np.abs(features - np.array(published(x)))[:, 4:80, above].min() > 0.1 * np.ptp(expected)
    assert limited.identity == published.identity and cls.from_config(limited.get_config()).bandwidth_hz == 5000
    assert "bandwidth_hz" not in published.get_config()
