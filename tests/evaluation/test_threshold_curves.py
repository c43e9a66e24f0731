from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from irmas_tf.evaluation.threshold_curves import POINTS, threshold_curves
from irmas_tf.metrics.multilabel import decision_scores
from tests.helpers.made_evaluation import make_evaluation
from tests.helpers.tiny_run import make_config


@pytest.mark.parametrize("scale", [1.0, 40.0])
def test_every_point_is_what_its_threshold_scores(scale: float) -> None:
    clips = make_evaluation(make_config(), clips=30).clips
    clips = dataclasses.replace(clips, scores={"x": scale * clips.scores["mean"]})
    curves = threshold_curves(clips, "x")
    assert len(curves.thresholds) == POINTS
    ends = (0.0, 1.0) if scale == 1.0 else (clips.scores["x"].min(), clips.scores["x"].max())
    assert (curves.thresholds[0], curves.thresholds[-1]) == pytest.approx(ends)
    for k in range(0, POINTS, 20):
        expected = decision_scores(clips.labels, clips.scores["x"] >= curves.thresholds[k])
        for name in ("micro_precision", "micro_recall", "micro_f1", "macro_f1"):
            assert getattr(curves, name)[k] == pytest.approx(getattr(expected, name))
        np.testing.assert_allclose(curves.class_f1[k], expected.of_class.f1)
