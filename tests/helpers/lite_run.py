"""A run folder with a small model whose layers are large enough to be quantised, and a hand-made .tflite file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.run_config import Config, DataConfig, ModelConfig
from irmas_tf.runs.identity import publish_model
from irmas_tf.runs.run_dir import RunDir

RATE_HZ, WINDOW_SAMPLES, HOP_SAMPLES = 8000, 2000, 1000
CODES = ("cel", "flu", "vio")


def make_lite_config(**model: Any) -> Config:
    """Return the configuration of the run: 8 kHz, windows of 0.25 s; a mel and a wavelet branch."""
    branches = (
        "mel:frame_length=512:hop_length=128:num_bins=24:max_frequency_hz=4000",
        "morlet:hop_length=128:num_bins=24:max_frequency_hz=3500",
    )
    audio = AudioConfig(
        sample_rate_hz=RATE_HZ, window_seconds=WINDOW_SAMPLES / RATE_HZ, window_hop_seconds=HOP_SAMPLES / RATE_HZ
    )
    settings = {"branches": branches, "stage_channels": (32, 48), "block": "separable", "head_units": 48} | model
    return Config(data=DataConfig(cache="none"), audio=audio, model=ModelConfig(**settings))


def make_lite_run(folder: Path, **model: Any) -> RunDir:
    """Write a run whose answers differ from sound to sound; return it."""
    import keras

    from irmas_tf.deploy.check_signals import check_signals
    from irmas_tf.models.factory import build_model

    config = make_lite_config(**model)
    run = RunDir.create(folder, config)
    keras.utils.set_random_seed(5)
    network = build_model(config)
    logits = np.asarray(network(np.stack(list(check_signals(RATE_HZ, WINDOW_SAMPLES, {}).values())), training=False))
    last = network.get_layer("logits")
    kernel, bias = last.get_weights()
    last.set_weights([2 * kernel / logits.std(), 2 * (bias - logits.mean(axis=0)) / logits.std()])
    publish_model(run, config, network.save)
    return run


def lite_facts(**changes: Any) -> dict[str, Any]:
    """Return the facts of `lite_content`."""
    return {
        "name": "a test",
        "description": "Three classes for tests.",
        "irmas_tf": "0",
        "format": 1,
        "config_hash": "abc",
        "model_sha256": "def",
        "kind": "single_label",
        "labels": list(CODES),
        "label_names": ["cello", "flute", "violin"],
        "thresholds": None,
        "sample_rate_hz": RATE_HZ,
        "channels": 1,
        "window_samples": WINDOW_SAMPLES,
        "window_hop_samples": HOP_SAMPLES,
        "aggregation": "mean",
        "licence": "None.",
    } | changes


def lite_kernel() -> np.ndarray:
    """Return the weights of `lite_content`, [window, classes] float32; row i has its size from its place."""
    rng = np.random.default_rng(3)
    sizes = np.linspace(0.02, 0.1, WINDOW_SAMPLES)[:, None]
    return (sizes * rng.normal(size=(WINDOW_SAMPLES, len(CODES)))).astype(np.float32)


def lite_answer(windows: np.ndarray) -> np.ndarray:
    """Return what `lite_content` computes, in NumPy: softmax of a product."""
    logits = np.asarray(windows, np.float64) @ lite_kernel().astype(np.float64)
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def lite_content() -> bytes:
    """Return a .tflite file without metadata: a window to probabilities, the order of whose samples counts."""
    import tensorflow as tf

    kernel = tf.constant(lite_kernel())
    module = tf.Module()
    spec = tf.TensorSpec([1, WINDOW_SAMPLES], tf.float32, "waveform")
    module.answer = tf.function(
        lambda waveform: {"probabilities": tf.nn.softmax(tf.matmul(waveform, kernel))}, input_signature=[spec]
    )
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={"serving_default": module.answer})
        return tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"]).convert()
