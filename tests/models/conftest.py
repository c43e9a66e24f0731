from __future__ import annotations

import pytest

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.run_config import Config, DataConfig, ModelConfig, TrainingConfig

MEL = "mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000"
LINEAR = "linear:frame_length=512:hop_length=256:num_bins=24:max_frequency_hz=4000"
LOG = "log:frame_length=1024:hop_length=128:num_bins=32:max_frequency_hz=4000"
MORLET = "morlet:hop_length=128:num_bins=24:min_frequency_hz=800:max_frequency_hz=3200"


def small_config(
    *branches: str, mixed_precision: str = "float32", label_scheme: str = "irmas", **model: object
) -> Config:
    small = {"stage_channels": (8, 16), "head_units": 12, "block": "plain", "stem_stride": 2}
    values = {"branches": branches or (MEL,), **small, **model}
    return Config(
        data=DataConfig(label_scheme=label_scheme),
        audio=AudioConfig(sample_rate_hz=8000, window_seconds=0.5),
        model=ModelConfig(**values),
        training=TrainingConfig(mixed_precision=mixed_precision, seed=3),
    )


@pytest.fixture(scope="session")
def small():
    return small_config


@pytest.fixture(scope="session")
def specs():
    return {"mel": MEL, "linear": LINEAR, "log": LOG, "morlet": MORLET}
