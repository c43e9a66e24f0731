"""A run folder with a tiny model, made by hand: what evaluate and predict need, without a training."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.labels import IRMAS_CODES, MULTI_LABEL
from irmas_tf.config.run_config import Config, DataConfig, ModelConfig
from irmas_tf.runs.identity import publish_model
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.runs.thresholds import Thresholds

RATE_HZ = 8000
WINDOW_SAMPLES = 2000
HOP_SAMPLES = 1000


def make_config(data_dir: str = "", split_by: str = "song") -> Config:
    """Return the configuration of the tiny run: 8 kHz, windows of 0.25 s every 0.125 s."""
    return Config(
        data=DataConfig(data_dir=data_dir, split_by=split_by, cache="none"),
        audio=AudioConfig(
            sample_rate_hz=RATE_HZ, window_seconds=WINDOW_SAMPLES / RATE_HZ, window_hop_seconds=HOP_SAMPLES / RATE_HZ
        ),
        model=ModelConfig(
            branches=("mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000",), stage_channels=(4,)
        ),
    )


def make_tiny_run(folder: Path, data_dir: str = "", split_by: str = "song") -> RunDir:
    """Write a run whose answers depend on the level and the spectrum of a window; return it."""
    config = make_config(data_dir, split_by)
    run = RunDir.create(folder, config)
    publish_model(run, config, _make_model().save)
    return run


def _make_model() -> Any:
    import keras

    keras.utils.set_random_seed(7)
    waveform = keras.Input([None], dtype="float32", name="waveform")
    x = keras.layers.Reshape([-1, 1])(waveform)
    x = keras.layers.Conv1D(16, 32, strides=16, activation="relu")(x)
    x = keras.layers.GlobalAveragePooling1D(name="embedding")(x)
    return keras.Model(waveform, keras.layers.Dense(11, name="logits")(x))


def make_multi_label_run(folder: Path, levels: Mapping[str, float] | float = 0.5, data_dir: str = "") -> RunDir:
    """Write the same run as a multi-label one, with decision levels of its own; return it."""
    config = make_config(data_dir)
    config = dataclasses.replace(config, model=dataclasses.replace(config.model, task=MULTI_LABEL))
    run = RunDir.create(folder, config)
    per_class = dict.fromkeys(IRMAS_CODES, levels) if isinstance(levels, float) else dict(levels)
    publish_model(run, config, _make_model().save, Thresholds(per_class, 0.5, "mixtures of a test"))
    return run
