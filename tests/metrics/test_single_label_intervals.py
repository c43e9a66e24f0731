from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.metrics.single_label import class_scores, macro_f1
from irmas_tf.metrics.single_label_intervals import single_label_f1_intervals, single_label_intervals

CLASSES = 11
PRIOR = np.array([0.3, 0.2, 0.15, 0.1, 0.08, 0.06, 0.04, 0.03, 0.02, 0.01, 0.01])
RIGHT = np.linspace(0.9, 0.5, CLASSES)  # how often each class is recognised


def _draw(rng: np.random.Generator, songs: int, clips: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Songs of one class, right or wrong as a whole every other time; what is wrong is taken for the next class."""
    song = np.repeat(np.arange(songs), clips)
    label = rng.choice(CLASSES, songs, p=PRIOR)[song]
    whole, luck = rng.random(songs)[song] < 0.5, rng.random(songs)[song]
    right = np.where(whole, luck, rng.random(len(song))) < RIGHT[label]
    return label, np.where(right, label, (label + 1) % CLASSES), song


def _true_f1() -> np.ndarray:
    hits = PRIOR * RIGHT
    named = hits + np.roll(PRIOR * (1 - RIGHT), 1)
    return 2 * hits / (PRIOR + named)


def _before(labels: np.ndarray, predicted: np.ndarray, groups: np.ndarray, seed: int) -> tuple[float, float]:
    """The percentile bootstrap of earlier versions, in which a class absent from a replicate has F1 0."""
    songs = groups[-1] + 1
    weights = np.random.default_rng(seed).multinomial(songs, np.full(songs, 1 / songs), size=200)[:, groups]
    one_hot = np.eye(CLASSES)
    hits = weights @ (one_hot[labels] * (labels == predicted)[:, np.newaxis])
    total = weights @ (one_hot[labels] + one_hot[predicted])
    low, high = np.quantile((2 * hits / np.maximum(total, 1)).mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


@pytest.mark.slow
@pytest.mark.parametrize("songs, least", [(12, 0.86), (60, 0.915)])
def test_intervals_hold_the_truth_as_often_as_they_say(songs: int, least: float) -> None:
    rng, true_f1 = np.random.default_rng(songs), _true_f1()
    simulations, held, before = 200, {"accuracy": 0, "macro_f1": 0}, 0
    for seed in range(simulations):
        labels, predicted, groups = _draw(rng, songs, 5)
        present = np.bincount(labels, minlength=CLASSES) > 0
        truth = {"accuracy": PRIOR @ RIGHT, "macro_f1": true_f1[present].sum() / CLASSES}
        for name, interval in single_label_intervals(labels, predicted, groups, CLASSES).items():
            held[name] += interval.low <= truth[name] <= interval.high
        low, high = _before(labels, predicted, groups, seed)
        before += low <= truth["macro_f1"] <= high
    # 95 % and two standard errors of 200 draws; less with few songs, of which the evaluation warns.
    assert all(least <= count / simulations <= 0.995 for count in held.values()), held
    assert before / simulations < 0.86, before  # what it replaces does not come near


def test_the_interval_is_of_the_figure_that_is_printed() -> None:
    """A class without labels has F1 0 in both, also where it is named."""
    labels, predicted = np.array([0, 0, 1, 1, 0, 1]), np.array([0, 0, 1, 1, 0, 2])
    interval = single_label_intervals(labels, predicted, [0, 1, 2, 3, 4, 5], 4)["macro_f1"]
    value = macro_f1(labels, predicted, 4)
    assert interval is not None and interval.low < value < interval.high <= 0.5
    assert single_label_f1_intervals(labels, predicted, [0, 1, 2, 3, 4, 5], 4)[2:] == [None, None]


def test_f1_of_each_class_lies_in_its_interval_and_one_song_gives_none() -> None:
    labels, predicted, groups = _draw(np.random.default_rng(0), 80, 3)
    labels[labels == 10], labels[:3] = 0, 10  # a class of one song
    f1 = class_scores(labels, predicted, CLASSES).f1
    for value, interval, songs in zip(
        f1,
        single_label_f1_intervals(labels, predicted, groups, CLASSES),
        [len(np.unique(groups[labels == k])) for k in range(CLASSES)],
        strict=True,
    ):
        assert (interval is None) == (songs < 2)
        assert interval is None or interval.low - 1e-12 <= value <= interval.high + 1e-12


def test_order_of_clips_and_names_of_songs_do_not_matter() -> None:
    labels, predicted, groups = _draw(np.random.default_rng(2), 30, 4)
    order = np.random.default_rng(3).permutation(len(labels))
    names = np.array([f"song {group * 7 % 30}" for group in groups])
    first = single_label_intervals(labels, predicted, groups, CLASSES)
    second = single_label_intervals(labels[order], predicted[order], names[order], CLASSES)
    for name, interval in first.items():
        assert (interval.low, interval.high) == pytest.approx((second[name].low, second[name].high), abs=1e-12)


def test_one_song_has_no_interval_and_lengths_must_agree() -> None:
    one = single_label_intervals([0, 1], [0, 0], [1, 1], 2)
    assert one == {"accuracy": None, "macro_f1": None}
    with pytest.raises(ValueError, match="one length"):
        single_label_intervals([0, 1], [0, 1], [1], 2)
    with pytest.raises(ValueError, match="prediction out of range"):
        single_label_intervals([0, 1], [0, 2], [1, 2], 2)


def test_songs_alike_within_make_wider_intervals_than_clips() -> None:
    labels, predicted, groups = _draw(np.random.default_rng(4), 60, 10)
    by_song = single_label_intervals(labels, predicted, groups, CLASSES)["accuracy"]
    by_clip = single_label_intervals(labels, predicted, np.arange(len(labels)), CLASSES)["accuracy"]
    assert by_song.high - by_song.low > 1.5 * (by_clip.high - by_clip.low)
