"""A corpus of tones in the layout of IRMAS, and a configuration that trains on it in under a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.augment import AugmentConfig
from irmas_tf.config.run_config import Config, DataConfig, ModelConfig, TrainingConfig

RATE_HZ = 8000
CODES = ("cel", "flu", "pia")


def write_corpus(folder: Path) -> Path:
    """Eight songs of three half-second excerpts for each of three classes: a tone whose pitch range tells the class."""
    rng = np.random.default_rng(0)
    seconds = np.arange(RATE_HZ // 2) / RATE_HZ
    song = 0
    for index, code in enumerate(CODES):
        (folder / "IRMAS-TrainingData" / code).mkdir(parents=True, exist_ok=True)
        for _ in range(8):
            song += 1
            for number in (1, 2, 3):
                pitch_hz = 200.0 * 2.0 ** (index + rng.uniform(0, 0.8))
                tone = 0.3 * np.sin(2 * np.pi * pitch_hz * seconds) + 0.05 * rng.standard_normal(len(seconds))
                name = f"[{code}][cla]{song:04d}__{number}.wav"
                soundfile.write(folder / "IRMAS-TrainingData" / code / name, tone, RATE_HZ, subtype="PCM_16")
    return folder


def tiny_config(data_dir: Path | str = "", **changes: object) -> Config:
    """A configuration that trains an epoch in well under a second; ``changes`` are fields of any section."""
    values: dict[str, dict[str, object]] = {
        "data": {"data_dir": str(data_dir), "validation_fraction": 0.25},
        "audio": {"sample_rate_hz": RATE_HZ, "window_seconds": 0.5, "window_hop_seconds": 0.5},
        "model": {
            "branches": ("mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000",),
            "block": "plain",
            "stem_stride": 2,
            "stage_channels": (8, 8),
            "head_units": 8,
        },
        "augment": {"time_mask_seconds": 0.05, "random_gain_db": 0.0},
        "training": {"epochs": 3, "batch_size": 8, "warmup_epochs": 0.5, "ema_decay": 0.9},
    }
    sections = {
        "data": DataConfig,
        "audio": AudioConfig,
        "model": ModelConfig,
        "augment": AugmentConfig,
        "training": TrainingConfig,
    }
    for name, value in changes.items():
        section = next(s for s, kind in sections.items() if name in kind.__dataclass_fields__)
        values[section][name] = value
    return Config.from_dict(values)
