"""Running augmentations as a training step does, without a training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from irmas_tf.augment import pipeline
from irmas_tf.augment.pipeline import Numbers
from irmas_tf.config.run_config import Config
from tests.helpers.tone_corpus import tiny_config

RATE_HZ = 8000


def several_labels(**changes: Any) -> Config:
    """Return a tiny configuration for several labels, which have all augmentations."""
    return tiny_config(task="multi_label", **changes)


def draw(config: Config, step: int = 3, seed: int = 1, batch: int = 64) -> dict[str, dict[str, np.ndarray]]:
    """Return the numbers of a step."""
    return pipeline.draw(config.augment, seed=seed, step=step, batch_size=batch)


def drawn_over(config: Config, steps: int) -> dict[str, np.ndarray]:
    """Return the numbers of many steps by quantity, one after the other."""
    drawn = [draw(config, step=step) for step in range(steps)]
    return {
        quantity: np.concatenate([numbers[name][quantity] for numbers in drawn])
        for name in drawn[0]
        for quantity in drawn[0][name]
    }


def apply(
    config: Config, waveform: np.ndarray, numbers: Numbers, targets: np.ndarray | None = None, prepared: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (waveform, targets) after all changes; by default example k is of class k."""
    if targets is None:
        targets = np.eye(11, dtype=np.float32)[np.arange(len(waveform)) % 11]
    out = pipeline.apply(tf.constant(waveform), tf.constant(targets), tensors(numbers), config, prepared)
    return out[0].numpy(), out[1].numpy()


def tensors(numbers: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, tf.Tensor]]:
    """Return numbers as the graph is fed with them: float32, but for whole numbers."""
    return {
        name: {
            quantity: tf.constant(values, None if np.asarray(values).dtype == np.int32 else tf.float32)
            for quantity, values in of_one.items()
        }
        for name, of_one in numbers.items()
    }


def noise_batch(config: Config, batch: int, samples: int | None = None) -> np.ndarray:
    """Return soft noise, [batch, samples] float32; by default as many samples as the augmentations read."""
    samples = samples or pipeline.training_samples(config)
    return (0.1 * np.random.default_rng(0).standard_normal([batch, samples])).astype(np.float32)
