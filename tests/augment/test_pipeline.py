"""All augmentations together: their order, their random streams, one graph for any device."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d
from scipy.signal.windows import tukey

from irmas_tf.augment import pipeline
from irmas_tf.augment.augmentation import STAGES
from irmas_tf.config.augmentations import AUGMENTATIONS, BUILT_IN
from irmas_tf.dsp.equalization import equalize
from tests.helpers.augmenting import RATE_HZ, apply, draw, noise_batch, several_labels, tensors

ALL = {
    "random_gain_db": 6.0,
    "random_speed_semitones": 2.0,
    "random_time_stretch": 0.1,
    "random_pitch_semitones": 2.0,
    "random_shift_seconds": 0.1,
    "random_equalization_db": 3.0,
    "silence_probability": 0.5,
    "silence_seconds": 0.2,
    "mix_probability": 0.6,
    "mix_max_excerpts": 3,
    "backing_probability": 0.5,
    "backing_dir": "songs",
    "empty_probability": 0.2,
    "noise_probability": 0.5,
    "mixup_alpha": 0.4,
}
# One number of each quantity, drawn once: a change means that a run of before is no longer resumed bit for bit.
GOLDEN = {
    "speed": 0.8958640098571777,
    "vocoder_turn": 0.4455729126930237,
    "tempo": 1.0601661205291748,
    "pitch": 1.08785879611969,
    "gain_db": 0.804968535900116,
    "shift_seconds": 0.06790829449892044,
    "gains_db": 0.08635398000478745,
    "silence_place": 0.7506608963012695,
    "silence_seconds": 0.009239189326763153,
    "mix_added": 1.0,
    "mix_partners": 0.06882792711257935,
    "mix_levels_db": -5.344858646392822,
    "backing_turn": 0.7354924082756042,
    "below_db": 18.090404510498047,
    "backing_place": 0.45743677020072937,
    "is_empty": 0.0,
    "noise_turn": 0.3029417097568512,
    "snr_db": 32.96759796142578,
    "noise_seed": 2012468478.0,
    "share": 0.987937867641449,
}


def flat(numbers):
    return {quantity: values for of_one in numbers.values() for quantity, values in of_one.items()}


def test_numbers_depend_on_seed_and_step_only_and_are_those_of_before():
    config = several_labels(**ALL)
    first, again, later, other = (flat(draw(config, **at)) for at in ({}, {}, {"step": 4}, {"seed": 2}))
    for quantity, values in first.items():
        assert values.dtype == (np.int32 if quantity == "noise_seed" else np.float32)
        assert len(values) == 64
        np.testing.assert_array_equal(values, again[quantity])
        assert not np.array_equal(values, later[quantity]) and not np.array_equal(values, other[quantity])
    assert {quantity: float(values.ravel()[5]) for quantity, values in first.items()} == pytest.approx(GOLDEN, rel=1e-6)


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_is_off_is_not_drawn_and_does_not_move_the_rest(name):
    everything = draw(several_labels(**ALL))
    assert set(everything) == set(BUILT_IN)
    fields = [field for field in AUGMENTATIONS.get(name).__dataclass_fields__ if field in ALL]
    alone = draw(several_labels(**{field: ALL[field] for field in fields}))
    assert set(alone) == {name} and alone[name]
    for quantity, values in alone[name].items():
        np.testing.assert_array_equal(values, everything[name][quantity], err_msg=quantity)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_example_of_an_augmentation_switches_it_on_alone(name):
    kind = AUGMENTATIONS.get(name)
    assert kind.examples, "benchmarks measure these"
    for title, settings in kind.examples.items():
        settings = {"noise_dir": "noises", **settings} if settings.get("noise_kind") == "folder" else settings
        settings = {"backing_dir": "songs", **settings} if name == "backing" else settings
        assert [placed.name for placed in pipeline.active(several_labels(**settings).augment)] == [name], title


def test_stages_follow_one_another():
    stages = [STAGES.index(AUGMENTATIONS.get(name).stage) for name in BUILT_IN]
    assert stages == sorted(stages) and set(stages) == set(range(len(STAGES)))


def test_the_order_is_speed_then_equaliser_then_mixing():
    config = several_labels(random_speed_semitones=2.0, random_equalization_db=3.0, mixup_alpha=0.4)
    numbers = draw(config, batch=4)
    # Smooth, so that a spline stands in for the band-limited playing, with silent ends, where that would ring.
    waveform = gaussian_filter1d(noise_batch(config, 4), 2.0, axis=1)
    waveform *= tukey(waveform.shape[1], 0.05).astype(np.float32)
    targets = np.eye(11, dtype=np.float32)[[1, 2, 3, 4]]
    out, labels = apply(config, waveform, numbers, targets)
    samples, share = config.audio.window_samples, numbers["mixup"]["share"][:, None]
    places = np.arange(samples) * numbers["tempo_and_pitch"]["speed"][:, None].astype(float)
    played = [CubicSpline(np.arange(len(row)), row)(at) for row, at in zip(waveform, places, strict=True)]
    even = equalize(tf.constant(played, tf.float32), numbers["equalization"]["gains_db"], RATE_HZ).numpy()
    expected = share * even + (1 - share) * np.roll(even, 1, axis=0)
    assert out.shape == (4, samples)
    assert np.linalg.norm(out - expected) < 0.01 * np.linalg.norm(expected)
    np.testing.assert_allclose(labels, share * targets + (1 - share) * np.roll(targets, 1, axis=0), rtol=1e-6)


@pytest.mark.parametrize("settings", [{}, ALL], ids=["everything off", "no numbers"])
def test_without_numbers_the_batch_is_handed_through(settings):
    config = several_labels(**settings)
    waveform, targets = tf.ones([2, config.audio.window_samples]), tf.ones([2, 11])
    out, labels = pipeline.apply(waveform, targets, {} if settings else draw(config, batch=2), config)
    assert out is waveform and labels is targets
    assert settings or pipeline.training_samples(config) == config.audio.window_samples


def big_host_results(operation: tf.Operation) -> bool:
    """Whether an operation's GPU kernel computes int32 on the host, and more than a few numbers."""
    integers = [x for x in operation.outputs if x.dtype == tf.int32 and x.shape.rank is not None]
    arithmetic = {"AddV2", "Sub", "Mul", "Minimum", "Maximum", "FloorMod", "FloorDiv", "Range", "StridedSlice"}
    return operation.type in arithmetic and any((x.shape.num_elements() or 0) > 1000 for x in integers)


@pytest.mark.slow
@pytest.mark.parametrize("batch, noise_kind", [(6, "pink"), (None, "folder")])
def test_everything_at_once_is_one_graph_for_any_device(tmp_path, batch, noise_kind):
    """No Python in it, a GPU kernel for each operation, the same result as operation by operation."""
    from tensorflow.python.framework import kernels

    soundfile.write(tmp_path / "noise.wav", np.random.default_rng(0).uniform(-0.3, 0.3, 2500), RATE_HZ)
    folder = {"backing_dir": str(tmp_path)} | ({"noise_dir": str(tmp_path)} if noise_kind == "folder" else {})
    config = several_labels(**(ALL | folder), noise_kind=noise_kind)
    prepared = pipeline.prepare(config)
    numbers = tensors(draw(config, batch=6))
    signature = (
        tf.TensorSpec([batch, pipeline.training_samples(config)], tf.float32),
        tf.TensorSpec([batch, 11], tf.float32),
        tf.nest.map_structure(lambda values: tf.TensorSpec([batch, *values.shape[1:]], values.dtype), numbers),
    )
    step = functools.partial(pipeline.apply, config=config, prepared=prepared)
    function = tf.function(lambda *args: step(*args), input_signature=signature)
    traced = function.get_concrete_function()
    definition = traced.graph.as_graph_def()
    nodes = [*definition.node, *(n for f in definition.library.function for n in f.node_def)]
    assert len(nodes) > 500
    kernels_of = functools.cache(lambda name: kernels.get_registered_kernels_for_op(name).kernel)
    for node in nodes:
        assert "Py" not in node.op, node.op
        for_gpu = [
            kernel
            for kernel in kernels_of(node.op)
            if kernel.device_type in ("GPU", "DEFAULT")
            and all(
                node.attr[rule.name].type in rule.allowed_values.list.type
                for rule in kernel.constraint
                if rule.allowed_values.list.type and rule.name in node.attr
            )
        ]
        assert for_gpu, f"{node.op} {node.name} has no GPU kernel"
    assert not [o.name for o in traced.graph.get_operations() if big_host_results(o)]
    waveform, targets = noise_batch(config, 6), np.eye(11, dtype=np.float32)[:6]
    out, labels = function(tf.constant(waveform), tf.constant(targets), numbers)
    expected, expected_labels = apply(config, waveform, numbers, targets, prepared)
    assert np.isfinite(out).all()
    np.testing.assert_allclose(out, expected, atol=1e-4)
    np.testing.assert_allclose(labels, expected_labels, atol=1e-6)
