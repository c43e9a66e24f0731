from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.layers.spec_augment import SpecAugment

BATCH, FRAMES, BINS = 64, 60, 40
ARGUMENTS = {"time_masks": 2, "max_time_frames": 10, "frequency_masks": 3, "max_bins": 6, "seed": 7}


def masks(layer, batch=BATCH, frames=FRAMES, bins=BINS):
    """Return which cells [batch, frames, bins] are masked."""
    return layer(np.ones((batch, frames, bins), np.float32), training=True).numpy() == 0


def runs(stripe):
    """Return the lengths of the runs of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], stripe.astype(int), [0]])))
    return edges[1::2] - edges[::2]


@pytest.mark.parametrize("training", [False, None])
def test_inference_is_the_identity_and_draws_nothing(training):
    layer = SpecAugment(**ARGUMENTS)
    state = layer.seed_generator.state.numpy()
    values = np.random.default_rng(0).standard_normal((4, 9, 5)).astype(np.float32)
    np.testing.assert_array_equal(layer(values, training=training), values)
    np.testing.assert_array_equal(layer.seed_generator.state.numpy(), state)


def test_masked_cells_are_whole_stripes_and_the_rest_is_untouched():
    values = np.random.default_rng(0).standard_normal((BATCH, FRAMES, BINS)).astype(np.float32) + 10.0
    masked = SpecAugment(**ARGUMENTS)(values, training=True).numpy()
    gone = masked == 0
    np.testing.assert_array_equal(masked[~gone], values[~gone])
    frames, bins = gone.all(axis=2), gone.all(axis=1)
    np.testing.assert_array_equal(gone, frames[:, :, np.newaxis] | bins[:, np.newaxis, :])


@pytest.mark.slow
@pytest.mark.parametrize("axis, count, widest", [("time", 1, 10), ("frequency", 1, 6)])
def test_one_mask_is_one_run_of_uniform_width_and_position(axis, count, widest):
    off = {"frequency_masks": 0} if axis == "time" else {"time_masks": 0}
    on = {"time_masks": count} if axis == "time" else {"frequency_masks": count}
    gone = masks(SpecAugment(**ARGUMENTS | on | off), batch=4000)
    stripes = gone.any(axis=2 if axis == "time" else 1)
    widths = np.array([sum(runs(stripe)) for stripe in stripes])
    assert all(len(runs(stripe)) <= 1 for stripe in stripes)
    share = np.bincount(widths, minlength=widest + 1) / len(widths)
    assert len(share) == widest + 1
    np.testing.assert_allclose(share, 1 / (widest + 1), atol=0.03)
    # Every cell is reached, the two ends alike.
    reached = stripes.mean(axis=0)
    assert reached.min() > 0
    np.testing.assert_allclose(reached, reached[::-1], atol=0.03)
    starts = np.array([stripe.argmax() for stripe in stripes])[widths == widest]
    places = stripes.shape[1] - widest + 1
    assert starts.min() == 0 and starts.max() == places - 1
    assert abs(starts.mean() - (places - 1) / 2) < places * 0.06


def test_several_masks_stay_within_their_widths():
    gone = masks(SpecAugment(**ARGUMENTS), batch=500)
    frames, bins = gone.all(axis=2), gone.all(axis=1)
    for stripes, count, widest in ((frames, 2, 10), (bins, 3, 6)):
        assert max(len(runs(stripe)) for stripe in stripes) == count
        assert stripes.sum(axis=1).max() <= count * widest


def test_examples_differ():
    gone = masks(SpecAugment(**ARGUMENTS))
    assert len({example.tobytes() for example in gone}) > BATCH * 0.9


def test_widths_beyond_the_axis_count_as_the_axis():
    gone = masks(SpecAugment(1, 1000, 0, 0, seed=0), batch=2000, frames=4, bins=2)
    widths = gone.all(axis=2).sum(axis=1)
    np.testing.assert_allclose(np.bincount(widths, minlength=5) / 2000, 0.2, atol=0.04)


@pytest.mark.parametrize("off", [{"time_masks": 0, "frequency_masks": 0}, {"max_time_frames": 0, "max_bins": 0}])
def test_nothing_to_mask_changes_nothing(off):
    assert not masks(SpecAugment(**ARGUMENTS | off)).any()


def test_not_a_number_is_masked_too():
    values = np.full((8, FRAMES, BINS), np.nan, np.float32)
    masked = SpecAugment(2, 30, 2, 20, seed=0)(values, training=True).numpy()
    assert np.all(np.isnan(masked) | (masked == 0)) and (masked == 0).any()


def test_the_same_seed_gives_the_same_masks_and_every_call_others():
    first, second = SpecAugment(**ARGUMENTS), SpecAugment(**ARGUMENTS)
    calls = [masks(first) for _ in range(3)]
    np.testing.assert_array_equal(calls, [masks(second) for _ in range(3)])
    assert not np.array_equal(calls[0], calls[1]) and not np.array_equal(calls[1], calls[2])
    assert not np.array_equal(calls[0], masks(SpecAugment(**ARGUMENTS | {"seed": 8})))


def test_restored_variables_continue_the_sequence():
    def model():
        inputs = keras.Input([None, BINS])
        return keras.Model(inputs, SpecAugment(**ARGUMENTS)(inputs))

    ones = np.ones((4, FRAMES, BINS), np.float32)
    interrupted, restored = model(), model()
    interrupted(ones, training=True)
    saved = [variable.numpy() for variable in interrupted.variables]
    assert saved
    expected = interrupted(ones, training=True)
    for variable, value in zip(restored.variables, saved, strict=True):
        variable.assign(value)
    np.testing.assert_array_equal(restored(ones, training=True), expected)


@pytest.mark.slow
def test_traced_masks_are_the_eager_ones(dtype_policy):
    check_compiled((None, None, BINS), jit_compile=False)


@pytest.mark.slow
def test_masks_that_xla_compiled_are_the_eager_ones():
    check_compiled((4, FRAMES, BINS), jit_compile=True)


def check_compiled(shape, *, jit_compile):
    dtype = SpecAugment().compute_dtype
    values = tf.ones((4, FRAMES, BINS), dtype)
    eager, compiled = SpecAugment(**ARGUMENTS), SpecAugment(**ARGUMENTS)
    run = tf.function(
        lambda features: compiled(features, training=True),
        jit_compile=jit_compile, input_signature=[tf.TensorSpec(shape, dtype)],
    )  # fmt: skip
    for _ in range(2):
        masked = run(values)
        assert masked.dtype == values.dtype
        np.testing.assert_array_equal(tf.cast(masked, tf.float32), tf.cast(eager(values, training=True), tf.float32))


def test_empty_batch():
    assert SpecAugment(**ARGUMENTS)(np.ones((0, 5, 4), np.float32), training=True).shape == (0, 5, 4)


def test_gradient_is_one_outside_the_masks_and_zero_inside():
    layer, values = SpecAugment(**ARGUMENTS), tf.ones((4, FRAMES, BINS))
    with tf.GradientTape() as tape:
        tape.watch(values)
        masked = layer(values, training=True)
    np.testing.assert_array_equal(tape.gradient(masked, values), masked)


def test_serialisation(check_layer, dtype_policy):
    check_layer(SpecAugment, ARGUMENTS, np.ones((2, FRAMES, BINS), np.float32))


@pytest.mark.parametrize("name", ["time_masks", "max_time_frames", "frequency_masks", "max_bins"])
@pytest.mark.parametrize("value", [-1, 1.5, True])
def test_bad_arguments_are_named(name, value):
    with pytest.raises(ValueError, match=f"{name}={value!r}"):
        SpecAugment(**{name: value})


def test_a_mask_can_hold_the_mean_of_its_example():
    features = np.random.default_rng(0).normal(-4.0, 1.0, (3, 20, 12)).astype(np.float32)
    settings = {"time_masks": 1, "max_time_frames": 8, "frequency_masks": 1, "max_bins": 5, "seed": 1}
    zeros = SpecAugment(**settings)(features, training=True).numpy()
    means = SpecAugment(**settings, fill="mean")(features, training=True).numpy()
    masked = zeros == 0
    assert 0 < masked.mean() < 0.6
    np.testing.assert_array_equal(means[~masked], features[~masked])
    expected = np.broadcast_to(features.mean(axis=(1, 2), keepdims=True), features.shape)
    np.testing.assert_allclose(means[masked], expected[masked], rtol=1e-5)


def test_an_unknown_filling_is_refused():
    with pytest.raises(ValueError, match=r"fill='noise': must be one of zero, mean"):
        SpecAugment(fill="noise")
