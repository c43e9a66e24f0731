"""Activity and decision levels; the command's other tests are tests/test_predict.py."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.walk import AudioFiles, Failure
from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.answers import Answer
from irmas_tf.inference.run_model import RunModel
from irmas_tf.predict import cli
from irmas_tf.reports.predict_run import predict_run
from tests.helpers import tiny_run

RATE_HZ = tiny_run.RATE_HZ


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_run.make_tiny_run(tmp_path_factory.mktemp("run") / "single").path)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One second: 7 windows."""
    path = tmp_path_factory.mktemp("clip") / "noise.wav"
    soundfile.write(path, 0.3 * np.random.default_rng(0).standard_normal(RATE_HZ).clip(-3, 3), RATE_HZ, "FLOAT")
    return str(path)


def _answers(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> tuple[list[dict[str, Any]], str]:
    assert cli([*arguments, "--format=json"]) == status
    captured = capsys.readouterr()
    return [json.loads(line) for line in captured.out.splitlines()], captured.err


@pytest.fixture(scope="module")
def multi(tmp_path_factory: pytest.TempPathFactory, clip: str) -> str:
    """A multi-label run whose levels let the fixture's clip have exactly the classes 2, 5 and 7."""
    run = tiny_run.make_multi_label_run(tmp_path_factory.mktemp("run") / "multi")
    from irmas_tf.inference.prediction import predict_files
    from irmas_tf.inference.run_model import RunModel
    from irmas_tf.runs.thresholds import Thresholds

    (answer,) = predict_files(RunModel.open(run), [clip])
    shift = np.full(11, 1e-3)
    shift[[2, 5, 7]] *= -1
    levels = dict(zip(IRMAS_CODES, (answer.vector + shift).tolist(), strict=True))
    Thresholds(levels, 0.5, "a test").save(run.thresholds_path)
    return str(run.path)


@pytest.mark.slow
def test_a_multi_label_run_names_what_reaches_its_own_levels(
    multi: str, clip: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = [IRMAS_CODES[k] for k in (2, 5, 7)]
    (answer,), _ = _answers(capsys, f"--run_dir={multi}", clip)
    assert answer["labels"] == wanted
    assert abs(sum(answer["probabilities"].values()) - 1) > 0.1, "sigmoids do not sum to 1"
    assert cli([f"--run_dir={multi}", "--top_k=1", clip]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.endswith("(* named)") and row.count("%*") == 3


@pytest.mark.slow
def test_the_levels_can_be_overridden(multi: str, single: str, clip: str, capsys: pytest.CaptureFixture[str]) -> None:
    for run in (multi, single):
        (answer,), _ = _answers(capsys, f"--run_dir={run}", "--thresholds=none", clip)
        best = max(answer["probabilities"], key=answer["probabilities"].__getitem__)
        assert answer["labels"] == [best]
        level = sorted(answer["probabilities"].values())[-4] + 1e-5
        (answer,), _ = _answers(capsys, f"--run_dir={run}", f"--thresholds={level}", clip)
        assert answer["labels"] == [c for c, p in answer["probabilities"].items() if p >= level]
        assert len(answer["labels"]) == 3
        (answer,), _ = _answers(capsys, f"--run_dir={run}", "--thresholds=1", clip)
        assert answer["labels"] == []


@pytest.mark.slow
def test_activity_of_every_file_beside_the_same_answers(
    multi: str, clip: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A clip, one that is shorter than the window, one that cannot be read, and an odd name."""
    short, bad = tmp_path / "short.wav", tmp_path / "bad.wav"
    soundfile.write(short, 0.1 * np.ones(100), RATE_HZ, "FLOAT")
    bad.write_bytes(b"no audio")
    odd = os.fsencode(tmp_path) + b"/odd\xff\n.wav"
    Path(os.fsdecode(odd)).write_bytes(Path(clip).read_bytes())
    paths = [clip, str(short), str(bad), os.fsdecode(odd)]
    plain, _ = _answers(capsys, f"--run_dir={multi}", *paths, status=1)
    out = tmp_path / "out"
    activity = [f"--activity={out}", "--activity_formats=csv,json,audacity,png"]
    answers, errors = _answers(capsys, f"--run_dir={multi}", *activity, *paths, status=1)
    assert answers == plain and [a["file"] for a in answers] == [p for p in paths if p != str(bad)]
    assert errors.count("\n") == 1 and f"{bad}: is not audio" in errors
    names = sorted(os.listdir(out))
    assert len(names) == 4 * 3 and not any(name.startswith((".", "bad")) for name in names)
    for answer in answers:
        whole = next(
            found for name in names if name.endswith(".json")
            if (found := json.loads((out / name).read_text()))["file"] == answer["file"]
        )  # fmt: skip
        assert whole["labels"] == answer["labels"]
        assert whole["duration_seconds"] == pytest.approx(answer["duration_seconds"], abs=6e-4)
        assert len(whole["start_seconds"]) == (1 if answer["file"] == str(short) else 7)
        assert whole["end_seconds"][-1] == pytest.approx(whole["duration_seconds"])
        for code, probability in answer["probabilities"].items():
            assert np.mean(whole["probabilities"][code]) == pytest.approx(probability, abs=2e-6)
    with (out / next(n for n in names if n.startswith("noise") and n.endswith(".csv"))).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["start_seconds"] for row in rows[:3]] == ["0.000000", "0.125000", "0.250000"]


@pytest.mark.slow
def test_a_truncated_file_is_warned_about_once(
    single: str, clip: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = tmp_path / "cut.wav"
    cut.write_bytes(Path(clip).read_bytes()[:-8000])
    _, errors = _answers(
        capsys, f"--run_dir={single}", f"--activity={tmp_path}/out", "--activity_formats=png", str(cut)
    )
    assert errors.count("warning:") == 1 and errors.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--thresholds=high"], "must be run, none, or a number"),
        (["--thresholds=0"], "must be run, none, or a number"),
        (["--activity=FILE"], "is a file; name a folder"),
        (["--activity=/proc/no/such"], "nothing can be written there"),
        (["--activity=OUT", "--activity_formats=wav"], "one of csv, json, audacity, png"),
        (["--activity=OUT", "--activity_formats="], "one or more of csv, json, audacity, png"),
    ],
)
def test_wrong_use_is_one_line_and_no_answer(
    single: str, clip: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    (tmp_path / "file").touch()
    given = [a.replace("FILE", str(tmp_path / "file")).replace("OUT", str(tmp_path / "out")) for a in arguments]
    assert cli([f"--run_dir={single}", *given, clip]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and words in captured.err


@pytest.mark.slow
def test_a_multi_label_run_without_its_levels_says_so(
    tmp_path: Path, clip: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tiny_run.make_multi_label_run(tmp_path / "run")
    run.thresholds_path.write_text('{"per_class": {}}')
    assert cli([f"--run_dir={run.path}", clip]) == 2
    assert "thresholds.json: is damaged" in capsys.readouterr().err
    run.thresholds_path.unlink()
    assert cli([f"--run_dir={run.path}", clip]) == 2
    assert "thresholds.json: cannot be read" in capsys.readouterr().err
    assert cli([f"--run_dir={run.path}", "--thresholds=0.5", clip]) == 0


def test_an_output_that_cannot_be_written_is_refused_before_the_run_is_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli([f"--run_dir={tmp_path / 'no run'}", f"--output={tmp_path}", "x.wav"]) == 2
    assert "is a folder" in capsys.readouterr().err


def test_answers_are_values_and_what_is_wrong_is_said_at_once(single: str, clip: str, tmp_path: Path) -> None:
    model = RunModel.open(single)
    answers = predict_run(model, AudioFiles([clip, str(tmp_path / "none.wav")]), thresholds="0.05")
    first, second = answers
    assert isinstance(first, Answer) and isinstance(second, Failure)
    assert first.labels == tuple(code for code, p in first.probabilities.items() if p >= 0.05)
    with pytest.raises(ConfigError, match="must be run, none, or a number"):
        predict_run(model, AudioFiles([clip]), thresholds="much")
    with pytest.raises(ConfigError, match="--activity_formats=wav"):
        predict_run(model, AudioFiles([clip]), activity=str(tmp_path / "out"), activity_formats=["wav"])
