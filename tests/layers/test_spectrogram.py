"""Levels and positions, against librosa and against signals whose spectrogram is known; test_base has the contract."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from scipy import signal

from irmas_tf.dsp.framing import hann_window, num_frames, padding
from irmas_tf.dsp.frequency_scale import FREQUENCY_SCALES, band_edges_hz
from irmas_tf.dsp.mel import filterbank
from irmas_tf.layers.spectrogram import Spectrogram

RATE_HZ = 22050
OFFSET = 1e-3


def layer_for(scale="mel", frame_length=1024, hop_length=512, num_bins=96, **changes):
    return Spectrogram(RATE_HZ, frame_length, hop_length, num_bins, scale, 30.0, 11000.0, log_offset=OFFSET, **changes)


def amplitudes(layer, waveform):
    """[frames, bins], without the logarithm."""
    return np.exp(layer(waveform[np.newaxis].astype(np.float32)).numpy()[0].astype(np.float64)) - layer.log_offset


def sine(frequency_hz, seconds=1.0, amplitude=0.5):
    return amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)


@pytest.mark.slow
@pytest.mark.parametrize("frame_length, hop_length", [(512, 256), (1024, 441), (1000, 500), (4096, 1024)])
def test_equals_librosa_stft_times_the_bank(frame_length, hop_length):
    waveform = 0.2 * np.random.default_rng(0).standard_normal(10_000) + sine(440.0, 10_000 / RATE_HZ)
    layer = layer_for(frame_length=frame_length, hop_length=hop_length)
    before, after = padding(len(waveform), frame_length, hop_length)
    padded = np.pad(waveform, (before, after + layer.fft_length - frame_length))
    window = np.pad(hann_window(frame_length), (0, layer.fft_length - frame_length)).astype(np.float64)
    stft = librosa.stft(padded, n_fft=layer.fft_length, hop_length=hop_length, window=window, center=False)
    bank = filterbank("mel", 96, layer.fft_length, RATE_HZ, 30.0, 11000.0).astype(np.float64)
    expected = np.abs(stft).T @ bank / np.sqrt(np.sum(window**2))
    assert expected.shape == (num_frames(len(waveform), hop_length), 96)
    np.testing.assert_allclose(layer(waveform[np.newaxis])[0], np.log(expected + OFFSET), atol=2e-4)
    np.testing.assert_allclose(amplitudes(layer, waveform), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mel_scale", ["htk", "slaney"])
def test_equals_librosa_melspectrogram(mel_scale):
    """librosa's own mel spectrogram, moved to our centres, where no band is narrower than an FFT bin."""
    waveform = 0.2 * np.random.default_rng(0).standard_normal(20_000)
    layer = layer_for(num_bins=32, mel_scale=mel_scale)
    # With 256 zeros in front, librosa centres frame 1 on our sample 256, the centre of our frame 0.
    centred = np.pad(waveform, (256, 0))
    expected = librosa.feature.melspectrogram(
        y=centred, sr=RATE_HZ, n_fft=1024, hop_length=512, n_mels=32, fmin=30.0, fmax=11000.0, power=1.0,
        htk=mel_scale == "htk", norm=None,
    ).T[1:] / np.sqrt(0.375 * 1024)  # fmt: skip
    actual = amplitudes(layer, waveform)
    frames = min(len(actual), len(expected)) - 1
    np.testing.assert_allclose(actual[:frames], expected[:frames], rtol=2e-3)


@pytest.mark.parametrize("scale", FREQUENCY_SCALES)
@pytest.mark.parametrize("frame_length", [1024, 4096])
def test_sine_peaks_in_its_band_at_its_level(scale, frame_length):
    layer = layer_for(scale, frame_length, frame_length // 2, num_bins=60)
    centers = band_edges_hz(scale, 60, 30.0, 11000.0)[1:-1]
    bin_hz = RATE_HZ / frame_length
    for band in (12, 30, 45, 57):
        frame = amplitudes(layer, sine(centers[band], amplitude=0.5))[2]
        width_hz = max(centers[band] - centers[band - 1], bin_hz)
        assert abs(centers[frame.argmax()] - centers[band]) <= width_hz + bin_hz
        level = frame[band] / (0.5 * np.sqrt(frame_length / 6))
        assert 0.84 < level < 2.15, (band, level)


def test_sine_in_a_wide_band_reads_the_sum_of_the_main_lobe():
    layer = layer_for("linear", num_bins=8)
    center = band_edges_hz("linear", 8, 30.0, 11000.0)[4]
    level = amplitudes(layer, sine(center, amplitude=0.5))[5, 3] / (0.5 * np.sqrt(1024 / 6))
    assert level == pytest.approx(2.0, rel=0.03)


def test_sine_on_an_fft_bin_in_a_narrow_band_reads_its_amplitude():
    center = 40 * RATE_HZ / 1024
    layer = Spectrogram(RATE_HZ, 1024, 512, 1, "linear", center - 5, center + 5, log_offset=OFFSET)
    assert amplitudes(layer, sine(center, amplitude=0.5))[5, 0] == pytest.approx(0.5 * np.sqrt(1024 / 6), rel=2e-3)


@pytest.mark.parametrize("frame_length", [512, 1000, 4096])
def test_white_noise_reads_its_deviation_whatever_the_frame_length(frame_length):
    """The mean of a Rayleigh distribution is sqrt(pi / 4) of its RMS."""
    noise = 0.1 * np.random.default_rng(0).standard_normal(3 * RATE_HZ)
    layer = layer_for("linear", frame_length, frame_length // 2, num_bins=40)
    bank = filterbank("linear", 40, layer.fft_length, RATE_HZ, 30.0, 11000.0).sum(axis=0)
    levels = (amplitudes(layer, noise)[2:-2] / bank).mean()
    assert levels == pytest.approx(0.1 * np.sqrt(np.pi / 4), rel=0.02)


@pytest.mark.parametrize("scale", FREQUENCY_SCALES)
@pytest.mark.parametrize("offset", [1e-4, 1e-3, 1e-2])
def test_silence_reads_the_offset(scale, offset):
    layer = Spectrogram(RATE_HZ, 1024, 512, 96, scale, log_offset=offset)
    np.testing.assert_allclose(layer(np.zeros((1, 5000), np.float32)), np.log(offset), atol=1e-5)


def test_click_lasts_as_long_as_the_frame():
    waveform = np.zeros(20_000)
    waveform[10_000] = 1.0
    layer = layer_for("linear", 1024, 64, num_bins=32)
    energy = amplitudes(layer, waveform).sum(axis=1)
    centers = np.arange(len(energy)) * 64 + 32
    touched = centers[energy > 1e-6 * energy.max()]
    assert abs(touched.min() - 10_000) <= 512 and abs(touched.max() - 10_000) <= 512
    assert np.ptp(touched) >= 1024 - 4 * 64
    # The level follows the window: the click weighs w(t), and every band sees the same.
    offset = 10_000 - centers + 512
    inside = (offset >= 0) & (offset < 1024)
    np.testing.assert_allclose(energy[inside] / energy.max(), hann_window(1024)[offset[inside]], atol=0.02)


@pytest.mark.parametrize("scale", FREQUENCY_SCALES)
def test_chirp_is_followed(scale):
    seconds = np.arange(2 * RATE_HZ) / RATE_HZ
    waveform = 0.5 * signal.chirp(seconds, 200.0, 2.0, 8000.0, method="logarithmic")
    layer = layer_for(scale, num_bins=64)
    centers = band_edges_hz(scale, 64, 30.0, 11000.0)[1:-1]
    spectrogram = amplitudes(layer, waveform)
    at = (np.arange(len(spectrogram)) * 512 + 256) / RATE_HZ
    truth = 200.0 * 40.0 ** (at / 2.0)
    nearest = np.abs(np.subtract.outer(truth, centers)).argmin(axis=1)
    # Wide bands beside the right one hold more of the main lobe, so the peak may lie one or two bands off.
    assert np.all(np.abs(spectrogram.argmax(axis=1) - nearest)[3:-3] <= 2)


def test_louder_by_a_factor_is_louder_by_its_logarithm():
    waveform = np.random.default_rng(0).standard_normal((1, 8000)).astype(np.float32)
    layer = layer_for()
    np.testing.assert_allclose(layer(10 * waveform) - layer(waveform), np.log(10.0), atol=0.01)


def test_frames_not_a_power_of_two_use_the_next_one():
    assert layer_for(frame_length=1000).fft_length == 1024
    assert layer_for(frame_length=1024).fft_length == 1024


def test_highest_frequency_defaults_to_half_the_rate():
    assert Spectrogram(16000, 512, 256, 40).max_frequency_hz == 8000.0


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"scale": "bark"}, "scale='bark'"),
        ({"hop_length": 1025}, "hop_length=1025: must be at most frame_length=1024"),
        ({"hop_length": 0}, "hop_length=0"),
        ({"frame_length": 3, "hop_length": 1}, "frame_length=3"),
        ({"num_bins": 0}, "num_bins=0"),
        ({"mel_scale": "bark"}, "mel_scale='bark'"),
        ({"log_offset": 0.0}, "log_offset=0.0"),
        ({"log_offset": float("nan")}, "log_offset=nan"),
        ({"max_frequency_hz": 12000.0}, "max_frequency_hz=12000"),
        ({"min_frequency_hz": 0.0, "scale": "log"}, "min_frequency_hz=0"),
    ],
)
def test_bad_arguments_are_named(changes, words):
    arguments = {"sample_rate_hz": RATE_HZ, "frame_length": 1024, "hop_length": 512, "num_bins": 96} | changes
    with pytest.raises(ValueError, match=words):
        Spectrogram(**arguments)


@pytest.mark.slow
@pytest.mark.parametrize("samples", [1, 10_000])
def test_training_has_the_same_numbers_and_gradients(samples):
    tf = pytest.importorskip("tensorflow")
    waveform = tf.constant(0.2 * np.random.default_rng(0).standard_normal((3, samples)), tf.float32)
    layer = layer_for()

    def features_and_gradient(batch, training):
        with tf.GradientTape() as tape:
            tape.watch(batch)
            features = layer(batch, training=training)
        return features, tape.gradient(features, batch)

    function = tf.function(features_and_gradient).get_concrete_function(waveform, True)
    assert any(op.type.endswith("While") for op in function.graph.get_operations())
    for actual, expected in zip(function(waveform), features_and_gradient(waveform, False), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=2e-4 * np.abs(expected).max())
    plain = tf.function(features_and_gradient).get_concrete_function(waveform, False)
    assert not any(op.type.endswith("While") for op in plain.graph.get_operations())


def test_a_gpu_gets_the_whole_batch(monkeypatch):
    tf = pytest.importorskip("tensorflow")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: ["gpu"] if kind == "GPU" else ["cpu"])
    layer = layer_for()
    function = tf.function(lambda batch: layer(batch, training=True))
    graph = function.get_concrete_function(tf.TensorSpec([3, 3000])).graph
    assert not any(op.type.endswith("While") for op in graph.get_operations())


@pytest.mark.slow
@pytest.mark.parametrize("float16", [False, True])
def test_float16_weights_keep_a_pure_tone(float16, tmp_path):
    """A tone is the hard case: rounding the window spreads it over bands that are otherwise silent."""
    keras, tf = pytest.importorskip("keras"), pytest.importorskip("tensorflow")
    interpreter_module = pytest.importorskip("ai_edge_litert.interpreter")
    waveform = sine(440.0, amplitude=0.9)[np.newaxis].astype(np.float32)
    inputs = keras.Input([waveform.shape[1]])
    model = keras.Model(inputs, layer_for(frame_length=4096, hop_length=1024, num_bins=128)(inputs))
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", model.call, input_signature=[tf.TensorSpec(waveform.shape, tf.float32)])
    archive.write_out(str(tmp_path / "saved"), verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved"))
    if float16:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    interpreter = interpreter_module.Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], waveform)
    interpreter.invoke()
    features = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(features, model(waveform), atol=0.005)
