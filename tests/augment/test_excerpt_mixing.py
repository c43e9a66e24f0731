from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.augment.excerpt_mixing import MixPlan, mix_many, partner_rows
from irmas_tf.training.targets import known_targets, target_bounds
from tests.helpers.augmenting import apply, draw, drawn_over, noise_batch, several_labels

RNG = np.random.default_rng(0)
WAVEFORM = (RNG.uniform(0.02, 0.3, [6, 1]) * RNG.standard_normal([6, 400])).astype(np.float32)
TARGETS = np.eye(5, dtype=np.float32)[[0, 1, 2, 3, 4, 0]]
ROWS = np.array([[1, 2, 5], [0, 2, 3], [5, 0, 1], [4, 5, 0], [0, 5, 1], [3, 2, 0]], np.int32)
LEVELS = RNG.uniform(-12, 12, [6, 3]).astype(np.float32)
ADDED = np.array([0, 1, 2, 3, 2, 3], np.float32)


def plain(waveform, targets, labels, predominance_db):
    """The definition, example by example, in double precision."""
    waveform = waveform.astype(np.float64)
    mixtures, answers = [], []
    for i in range(len(waveform)):
        own = np.sqrt(np.mean(waveform[i] ** 2))
        mixture, heard = waveform[i].copy(), [(1.0, targets[i])]
        for k in range(int(ADDED[i])):
            other = waveform[ROWS[i, k]]
            theirs = np.sqrt(np.mean(other**2))
            if own == 0 or theirs == 0:
                continue
            scaled = other / theirs * own * 10 ** (LEVELS[i, k] / 20)
            mixture += scaled
            heard.append((np.mean(scaled**2) / own**2, targets[ROWS[i, k]]))
        if len(heard) > 1 and np.abs(mixture).max() > 1:
            mixture /= np.abs(mixture).max()
        energies = np.zeros(targets.shape[1])
        for energy, target in heard:
            energies += energy * target
        if labels == "union":
            answer = np.max([target for _, target in heard], axis=0)
        elif len(heard) == 1:
            answer = targets[i]
        elif labels == "level":
            answer = energies / energies.max()
        else:
            with np.errstate(divide="ignore"):
                answer = 10 * np.log10(energies / energies.max()) >= -predominance_db
        mixtures.append(mixture)
        answers.append(np.asarray(answer, np.float64))
    return np.array(mixtures), np.array(answers)


def mixed(waveform=WAVEFORM, targets=TARGETS, labels="union", predominance_db=6.0):
    plan = MixPlan(tf.constant(ROWS), tf.constant(LEVELS), tf.constant(ADDED))
    out = mix_many(tf.constant(waveform), tf.constant(targets), plan, labels=labels, predominance_db=predominance_db)
    return [x.numpy() for x in out]


@pytest.mark.parametrize("labels", ["union", "level", "predominant"])
@pytest.mark.parametrize("loudness", [1.0, 9.0])
def test_it_is_the_plain_definition(labels, loudness):
    out, answers = mixed(loudness * WAVEFORM, labels=labels)
    expected, expected_answers = plain(loudness * WAVEFORM, TARGETS, labels, 6.0)
    np.testing.assert_allclose(out, expected, atol=2e-6)
    np.testing.assert_allclose(answers, expected_answers, atol=1e-5)


def test_what_is_not_mixed_is_not_touched_even_above_full_scale():
    loud = (50 * WAVEFORM).astype(np.float32)
    out, answers = mixed(loud)
    np.testing.assert_array_equal(out[0], loud[0])
    np.testing.assert_array_equal(answers[0], TARGETS[0])
    np.testing.assert_allclose(np.abs(out[1:]).max(axis=1), 1.0, rtol=1e-6)


def test_silent_excerpts_add_nothing_and_get_nothing():
    waveform = WAVEFORM.copy()
    waveform[[0, 4]] = 0.0
    for labels in ("union", "level", "predominant"):
        out, answers = mixed(waveform, labels=labels)
        expected, expected_answers = plain(waveform, TARGETS, labels, 6.0)
        np.testing.assert_allclose(out, expected, atol=2e-6)
        np.testing.assert_allclose(answers, expected_answers, atol=1e-5)
        assert not np.any(out[4])


def test_a_class_carried_twice_is_as_loud_as_both():
    """Two excerpts of one class, each 4 dB below the example, are together 1 dB below it."""
    plan = MixPlan(tf.constant([[1, 2], [0, 2], [0, 1]]), tf.constant([[-4.0, -4.0]] * 3), tf.constant([2.0, 0.0, 0.0]))
    targets = tf.constant([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    _, soft = mix_many(tf.constant(WAVEFORM[:3]), targets, plan, labels="level", predominance_db=0.0)
    assert 10 * np.log10(soft[0, 1]) == pytest.approx(-0.99, abs=0.01)
    for decibels, expected in ((0.5, 0.0), (1.5, 1.0)):
        _, hard = mix_many(tf.constant(WAVEFORM[:3]), targets, plan, labels="predominant", predominance_db=decibels)
        np.testing.assert_array_equal(hard[0], [1.0, expected])


def test_the_measured_level_of_what_is_added_is_the_asked_one():
    out, _ = mixed(0.01 * WAVEFORM)
    added = out[1] - 0.01 * WAVEFORM[1]
    decibels = 20 * np.log10(added.std() / (0.01 * WAVEFORM[1]).std())
    assert decibels == pytest.approx(LEVELS[1, 0], abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("batch, partners", [(2, 1), (5, 4), (32, 7)])
def test_partners_are_others_all_different_and_all_as_likely(batch, partners):
    rows_of = tf.function(partner_rows, reduce_retracing=True)
    counts = np.zeros([partners, batch])
    draws = np.random.default_rng(1).uniform(size=[60, batch, partners]).astype(np.float32)
    draws[0], draws[1] = 0.0, 1.0  # float32 may round up to 1
    own = np.arange(batch)
    for of_batch in draws:
        rows = rows_of(tf.constant(of_batch)).numpy()
        assert rows.min() >= 0 and rows.max() < batch
        members = np.sort(np.column_stack([own, rows]), axis=1)
        assert np.all(np.diff(members, axis=1) > 0), "all different, and none the example's own"
        np.add.at(counts, (np.arange(partners), (own[:, None] - rows) % batch), 1)
    expected = 60 * batch / (batch - 1)
    assert np.abs(counts[:, 1:] - expected).max() < 6 * np.sqrt(expected) + batch


def test_a_batch_too_small_gives_the_others_it_has():
    rows = partner_rows(tf.constant(np.random.default_rng(3).uniform(size=[2, 5]), tf.float32)).numpy()
    np.testing.assert_array_equal(rows[:, 0], [1, 0])
    assert rows.min() >= 0 and rows.max() < 2


def test_numbers_and_levels_are_those_of_the_flags():
    numbers = drawn_over(several_labels(mix_probability=0.6, mix_max_excerpts=3, mix_level_db=5.0), 100)
    assert [np.mean(numbers["mix_added"] == k) for k in range(3)] == pytest.approx([0.4, 0.3, 0.3], abs=0.02)
    levels = numbers["mix_levels_db"]
    assert levels.shape == (6400, 2)
    assert -5 <= levels.min() < -4.9 and 4.9 < levels.max() <= 5


def test_mixtures_have_several_labels_and_one_example_alone_stays_as_it_is():
    config = several_labels(mix_probability=1.0, mix_max_excerpts=3, mix_level_db=0.0)
    numbers = draw(config, batch=8)
    added = numbers["excerpt_mixing"]["mix_added"]
    out, targets = apply(config, noise_batch(config, 8), numbers)
    np.testing.assert_array_equal(targets.sum(axis=1), 1 + added)
    np.testing.assert_allclose(out.std(axis=1), 0.1 * np.sqrt(1 + added), rtol=0.1)
    first = {name: values[:1] for name, values in numbers["excerpt_mixing"].items()}
    alone, targets = apply(config, noise_batch(config, 1), {"excerpt_mixing": first})
    np.testing.assert_array_equal(alone, noise_batch(config, 1), err_msg="nobody to mix with")
    assert targets.sum() == 1


def test_of_unknown_labels_a_class_is_heard_in_any_part_or_in_none_or_nobody_knows():
    labels = np.array([[1, 0, -1, 0, -1], [-1, 0, 0, 1, -1], [0, 0, 1, 0, 0]] * 2, np.int8)
    _, bounds = mixed(targets=target_bounds(labels).numpy())
    targets, known = (x.numpy() for x in known_targets(bounds))
    for i in range(6):
        parts = labels[[i, *ROWS[i, : int(ADDED[i])]]]
        heard, not_heard = (parts == 1).any(axis=0), (parts == 0).all(axis=0)
        np.testing.assert_array_equal(known[i], heard | not_heard)
        np.testing.assert_array_equal(targets[i][known[i]], heard[known[i]])
