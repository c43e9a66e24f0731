"""The learner behind the figures on composed corpora: it starts at AudioSet's head and leaves it for a reason only."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.trainings.audioset_prior import Features, accuracy, fit
from irmas_tf.config.labels import IRMAS_CODES

CLASSES = len(IRMAS_CODES)


def made(seed: int, count: int = 660) -> Features:
    """Logits that are right but for a bias towards class 9, and an embedding that knows when to believe them."""
    rng = np.random.default_rng(seed)
    true = np.arange(count) % CLASSES
    logits = rng.normal(0, 1, (count, CLASSES)) + 2.0 * np.eye(CLASSES)[true]
    logits[true == 0, 9] += 4  # cellos are heard as violins
    embedding = rng.normal(5, 3, (count, 16))
    embedding[:, 0] += 12 * (true == 0)
    return Features(
        logits, embedding, np.eye(CLASSES, dtype=np.int8)[true], np.array([f"{k // 3}" for k in range(count)])
    )


def test_a_correction_helps_on_songs_that_it_has_not_seen():
    learnt, asked = made(0), made(1)
    plain = accuracy(asked.logits, asked)
    corrected = accuracy(fit(learnt, 0.01).logits(asked), asked)
    assert corrected["accuracy"] > plain["accuracy"] + 0.03
    assert corrected["per_class"]["cel"] > 0.7 > 0.5 > plain["per_class"]["cel"]
    assert corrected["interval"][0] < corrected["accuracy"] < corrected["interval"][1]
    assert corrected["five"] == pytest.approx(
        np.mean([corrected["per_class"][c] for c in ("cel", "flu", "pia", "sax", "tru")])
    )


def test_held_firmly_it_is_audiosets_head_with_offsets():
    learnt = made(0)
    head = fit(learnt, 1e6)
    assert np.abs(head.weight).max() < 1e-4
    assert head.scale > 0.3


def test_features_are_kept(tmp_path):
    learnt = made(0, 33)
    learnt.save(tmp_path / "deep" / "features.npz")
    again = Features.load(tmp_path / "deep" / "features.npz")
    assert np.array_equal(again.logits, learnt.logits) and list(again.songs) == list(learnt.songs)
    assert len(Features.joined([again, learnt]).songs) == 66
