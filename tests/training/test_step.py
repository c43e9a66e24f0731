from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.augment import pipeline as augmentation
from irmas_tf.training.losses import binary_losses
from irmas_tf.training.step import TrainingStep
from tests.helpers import ROOT, fresh_process
from tests.helpers.one_hot import one_hot

RNG = np.random.default_rng(0)
WAVEFORM = RNG.standard_normal([16, 12]).astype(np.float32)
LABELS = RNG.integers(0, 11, 16)
ROWS = one_hot(LABELS)
EVERY_CHANGE = {
    "task": "multi_label",
    "random_gain_db": 6.0,
    "random_speed_semitones": 1.0,
    "random_time_stretch": 0.1,
    "random_pitch_semitones": 1.0,
    "random_shift_seconds": 0.1,
    "random_equalization_db": 3.0,
    "silence_probability": 0.3,
    "silence_seconds": 0.2,
    "mix_probability": 0.5,
    "mix_targets": "level",
    "empty_probability": 0.1,
    "noise_probability": 0.5,
    "mixup_alpha": 0.3,
}


def plain_model(samples: int = 12) -> keras.Model:
    """Two dense layers: nothing that depends on the batch."""
    keras.utils.set_random_seed(5)
    x = keras.Input((samples,))
    return keras.Model(x, keras.layers.Dense(11)(keras.layers.Dense(8, "tanh")(x)))


@pytest.fixture
def eagerly():
    """Run steps without tracing them, which takes longer than the few that a test needs."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(before)


def make_step(config, model=None, weights=None) -> TrainingStep:
    return TrainingStep(model or plain_model(), config, tf.distribute.get_strategy(), weights)


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_the_returned_sums_are_those_of_the_batch(tiny):
    step = make_step(tiny(batch_size=16, label_smoothing=0.1))
    logits = np.asarray(step.model(WAVEFORM))
    loss, right = step.run_batch(WAVEFORM, ROWS, {}).numpy()
    smoothed = np.eye(11)[LABELS] * 0.9 + 0.1 / 11
    expected = -(smoothed * np.asarray(tf.nn.log_softmax(logits))).sum()
    assert loss == pytest.approx(expected, rel=1e-5)
    assert right == (logits.argmax(axis=1) == LABELS).sum()


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_with_several_labels_the_sums_are_those_of_the_binary_loss(tiny):
    step = make_step(tiny(batch_size=16, label_smoothing=0.0, task="multi_label", negative_focus=2.0))
    logits = np.asarray(step.model(WAVEFORM))
    loss, right = step.run_batch(WAVEFORM, ROWS, {}).numpy()
    targets = tf.one_hot(LABELS, 11)
    expected = tf.reduce_sum(binary_losses(logits, targets, negative_focus=2.0))
    assert loss == pytest.approx(float(expected), rel=1e-5)
    assert right == (logits.argmax(axis=1) == LABELS).sum()


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_what_nobody_knows_changes_neither_loss_nor_weights(tiny):
    config = tiny(batch_size=16, task="multi_label", label_smoothing=0.1)
    labels = RNG.integers(-1, 2, [16, 11]).astype(np.int8)
    labels[3] = -1
    step = TrainingStep(plain_model(), config, tf.distribute.get_strategy(), has_unknown=True)
    logits = np.asarray(step.model(WAVEFORM))
    targets, known = 0.9 * np.maximum(labels, 0) + 0.05, labels >= 0
    expected = (targets * np.logaddexp(0, -logits) + (1 - targets) * np.logaddexp(0, logits))[known].sum()
    weights = step.model.get_weights()
    loss, right = step.run_batch(WAVEFORM, labels, {}).numpy()
    assert loss == pytest.approx(expected, rel=1e-6)
    best = np.where(known, logits, -np.inf).argmax(axis=1)
    heard = (labels == 1).any(axis=1)
    answers = np.where(heard, labels[np.arange(16), best] == 1, np.where(known, logits, -np.inf).max(axis=1) < 0)
    assert right == (answers & known.any(axis=1)).sum()

    nothing = TrainingStep(plain_model(), config, tf.distribute.get_strategy(), has_unknown=True)
    assert nothing.run_batch(WAVEFORM, np.full([16, 11], -1, np.int8), {}).numpy().tolist() == [0.0, 0.0]
    assert not np.array_equal(weights[0], step.model.get_weights()[0])


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 1000])
def test_two_classes_and_a_thousand_learn(tiny, classes):
    keras.utils.set_random_seed(5)
    model = keras.Sequential([keras.Input((12,)), keras.layers.Dense(classes)])
    step = TrainingStep(
        model, tiny(batch_size=16, task="multi_label", learning_rate=0.02), tf.distribute.get_strategy()
    )
    labels = RNG.integers(0, 2, [16, classes]).astype(np.int8)
    losses = [float(step.run_batch(WAVEFORM, labels, {})[0]) for _ in range(10)]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.slow
def test_the_loss_falls(tiny):
    step = make_step(tiny(batch_size=16, learning_rate=0.02))
    losses = [float(step.run_batch(WAVEFORM, ROWS, {})[0]) for _ in range(60)]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_accumulated_batches_are_one_big_batch(tiny):
    big = make_step(tiny(batch_size=16, gradient_clip_norm=0.01))
    small = make_step(tiny(batch_size=4, accumulation_steps=4, gradient_clip_norm=0.01))
    for _ in range(5):
        big.run_batch(WAVEFORM, ROWS, {})
        big.finish_update(1)
        for i in range(0, 16, 4):
            small.run_batch(WAVEFORM[i : i + 4], ROWS[i : i + 4], {})
        small.finish_update(4)
    for one, other in zip(big.model.get_weights(), small.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    assert int(small.optimizer.iterations) == 5


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_an_update_of_fewer_batches_takes_their_mean(tiny):
    one = make_step(tiny(batch_size=4))
    other = make_step(tiny(batch_size=4, accumulation_steps=4))
    one.run_batch(WAVEFORM[:4], ROWS[:4], {})
    other.run_batch(WAVEFORM[:4], ROWS[:4], {})
    other.finish_update(1)
    for a, b in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.usefixtures("eagerly")
def test_the_clip_bounds_the_gradient_of_the_whole_update(tiny):
    step = make_step(tiny(batch_size=16, gradient_clip_norm=1e-3))
    step.run_batch(WAVEFORM, ROWS, {})
    first_moments = [v.numpy() for v in step.optimizer.variables if v.path.endswith("_momentum")]
    assert len(first_moments) == 4
    norm = np.sqrt(sum(np.square(m / 0.1).sum() for m in first_moments))  # the first moment is .1 of the gradient
    assert norm == pytest.approx(1e-3, rel=1e-4)


@pytest.mark.usefixtures("eagerly")
def test_mixing_uses_the_shares(tiny):
    config = tiny(batch_size=16, mixup_alpha=0.5, label_smoothing=0.0)
    step = make_step(config, plain_model(config.audio.window_samples))
    waveform = RNG.standard_normal([16, config.audio.window_samples]).astype(np.float32)
    share = RNG.uniform(0.5, 1, 16).astype(np.float32)
    mixed = share[:, None] * waveform + (1 - share[:, None]) * np.roll(waveform, 1, axis=0)
    targets = share[:, None] * np.eye(11)[LABELS] + (1 - share[:, None]) * np.eye(11)[np.roll(LABELS, 1)]
    expected = -(targets * np.asarray(tf.nn.log_softmax(step.model(mixed)))).sum()
    assert float(step.run_batch(waveform, ROWS, {"mixup": {"share": share}})[0]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_class_weights_reach_the_loss(tiny):
    weights = np.linspace(0.5, 1.5, 11).astype(np.float32)
    config = tiny(batch_size=16, label_smoothing=0.0)
    weighted = make_step(config, weights=weights)
    log_p = np.asarray(tf.nn.log_softmax(weighted.model(WAVEFORM)))[np.arange(16), LABELS]
    expected = -(weights[LABELS] * log_p).sum()
    assert float(weighted.run_batch(WAVEFORM, ROWS, {})[0]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_xla_computes_the_same(tiny):
    plain, compiled = make_step(tiny(batch_size=16)), make_step(tiny(batch_size=16, xla=True))
    for step in (plain, compiled):
        for _ in range(3):
            step.run_batch(WAVEFORM, ROWS, {})
    for one, other in zip(plain.model.get_weights(), compiled.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_every_change_at_once_is_one_graph_without_python_that_xla_compiles(tiny):
    """The network is the least of it: tests of the layers compile the front-ends."""
    config = tiny(batch_size=4, mixed_precision="mixed_float16", learning_rate=0.01, xla=True, **EVERY_CHANGE)
    step = make_step(config, plain_model(config.audio.window_samples))
    waveform = tf.constant(RNG.standard_normal([4, augmentation.training_samples(config)]), tf.float32)
    numbers = augmentation.draw(config.augment, seed=0, step=0, batch_size=4)
    batch = (waveform, tf.constant(ROWS[:4]), tf.nest.map_structure(tf.constant, numbers))
    losses = [float(step.run_batch(*batch)[0]) for _ in range(3)]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    definition = step._both.get_concrete_function(*batch).graph.as_graph_def()
    operations = {node.op for node in definition.node}
    operations |= {node.op for function in definition.library.function for node in function.node_def}
    assert {"RFFT", "MatMul", "StatelessRandomNormalV2"} <= operations
    assert not [name for name in operations if "Py" in name or "Host" in name]


@pytest.mark.slow
def test_float16_skips_an_overflow_and_learns_otherwise(tiny):
    with keras.device("cpu"):
        step = make_step(tiny(batch_size=16, mixed_precision="mixed_float16", gradient_clip_norm=1.0))
    before = step.model.get_weights()
    step.run_batch(np.full_like(WAVEFORM, np.inf), ROWS, {})
    for one, other in zip(before, step.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    step.run_batch(WAVEFORM, ROWS, {})
    assert not np.array_equal(before[0], step.model.get_weights()[0])


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_the_learning_rate_is_that_of_the_update(tiny):
    for policy in ("float32", "mixed_float16"):
        step = make_step(tiny(batch_size=16, mixed_precision=policy, weight_decay=0.0))
        before = step.model.get_weights()
        step.set_learning_rate(0.0)
        step.run_batch(WAVEFORM, ROWS, {})
        for one, other in zip(before, step.model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_two_devices_with_half_a_batch_each_are_one_device(tmp_path):
    """The worker needs a process of its own: logical devices are fixed before TensorFlow starts."""
    worker = ROOT / "tests" / "helpers" / "strategy_worker.py"
    done = fresh_process.run([str(worker)])
    assert done.returncode == 0, done.stderr[-3000:]
    differences = json.loads(done.stdout.splitlines()[-1])
    assert differences["replicas"] == 2
    assert differences["weights"] < 1e-5
    assert differences["float16_finite"] is True
    assert differences["sums"] < 1e-4
