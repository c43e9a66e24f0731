from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.metrics import single_label as m

# Hand-made: class 0 twice right, once called 1; class 1 once right; class 2 called 0; class 3 never occurs.
LABELS = np.array([0, 0, 0, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 0])


def test_confusion_has_labels_in_rows() -> None:
    expected = [[2, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(m.confusion_matrix(LABELS, PREDICTED, 4), expected)


def test_class_scores_by_hand() -> None:
    scores = m.class_scores(LABELS, PREDICTED, 4)
    np.testing.assert_allclose(scores.precision, [2 / 3, 1 / 2, 0, 0])
    np.testing.assert_allclose(scores.recall, [2 / 3, 1, 0, 0])
    np.testing.assert_allclose(scores.f1, [2 / 3, 2 / 3, 0, 0])
    np.testing.assert_array_equal(scores.support, [3, 1, 1, 0])
    assert m.accuracy(LABELS, PREDICTED) == pytest.approx(3 / 5)


def test_macro_f1_counts_classes_that_never_occur() -> None:
    assert m.macro_f1(LABELS, PREDICTED, 4) == pytest.approx((2 / 3 + 2 / 3) / 4)
    assert m.macro_f1(LABELS, PREDICTED, 3) == pytest.approx((2 / 3 + 2 / 3) / 3)


def test_no_warnings_about_empty_classes(recwarn: pytest.WarningsRecorder) -> None:
    m.class_scores(LABELS, PREDICTED, 4)
    assert not recwarn.list


def test_majority_is_chosen_on_the_training_labels() -> None:
    baseline = m.majority_baseline(np.array([1, 1, 0]), LABELS, 3)
    assert baseline.class_index == 1
    assert baseline.accuracy == pytest.approx(1 / 5)
    assert baseline.macro_f1 == pytest.approx((2 * 1 / 6) / 3)


def test_top_confusions_are_sorted_and_leave_out_the_diagonal_and_zeros() -> None:
    confusion = np.array([[9, 1, 4], [0, 9, 0], [2, 0, 9]])
    assert m.top_confusions(confusion, 2) == [(0, 2, 4), (2, 0, 2)]
    assert m.top_confusions(confusion, 20) == [(0, 2, 4), (2, 0, 2), (0, 1, 1)]
    assert confusion[0, 0] == 9, "the argument must stay as it was"


@pytest.mark.parametrize(
    ("labels", "predicted", "message"),
    [([0, 1], [0], "one length"), ([], [], "nothing to score"), ([0, 4], [0, 0], "label out of range"),
     ([0, 0], [0, -1], "prediction out of range")],
)  # fmt: skip
def test_bad_input_is_refused(labels: list[int], predicted: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        m.confusion_matrix(np.array(labels, int), np.array(predicted, int), 4)
