"""A run folder with a small model that has a front-end of ours: what the exports need, without a training."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.run_config import Config, DataConfig, ModelConfig
from irmas_tf.runs.identity import publish_model
from irmas_tf.runs.run_dir import RunDir

RATE_HZ = 8000
WINDOW_SAMPLES = 2000
HOP_SAMPLES = 1000


def make_config(data_dir: str = "") -> Config:
    """Return the configuration of the small run: 8 kHz, windows of 0.25 s every 0.125 s."""
    return Config(
        data=DataConfig(data_dir=data_dir, cache="none"),
        audio=AudioConfig(
            sample_rate_hz=RATE_HZ, window_seconds=WINDOW_SAMPLES / RATE_HZ, window_hop_seconds=HOP_SAMPLES / RATE_HZ
        ),
        model=ModelConfig(
            branches=("mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000",),
            stage_channels=(4,),
            head_units=8,
        ),
    )


def make_small_run(folder: Path, data_dir: str = "", seed: int = 7) -> RunDir:
    """Write a run whose answers differ from sound to sound, and are not saturated; return it."""
    import keras

    from irmas_tf.deploy.check_signals import check_signals
    from irmas_tf.models.factory import build_model

    config = make_config(data_dir)
    run = RunDir.create(folder, config)
    keras.utils.set_random_seed(seed)
    model = build_model(config)
    logits = np.asarray(model(np.stack(list(check_signals(RATE_HZ, WINDOW_SAMPLES, {}).values())), training=False))
    last = model.get_layer("logits")
    kernel, bias = last.get_weights()
    last.set_weights([kernel / logits.std(), (bias - logits.mean(axis=0)) / logits.std()])
    publish_model(run, config, model.save)
    return run
