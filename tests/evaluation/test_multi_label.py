from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from irmas_tf.evaluation.multi_label import MACRO_F1, MICRO_F1, Baselines, MultiLabelEvaluation, all_decisions
from irmas_tf.evaluation.scored_clips import (
    CHOSEN_HERE,
    FIXED,
    GLOBAL,
    LEVELS,
    ORACLE,
    OTHER_SONGS,
    PER_CLASS,
    fixed,
)
from tests.helpers import ROOT
from tests.helpers.made_evaluation import make_evaluation
from tests.helpers.tiny_run import make_config


@pytest.fixture(scope="module")
def evaluation() -> MultiLabelEvaluation:
    return make_evaluation(make_config())


def test_every_aggregation_has_every_regime_at_both_levels(evaluation: MultiLabelEvaluation) -> None:
    regimes = (FIXED, OTHER_SONGS, ORACLE)
    wanted = {(a, r, lv) for a in ("mean", "s2", "mean_logit") for r in regimes for lv in LEVELS}
    assert set(evaluation.decisions) == wanted
    for (_, regime, level), decision in evaluation.decisions.items():
        assert (decision.regime, decision.level) == (regime, level)


def test_a_regime_that_cannot_be_had_is_absent(evaluation: MultiLabelEvaluation) -> None:
    clips = evaluation.clips
    decisions = all_decisions(clips, {("s2", GLOBAL): fixed(0.5, GLOBAL, "", 11)}, other_songs=False)
    assert {key for key in decisions if key[1] != ORACLE} == {("s2", FIXED, GLOBAL)}
    one_song = dataclasses.replace(clips, groups=np.zeros(len(clips), int))
    assert OTHER_SONGS not in {key[1] for key in all_decisions(one_song, {})}


def test_the_headline_is_the_best_that_a_user_can_have(evaluation: MultiLabelEvaluation) -> None:
    assert evaluation.headline == ("mean", FIXED, PER_CLASS)
    without = {key: d for key, d in evaluation.decisions.items() if key != ("mean", FIXED, PER_CLASS)}
    assert dataclasses.replace(evaluation, decisions=without).headline == ("mean", FIXED, GLOBAL)
    without = {key: d for key, d in without.items() if key[1] != FIXED}
    assert dataclasses.replace(evaluation, decisions=without).headline == ("mean", OTHER_SONGS, PER_CLASS)


def test_each_headline_f1_is_of_the_level_that_is_chosen_for_it(evaluation: MultiLabelEvaluation) -> None:
    assert evaluation.headline_of(MICRO_F1) == ("mean", FIXED, GLOBAL)
    assert evaluation.headline_of(MACRO_F1) == ("mean", FIXED, PER_CLASS) == evaluation.headline
    for absent, left in ((PER_CLASS, GLOBAL), (GLOBAL, PER_CLASS)):
        some = {key: d for key, d in evaluation.decisions.items() if key != ("mean", FIXED, absent)}
        found = dataclasses.replace(evaluation, decisions=some)
        assert {found.headline_of(score) for score in (MICRO_F1, MACRO_F1)} == {("mean", FIXED, left)}, (
            "one regime for both, before the better level of another"
        )


def test_levels_chosen_on_the_clips_themselves_are_no_fixed_ones(evaluation: MultiLabelEvaluation) -> None:
    own = {("mean", lv): dataclasses.replace(fixed(0.4, lv, "these", 11), regime=CHOSEN_HERE) for lv in LEVELS}
    decisions = all_decisions(evaluation.clips, own, other_songs=False)
    assert {key[1] for key in decisions} == {CHOSEN_HERE, ORACLE}
    assert dataclasses.replace(evaluation, decisions=decisions).headline == ("mean", CHOSEN_HERE, PER_CLASS)


def test_answers_are_the_scores_at_the_levels(evaluation: MultiLabelEvaluation) -> None:
    levels = evaluation.decisions["mean", FIXED, PER_CLASS].thresholds
    np.testing.assert_array_equal(evaluation.answers(), evaluation.clips.scores["mean"] >= levels)
    key = ("s2", ORACLE, GLOBAL)
    np.testing.assert_array_equal(
        evaluation.answers(key), evaluation.clips.scores["s2"] >= evaluation.decisions[key].thresholds
    )


def test_activity_comes_from_the_windows_and_a_score_file_has_none(evaluation: MultiLabelEvaluation) -> None:
    starts, probabilities = evaluation.activity(5)
    assert starts.tolist() == [0.0, 1.5, 2.0] and probabilities.shape == (3, 11)
    np.testing.assert_allclose(probabilities.mean(axis=0), evaluation.clips.scores["mean"][5], rtol=1e-6)
    with pytest.raises(ValueError, match="no windows"):
        dataclasses.replace(evaluation, windows=None).activity(5)


def test_baselines_know_the_training_counts_only() -> None:
    found = Baselines.of(np.array([5, 1, 9, 2, 3]), "counts", clips=4)
    assert found.prevalence.tolist() == [0.25, 0.05, 0.45, 0.1, 0.15]
    assert found.answers.tolist() == [[True, False, True, False, True]] * 4
    np.testing.assert_allclose(found.scores, [found.prevalence] * 4)


@pytest.mark.slow
def test_scores_can_be_judged_without_tensorflow() -> None:
    code = "import sys, irmas_tf.reports.evaluate_scores; assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
