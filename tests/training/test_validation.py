from __future__ import annotations

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf
from sklearn.metrics import average_precision_score, f1_score, label_ranking_average_precision_score, log_loss

from irmas_tf.datasets.split_sides import SplitSide
from irmas_tf.training.excerpts import SideMixtures, evaluation_batches
from irmas_tf.training.validation import Validator
from tests.helpers.one_hot import one_hot

RATE_HZ = 8000


def level_model(classes: int) -> keras.Model:
    """Its first logit is ten times the window's mean sample, the others are 0."""
    x = keras.Input((None,))
    mean = keras.ops.mean(x, axis=1, keepdims=True)
    return keras.Model(x, keras.ops.pad(10.0 * mean, [[0, 0], [0, classes - 1]]))


@pytest.mark.slow
def test_probabilities_are_averaged_over_the_windows_of_a_clip(tiny, tmp_path):
    config = tiny(window_seconds=0.5, window_hop_seconds=0.5, batch_size=2)
    # Three windows of mean .2, .2, -.2; then one window; then one of which half is padding.
    levels = [np.repeat([0.2, 0.2, -0.2], 4000), np.full(4000, -0.4), np.full(2000, 0.4)]
    paths = []
    for index, level in enumerate(levels):
        paths.append(str(tmp_path / f"{index}.wav"))
        soundfile.write(paths[-1], level, RATE_HZ, subtype="FLOAT")
    side = SplitSide(tuple(paths), one_hot([0, 1, 0]))
    calls = []
    scores = Validator(level_model(11), config, side).run(before_batch=lambda: calls.append(1))

    def softmax(level: float) -> np.ndarray:
        e = np.exp([10 * level] + [0.0] * 10)
        return e / e.sum()

    expected = np.stack([(2 * softmax(0.2) + softmax(-0.2)) / 3, softmax(-0.4), softmax(0.2)])
    assert scores.loss == pytest.approx(log_loss(side.labels, expected, labels=np.arange(11)), rel=1e-3)
    assert scores.accuracy == 1.0
    assert scores.macro_f1 == pytest.approx(2 / 11)
    assert len(calls) == 3


def test_it_can_be_stopped_between_batches(tiny, corpus):
    paths = sorted(map(str, corpus.rglob("*.wav")))
    validator = Validator(level_model(11), tiny(batch_size=8), SplitSide(tuple(paths), one_hot([0] * len(paths))))

    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    with pytest.raises(Stop):
        validator.run(before_batch=stop)


@pytest.mark.slow
def test_several_labels_are_scored_on_mixtures(tiny, corpus):
    config = tiny(corpus, task="multi_label")
    paths = tuple(sorted(map(str, corpus.rglob("*.wav"))))
    labels = np.array([config.labels.index(path.split("[")[1][:3]) for path in paths], np.int32)
    side = SideMixtures.of(SplitSide(paths, one_hot(labels), np.arange(len(paths))), config)
    model = level_model(11)
    scores = Validator(model, config, side).run(before_batch=lambda: None)
    logits = np.concatenate([model(x) for x, _ in evaluation_batches(side, config)])
    assert len(logits) == len(side) == len(paths), "a window each"
    p = tf.sigmoid(logits).numpy()  # rounded as it rounds, or nearly equal scores would tie here and not there
    log_loss_of_classes = [log_loss(t, q, labels=[False, True]) for t, q in zip(side.labels.T, p.T, strict=True)]
    assert scores.loss == pytest.approx(sum(log_loss_of_classes), rel=1e-5)
    present = side.labels.any(axis=0)
    expected = average_precision_score(side.labels[:, present], p[:, present], average="macro")
    assert scores.mean_average_precision == pytest.approx(expected)
    assert scores.lrap == pytest.approx(label_ranking_average_precision_score(side.labels, p))
    assert scores.accuracy is scores.macro_f1 is None
    thresholds = scores.thresholds
    assert thresholds is not None
    assert scores.micro_f1 == pytest.approx(f1_score(side.labels, p >= thresholds.overall, average="micro"))
    named = p >= thresholds.vector(config.labels.codes)
    best = max(f1_score(side.labels[:, 0], p[:, 0] >= level) for level in p[:, 0])
    assert f1_score(side.labels[:, 0], named[:, 0]) == pytest.approx(best)


def test_mixtures_are_the_same_for_every_training_of_a_split(tiny, corpus):
    paths = tuple(sorted(map(str, corpus.rglob("*.wav"))))
    side = SplitSide(paths, one_hot(np.arange(len(paths)) % 11), np.arange(len(paths)))
    one, other, third = (
        SideMixtures.of(side, tiny(corpus, task="multi_label", **changes))
        for changes in ({"seed": 0}, {"seed": 5}, {"split_seed": 5})
    )
    assert one.mixtures == other.mixtures != third.mixtures
