from __future__ import annotations

import csv
import json
from pathlib import Path

import keras
import numpy as np
import pytest
import soundfile

from irmas_tf.config.data import DataConfig
from irmas_tf.datasets.irmas_dataset import Irmas
from irmas_tf.datasets.splits import make_split, save_split
from irmas_tf.evaluate import cli
from irmas_tf.predict import cli as predict_cli
from irmas_tf.runs.identity import publish_model
from irmas_tf.runs.run_dir import RunDir
from tests.helpers import tiny_run
from tests.helpers.page_checks import check_page

make_tiny_run, make_multi_label_run = tiny_run.make_tiny_run, tiny_run.make_multi_label_run


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes, 10 songs each, 2 excerpts a song: noise of a class's own level."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for number, code in enumerate(("cel", "gel", "voi")):
        target = folder / "IRMAS-TrainingData" / code
        target.mkdir(parents=True)
        for song in range(10):
            for excerpt in (1, 2):
                path = target / f"[{code}][nod][cla]{10 * number + song:04d}__{excerpt}.wav"
                samples = 10.0**-number * 0.2 * rng.standard_normal([8000, 2]).clip(-4, 4)
                soundfile.write(path, samples, 16000)
    return folder


def _make_run(folder: Path, data_dir: Path, split_by: str = "song") -> Path:
    run = make_tiny_run(folder, str(data_dir), split_by)
    excerpts = Irmas(DataConfig()).training(data_dir)
    save_split(run.split_path, make_split(excerpts, split_by=split_by, validation_fraction=0.4))
    return run.path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    return _make_run(tmp_path_factory.mktemp("run") / "run", data_dir)


@pytest.mark.slow
def test_table_and_reports(run: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli([f"--run_dir={run}", f"--data_dir={data_dir}", "--split=validation"]) == 0
    out = capsys.readouterr().out
    assert "validation split: 24 excerpts of 12 songs (split by song)" in out
    assert "accuracy" in out and "95 % interval over songs" in out
    assert f"written to {run}/evaluation/validation" in out
    written = sorted(p.name for p in (run / "evaluation" / "validation").iterdir())
    assert written == [
        "classes.csv", "confidence.svg", "confusion.csv", "confusion.svg", "metrics.json", "per_class.csv",
        "predictions.csv", "reliability.svg", "report.html",
    ]  # fmt: skip


@pytest.mark.slow
def test_the_page_for_people_can_be_trimmed_and_left_out(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = run / "evaluation" / "validation" / "report.html"
    assert cli([f"--run_dir={run}", "--report_clips=2"]) == 0
    heard = page.read_text(encoding="utf-8")
    reader = check_page(heard)
    assert 1 <= len(reader.of("audio")) <= 4 and "report.html" in capsys.readouterr().out
    assert cli([f"--run_dir={run}", "--report_clips=2", "--noreport_audio"]) == 0
    assert not check_page(page.read_text(encoding="utf-8")).of("audio")
    assert cli([f"--run_dir={run}", "--noreport"]) == 0
    assert not page.exists(), "a page of an earlier evaluation would not belong to these figures"


@pytest.mark.slow
def test_json_is_the_metrics_file_and_the_data_dir_of_the_run_is_the_default(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli([f"--run_dir={run}", "--format=json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((run / "evaluation" / "validation" / "metrics.json").read_text())
    assert printed["excerpts"] == 24 and all("only 12 songs" in text for text in printed["warnings"])


@pytest.mark.slow
def test_predict_gives_the_same_probabilities(run: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli([f"--run_dir={run}", "--batch_size=7"]) == 0
    capsys.readouterr()
    with (run / "evaluation" / "validation" / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    paths = [str(data_dir / "IRMAS-TrainingData" / row["file"]) for row in rows]
    assert predict_cli([f"--run_dir={run}", "--format=json", *paths]) == 0
    for row, line in zip(rows, capsys.readouterr().out.splitlines(), strict=True):
        answer = json.loads(line)
        assert answer["labels"] == [row["predicted"]]
        for code, probability in answer["probabilities"].items():
            assert float(row[code]) == pytest.approx(probability, abs=2e-6)


@pytest.mark.slow
def test_labels_and_song_groups_come_from_the_data(run: Path) -> None:
    assert cli([f"--run_dir={run}", "--format=json"]) == 0
    with (run / "evaluation" / "validation" / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["label"] == row["file"][:3] for row in rows)
    song_of = {row["file"].split("]")[-1].split("__")[0]: row["song_group"] for row in rows}
    assert len(set(song_of.values())) == len(song_of) == 12


@pytest.mark.slow
def test_the_training_side_is_called_what_it_is(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli([f"--run_dir={run}", "--split=train"]) == 0
    out = capsys.readouterr().out
    assert "36 excerpts" in out and "trained on" in out


@pytest.mark.slow
def test_an_excerpt_split_is_called_inflated(
    tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = _make_run(tmp_path / "leaky", data_dir, "excerpt")
    assert cli([f"--run_dir={run}"]) == 0
    assert "inflated" in capsys.readouterr().out


@pytest.mark.slow
def test_the_runs_label_scheme_is_used(tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = _make_run(tmp_path / "report", data_dir)
    config = json.loads((run / "config.json").read_text())
    config["data"]["label_scheme"] = "report"
    (run / "config.json").write_text(json.dumps(config))
    model = keras.models.load_model(run / "model.keras")
    publish_model(RunDir(run), RunDir(run).load_config(), model.save)
    assert cli([f"--run_dir={run}", "--format=json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    support = {row["class"]: row["support"] for row in summary["per_class"]}
    assert support["other"] == 8 and "gel" not in support


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--run_dir=RUN", "--split=test"], "holds no IRMAS test"),
        (["--run_dir=RUN", "--split=all"], "must be one of validation, train, test"),
        (["--run_dir=RUN", "--unique_clips"], "--unique_clips: is for --split=test"),
        (["--run_dir=RUN", "--labels=x.csv"], "--labels=x.csv: is for --scores"),
        (["--scores=x.csv", "--split=test"], "--split: is for --run_dir, not for --scores"),
        (["--scores=x.csv", "--output=RUN/config.json"], "config.json: is a file; name a folder"),
        (["--run_dir=RUN", "--noreport", "--report_clips=3"], "--report_clips: has no effect beside --noreport"),
        (["--run_dir=RUN", "--scores=x.csv"], "--run_dir is required: the run to score; or --scores=FILE.csv"),
        ([], "--run_dir is required"),
        (["--scores=/no/such.csv"], "--scores=/no/such.csv: no such file"),
        (["--scores=/no/such.csv", "--threshold=nan"], "--threshold=nan"),
        (["--run_dir=RUN", "--data_dir=/no/such"], "/no/such"),
        (["--run_dir=/no/such"], "no such folder"),
        (["--run_dir=RUN", "stray"], "unexpected argument"),
    ],
)
def test_wrong_use_is_one_line(run: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    assert cli([a.replace("RUN", str(run)) for a in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and words in captured.err


@pytest.mark.slow
def test_the_test_set_and_a_score_file_of_it_have_the_same_figures(
    run: Path, data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ten-second tour of the multi-label protocol; its parts are tested in tests/evaluation."""
    folder = tmp_path / "IRMAS-TestingData-Part2" / "Part2"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    for number in range(8):
        soundfile.write(folder / f"{number // 2} - song-{number}.wav", 0.1 * rng.standard_normal(9000), 16000)
        (folder / f"{number // 2} - song-{number}.txt").write_text("voi\t\ngel\t\n\n" if number % 3 else "cel\r\n")
    assert cli([f"--run_dir={run}", f"--data_dir={tmp_path}", "--split=test"]) == 0
    out = capsys.readouterr().out
    assert "test: 8 clips of 4 songs, Part2: 8" in out and f"written to {run}/evaluation/test" in out
    assert "fixed in advance: chosen on 24 mixtures of the run's validation excerpts" in out
    first = json.loads((run / "evaluation" / "test" / "metrics.json").read_text())
    scores = run / "evaluation" / "test" / "clips_s2.csv"
    assert cli([f"--scores={scores}", f"--data_dir={tmp_path}", "--format=json"]) == 0
    again = json.loads(capsys.readouterr().out)["aggregations"]["scores"]
    expected = first["aggregations"]["s2"]
    assert again["lrap"] == expected["lrap"]
    for regime in ("other_songs", "oracle"):
        assert again["decisions"][regime] == expected["decisions"][regime]


@pytest.mark.slow
def test_mixtures_can_be_seen_and_heard(tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_multi_label_run(tmp_path / "run", 0.1, str(data_dir))
    excerpts = Irmas(DataConfig()).training(data_dir)
    save_split(run.split_path, make_split(excerpts, validation_fraction=0.4))
    for flag, players in (("--report_audio", 2), ("--noreport_audio", 0)):
        assert cli([f"--run_dir={run.path}", "--report_clips=1", flag]) == 0
        out = capsys.readouterr().out
        assert "mean, thresholds the run's own, chosen here:" in out and "fixed in advance" not in out
        reader = check_page((run.path / "evaluation" / "validation" / "report.html").read_text(encoding="utf-8"))
        assert len(reader.of("audio")) == players
        assert len([svg for svg in reader.of("svg") if "timeline" in (svg.get("class") or "")]) == 2
    found = json.loads((run.path / "evaluation" / "validation" / "metrics.json").read_text())
    assert found["headline"]["regime"] == "chosen_here"


def test_help_names_the_columns_of_a_score_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(["--help"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "song (otherwise guessed from the file's name) and part (of the test set; 0: unknown)" in out
    assert "columns: file, one per class" in out


@pytest.mark.slow
def test_missing_and_unreadable_excerpts_are_named(
    tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(data_dir, copy)
    run = _make_run(tmp_path / "run", copy)
    name = json.loads((run / "split.json").read_text())["validation"][3]
    (copy / "IRMAS-TrainingData" / name).write_bytes(b"damaged")
    assert cli([f"--run_dir={run}"]) == 2
    error = capsys.readouterr().err
    assert name in error and "1 of 24 excerpts" in error
    (copy / "IRMAS-TrainingData" / name).unlink()
    assert cli([f"--run_dir={run}"]) == 2
    error = capsys.readouterr().err
    assert name in error and "missing" in error
    assert not (run / "evaluation").exists()


def test_a_run_without_a_split_says_so(tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_tiny_run(tmp_path / "run", str(data_dir))
    assert cli([f"--run_dir={run.path}"]) == 2
    assert "split.json" in capsys.readouterr().err


def test_replicates_of_earlier_flag_files_have_no_effect_and_a_line_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = tmp_path / "scores.csv"
    rows = (f"{n}.wav,{n % 2},{1 - n % 2},{'ab'[n % 3 % 2]},song {n // 2}\n" for n in range(12))
    scores.write_text("file,a,b,labels,song\n" + "".join(rows), encoding="utf-8")
    assert cli([f"--scores={scores}"]) == 0
    without = capsys.readouterr()
    flags = tmp_path / "earlier.flags"
    flags.write_text("--replicates=200\n", encoding="utf-8")
    assert cli([f"--flagfile={flags}", f"--scores={scores}"]) == 0
    given = capsys.readouterr()
    assert given.out == without.out
    assert given.err == "warning: --replicates has no effect: intervals are computed, not drawn; leave it out\n"
