"""Whole runs are in test_multi_label_run.py; here is what follows from logits that are there."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.special import expit, softmax

from irmas_tf.config.labels import MULTI_LABEL
from irmas_tf.config.run_config import Config
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.evaluation.window_scores import WindowScores, score_files
from irmas_tf.inference.run_model import RunModel
from tests.helpers import tiny_run

make_config, make_tiny_run = tiny_run.make_config, tiny_run.make_tiny_run


def _config(task: str) -> Config:
    config = make_config()
    return dataclasses.replace(config, model=dataclasses.replace(config.model, task=task))


CLIP_OF = np.array([0, 0, 0, 1, 2, 2])


def _scores(task: str) -> WindowScores:
    logits = np.random.default_rng(0).normal(0, 2, [6, 11]).astype(np.float32)
    return WindowScores(_config(task), logits, CLIP_OF, 3, np.arange(6.0), (3.0, 1.0, 2.0))


@pytest.mark.parametrize(("task", "link"), [("single_label", lambda x: softmax(x, axis=-1)), (MULTI_LABEL, expit)])
@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_aggregations_follow_from_the_logits(task: str, link, temperature: float) -> None:
    scores = _scores(task)
    logits = scores.logits.astype(float) / temperature
    found = scores.aggregated(temperature)
    assert list(found) == ["mean", "s2", "mean_logit"]
    for k in range(3):
        mine = logits[k == CLIP_OF]
        mean = link(mine).mean(axis=0)
        np.testing.assert_allclose(found["mean"][k], mean, rtol=1e-5)
        np.testing.assert_allclose(found["s2"][k], link(mine).sum(axis=0) / link(mine).sum(axis=0).max(), rtol=1e-5)
        np.testing.assert_allclose(found["mean_logit"][k], link(mine.mean(axis=0)), rtol=1e-5)


def test_silent_windows_do_not_count_unless_all_of_a_clip_are() -> None:
    scores = _scores(MULTI_LABEL)
    silent = dataclasses.replace(scores, silent=np.array([False, True, False, True, False, False]))
    for name, found in silent.aggregated().items():
        whole = scores.aggregated()[name]
        np.testing.assert_array_equal(found[1:], whole[1:])
        assert np.abs(found[0] - whole[0]).max() > 0.01
    np.testing.assert_allclose(silent.aggregated()["mean"][0], expit(scores.logits[[0, 2]]).mean(axis=0), rtol=1e-5)


def test_activity_is_the_clips_own_windows() -> None:
    scores = _scores(MULTI_LABEL)
    for clip in range(3):
        starts, probabilities = scores.activity(clip)
        np.testing.assert_array_equal(starts, np.flatnonzero(clip == CLIP_OF))
        np.testing.assert_allclose(probabilities, expit(scores.logits[clip == CLIP_OF]), rtol=1e-5)
    with pytest.raises(ValueError, match="mixtures"):
        dataclasses.replace(scores, start_seconds=np.zeros(0)).activity(0)


def test_the_times_of_a_mixture_follow_from_its_length() -> None:
    scores = dataclasses.replace(_scores(MULTI_LABEL), start_seconds=np.zeros(0), durations_seconds=())
    audio = scores.config.audio
    samples = audio.window_samples + audio.window_hop_samples + 1  # two windows fit, a third is aligned to the end
    starts, probabilities = scores.activity(0, samples)
    np.testing.assert_allclose(
        starts * audio.sample_rate_hz, [0, audio.window_hop_samples, samples - audio.window_samples]
    )
    np.testing.assert_allclose(probabilities, expit(scores.logits[:3]), rtol=1e-5)
    with pytest.raises(ValueError, match=r"clip 1 has 1 windows; .* would have 3"):
        scores.activity(1, samples)


def test_clips_of_one_window_each_are_known() -> None:
    scores = _scores(MULTI_LABEL)
    assert not scores.single_window
    assert dataclasses.replace(scores, logits=scores.logits[:3], clip_of=np.arange(3)).single_window


def test_unreadable_files_are_named_all_at_once(tmp_path: Path) -> None:
    model = RunModel.open(make_tiny_run(tmp_path / "run"))
    soundfile.write(tmp_path / "good.wav", np.zeros(3000), 8000)
    for k in range(4):
        (tmp_path / f"bad{k}.wav").write_bytes(b"nothing")
    paths = [str(tmp_path / name) for name in ("bad0.wav", "good.wav", "bad1.wav", "bad2.wav", "bad3.wav")]
    with pytest.raises(DataError, match=r"4 of 5 clips cannot be read: .*bad0\.wav: .*bad2\.wav: .*; \.\.\."):
        score_files(model, paths, batch_size=4)
    seen: list[int] = []

    def progress(results, count):
        seen.append(count)
        yield from results

    found = score_files(model, [paths[1]] * 2, batch_size=4, progress=progress)
    assert seen == [2] and found.clips == 2 and found.durations_seconds == (0.375, 0.375)
    assert found.start_seconds.tolist() == [0.0, 0.125] * 2
