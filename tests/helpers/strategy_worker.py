"""Trains the same few steps on one device and on two logical CPUs, and prints how far the weights end apart."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

from irmas_tf.models.blocks import normalise  # noqa: E402
from irmas_tf.training.hardware import make_strategy  # noqa: E402
from irmas_tf.training.step import TrainingStep  # noqa: E402
from tests.helpers.one_hot import one_hot  # noqa: E402
from tests.helpers.tone_corpus import tiny_config  # noqa: E402

rng = np.random.default_rng(0)
WAVEFORM = rng.standard_normal([8, 12]).astype(np.float32)
LABELS = one_hot(rng.integers(0, 11, 8))


def train(strategy_name: str, normalised: bool, **changes) -> tuple[list[np.ndarray], list[np.ndarray], int]:
    config = tiny_config(batch_size=8, strategy=strategy_name, gradient_clip_norm=0.05, **changes)
    strategy = make_strategy(config.training)
    keras.utils.set_random_seed(3)
    with strategy.scope():
        x = keras.Input((12,))
        y = keras.layers.Dense(8, "tanh")(x)
        y = normalise(y, "bn") if normalised else y
        model = keras.Model(x, keras.layers.Dense(11)(keras.layers.Dropout(0.0)(y)))
    step = TrainingStep(model, config, strategy, factors={model.layers[1].kernel.path: 0.5})
    data = tf.data.Dataset.from_tensors((WAVEFORM, LABELS, {"mixup": {"share": np.ones(8, np.float32)}})).repeat(4)
    if strategy.num_replicas_in_sync > 1:
        data = strategy.experimental_distribute_dataset(data)
    sums = []
    for index, batch in enumerate(data):
        step.set_learning_rate(0.01)
        sums.append(step.run_batch(*batch).numpy())
        if index % config.training.accumulation_steps == config.training.accumulation_steps - 1:
            step.finish_update(config.training.accumulation_steps)
    with step.average.applied():
        averaged = model.get_weights()
    return model.get_weights() + averaged, sums, strategy.num_replicas_in_sync


def difference(**changes) -> tuple[float, float, int]:
    one, one_sums, _ = train("one_device", **changes)
    two, two_sums, replicas = train("mirrored", **changes)
    apart = max(float(np.abs(a - b).max()) for a, b in zip(one, two, strict=True))
    return apart, float(np.abs(np.array(one_sums) - np.array(two_sums)).max()), replicas


apart, sums, replicas = difference(normalised=True, accumulation_steps=2)
half, _, _ = train("mirrored", normalised=True, mixed_precision="mixed_float16")
print(
    json.dumps(
        {
            "replicas": replicas,
            "sums": sums,
            "weights": apart,
            "float16_finite": all(np.isfinite(w).all() for w in half),
        }
    )
)
