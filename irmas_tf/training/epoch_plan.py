"""What an epoch does with which example, as a pure function of (seed, epoch, example).

Nothing here has a state: batch k of an epoch is the same whether the epoch was read from its beginning or resumed at
k, and on every machine and version, because the numbers come from a hash (SplitMix64) and not from a library's
generator.
"""

from __future__ import annotations

import dataclasses

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
# One stream for each use, so that no two uses see related numbers.
_ORDER, _CROP, _EXAMPLE_SEED, _WITHIN_CLASS, _PLACE = 1, 2, 4, 5, 6
_EXTRA_SEED = 1 << 40  # added to the seed for a second data set: above any seed that a run has


def _mix(value: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser (Steele, Lea and Flood, OOPSLA 2014): uint64 -> uint64, every bit depends on every bit."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def stateless_bits(seed: int, epoch: int, stream: int, index: np.ndarray) -> np.ndarray:
    """Return one random uint64 for each index [n], given by (seed, epoch, stream, index) alone."""
    state = np.zeros(1, np.uint64)
    for part in (seed, epoch, stream):
        state = _mix(state + _GOLDEN + np.uint64(part))
    return _mix(_mix(state + _GOLDEN * (index.astype(np.uint64) + np.uint64(1))) + _GOLDEN)


def stateless_uniform(seed: int, epoch: int, stream: int, index: np.ndarray) -> np.ndarray:
    """Return one float64 in [0, 1) for each index [n]."""
    return (stateless_bits(seed, epoch, stream, index) >> np.uint64(11)).astype(np.float64) * 2.0**-53


@dataclasses.dataclass(frozen=True)
class EpochPlan:
    """What each of an epoch's n slots is.

    Attributes:
        order: int64 [n], the example in the slot.
        crop: float64 [n] in [0, 1), where in the room that there is the window begins.
        example_seed: int32 [n, 2], for augmentation inside the model.
    """

    order: np.ndarray
    crop: np.ndarray
    example_seed: np.ndarray


def plan_epoch(labels: np.ndarray, *, seed: int, epoch: int, balance: bool = False) -> EpochPlan:
    """Return the plan of one epoch over n examples, n slots long.

    Args:
        labels: int8 [n, classes], 1 where a class is heard.
        seed, epoch: what the plan depends on.
        balance: every class that occurs gets the same number of slots, give or take one. Inside a class the examples
            are gone through in a random order, again and again where the class is small; a large class shows another
            part of itself every epoch. An example of several classes is in the slots of each, and those in which
            nothing is known to be heard are a class of their own.
    """
    labels = np.asarray(labels)
    count = len(labels)
    examples = np.arange(count, dtype=np.int64)
    occurrence = np.zeros(count, np.int64)
    if balance and count:
        examples, occurrence = _balanced(labels, seed, epoch)
    # A repeated example gets another crop each time.
    identity = examples + occurrence * count
    shuffle = np.argsort(stateless_bits(seed, epoch, _ORDER, identity), kind="stable")
    examples, identity = examples[shuffle], identity[shuffle]
    bits = stateless_bits(seed, epoch, _EXAMPLE_SEED, identity)
    return EpochPlan(
        order=examples,
        crop=stateless_uniform(seed, epoch, _CROP, identity),
        example_seed=np.ascontiguousarray(bits).view(np.int32).reshape(count, 2),
    )


def plan_with_extra(
    labels: np.ndarray, extra: int, *, batch_size: int, per_batch: int, seed: int, epoch: int, balance: bool = False
) -> EpochPlan:
    """Return the plan of one epoch over a data set and a second one beside it, in whole batches.

    Every batch has the same number of the second set's examples, at places that vary. The epoch is one pass over the
    first set, in the order of `plan_epoch`. The second has epochs of its own, that is passes in an order of their own,
    which go on from batch to batch wherever the epoch ends.

    Args:
        labels: int8 [n, classes], those of the second set at the end.
        extra: how many these are, at least 1.
        batch_size: examples in a batch.
        per_batch: those of the second set among them, from 1 to below ``batch_size``.
        seed, epoch: what the plan depends on.
        balance: see `plan_epoch`; each set by itself.
    """
    labels = np.asarray(labels)
    own = plan_epoch(labels[: len(labels) - extra], seed=seed, epoch=epoch, balance=balance)
    steps = len(own.order) // (batch_size - per_batch)
    passes, places = np.divmod(np.arange(steps * per_batch) + epoch * steps * per_batch, extra)
    bits = stateless_bits(seed, epoch, _PLACE, np.arange(steps * batch_size)).reshape(steps, batch_size)
    is_extra = (bits.argsort(axis=1, kind="stable").argsort(axis=1) < per_batch).ravel()
    order, crop = np.empty(len(is_extra), np.int64), np.empty(len(is_extra))
    seeds = np.empty((len(is_extra), 2), np.int32)
    own_slots = np.arange(steps * (batch_size - per_batch))
    order[~is_extra], crop[~is_extra], seeds[~is_extra] = (
        own.order[own_slots],
        own.crop[own_slots],
        own.example_seed[own_slots],
    )
    slots = np.flatnonzero(is_extra)
    for number in np.unique(passes):
        one_pass = plan_epoch(labels[-extra:], seed=seed + _EXTRA_SEED, epoch=int(number), balance=balance)
        at, here = slots[passes == number], places[passes == number]
        order[at] = one_pass.order[here] + len(labels) - extra
        crop[at], seeds[at] = one_pass.crop[here], one_pass.example_seed[here]
    return EpochPlan(order, crop, seeds)


def _balanced(labels: np.ndarray, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (example, how often it came before) for len(labels) slots shared equally by the classes that occur."""
    heard = labels == 1
    classes = [np.flatnonzero(column) for column in heard.T]
    classes = [members for members in (*classes, np.flatnonzero(~heard.any(axis=1))) if len(members)]
    shares = np.full(len(classes), len(labels) // len(classes))
    shares[(np.arange(len(labels) % len(classes)) + epoch) % len(classes)] += 1
    chosen = []
    for members, share in zip(classes, shares, strict=True):
        members = members[np.argsort(stateless_bits(seed, epoch, _WITHIN_CLASS, members), kind="stable")]
        chosen.append(members[np.arange(share) % len(members)])
    examples = np.concatenate(chosen)
    # How often an example came before: its place among its equals, which a stable sort leaves in their order.
    by_example = np.argsort(examples, kind="stable")
    first = np.searchsorted(examples[by_example], examples[by_example])
    occurrence = np.empty(len(examples), np.int64)
    occurrence[by_example] = np.arange(len(examples)) - first
    return examples, occurrence
