"""scikit-learn is the oracle: random cases with ties, empty predictions, empty classes and empty clips."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn import metrics as sk

from irmas_tf.datasets import irmas_counts
from irmas_tf.metrics import multilabel
from tests.helpers import cases

CASES = cases(120, 1000)
TOLERANCE = 1e-9


def _cases() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield labels, scores and answers; which kinds of trouble they hold depends on the number of the case."""
    for number in range(CASES):
        rng = np.random.default_rng(number)
        clips, classes = int(rng.integers(1, 40)), int(rng.integers(2, 12))
        labels = rng.random([clips, classes]) < rng.uniform(0.05, 0.6)
        scores = rng.random([clips, classes])
        if number % 2:
            scores = np.round(scores * int(rng.integers(1, 6)))  # ties
        if number % 17 == 0:
            scores[:] = 0.5  # nothing but ties
        answers = scores >= rng.uniform(0, scores.max() + 0.2)
        if number % 3 == 0:
            answers[rng.random(clips) < 0.5] = False
        if number % 5 == 0:
            labels[:, rng.random(classes) < 0.3] = False
        if number % 7 == 0:
            labels[rng.random(clips) < 0.3] = False
        if number % 11 == 0:
            labels[rng.random(clips) < 0.3] = True
        if number % 13 == 0:
            answers[:] = False
        yield labels, scores, answers


def test_the_cases_hold_what_they_should() -> None:
    generated = list(_cases())
    assert sum(not answers.any() for *_, answers in generated) > 0.07 * CASES
    assert sum(not labels.any(axis=0).all() for labels, *_ in generated) > 0.2 * CASES
    assert sum(not labels.any(axis=1).all() for labels, *_ in generated) > 0.2 * CASES
    assert sum(len(np.unique(scores)) < scores.size for _, scores, _ in generated) >= 0.48 * CASES
    assert sum(len(np.unique(scores)) == 1 for _, scores, _ in generated) > 0.05 * CASES


@pytest.mark.slow
def test_decisions_are_scored_as_by_sklearn() -> None:
    for labels, _, answers in _cases():
        found = multilabel.decision_scores(labels, answers)
        precision, recall, f1, _ = sk.precision_recall_fscore_support(labels, answers, average="micro", zero_division=0)
        assert found.micro_precision == pytest.approx(precision, abs=TOLERANCE)
        assert found.micro_recall == pytest.approx(recall, abs=TOLERANCE)
        assert found.micro_f1 == pytest.approx(f1, abs=TOLERANCE) == multilabel.micro_f1(labels, answers)
        macro = sk.f1_score(labels, answers, average="macro", zero_division=0)
        assert found.macro_f1 == pytest.approx(macro, abs=TOLERANCE) == multilabel.macro_f1(labels, answers)
        assert found.exact_match == pytest.approx(sk.accuracy_score(labels, answers), abs=TOLERANCE)
        assert found.hamming_loss == pytest.approx(sk.hamming_loss(labels, answers), abs=TOLERANCE)


def test_each_class_is_scored_from_its_counts() -> None:
    labels = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0]], bool)
    answers = np.array([[1, 0, 0], [1, 1, 1], [1, 0, 0]], bool)
    of_class = multilabel.decision_scores(labels, answers).of_class
    np.testing.assert_allclose(of_class.precision, [2 / 3, 0, 0])
    np.testing.assert_allclose(of_class.recall, [1, 0, 0])
    np.testing.assert_allclose(of_class.f1, [0.8, 0, 0])
    assert of_class.support.tolist() == [2, 2, 0]


def test_a_single_class_is_a_class() -> None:
    labels, answers = np.array([[1], [1], [0]], bool), np.array([[1], [0], [0]], bool)
    found = multilabel.decision_scores(labels, answers)
    assert found.of_class.f1.tolist() == pytest.approx([2 / 3])
    assert found.macro_f1 == pytest.approx(2 / 3) == found.micro_f1
    assert found.exact_match == pytest.approx(2 / 3)


@pytest.mark.slow
def test_rankings_are_scored_as_by_sklearn() -> None:
    for labels, scores, _ in _cases():
        expected = sk.label_ranking_average_precision_score(labels, scores)
        assert multilabel.lrap(labels, scores) == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.slow
def test_average_precision_is_sklearns_where_there_are_labels() -> None:
    for labels, scores, _ in _cases():
        present = labels.any(axis=0)
        mean = multilabel.mean_average_precision(labels, scores)
        assert (np.isnan(multilabel.average_precision(labels, scores)) == ~present).all()
        if not present.any():
            assert np.isnan(mean)
            continue
        expected = sk.average_precision_score(labels[:, present], scores[:, present], average="macro")
        assert mean == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:No positive class found:UserWarning")
def test_average_precision_over_all_classes_is_sklearns_whatever_is_empty() -> None:
    empty = 0
    for labels, scores, _ in _cases():
        expected = sk.average_precision_score(labels, scores, average="macro")
        found = multilabel.mean_average_precision_all_classes(labels, scores)
        assert found == pytest.approx(expected, abs=TOLERANCE)
        empty += not labels.any(axis=0).all()
    assert empty > 0.2 * CASES


def test_a_ranking_by_hand() -> None:
    labels = np.array([[1, 0, 1, 0]], bool)
    # The labels are on ranks 1 and 3: (1/1 + 2/3) / 2.
    assert multilabel.lrap(labels, np.array([[9.0, 5.0, 4.0, 1.0]])) == pytest.approx(5 / 6)
    # Equal scores share the worst rank: all four on rank 4, two labels among them.
    assert multilabel.lrap(labels, np.zeros([1, 4])) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("labels", "scores", "words"),
    [
        (np.zeros([2, 3]), np.zeros([3, 2]), "two matrices"),
        (np.zeros(3), np.zeros(3), "two matrices"),
        (np.zeros([0, 3]), np.zeros([0, 3]), "nothing to score"),
        (np.zeros([1, 2]), np.array([[0.0, np.nan]]), "finite"),
    ],
)
def test_what_cannot_be_scored_is_refused(labels: np.ndarray, scores: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        multilabel.lrap(labels, scores)


def test_the_constant_answer_names_the_most_frequent_and_prefers_the_first_of_equals() -> None:
    assert multilabel.constant_answer([3, 9, 3, 1], 2, size=2).tolist() == [[True, True, False, False]] * 2
    assert multilabel.constant_scores([0.1, 0.9], 2).tolist() == [[0.1, 0.9]] * 2


# ---- known facts about the official test set ----------------------------------------------------------------------

CODES = tuple(irmas_counts.TESTING_LABELS)
TRAINING = np.array([irmas_counts.TRAINING_EXCERPTS[code] for code in CODES])
LABELS = np.array([irmas_counts.TESTING_LABELS[code] for code in CODES])
CLIPS = irmas_counts.TESTING_TOTAL


def _label_matrix(rng: np.random.Generator) -> np.ndarray:
    """Return labels with the official number of clips of every class, and 1 to 5 labels a clip.

    The columns' sums are exact. Which classes meet in a clip is not published in the counts: here they meet by chance.
    """
    labels = np.zeros([CLIPS, len(CODES)], bool)
    # Every clip gets one label first, in the proportions of all labels; the others go where their class is not yet.
    firsts = np.floor(LABELS * CLIPS / LABELS.sum()).astype(int)
    firsts[np.argmax(LABELS)] += CLIPS - firsts.sum()
    labels[np.arange(CLIPS), rng.permutation(np.repeat(np.arange(len(CODES)), firsts))] = True
    for code, rest in enumerate(LABELS - firsts):
        free = np.flatnonzero(~labels[:, code] & (labels.sum(axis=1) < 5))
        labels[rng.permutation(free)[:rest], code] = True
    return labels


def test_the_constant_answer_of_the_official_counts_is_exact() -> None:
    """The most frequent training classes are voice, electric guitar and piano; micro F1 needs the counts alone."""
    named = multilabel.constant_answer(TRAINING, CLIPS)
    assert {code for code, yes in zip(CODES, named[0], strict=True) if yes} == {"voi", "gel", "pia"}
    hits = LABELS[named[0]].sum()
    assert (CLIPS, LABELS.sum()) == (2874, 4917)
    exact = 2 * hits / (3 * CLIPS + LABELS.sum())
    assert exact == pytest.approx(0.440, abs=0.0005)
    # Any matrix with these counts gives that very figure, however its labels meet.
    labels = np.zeros([CLIPS, len(CODES)], bool)
    for column, count in zip(labels.T, LABELS, strict=True):
        column[np.random.default_rng(int(count)).permutation(CLIPS)[:count]] = True
    assert multilabel.micro_f1(labels, named) == pytest.approx(exact, abs=1e-12)


def test_three_is_the_best_size_of_the_constant_answer() -> None:
    order = np.argsort(-TRAINING)
    by_size = [2 * LABELS[order[:n]].sum() / (n * CLIPS + LABELS.sum()) for n in range(1, 12)]
    assert int(np.argmax(by_size)) + 1 == 3


@pytest.mark.parametrize(("counts", "known"), [(LABELS, 0.540), (TRAINING, 0.534)], ids=["test", "training"])
def test_prevalence_rankings_of_the_official_counts(counts: np.ndarray, known: float) -> None:
    """Ranking by the labels of the test set itself has LRAP .540 on it; by the excerpts in training about .534.

    The two orders differ (electric guitar before piano in training, after it in the test set), so the figures do too:
    .540 belongs to the first alone. Exact here: the number of clips, the labels of every class, 1 to 5 labels a clip.
    Approximate: which classes meet in a clip, and how many clips have how many labels, which the counts do not say.
    Hence the tolerance.
    """
    scores = multilabel.constant_scores(counts, CLIPS)
    for seed in range(3):
        labels = _label_matrix(np.random.default_rng(seed))
        assert labels.sum(axis=0).tolist() == LABELS.tolist()
        assert 1 <= labels.sum(axis=1).min() and labels.sum(axis=1).max() <= 5
        assert multilabel.lrap(labels, scores) == pytest.approx(known, abs=0.002)
