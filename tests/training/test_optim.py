from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.config.run_config import TrainingConfig
from irmas_tf.config.stages import Stage
from irmas_tf.training.optim import Schedule, build_optimizer, clip_by_norm, is_decayed, scaled_steps


def test_the_schedule_warms_up_from_zero_and_ends_at_the_final_rate():
    schedule = Schedule(peak=1.0, final=0.1, warmup_updates=4, total_updates=14)
    assert [schedule(u) for u in range(4)] == [0.25, 0.5, 0.75, 1.0]
    assert schedule(8) == pytest.approx(0.55)  # half of the cosine
    assert schedule(13) == pytest.approx(0.1)
    rates = [schedule(u) for u in range(3, 14)]
    assert rates == sorted(rates, reverse=True)


def test_the_cosine_is_keras_own():
    ours = Schedule(peak=2e-3, final=1e-5, warmup_updates=0, total_updates=100)
    theirs = keras.optimizers.schedules.CosineDecay(2e-3, 100, alpha=1e-5 / 2e-3)
    for update in (0, 10, 50, 99):
        assert ours(update) == pytest.approx(float(theirs(update + 1)), rel=1e-4)


def test_without_warm_up_the_first_rate_is_near_the_peak():
    assert Schedule(1.0, 0.0, 0, 1000)(0) == pytest.approx(1.0, abs=1e-5)


def test_warm_up_is_counted_in_epochs_and_no_longer_than_the_training():
    config = Stage(epochs=4, warmup_epochs=1.5)
    assert Schedule.of(config, 10).warmup_updates == 15
    assert Schedule.of(config, 10).total_updates == 40
    long = Schedule.of(Stage(epochs=2, learning_rate=2e-3, warmup_epochs=9.0), 10)
    assert long.warmup_updates == 20
    assert [long(u) for u in (0, 19)] == pytest.approx([2e-3 / 20, 2e-3])


def test_only_kernels_decay():
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    assert [is_decayed(v) for v in (layer.kernel, layer.bias)] == [True, False]
    config = TrainingConfig(weight_decay=0.5, learning_rate=0.1)
    optimizer = build_optimizer(config, layer.trainable_variables)
    layer.kernel.assign(np.ones([3, 2]))
    layer.bias.assign(np.ones([2]))
    optimizer.apply([tf.zeros([3, 2]), tf.zeros([2])])
    np.testing.assert_allclose(layer.kernel.numpy(), 1 - 0.1 * 0.5, rtol=1e-6)
    np.testing.assert_allclose(layer.bias.numpy(), 1.0)


def test_the_update_is_adamw_as_published():
    variable = keras.Variable(np.array([[1.0, -2.0]], np.float32))
    optimizer = build_optimizer(TrainingConfig(weight_decay=0.1, learning_rate=0.01), [variable])
    w, m, v = np.array([[1.0, -2.0]]), 0.0, 0.0
    rng = np.random.default_rng(0)
    for t in range(1, 6):
        g = rng.standard_normal([1, 2])
        optimizer.apply([tf.constant(g, tf.float32)])
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w = w - 0.01 * 0.1 * w - 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)
    np.testing.assert_allclose(variable.numpy(), w, rtol=1e-5)


def test_float16_scales_the_loss():
    variable = keras.Variable(np.ones([2, 2], np.float32))
    optimizer = build_optimizer(TrainingConfig(mixed_precision="mixed_float16"), [variable])
    assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    assert float(optimizer.scale_loss(tf.constant(1.0))) > 1.0


def test_gradients_are_clipped_by_their_common_norm():
    gradients = [tf.constant([3.0]), tf.constant([[4.0]])]
    clipped = clip_by_norm(gradients, 1.0)
    assert [float(tf.squeeze(g)) for g in clipped] == pytest.approx([0.6, 0.8])
    assert [float(tf.squeeze(g)) for g in clip_by_norm(gradients, 10.0)] == [3.0, 4.0]
    assert [float(tf.squeeze(g)) for g in clip_by_norm(gradients, 0.0)] == [3.0, 4.0]
    scaled = clip_by_norm([g * 1024 for g in gradients], 1.0, scale=1024.0)
    assert [float(tf.squeeze(g)) / 1024 for g in scaled] == pytest.approx([0.6, 0.8])


@pytest.mark.parametrize("scale_loss", [False, True])
def test_a_factor_is_a_learning_rate_of_its_own(scale_loss):
    """Against a second optimizer that has this rate, decay included."""
    precision = "mixed_float16" if scale_loss else "float32"
    config = TrainingConfig(weight_decay=0.3, learning_rate=0.1, mixed_precision=precision)
    start = np.random.default_rng(0).standard_normal([3, 2]).astype(np.float32)
    one, other, slow = (keras.Variable(start, name=name) for name in ("one", "other", "slow"))
    ours = build_optimizer(config, [one, other])
    reference = build_optimizer(dataclasses.replace(config, learning_rate=0.02), [slow])
    rng = np.random.default_rng(1)
    for _ in range(5):
        gradient = tf.constant(rng.standard_normal([3, 2]), tf.float32)
        with scaled_steps([one, other], {other.path: 0.2}):
            ours.apply([gradient, gradient])
        reference.apply([gradient])
    np.testing.assert_allclose(other.numpy(), slow.numpy(), rtol=1e-5)
    assert np.abs(one.numpy() - other.numpy()).max() > 0.1
