from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.dsp.equalization import equalize
from irmas_tf.training import augmentation
from irmas_tf.training.mixing import mixing_weights

ALL = {"random_speed_semitones": 2.0, "random_equalization_db": 3.0, "mixup_alpha": 0.4}


def draw(config, step=3, seed=1, batch=64):
    return augmentation.draw(config.augment, seed=seed, step=step, batch_size=batch)


def test_numbers_depend_on_seed_and_step_only(tiny):
    config = tiny(**ALL)
    first, again = draw(config), draw(config)
    assert set(first) == {"speed", "gains_db", "share"}
    for name, values in first.items():
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, again[name])
        assert not np.array_equal(values, draw(config, step=4)[name])
        assert not np.array_equal(values, draw(config, seed=2)[name])


def test_what_is_off_is_not_drawn_and_does_not_move_the_rest(tiny):
    assert set(draw(tiny())) == {"share"}
    np.testing.assert_array_equal(draw(tiny())["share"], np.ones(64))
    both, one = draw(tiny(**ALL)), draw(tiny(random_equalization_db=3.0))
    np.testing.assert_array_equal(both["gains_db"], one["gains_db"])
    np.testing.assert_array_equal(both["share"], mixing_weights(1, 3, 64, 0.4))


def test_the_ranges_are_those_of_the_flags(tiny):
    numbers = [draw(tiny(**ALL), step=step) for step in range(100)]
    semitones = 12 * np.log2(np.concatenate([n["speed"] for n in numbers]))
    assert -2.0 <= semitones.min() < -1.95 and 1.95 < semitones.max() <= 2.0
    assert np.mean(semitones) == pytest.approx(0.0, abs=0.05)
    gains = np.concatenate([n["gains_db"] for n in numbers])
    assert gains.shape == (6400, augmentation.EQUALIZER_BANDS)
    assert gains.std() == pytest.approx(3.0, rel=0.02)
    assert np.abs(np.corrcoef(gains.T) - np.eye(8)).max() < 0.05


def test_the_order_is_speed_then_equaliser_then_mixing(tiny):
    config = tiny(**ALL)
    numbers = draw(config, batch=4)
    waveform = np.random.default_rng(0).standard_normal([4, augmentation.training_samples(config)]).astype(np.float32)
    targets = np.eye(11, dtype=np.float32)[[1, 2, 3, 4]]
    out, labels = augmentation.apply(tf.constant(waveform), tf.constant(targets), numbers, config)
    samples, share = config.audio.window_samples, numbers["share"][:, None]
    played = np.zeros([4, samples])
    for row in range(4):
        positions = np.arange(samples) * float(numbers["speed"][row])
        played[row] = np.interp(positions, np.arange(waveform.shape[1]), waveform[row])
    even = equalize(tf.constant(played, tf.float32), numbers["gains_db"], config.audio.sample_rate_hz).numpy()
    expected = share * even + (1 - share) * np.roll(even, 1, axis=0)
    assert out.shape == (4, samples)
    # Linear interpolation stands in for the cubic; white noise is the worst it can get.
    assert np.linalg.norm(out - expected) < 0.35 * np.linalg.norm(expected)
    assert np.corrcoef(out.numpy().ravel(), expected.ravel())[0, 1] > 0.95
    np.testing.assert_allclose(labels, share * targets + (1 - share) * np.roll(targets, 1, axis=0), rtol=1e-6)


def test_everything_off_hands_the_batch_through(tiny):
    config = tiny()
    waveform, targets = tf.ones([2, config.audio.window_samples]), tf.ones([2, 11])
    out, labels = augmentation.apply(waveform, targets, draw(config, batch=2), config)
    assert out is waveform and labels is targets
    assert augmentation.training_samples(config) == config.audio.window_samples


def test_the_loader_gives_enough_for_the_fastest_playing(tiny):
    config = tiny(random_speed_semitones=2.0)
    samples = augmentation.training_samples(config)
    fastest = tf.constant([2.0 ** (2.0 / 12.0)], tf.float32)
    out, _ = augmentation.apply(tf.ones([1, samples]), tf.ones([1, 11]), {"speed": fastest}, config)
    assert float(tf.reduce_min(out[:, 1:])) == pytest.approx(1.0, abs=1e-5)
    assert samples < 1.13 * config.audio.window_samples + 4
