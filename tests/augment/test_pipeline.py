from __future__ import annotations

import functools
import math

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d
from scipy.signal.windows import tukey

from irmas_tf.augment import pipeline as augmentation
from irmas_tf.augment.mixup import mixing_weights
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.dsp.equalization import equalize

RATE = 8000
THREE = {"random_speed_semitones": 2.0, "random_equalization_db": 3.0, "mixup_alpha": 0.4}
ALL = {
    **THREE,
    "random_gain_db": 6.0,
    "random_time_stretch": 0.1,
    "random_pitch_semitones": 2.0,
    "random_shift_seconds": 0.1,
    "silence_probability": 0.5,
    "silence_seconds": 0.2,
    "mix_probability": 0.6,
    "mix_max_excerpts": 3,
    "empty_probability": 0.2,
    "noise_probability": 0.5,
}


@pytest.fixture
def tiny(tiny):
    """Configurations for several labels, which have all augmentations."""
    return functools.partial(tiny, task="multi_label")


def draw(config, step=3, seed=1, batch=64):
    return augmentation.draw(config.augment, seed=seed, step=step, batch_size=batch)


def run(config, waveform, numbers, targets=None, recordings=None):
    if targets is None:
        targets = np.eye(11, dtype=np.float32)[np.arange(len(waveform)) % 11]
    out = augmentation.apply(tf.constant(waveform), tf.constant(targets), numbers, config, recordings)
    return [x.numpy() for x in out]


def noise_batch(config, batch: int, samples: int | None = None) -> np.ndarray:
    samples = samples or augmentation.training_samples(config)
    return (0.1 * np.random.default_rng(0).standard_normal([batch, samples])).astype(np.float32)


def test_numbers_depend_on_seed_and_step_only(tiny):
    config = tiny(**ALL)
    first, again = draw(config), draw(config)
    assert set(first) == {
        *("share", "speed", "tempo", "pitch", "vocoder_turn", "gain_db", "shift_seconds", "gains_db", "silence_place"),
        *("silence_seconds", "mix_added", "mix_partners", "mix_levels_db", "is_empty", "noise_turn", "snr_db"),
        "noise_seed",
    }
    for name, values in first.items():
        assert values.dtype == (np.int32 if name == "noise_seed" else np.float32)
        assert len(values) == 64
        np.testing.assert_array_equal(values, again[name])
        assert not np.array_equal(values, draw(config, step=4)[name])
        assert not np.array_equal(values, draw(config, seed=2)[name])


def test_what_is_off_is_not_drawn_and_does_not_move_the_rest(tiny):
    assert set(draw(tiny())) == {"share"}
    np.testing.assert_array_equal(draw(tiny())["share"], np.ones(64))
    everything = draw(tiny(**ALL))
    np.testing.assert_array_equal(everything["share"], mixing_weights(1, 3, 64, 0.4))
    for names in (
        ["random_gain_db"],
        ["random_speed_semitones"],
        ["random_equalization_db"],
        ["random_time_stretch", "random_pitch_semitones"],
        ["random_shift_seconds"],
        ["silence_probability", "silence_seconds"],
        ["mix_probability", "mix_max_excerpts"],
        ["empty_probability"],
        ["noise_probability"],
    ):
        alone = draw(tiny(**{name: ALL[name] for name in names}))
        del alone["share"]
        assert alone
        for key, values in alone.items():
            np.testing.assert_array_equal(values, everything[key], err_msg=key)


def test_the_ranges_are_those_of_the_flags(tiny):
    config = tiny(**ALL, mix_level_db=5.0, noise_min_snr_db=3.0, noise_max_snr_db=9.0)
    drawn = [draw(config, step=step) for step in range(100)]
    numbers = {name: np.concatenate([n[name] for n in drawn]) for name in drawn[0]}
    numbers["semitones"] = 12 * np.log2(numbers["speed"])
    numbers["pitch_semitones"] = 12 * np.log2(numbers["pitch"])
    for name, lowest, highest in (
        ("semitones", -2.0, 2.0),
        ("pitch_semitones", -2.0, 2.0),
        ("tempo", 0.9, 1.1),
        ("gain_db", -6.0, 6.0),
        ("shift_seconds", -0.1, 0.1),
        ("mix_levels_db", -5.0, 5.0),
        ("snr_db", 3.0, 9.0),
        ("noise_turn", 0.0, 1.0),
    ):
        values, width = numbers[name], highest - lowest
        assert lowest - 1e-6 <= values.min() < lowest + 0.02 * width, name
        assert highest - 0.02 * width < values.max() <= highest + 1e-6, name
        assert values.mean() == pytest.approx((lowest + highest) / 2, abs=0.02 * width), name
    gains = numbers["gains_db"]
    assert gains.shape == (6400, augmentation.EQUALIZER_BANDS)
    assert gains.std() == pytest.approx(3.0, rel=0.02)
    assert np.abs(np.corrcoef(gains.T) - np.eye(8)).max() < 0.05
    assert np.mean(numbers["is_empty"]) == pytest.approx(0.2, abs=0.02)
    silences = numbers["silence_seconds"]
    assert np.mean(silences > 0) == pytest.approx(0.5, abs=0.02) and 0.195 < silences.max() <= 0.2
    assert [np.mean(numbers["mix_added"] == k) for k in range(3)] == pytest.approx([0.4, 0.3, 0.3], abs=0.02)


def test_the_order_is_speed_then_equaliser_then_mixing(tiny):
    config = tiny(**THREE)
    numbers = draw(config, batch=4)
    # Smooth, so that a spline stands in for the band-limited playing, with silent ends, where that would ring.
    waveform = gaussian_filter1d(noise_batch(config, 4), 2.0, axis=1)
    waveform *= tukey(waveform.shape[1], 0.05).astype(np.float32)
    targets = np.eye(11, dtype=np.float32)[[1, 2, 3, 4]]
    out, labels = run(config, waveform, numbers, targets)
    samples, share = config.audio.window_samples, numbers["share"][:, None]
    played = np.zeros([4, samples])
    for row in range(4):
        positions = np.arange(samples) * float(numbers["speed"][row])
        played[row] = CubicSpline(np.arange(waveform.shape[1]), waveform[row])(positions)
    even = equalize(tf.constant(played, tf.float32), numbers["gains_db"], config.audio.sample_rate_hz).numpy()
    expected = share * even + (1 - share) * np.roll(even, 1, axis=0)
    assert out.shape == (4, samples)
    assert np.linalg.norm(out - expected) < 0.01 * np.linalg.norm(expected)
    np.testing.assert_allclose(labels, share * targets + (1 - share) * np.roll(targets, 1, axis=0), rtol=1e-6)


def test_everything_off_hands_the_batch_through(tiny):
    config = tiny()
    waveform, targets = tf.ones([2, config.audio.window_samples]), tf.ones([2, 11])
    out, labels = augmentation.apply(waveform, targets, draw(config, batch=2), config)
    assert out is waveform and labels is targets
    assert augmentation.training_samples(config) == config.audio.window_samples


def test_numbers_that_are_missing_change_nothing(tiny):
    config = tiny(**{**ALL, "mixup_alpha": 0.0})
    waveform, targets = tf.ones([2, config.audio.window_samples]), tf.ones([2, 11])
    out, labels = augmentation.apply(waveform, targets, {}, config)
    assert out is waveform and labels is targets


def test_tempo_pitch_and_speed_add_up(tiny):
    """The sine's frequency is that of pitch and speed, the burst's place that of tempo and speed."""
    settings = {"random_time_stretch": 0.2, "random_pitch_semitones": 3.0, "random_speed_semitones": 2.0}
    config = tiny(**settings, window_seconds=2.0, vocoder_probability=1.0)
    speed, tempo, pitch = np.array([1.1, 0.9, 1.0]), np.array([0.85, 1.2, 1.0]), np.array([0.85, 1.15, 1.0])
    numbers = {"vocoder_turn": np.zeros([3, 2]), "speed": speed, "tempo": tempo, "pitch": pitch}
    numbers = {name: tf.constant(values, tf.float32) for name, values in numbers.items()}
    time = np.arange(augmentation.training_samples(config)) / RATE
    sine = np.sin(2 * np.pi * 500 * time) * (1 + 9 * (np.abs(time - 1.0) < 0.1)) / 10
    out, _ = run(config, np.tile(sine, [3, 1]).astype(np.float32), numbers)
    assert out.shape == (3, 2 * RATE)
    for row in range(3):
        spectrum = np.abs(np.fft.rfft(out[row] * np.hanning(2 * RATE), 1 << 19))
        cents = 1200 * np.log2(spectrum.argmax() * RATE / (1 << 19) / (500 * pitch[row] * speed[row]))
        assert abs(cents) < 2
        loud = np.flatnonzero(np.abs(out[row]) > 0.5)
        assert loud.mean() / RATE == pytest.approx(1.0 / (tempo[row] * speed[row]), abs=0.03)


@pytest.mark.parametrize("window_seconds", [0.5, 1.5])
def test_the_loader_gives_enough_for_the_extremes(tiny, window_seconds):
    settings = {"random_time_stretch": 0.2, "random_pitch_semitones": 3.0, "random_speed_semitones": 2.0}
    for on in ({"random_speed_semitones": 2.0}, dict(list(settings.items())[:1]), settings):
        config = tiny(**on, window_seconds=window_seconds, vocoder_probability=1.0)
        samples = augmentation.training_samples(config)
        extremes = np.array([(s, t, p) for s in (-1, 1) for t in (-1, 1) for p in (-1, 1)], np.float64)
        numbers = {}
        if "random_speed_semitones" in on:
            numbers["speed"] = 2.0 ** (extremes[:, 0] * 2 / 12)
        if "random_time_stretch" in on:
            numbers["tempo"] = 1 + 0.2 * extremes[:, 1]
            numbers["pitch"] = 2.0 ** (extremes[:, 2] * 3 / 12) if "random_pitch_semitones" in on else np.ones(8)
            numbers["vocoder_turn"] = np.zeros([8, 2])
        numbers = {name: tf.constant(values, tf.float32) for name, values in numbers.items()}
        longer = noise_batch(config, 8, 4 * samples)
        np.testing.assert_allclose(
            run(config, longer[:, :samples], numbers)[0], run(config, longer, numbers)[0], atol=1e-3
        )
        longest = 1.125 * (1.2 if "random_time_stretch" in on else 1.0) * config.audio.window_samples
        assert samples < longest + 1200


def test_only_those_whose_turn_it_is_are_stretched_and_each_with_the_probability(tiny):
    config = tiny(random_time_stretch=0.2, vocoder_probability=0.3)
    waveform = noise_batch(config, 5)
    counts = np.zeros(5)
    for step in range(80):
        numbers = draw(config, step=step, batch=5)
        out, _ = run(config, waveform, numbers)
        same = np.all(out == waveform[:, : out.shape[1]], axis=1)
        assert (~same).sum() <= math.ceil(0.3 * 5)
        if step == 0:
            again = waveform[::-1]
            mirrored, _ = run(config, again, {name: values[::-1] for name, values in numbers.items()})
            np.testing.assert_allclose(mirrored[::-1], out, atol=1e-4, err_msg="an example depends on its place")
        counts += ~same
    assert counts / 80 == pytest.approx(np.full(5, 0.3), abs=0.17)
    assert counts.mean() / 80 == pytest.approx(0.3, abs=0.05)


def test_gain_is_what_the_numbers_say_and_changes_nothing_else(tiny):
    config = tiny(random_gain_db=6.0)
    numbers = {"gain_db": np.array([-6.0, 0.0, 6.0], np.float32)}
    waveform = noise_batch(config, 3)
    out, _ = run(config, waveform, numbers)
    np.testing.assert_allclose(out, waveform * 10.0 ** (numbers["gain_db"][:, None] / 20.0), rtol=1e-6)


def test_shift_and_silence_are_where_the_numbers_say(tiny):
    config = tiny(random_shift_seconds=0.1, shift_fill="silence", silence_probability=1.0, silence_seconds=0.2)
    numbers = {"shift_seconds": [0.05, -0.05], "silence_seconds": [0.1, 0.0], "silence_place": [0.5, 0.5]}
    numbers = {name: tf.constant(values) for name, values in numbers.items()}
    out, _ = run(config, np.ones([2, 4000], np.float32), numbers)
    assert not np.any(out[0, :400]) and np.all(out[0, 400:1500] == 1)
    assert not np.any(out[0, 1601:2400]) and np.all(out[0, 2600:] == 1)
    assert np.all(out[1, :3600] == 1) and not np.any(out[1, 3600:])


@pytest.mark.parametrize("kind", ["white", "pink", "folder"])
def test_noise_has_its_ratio_also_where_nothing_else_is_left(tiny, tmp_path, kind):
    folder = {}
    if kind == "folder":
        rng = np.random.default_rng(5)
        for name in ("a", "b"):
            soundfile.write(tmp_path / f"{name}.wav", rng.uniform(-0.3, 0.3, 2500), RATE)
        folder = {"noise_dir": str(tmp_path)}
    config = tiny(empty_probability=0.5, noise_probability=0.99, noise_kind=kind, **folder)
    recordings = augmentation.load_recordings(config)
    assert (recordings is None) == (kind != "folder")
    numbers = draw(config, batch=6)
    numbers["noise_turn"][:] = [[0, 0]] * 5 + [[0.9, 0.999]]
    numbers["is_empty"] = np.array([0, 1, 0, 1, 0, 0], np.float32)
    numbers["snr_db"] = np.array([0, 10, 20, -10, 5, 5], np.float32)
    waveform = noise_batch(config, 6)
    out, targets = run(config, waveform, numbers, recordings=recordings)
    added = out - np.where(numbers["is_empty"][:, None] > 0, 0, waveform)
    ratio = 20 * np.log10(waveform.std(axis=1)[:5] / np.sqrt(np.mean(added**2, axis=1))[:5])
    np.testing.assert_allclose(ratio, numbers["snr_db"][:5], atol=0.1)
    assert not np.any(added[5]), "not its turn"
    np.testing.assert_array_equal(targets.sum(axis=1), [1, 0, 1, 0, 1, 1])
    assert np.abs(np.corrcoef(added[:5]) - np.eye(5)).max() < 0.3
    np.testing.assert_array_equal(out, run(config, waveform, numbers, recordings=recordings)[0])


def test_a_missing_folder_is_found_before_training(tiny, tmp_path):
    config = tiny(noise_probability=0.5, noise_kind="folder", noise_dir=str(tmp_path / "no"))
    with pytest.raises(DataError, match=r"--noise_dir=.*: does not exist"):
        augmentation.load_recordings(config)


def test_mixtures_have_several_labels(tiny):
    config = tiny(mix_probability=1.0, mix_max_excerpts=3, mix_level_db=0.0)
    numbers = draw(config, batch=8)
    out, targets = run(config, noise_batch(config, 8), numbers)
    np.testing.assert_array_equal(targets.sum(axis=1), 1 + numbers["mix_added"])
    np.testing.assert_allclose(out.std(axis=1), 0.1 * np.sqrt(1 + numbers["mix_added"]), rtol=0.1)
    alone, targets = run(config, noise_batch(config, 1), {k: v[:1] for k, v in numbers.items()})
    np.testing.assert_array_equal(alone, noise_batch(config, 1), err_msg="nobody to mix with")
    assert targets.sum() == 1


def big_host_results(operation: tf.Operation) -> bool:
    """Whether an operation's GPU kernel computes int32 on the host, and more than a few numbers."""
    integers = [x for x in operation.outputs if x.dtype == tf.int32 and x.shape.rank is not None]
    arithmetic = {"AddV2", "Sub", "Mul", "Minimum", "Maximum", "FloorMod", "FloorDiv", "Range", "StridedSlice"}
    return operation.type in arithmetic and any((x.shape.num_elements() or 0) > 1000 for x in integers)


@pytest.mark.parametrize("batch, noise_kind", [(6, "pink"), (None, "folder")])
def test_everything_at_once_is_one_graph_for_any_device(tiny, tmp_path, batch, noise_kind):
    """No Python in it, a GPU kernel for each operation, the same result as operation by operation."""
    from tensorflow.python.framework import kernels

    soundfile.write(tmp_path / "noise.wav", np.random.default_rng(0).uniform(-0.3, 0.3, 2500), RATE)
    folder = {"noise_dir": str(tmp_path)} if noise_kind == "folder" else {}
    config = tiny(**ALL, noise_kind=noise_kind, **folder)
    recordings = augmentation.load_recordings(config)
    samples = augmentation.training_samples(config)
    numbers = draw(config, batch=6)

    signature = (
        tf.TensorSpec([batch, samples], tf.float32),
        tf.TensorSpec([batch, 11], tf.float32),
        {name: tf.TensorSpec([batch, *values.shape[1:]], values.dtype) for name, values in numbers.items()},
    )
    step = functools.partial(augmentation.apply, config=config, recordings=recordings)
    function = tf.function(lambda *args: step(*args), input_signature=signature)
    traced = function.get_concrete_function()
    definition = traced.graph.as_graph_def()
    nodes = [*definition.node, *(n for f in definition.library.function for n in f.node_def)]
    assert len(nodes) > 500
    for node in nodes:
        assert "Py" not in node.op, node.op
        found = [
            kernel
            for kernel in kernels.get_registered_kernels_for_op(node.op).kernel
            if kernel.device_type in ("GPU", "DEFAULT")
            and all(
                node.attr[rule.name].type in rule.allowed_values.list.type
                for rule in kernel.constraint
                if rule.allowed_values.list.type and rule.name in node.attr
            )
        ]
        assert found, f"{node.op} {node.name} has no GPU kernel"
    assert not [o.name for o in traced.graph.get_operations() if big_host_results(o)]
    waveform, targets = noise_batch(config, 6), np.eye(11, dtype=np.float32)[:6]
    numbers = {name: tf.constant(values) for name, values in numbers.items()}
    out, labels = function(tf.constant(waveform), tf.constant(targets), numbers)
    expected, expected_labels = run(config, waveform, numbers, targets, recordings)
    assert np.isfinite(out).all()
    np.testing.assert_allclose(out, expected, atol=1e-4)
    np.testing.assert_allclose(labels, expected_labels, atol=1e-6)
