from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from irmas_tf.audio.decode import decode_file
from irmas_tf.config.flags import parse_flags
from irmas_tf.config.run_config import Config
from irmas_tf.models.factory import build_model, parameter_count
from irmas_tf.train import COMMAND
from tests.helpers import DEEP, ROOT
from tests.helpers.lite_model import LiteModel

CONFIGS = ROOT / "configs"

RNG = np.random.default_rng(0)
NOISE = (0.1 * RNG.standard_normal([3, 4000])).astype(np.float32)


@pytest.mark.slow
def test_nine_branches_of_three_scales_make_one_model(small, specs):
    config = small(*[specs[scale] for scale in ("mel", "linear", "log") for _ in range(3)])
    model = build_model(config)
    assert tuple(model(NOISE).shape) == (3, 11)
    assert sum(layer.name.endswith("_spectrogram") for layer in model.layers) == 9
    assert model.get_layer("merge").output.shape[-1] == 9 * 16


def test_one_branch_needs_no_merging(small):
    model = build_model(small())
    assert "merge" not in [layer.name for layer in model.layers]
    assert tuple(model(NOISE).shape) == (3, 11)


@pytest.mark.slow
def test_the_input_is_called_waveform_and_takes_any_length_and_batch(small, specs):
    model = build_model(small(specs["mel"], specs["log"]))
    assert model.input.name == "waveform"
    assert tuple(model.input.shape) == (None, None)
    for samples in (1, 4000, 9001):
        assert np.isfinite(model(np.zeros([2, samples], np.float32))).all()


def test_the_label_scheme_decides_the_classes(small):
    assert build_model(small(label_scheme="report")).output.shape[-1] == 11
    assert build_model(small(label_scheme="irmas")).output.shape[-1] == 11


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_a_saved_model_answers_alike(small, specs, policy, tmp_path):
    config = small(specs["mel"], specs["linear"], branch_dropout=0.3, block="residual", mixed_precision=policy)
    model = build_model(config)
    model(NOISE, training=True)  # moves the statistics away from their defaults
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(NOISE), again(NOISE))
    assert model(NOISE).dtype == "float32"
    assert keras.config.dtype_policy().name == "float32", "the policy must not leak out of build_model"


@pytest.mark.slow
def test_examples_do_not_influence_each_other_in_inference(small, specs):
    model = build_model(small(specs["mel"], specs["log"], block="separable"))
    one_by_one = np.concatenate([model(NOISE[i : i + 1]) for i in range(3)])
    np.testing.assert_allclose(model(NOISE), one_by_one, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_every_weight_gets_a_gradient(small, specs):
    import tensorflow as tf

    model = build_model(small(specs["mel"], specs["linear"], specs["log"], block="residual", dropout=0.0))
    for layer in model.layers:  # a scale of 0 hides what is behind it
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.gamma.assign(np.ones(layer.gamma.shape))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(NOISE, training=True)[:, :5]))
    gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])
    silent = [
        v.path
        for v, g in zip(model.trainable_variables, gradients, strict=True)
        if g is None or not np.any(np.asarray(g))
    ]
    assert silent == []


def signals(samples: int, rate: int) -> dict[str, np.ndarray]:
    """Return what every converted model is tried on."""
    times = np.arange(samples) / rate
    click = np.zeros(samples)
    click[samples // 3] = 1.0
    found = {
        "silence": np.zeros(samples),
        "noise": 0.3 * np.random.default_rng(1).standard_normal(samples),
        "sine": np.sin(2 * np.pi * 440.0 * times),
        "click": click,
    }
    return {name: signal.astype(np.float32) for name, signal in found.items()}


def shipped(name: str) -> Config:
    """Return a configuration of configs/."""
    flags = [f"--flagfile={CONFIGS / name}.flags", "--run_dir=-", "--data_dir=-"]
    return parse_flags(COMMAND, flags).config()


def largest_differences(config: Config, waveforms: dict[str, np.ndarray], folder: Path) -> dict[str, float]:
    """Return how far the TFLite model's logits are from the Keras model's."""
    model = build_model(config)
    converted = LiteModel(model, (1, config.audio.window_samples), folder)
    operations = {operation["op_name"] for operation in converted.interpreter._get_ops_details()}
    assert not any(name.startswith("Flex") for name in operations), operations
    found = {}
    for name, waveform in waveforms.items():
        (logits,) = converted(waveform[None]).values()
        found[name] = float(np.abs(logits - model(waveform[None]).numpy()).max())
    return found


@pytest.mark.slow
@pytest.mark.skipif(not DEEP, reason="deploy/test_tflite.py compares a small one; the size takes seconds")
def test_the_shipped_wavelet_model_answers_alike_in_tflite(tmp_path, shared_dir):
    pytest.importorskip("ai_edge_litert")
    config = shipped("morlet_light")
    rate, samples = config.audio.sample_rate_hz, config.audio.window_samples
    excerpt = sorted((shared_dir / "irmas" / "real" / "train").rglob("*.wav"))[0]
    waveforms = {**signals(samples, rate), "excerpt": decode_file(excerpt, rate)[:samples]}
    assert max(largest_differences(config, waveforms, tmp_path).values()) < 1e-4


@pytest.mark.slow
def test_the_wavelet_models_keep_their_size():
    assert parameter_count(build_model(shipped("morlet"))) < 2_000_000
    assert parameter_count(build_model(shipped("morlet_light"))) < 300_000


@pytest.mark.slow
def test_trainable_wavelets_learn_and_come_back_from_a_file(small, specs, tmp_path):
    model = build_model(small(specs["morlet"] + ":trainable=1"))
    layer = next(layer for layer in model.layers if layer.name.endswith("_scalogram"))
    before = [weight.numpy() for weight in layer.trainable_weights]
    assert len(before) == 2
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, run_eagerly=True)  # two steps are not worth tracing
    model.fit(NOISE, np.arange(3), verbose=0, epochs=2)
    after = [weight.numpy() for weight in layer.trainable_weights]
    assert all(np.abs(a - b).max() > 0 for a, b in zip(after, before, strict=True))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(NOISE), model(NOISE), atol=1e-5)
