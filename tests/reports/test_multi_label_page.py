from __future__ import annotations

import base64
import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.evaluation.multi_label import MultiLabelEvaluation
from irmas_tf.reports.multi_label_page import mistakes, multi_label_clips, multi_label_page
from irmas_tf.reports.page import PageOptions, ReportPage
from irmas_tf.reports.report import summarize, write_report
from irmas_tf.runs.run_dir import RunDir
from tests.helpers import page_checks
from tests.helpers.made_evaluation import multi_label_evaluation
from tests.helpers.pictures import of_class, texts_of
from tests.helpers.tiny_run import make_config

ODD = 'Part1/<i>"odd" & \udcff.wav'


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> MultiLabelEvaluation:
    """60 clips of 15 songs, all with the same sound."""
    path = tmp_path_factory.mktemp("audio") / "noise.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(5 * 8000), 8000)
    made = multi_label_evaluation()
    files = tuple(f"{ODD}{k}" for k in range(len(made.clips)))
    return dataclasses.replace(made, clips=dataclasses.replace(made.clips, files=files, paths=(str(path),) * 60))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return RunDir.create(tmp_path_factory.mktemp("run") / "made & tried", make_config())


def whole_page(evaluation: MultiLabelEvaluation, options: PageOptions, run: RunDir | None = None) -> ReportPage:
    page = multi_label_page(evaluation, summarize(evaluation), run)
    return page.with_clips(multi_label_clips(evaluation, options))


@pytest.fixture(scope="module")
def page(evaluation: MultiLabelEvaluation, run: RunDir) -> ReportPage:
    return whole_page(evaluation, PageOptions(clips=2), run)


@pytest.mark.slow
def test_the_page_is_sound_and_says_what_the_summary_says(page: ReportPage, evaluation: MultiLabelEvaluation) -> None:
    reader = page_checks.check_page(page.render())
    text, summary = "".join(reader.text), summarize(evaluation)
    of = summary["aggregations"]["mean"]
    fixed = of["decisions"]["fixed"]
    wanted = [fixed["global"]["micro_f1"], fixed["per_class"]["macro_f1"], of["lrap"], of["mean_average_precision"]]
    assert "Thresholds: fixed in advance, one for all classes." in page.headlines[0].note
    assert "Thresholds: fixed in advance, one per class." in page.headlines[1].note
    assert "mean over 10 of 11 classes" in page.headlines[3].note
    assert [h.value for h in page.headlines] == [score["value"] for score in wanted]
    assert [(h.low, h.high) for h in page.headlines] == [(score["low"], score["high"]) for score in wanted]
    assert page.headlines[0].baselines[0][1] == summary["baselines"]["constant"]["micro_f1"]["value"]
    for words in ("fixed in advance", "tuned on other songs", "oracle", "made by hand", "temperature", "60 clips"):
        assert words in text
    by_class = {row[0]: row for row in page.sections[0].blocks[0].rows}
    for row in summary["per_class"]:
        assert by_class[row["name"]][2] == f"{row['f1']:.2f}" and by_class[row["name"]][-1] == str(row["support"])
    assert by_class["voice"][5] == "–", "no clip has it, so there is no average precision"


def test_mistakes_are_classes_named_beside_labels_that_they_are_not(
    page: ReportPage, evaluation: MultiLabelEvaluation
) -> None:
    labels = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 1]], bool)
    answers = np.array([[1, 1, 1], [0, 1, 0], [0, 0, 1]], bool)
    # Clip 1 names class 2 wrongly beside two labels; clip 2 names class 1 in place of class 0. Naming 0 and 1 together
    # in clip 1 is right and no mistake.
    assert mistakes(labels, answers).tolist() == [[1, 1, 1], [0, 1, 1], [0, 0, 1]]
    section = page.sections[1]
    labels, answers = evaluation.clips.labels, evaluation.answers()
    for figure, counts in (
        (section.blocks[0], mistakes(labels, answers)),
        (section.folded[0], labels.T.astype(int) @ labels),
        (section.folded[1], labels.T.astype(int) @ answers),
    ):
        assert texts_of(figure.picture, "figure-cell") == [str(count) for count in counts.flat if count]
    name, count, _ = section.blocks[1].rows[0]
    row, column = (evaluation.clips.names.index(part) for part in name.split(" → "))
    wrong = labels[:, row] & answers[:, column] & ~labels[:, column]
    assert int(count) == wrong.sum() > 0


def test_clips_are_ordered_by_their_worst_label(page: ReportPage, evaluation: MultiLabelEvaluation) -> None:
    scores, labels = evaluation.clips.scores["mean"], evaluation.clips.labels
    margin = [s[t].min() - s[~t].max() for s, t in zip(scores, labels, strict=True)]
    worst, best = (next(s for s in page.sections if s.anchor == anchor).blocks for anchor in ("worst", "best"))
    assert worst[0].name == evaluation.clips.files[int(np.argmin(margin))]
    assert best[0].name == evaluation.clips.files[int(np.argmax(margin))]
    assert len(worst) == 2 and all(clip.audio for clip in (*worst, *best))
    levels = evaluation.decisions[evaluation.headline].thresholds[0]
    named = {evaluation.clips.names[k] for k in np.flatnonzero(scores[int(np.argmin(margin))] >= levels)}
    said = ", ".join(value for what, value, _ in worst[0].facts if what in ("right", "wrongly named"))
    assert {name for name in evaluation.clips.names if name in said} == named


def _mixed(evaluation: MultiLabelEvaluation, seconds: float) -> tuple[MultiLabelEvaluation, list[int]]:
    """Return the evaluation as one of mixtures, which are no files, and the list of the mixtures rendered."""
    assert evaluation.windows is not None and evaluation.config is not None
    rate, rendered = evaluation.config.audio.sample_rate_hz, []

    def render(number: int) -> np.ndarray:
        rendered.append(number)
        return 0.5 * np.sin(2 * np.pi * 500 * np.arange(round(seconds * rate)) / rate).astype(np.float32)

    windows = dataclasses.replace(evaluation.windows, start_seconds=np.zeros(0), durations_seconds=())
    clips = dataclasses.replace(evaluation.clips, paths=(), durations_seconds=())
    return dataclasses.replace(evaluation, clips=clips, windows=windows, render=render, split="validation"), rendered


@pytest.mark.parametrize("audio", [True, False])
def test_mixtures_are_rendered_again_for_the_page(evaluation: MultiLabelEvaluation, audio: bool) -> None:
    made, rendered = _mixed(evaluation, 0.5)  # three windows of .25 s every .125 s
    page = whole_page(made, PageOptions(clips=2, audio=audio))
    reader = page_checks.check_page(page.render())
    cards = [card for section in page.sections if section.anchor in ("worst", "best") for card in section.blocks]
    assert len(cards) == len(rendered) == 4 and [card.name for card in cards] == [made.clips.files[k] for k in rendered]
    assert all(of_class(card.picture, "playhead")[0]["data-seconds"] == "0.500000" for card in cards)
    assert len(reader.of("audio")) == (4 if audio else 0)
    if audio:
        sound, rate = soundfile.read(io.BytesIO(base64.b64decode(cards[0].audio.split(",")[1])))
        spectrum = np.abs(np.fft.rfft(sound[2000:10000]))
        assert np.argmax(spectrum) * rate / 8000 == pytest.approx(500, abs=4)
    assert "do not change over time" not in "".join(reader.text)


def test_clips_of_one_window_say_so(evaluation: MultiLabelEvaluation) -> None:
    made, _ = _mixed(evaluation, 0.25)
    windows = dataclasses.replace(made.windows, logits=made.windows.logits[::3], clip_of=np.arange(60))
    made = dataclasses.replace(made, windows=windows)
    page = whole_page(made, PageOptions(clips=1, audio=False))
    assert "Every clip is a single window here" in page.sections[-2].lead


@pytest.mark.slow
def test_score_files_have_no_sound_but_a_page(evaluation: MultiLabelEvaluation, tmp_path: Path) -> None:
    clips = dataclasses.replace(evaluation.clips, paths=())
    made = dataclasses.replace(evaluation, clips=clips, windows=None, calibration=None, config=None, split="scores")
    *_, path = write_report(made, summarize(made), tmp_path, PageOptions())
    reader = page_checks.check_page(path.read_text(encoding="utf-8"))
    assert not reader.of("audio") and "Worst clips" in "".join(reader.text)
    assert "How far to trust its probabilities" in "".join(reader.text)


def test_levels_of_the_mean_alone(evaluation: MultiLabelEvaluation, tmp_path: Path) -> None:
    """As on the validation mixtures of a multi-label run, which chose levels for the mean and for nothing else."""
    decisions = {key: d for key, d in evaluation.decisions.items() if key[0] == "mean" or key[1] != "fixed"}
    made = dataclasses.replace(evaluation, decisions=decisions)
    write_report(made, summarize(made), tmp_path, PageOptions(clips=0))
    headers = {
        name: (tmp_path / name).read_text("utf-8", "replace").split("\n")[0] for name in ("clips.csv", "clips_s2.csv")
    }
    assert "answers" in headers["clips.csv"] and "answers" not in headers["clips_s2.csv"]
    page_checks.check_page((tmp_path / "report.html").read_text(encoding="utf-8"))


def test_scores_that_are_no_probabilities(evaluation: MultiLabelEvaluation) -> None:
    """Decibels, say: no reliability, and the axis of the thresholds is theirs."""
    from irmas_tf.evaluation.multi_label import all_decisions

    clips = dataclasses.replace(
        evaluation.clips, scores={"scores": 60 * evaluation.clips.scores["mean"] - 50}, paths=()
    )
    made = dataclasses.replace(
        evaluation, clips=clips, decisions=all_decisions(clips, {}), windows=None, calibration=None, config=None
    )
    page = whole_page(made, PageOptions())
    page_checks.check_page(page.render())
    assert "confidence" not in {section.anchor for section in page.sections}


def test_clips_without_labels_are_no_best_or_worst(evaluation: MultiLabelEvaluation) -> None:
    labels = evaluation.clips.labels.copy()
    labels[:58] = False
    labels[58] = True
    made = dataclasses.replace(evaluation, clips=dataclasses.replace(evaluation.clips, labels=labels))
    page = whole_page(made, PageOptions())
    page_checks.check_page(page.render())
    shown = [clip.name for s in page.sections if s.anchor in ("worst", "best") for clip in s.blocks]
    assert shown in ([], [evaluation.clips.files[59]])


@pytest.mark.slow
def test_a_browser_renders_it_without_complaint_and_a_phone_need_not_move_it(page: ReportPage, tmp_path: Path) -> None:
    browser = page_checks.find_browser()
    if browser is None:
        pytest.skip("no browser on the PATH: the page is not rendered")
    path = tmp_path / "report.html"
    path.write_text(page.render(), encoding="utf-8")
    assert page_checks.console_of(browser, path, tmp_path / "profile", f"--screenshot={tmp_path}/page.png") == []
    assert page_checks.width_within(browser, page.render(), 320, tmp_path) == 320
    wide = page.render().replace("<footer>", '<footer style="width: 500px">')
    assert page_checks.width_within(browser, wide, 320, tmp_path) > 500, "the check can fail"
