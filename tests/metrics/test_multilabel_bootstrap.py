from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn import metrics as sk

from irmas_tf.metrics.multilabel_bootstrap import SongBootstrap


def _data(clips: int = 120, classes: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return labels, scores with ties, answers and song groups of uneven size; the last class is rare."""
    rng = np.random.default_rng(seed)
    labels = rng.random([clips, classes]) < 0.3
    labels[:, -1] = False
    labels[:3, -1] = True
    scores = np.round(labels * 0.4 + rng.random([clips, classes]), 1)
    return labels, scores, scores > 0.7, np.sort(rng.integers(0, 25, clips)) * 3 - 7


REPLICATES = 20


@pytest.mark.filterwarnings("ignore:No positive class found:UserWarning")
def test_every_replicate_is_sklearns_score_with_the_songs_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, scores, answers, groups = _data()
    draws = SongBootstrap(groups, replicates=REPLICATES)
    seen: list[np.ndarray] = []
    monkeypatch.setattr(draws, "_interval", lambda replicates: seen.append(replicates))
    names = [*draws.decision_intervals(labels, answers), *draws.ranking_intervals(labels, scores)]
    assert all(len(values) == REPLICATES for values in seen)
    ours = dict(zip(names, seen, strict=True))

    def f1(average: str):
        return lambda w: sk.f1_score(labels, answers, average=average, sample_weight=w, zero_division=0)

    def mean_ap(w: np.ndarray) -> float:
        present = [k for k in range(labels.shape[1]) if w[labels[:, k]].sum() > 0]
        return np.mean([sk.average_precision_score(labels[:, k], scores[:, k], sample_weight=w) for k in present])

    def mean_ap_of_all(w: np.ndarray) -> float:
        return sk.average_precision_score(labels, scores, average="macro", sample_weight=w)

    references = {
        "micro_f1": f1("micro"),
        "macro_f1": f1("macro"),
        "micro_precision": lambda w: sk.precision_score(labels, answers, average="micro", sample_weight=w),
        "micro_recall": lambda w: sk.recall_score(labels, answers, average="micro", sample_weight=w),
        "exact_match": lambda w: sk.accuracy_score(labels, answers, sample_weight=w),
        "hamming_loss": lambda w: sk.hamming_loss(labels, answers, sample_weight=w),
        "lrap": lambda w: sk.label_ranking_average_precision_score(labels, scores, sample_weight=w),
        "mean_average_precision": mean_ap,
        "mean_average_precision_all_classes": mean_ap_of_all,
    }
    assert set(references) == set(ours)
    for name, reference in references.items():
        np.testing.assert_allclose(ours[name], draws.replicates_of(reference), atol=1e-9, err_msg=name)
    some_without = [w for w in draws.replicates_of(lambda w: w[labels[:, -1]].sum()) if w == 0]
    assert some_without, "the rare class must be absent from some replicates, or nothing is tested"


def test_replicates_draw_whole_songs() -> None:
    *_, groups = _data()
    draws = SongBootstrap(groups, replicates=30)
    for weights in draws.replicates_of(lambda w: w.copy()):  # type: ignore[arg-type, return-value]
        for group in np.unique(groups):
            assert len(set(weights[groups == group])) == 1
    np.testing.assert_array_equal(draws.weights.sum(axis=1), len(np.unique(groups)))


def test_intervals_hold_the_value_and_are_the_same_every_time() -> None:
    labels, scores, answers, groups = _data()
    first, second = (SongBootstrap(groups, replicates=500) for _ in range(2))
    assert first.ranking_intervals(labels, scores) == second.ranking_intervals(labels, scores)
    found = first.decision_intervals(labels, answers)
    value = sk.f1_score(labels, answers, average="micro")
    assert found["micro_f1"] is not None and found["micro_f1"].low < value < found["micro_f1"].high


def test_songs_alike_within_make_wider_intervals_than_clips() -> None:
    rng = np.random.default_rng(3)
    of_song = rng.random(30)
    values, songs = np.repeat(of_song, 10), np.repeat(np.arange(30), 10)
    by_song = SongBootstrap(songs, replicates=1000).mean_interval(values)
    by_clip = SongBootstrap(np.arange(300), replicates=1000).mean_interval(values)
    assert by_song is not None and by_clip is not None
    assert by_song.high - by_song.low > 2 * (by_clip.high - by_clip.low)


def test_one_song_gives_no_interval() -> None:
    labels, scores, answers, _ = _data()
    draws = SongBootstrap(np.zeros(len(labels)), replicates=100)
    assert set(draws.decision_intervals(labels, answers).values()) == {None}
    assert set(draws.ranking_intervals(labels, scores).values()) == {None}


def test_the_official_size_takes_seconds() -> None:
    rng = np.random.default_rng(0)
    labels, scores = rng.random([2874, 11]) < 0.15, rng.random([2874, 11])
    draws = SongBootstrap(rng.integers(0, 208, 2874), replicates=1000)
    start = time.process_time()
    draws.ranking_intervals(labels, scores)
    draws.decision_intervals(labels, scores > 0.8)
    assert time.process_time() - start < 10
