from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.evaluation.single_label import Evaluation
from irmas_tf.inference.classifier import WindowClassifier
from irmas_tf.reports.page import PageOptions, ReportPage
from irmas_tf.reports.single_label_files import summarize
from irmas_tf.reports.single_label_page import single_label_page, write_single_label_page
from irmas_tf.runs.run_dir import RunDir
from tests.helpers import tiny_run
from tests.helpers.page_checks import check_page

ODD = 'cel/<b>"odd" & \udcff__1.wav'


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return tiny_run.make_tiny_run(tmp_path_factory.mktemp("run") / "tiny <1>")


@pytest.fixture(scope="module")
def classifier(run: RunDir) -> WindowClassifier:
    return WindowClassifier.load(run)


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory, run: RunDir) -> Evaluation:
    """60 excerpts of 20 songs, all with the same sound; excerpt 0 is surely wrong, 59 surely right."""
    path = tmp_path_factory.mktemp("audio") / "noise.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(8000), 8000)
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.integers(0, 9, 20), 3)
    probabilities = rng.dirichlet(np.ones(11), 60) + 0.35 * np.eye(11)[labels]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    probabilities[0] = np.eye(11)[10]
    probabilities[59] = np.eye(11)[labels[59]]
    return Evaluation(
        split="validation",
        config=run.load_config(),
        files=(ODD, *(f"cel/[cel][cla]{i:04d}__1.wav" for i in range(1, 60))),
        groups=np.repeat(np.arange(20), 3),
        labels=labels,
        probabilities=probabilities,
        train_labels=np.array([3, 3, 4]),
        seconds=2.0,
        replicates=200,
        paths=(str(path),) * 60,
    )


@pytest.fixture(scope="module")
def page(evaluation: Evaluation, run: RunDir, classifier: WindowClassifier) -> ReportPage:
    return single_label_page(evaluation, summarize(evaluation), run, classifier, PageOptions(clips=3))


def test_the_page_is_sound_and_says_what_the_summary_says(page: ReportPage, evaluation: Evaluation) -> None:
    reader = check_page(page.render())
    text, summary = "".join(reader.text), summarize(evaluation)
    for score in (summary["accuracy"], summary["macro_f1"]):
        assert f"{score['value']:.3f}" in text and f"{score['low']:.3f} – {score['high']:.3f}" in text
    assert "always “acoustic guitar”" in text and f"{summary['majority_baseline']['accuracy']:.3f}" in text
    assert page.title == "tiny <1>: validation split"
    by_class = {row[0]: row for row in page.sections[0].blocks[0].rows}
    for row in summary["per_class"]:
        assert by_class[row["name"]][2:] == (
            f"{row['f1']:.2f}", f"{row['precision']:.2f}", f"{row['recall']:.2f}", str(row["support"]),
        )  # fmt: skip
    f1 = [float(row[2]) for row in page.sections[0].blocks[0].rows]
    assert f1 == sorted(f1, reverse=True)
    heat = page.sections[1].blocks[0]
    assert [[int(cell or 0) for cell in row] for row in heat.texts] == summary["confusion"]
    assert "--sample_rate_hz" in text and "confusion.csv" in text


def test_worst_and_best_clips_are_those(page: ReportPage, evaluation: Evaluation) -> None:
    worst, best = (next(s for s in page.sections if s.anchor == anchor).blocks for anchor in ("worst", "best"))
    assert len(worst) == len(best) == 3
    assert worst[0].name == ODD and best[0].name == evaluation.files[59]
    assert [kind for _, _, kind in worst[0].facts] == ["missed", "wrong"]
    assert [kind for _, _, kind in best[0].facts] == ["right"]
    songs = [re.sub(r"\D", "", clip.name)[:4] for clip in worst[1:]]
    assert len({int(song) // 3 for song in songs}) == 2, "one excerpt a song"
    assert all(clip.audio is not None for clip in (*worst, *best))


def test_confidence_figures(page: ReportPage, evaluation: Evaluation) -> None:
    silent, reliable = next(s for s in page.sections if s.anchor == "confidence").blocks
    level, given, right = re.search(r"of (\S+) on, (\d+) % .* and (\d+) %", silent.caption).groups()
    confidence = evaluation.probabilities.max(axis=1)
    kept = confidence >= float(level)
    assert round(100 * kept.mean()) == int(given) >= 50
    assert round(100 * (evaluation.predicted == evaluation.labels)[kept].mean()) == int(right)
    assert f"confidence {confidence.mean():.3f}" in reliable.caption


def test_what_is_left_out_on_demand(evaluation: Evaluation, run: RunDir, classifier: WindowClassifier) -> None:
    quiet = single_label_page(evaluation, summarize(evaluation), run, classifier, PageOptions(2, audio=False))
    assert not check_page(quiet.render()).of("audio")
    assert {"worst", "best"} <= {s.anchor for s in quiet.sections}
    bare = single_label_page(evaluation, summarize(evaluation), run, None, PageOptions(0))
    assert not {"worst", "best"} & {s.anchor for s in bare.sections}
    check_page(bare.render())


def test_one_song_and_nothing_right(evaluation: Evaluation, run: RunDir) -> None:
    lonely = dataclasses.replace(
        evaluation,
        files=evaluation.files[:3],
        groups=np.zeros(3, int),
        labels=(evaluation.probabilities[:3].argmax(axis=1) + 1) % 11,
        probabilities=evaluation.probabilities[:3],
        leaks=4,
    )
    page = single_label_page(lonely, summarize(lonely), run, None, PageOptions())
    text = "".join(check_page(page.render()).text)
    assert "no interval" in text and "4 songs are on both sides" in text


def test_an_excerpt_that_vanished_is_named(evaluation: Evaluation, run: RunDir, tmp_path: Path) -> None:
    gone = dataclasses.replace(evaluation, paths=(str(tmp_path / "gone.wav"),) * 60)
    with pytest.raises(DataError, match=r"gone\.wav"):
        write_single_label_page(gone, summarize(gone), tmp_path / "out", PageOptions(), run)
    assert not (tmp_path / "out").exists()
