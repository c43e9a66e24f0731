from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import soundfile

from irmas_tf.config.audio import AudioConfig
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.evaluation.single_label import Evaluation
from irmas_tf.reports.page import PageOptions, ReportPage
from irmas_tf.reports.report import summarize, write_report
from irmas_tf.reports.single_label_page import single_label_clips, single_label_page
from irmas_tf.runs.run_dir import RunDir
from tests.helpers.made_evaluation import single_label_evaluation
from tests.helpers.page_checks import check_page
from tests.helpers.pictures import texts_of
from tests.helpers.tiny_run import make_config

ODD = 'cel/<b>"odd" & \udcff__1.wav'


class SameAnswer:
    """A model whose probabilities are the same for every window."""

    audio: AudioConfig = make_config().audio
    outputs = ("probabilities",)
    source: ClassVar = {"run": "made by hand"}

    def values(self, windows: np.ndarray, output: str) -> np.ndarray:
        return np.tile(np.arange(11, dtype=np.float32) / 55, (len(windows), 1))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return RunDir.create(tmp_path_factory.mktemp("run") / "tiny <1>", make_config())


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory, run: RunDir) -> Evaluation:
    """60 excerpts of 20 songs, all with the same sound; excerpt 0 is surely wrong, 59 surely right."""
    path = tmp_path_factory.mktemp("audio") / "noise.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(8000), 8000)
    made = single_label_evaluation()
    probabilities = made.probabilities.copy()
    probabilities[0] = np.eye(11)[10]
    probabilities[59] = np.eye(11)[made.labels[59]]
    files = (ODD, *made.files[1:])
    return dataclasses.replace(made, files=files, probabilities=probabilities, paths=(str(path),) * 60)


@pytest.fixture(scope="module")
def page(evaluation: Evaluation, run: RunDir) -> ReportPage:
    page = single_label_page(evaluation, summarize(evaluation), run)
    return page.with_clips(single_label_clips(evaluation, SameAnswer(), PageOptions(clips=3)))


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
    counts = texts_of(page.sections[1].blocks[0].picture, "figure-cell")
    assert [int(count) for count in counts] == [count for row in summary["confusion"] for count in row if count]
    assert "--sample_rate_hz" in text and "confusion.csv" in text


def test_worst_and_best_clips_are_those(page: ReportPage, evaluation: Evaluation) -> None:
    worst, best = (next(s for s in page.sections if s.anchor == anchor).blocks for anchor in ("worst", "best"))
    assert len(worst) == len(best) == 3
    assert worst[0].name == ODD and best[0].name == evaluation.files[59]
    assert [kind for _, _, kind in worst[0].facts] == ["missed", "wrong"]
    assert [kind for _, _, kind in best[0].facts] == ["right"]
    confidence = dict(zip(evaluation.files, evaluation.probabilities.max(axis=1), strict=True))
    for clips in (worst, best):
        sureness = [confidence[clip.name] for clip in clips]
        assert sureness == sorted(sureness, reverse=True), "surest first, whatever it is sure of"
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


def test_clips_without_sound(evaluation: Evaluation) -> None:
    sections = single_label_clips(evaluation, SameAnswer(), PageOptions(2, audio=False))
    assert [section.anchor for section in sections] == ["worst", "best"]
    assert all(clip.audio is None and clip.audio_note == "" for section in sections for clip in section.blocks)


def test_one_song_and_nothing_right(evaluation: Evaluation, run: RunDir) -> None:
    lonely = dataclasses.replace(
        evaluation,
        files=evaluation.files[:3],
        groups=np.zeros(3, int),
        labels=(evaluation.probabilities[:3].argmax(axis=1) + 1) % 11,
        probabilities=evaluation.probabilities[:3],
        leaks=4,
    )
    page = single_label_page(lonely, summarize(lonely), run)
    text = "".join(check_page(page.render()).text)
    assert "no interval" in text and "4 songs are on both sides" in text


def test_an_excerpt_that_vanished_is_named(evaluation: Evaluation, run: RunDir, tmp_path: Path) -> None:
    write_report(evaluation, summarize(evaluation), tmp_path, run=run)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    gone = dataclasses.replace(evaluation, paths=(str(tmp_path / "gone.wav"),) * 60)
    with pytest.raises(DataError, match=r"gone\.wav"):
        write_report(gone, summarize(gone), tmp_path, PageOptions(), run=run, model=SameAnswer())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before, "all of it or nothing"
