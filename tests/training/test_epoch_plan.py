from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.training.epoch_plan import plan_epoch, stateless_bits, stateless_uniform
from tests.helpers.one_hot import one_hot

LABELS = np.repeat(np.arange(4), [100, 50, 30, 7])
ROWS = one_hot(LABELS, 4)
KNOWN_BITS = [17868934057107982722, 16494992918250236745, 6061929037053682201]
KNOWN_ORDER = [29, 15, 116, 60, 37, 32, 178, 175]


def test_every_example_once_and_another_order_each_epoch_and_seed():
    plans = [plan_epoch(ROWS, seed=s, epoch=e) for s, e in ((0, 0), (0, 1), (1, 0))]
    for plan in plans:
        np.testing.assert_array_equal(np.sort(plan.order), np.arange(len(LABELS)))
    for other in plans[1:]:
        assert (plans[0].order == other.order).mean() < 0.05
        assert (plans[0].crop == other.crop).mean() < 0.05


def test_an_example_gets_its_numbers_from_seed_epoch_and_itself_alone():
    few, many = plan_epoch(ROWS[:20], seed=5, epoch=2), plan_epoch(ROWS, seed=5, epoch=2)
    place = {example: slot for slot, example in enumerate(many.order)}
    slots = [place[example] for example in few.order]
    np.testing.assert_array_equal(few.crop, many.crop[slots])
    np.testing.assert_array_equal(few.example_seed, many.example_seed[slots])


def test_the_numbers_are_the_same_for_ever():
    # A changed generator would silently make every resumed run another run.
    assert stateless_bits(0, 0, 1, np.arange(3)).tolist() == KNOWN_BITS
    assert plan_epoch(ROWS, seed=3, epoch=1).order[:8].tolist() == KNOWN_ORDER


def test_uniform_numbers_are_uniform_and_streams_unrelated():
    index = np.arange(20_000)
    numbers = np.stack(
        [stateless_uniform(s, e, stream, index) for s, e, stream in ((0, 0, 1), (0, 0, 2), (0, 1, 1), (1, 0, 1))]
    )
    assert numbers.min() >= 0.0 and numbers.max() < 1.0
    for row in numbers:
        counts = np.histogram(row, 20, (0, 1))[0]
        assert ((counts - 1000.0) ** 2 / 1000.0).sum() < 45.0  # chi-square, 19 degrees of freedom, p = .001
    correlation = np.corrcoef(numbers) - np.eye(4)
    assert np.abs(correlation).max() < 0.03
    assert abs(np.corrcoef(numbers[0, 1:], numbers[0, :-1])[0, 1]) < 0.03


def test_balance_shares_the_epoch_equally():
    plan = plan_epoch(ROWS, seed=0, epoch=0, balance=True)
    assert len(plan.order) == len(LABELS)
    counts = np.bincount(LABELS[plan.order])
    assert counts.max() - counts.min() <= 1
    # Small classes in full cycles, large ones without repeats.
    repeats = np.bincount(plan.order, minlength=len(LABELS))
    assert repeats[LABELS == 0].max() == 1
    assert set(repeats[LABELS == 3].tolist()) == {6, 7}


def test_balance_repeats_an_example_with_another_crop_and_shows_others_next_epoch():
    plan = plan_epoch(ROWS, seed=0, epoch=0, balance=True)
    rare = plan.order == int(np.flatnonzero(LABELS == 3)[0])
    assert len(set(plan.crop[rare].tolist())) == rare.sum() >= 6
    seeds = {tuple(s) for s in plan.example_seed.tolist()}
    assert len(seeds) == len(LABELS)
    following = plan_epoch(ROWS, seed=0, epoch=1, balance=True)
    shown = [set(p.order[LABELS[p.order] == 0].tolist()) for p in (plan, following)]
    assert shown[0] != shown[1]


def test_balance_over_several_labels_gives_each_class_its_slots_and_no_slot_twice():
    rng = np.random.default_rng(0)
    rows = (rng.random([300, 4]) < [0.6, 0.3, 0.1, 0.02]).astype(np.int8)
    rows[rng.random([300, 4]) < 0.3] = -1
    rare, none = rows[:, 3] == 1, ~(rows == 1).any(axis=1)
    assert rare.any() and none.any()
    plan = plan_epoch(rows, seed=0, epoch=0, balance=True)
    assert len(plan.order) == 300
    assert np.sum(rare[plan.order]) >= 60 and 59 <= np.sum(none[plan.order]) <= 61
    assert len({tuple(s) for s in plan.example_seed.tolist()}) == 300, "an example that returns is another example"


@pytest.mark.parametrize("balance", [False, True])
def test_no_examples_no_slots(balance):
    assert len(plan_epoch(np.zeros([0, 3], np.int8), seed=0, epoch=0, balance=balance).order) == 0


def test_large_seeds_are_fine():
    assert stateless_uniform(2**62, 10**6, 1, np.arange(4)).shape == (4,)
