from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import soundfile
from scipy.special import expit, softmax

from irmas_tf.audio.windows import window_starts
from irmas_tf.config.data import DataConfig
from irmas_tf.datasets.irmas_dataset import Irmas
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.splits import make_split, save_split
from irmas_tf.evaluation import multi_label_run
from irmas_tf.evaluation.multi_label import MultiLabelEvaluation
from irmas_tf.evaluation.scored_clips import CHOSEN_HERE, FIXED, GLOBAL, ORACLE, OTHER_SONGS, PER_CLASS
from irmas_tf.inference.run_model import RunModel
from irmas_tf.metrics.single_label import accuracy
from irmas_tf.metrics.thresholds import best_global, best_per_class
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.runs.thresholds import ThresholdsError
from irmas_tf.training.mixtures import plan_mixtures, render_mixture
from tests.helpers import tiny_run

make_tiny_run, make_multi_label_run = tiny_run.make_tiny_run, tiny_run.make_multi_label_run
RATE, WINDOW, HOP = tiny_run.RATE_HZ, tiny_run.WINDOW_SAMPLES, tiny_run.HOP_SAMPLES
CODES = ("cel", "gel", "voi")
LEVELS = dict.fromkeys(tiny_run.IRMAS_CODES, 0.4) | {"voi": 0.6}


def write_testing(folder: Path, songs: int = 6, clips: int = 2) -> None:
    """Write clips of 0.1 to 1.2 s in three Parts; the label files have every quirk of the official ones."""
    rng = np.random.default_rng(1)
    ends = ["\t\n\n", "\r\n", "\n", "\t\t\r\n\r\n"]
    for song in range(songs):
        part = song % 3 + 1
        target = folder / f"IRMAS-TestingData-Part{part}" / f"Part{part}"
        target.mkdir(parents=True, exist_ok=True)
        for clip in range(clips):
            stem = f"{song:02d} - song, [live]-{clip}"
            samples = 0.1 * rng.standard_normal(int(RATE * rng.choice([0.1, 0.25, 0.7, 1.2]))).clip(-4, 4)
            soundfile.write(target / f"{stem}.wav", samples, RATE)
            codes = [CODES[(song + k) % 3] for k in range(1 + clip % 2)]
            (target / f"{stem}.txt").write_bytes("".join(c + ends[(song + clip) % 4] for c in codes).encode())


def write_training(folder: Path) -> None:
    """Write 3 classes of 8 songs, 1 excerpt each."""
    rng = np.random.default_rng(0)
    for number, code in enumerate(CODES):
        target = folder / "IRMAS-TrainingData" / code
        target.mkdir(parents=True)
        for song in range(8):
            samples = 10.0**-number * 0.2 * rng.standard_normal(3000).clip(-4, 4)
            soundfile.write(target / f"[{code}][nod][cla]{10 * number + song:04d}__1.wav", samples, RATE)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_training(folder)
    write_testing(folder)
    return folder


def evaluate_multi_label(run: RunDir, *args, **options) -> MultiLabelEvaluation:
    return multi_label_run.evaluate_multi_label(RunModel.open(run), *args, **options)


def _with_split(run: RunDir, data_dir: Path) -> RunDir:
    excerpts = Irmas(DataConfig()).training(data_dir)
    save_split(run.split_path, make_split(excerpts, validation_fraction=0.4))
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> dict[str, RunDir]:
    folder = tmp_path_factory.mktemp("runs")
    return {
        "single_label": _with_split(make_tiny_run(folder / "single", str(data_dir)), data_dir),
        "multi_label": _with_split(make_multi_label_run(folder / "multi", LEVELS, str(data_dir)), data_dir),
    }


def _logits(model: Any, samples: np.ndarray) -> np.ndarray:
    """Return logits [windows, classes] float64: the independent way from audio to windows."""
    padded = np.pad(samples, (0, max(0, WINDOW - len(samples)))).astype(np.float32)
    starts = window_starts(len(samples), WINDOW, HOP)
    return model(np.stack([padded[s : s + WINDOW] for s in starts])).numpy().astype(np.float64)


@pytest.mark.slow
@pytest.mark.parametrize(("task", "link"), [("single_label", lambda x: softmax(x, axis=-1)), ("multi_label", expit)])
def test_scores_are_those_of_the_model_on_windows(data_dir: Path, runs: dict[str, RunDir], task: str, link) -> None:
    evaluation = evaluate_multi_label(runs[task], data_dir, "test", batch_size=5)
    model = keras.models.load_model(runs[task].model_path)
    clips = evaluation.clips
    assert len(clips) == 12 and clips.songs == 6 and sorted(set(clips.parts)) == [1, 2, 3]
    for k, path in enumerate(clips.paths):
        samples, _ = soundfile.read(path)
        assert Path(path) == data_dir / clips.files[k]
        assert clips.durations_seconds[k] == len(samples) / RATE
        logits = _logits(model, samples)
        sums = link(logits).sum(axis=0)
        np.testing.assert_allclose(clips.scores["mean"][k], sums / len(logits), atol=1e-5)
        np.testing.assert_allclose(clips.scores["s2"][k], sums / sums.max(), atol=1e-5)
        np.testing.assert_allclose(clips.scores["mean_logit"][k], link(logits.mean(axis=0)), atol=1e-5)
        song, number = int(Path(path).name[:2]), int(Path(path).stem[-1])
        expected = {CODES[(song + j) % 3] for j in range(1 + number % 2)}
        assert {clips.codes[j] for j in np.flatnonzero(clips.labels[k])} == expected
        starts, _ = evaluation.activity(k)
        np.testing.assert_allclose(starts, np.array(window_starts(len(samples), WINDOW, HOP)) / RATE)


def _mixtures(run: RunDir, data_dir: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and mean probabilities of the mixtures of a single-label run's validation excerpts."""
    model, config = keras.models.load_model(run.model_path), run.load_config()
    names = json.loads(run.split_path.read_text())["validation"]
    labels = [config.labels.index(name[:3]) for name in names]
    # In this corpus every song has one excerpt, so that any distinct numbers serve as groups.
    audio = [soundfile.read(data_dir / "IRMAS-TrainingData" / n, dtype="float32")[0] for n in names]
    truth, scores = [], []
    for mixture in plan_mixtures(labels, range(len(names)), seed=config.data.split_seed):
        mixed = render_mixture([audio[p] for p in mixture.parts], mixture.levels_db)
        scores.append(softmax(_logits(model, mixed), axis=1).mean(axis=0))
        truth.append(np.isin(np.arange(11), [labels[p] for p in mixture.parts]))
    return np.array(truth), np.array(scores)


@pytest.mark.slow
def test_fixed_levels_come_from_mixtures_of_the_validation_excerpts(data_dir: Path, runs: dict[str, RunDir]) -> None:
    run = runs["single_label"]
    evaluation = evaluate_multi_label(run, data_dir, "test")
    labels, scores = _mixtures(run, data_dir)
    overall = best_global(labels, scores)
    found = evaluation.decisions["mean", FIXED, GLOBAL]
    assert f"{len(labels)} mixtures of the run's validation excerpts" in found.chosen_on
    np.testing.assert_allclose(found.thresholds, np.full([1, 11], overall), atol=1e-5)
    found = evaluation.decisions["mean", FIXED, PER_CLASS]
    np.testing.assert_allclose(found.thresholds[0], best_per_class(labels, scores, fallback=overall), atol=1e-5)
    assert {key[0] for key in evaluation.decisions if key[1] == FIXED} == {"mean", "s2", "mean_logit"}
    tuned = evaluation.decisions["mean", OTHER_SONGS, GLOBAL]
    assert tuned.fold_names == ("songs 1/3", "songs 2/3", "songs 3/3")
    assert "not the official Parts: Part1: 4 of 807, Part2: 4 of 1301, Part3: 4 of 766 clips" in tuned.chosen_on
    assert evaluation.calibration is not None and evaluation.headline == ("mean", FIXED, PER_CLASS)
    assert "training excerpts of the run" in evaluation.baselines.source
    assert any("12 clips are not the 2874" in text for text in evaluation.warnings)


@pytest.mark.slow
def test_a_multi_label_runs_own_thresholds_serve_its_means(data_dir: Path, runs: dict[str, RunDir]) -> None:
    evaluation = evaluate_multi_label(runs["multi_label"], data_dir, "test")
    found = evaluation.decisions["mean", FIXED, PER_CLASS]
    assert found.thresholds[0].tolist() == [0.4] * 10 + [0.6]
    assert found.chosen_on == "mixtures of a test (the run's thresholds.json)"
    assert "validation excerpts" in evaluation.decisions["s2", FIXED, PER_CLASS].chosen_on


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_without_the_training_data_the_levels_say_where_they_come_from(
    tmp_path: Path, data_dir: Path, runs: dict[str, RunDir], task: str
) -> None:
    shutil.copytree(data_dir / "IRMAS-TestingData-Part1", tmp_path / "IRMAS-TestingData-Part1")
    run = RunDir(shutil.copytree(runs[task].path, tmp_path / "run"))
    config = run.load_config()
    config = dataclasses.replace(config, data=dataclasses.replace(config.data, data_dir=str(tmp_path / "gone")))
    run.config_path.write_text(config.to_json())
    evaluation = evaluate_multi_label(run, tmp_path, "test")
    assert evaluation.calibration is None
    (note,) = [text for text in evaluation.warnings if "training data is not at hand" in text]
    assert evaluation.baselines.source == "the official training set"
    fixed = {key: d for key, d in evaluation.decisions.items() if key[1] == FIXED}
    if task == "multi_label":
        assert set(fixed) == {("mean", FIXED, GLOBAL), ("mean", FIXED, PER_CLASS)}
        assert note.endswith(
            "no calibration; and no thresholds fixed in advance, so no such rows, for: s2, global; s2, per class;"
            " mean_logit, global; mean_logit, per class"
        )
    else:
        assert set(fixed) == {(a, FIXED, GLOBAL) for a in ("mean", "s2", "mean_logit")}
        assert evaluation.headline == ("mean", FIXED, GLOBAL)
        assert fixed[evaluation.headline].chosen_on == "no data: 0.5 by convention"
        assert note.endswith("for: mean, per class; s2, per class; mean_logit, per class")
    assert "not the official Parts" in evaluation.decisions["mean", OTHER_SONGS, GLOBAL].chosen_on


@pytest.mark.slow
def test_the_mixtures_of_either_side(data_dir: Path, runs: dict[str, RunDir]) -> None:
    run = runs["single_label"]
    labels, scores = _mixtures(run, data_dir)
    evaluation = evaluate_multi_label(run, "", "validation")
    np.testing.assert_array_equal(evaluation.clips.labels, labels)
    np.testing.assert_allclose(evaluation.clips.scores["mean"], scores, atol=1e-5)
    assert {key[1] for key in evaluation.decisions} == {ORACLE}, (
        "nothing was chosen in advance, and mixtures share songs"
    )
    names = json.loads(run.split_path.read_text())["validation"]
    model = keras.models.load_model(run.model_path)
    plain = [_logits(model, soundfile.read(data_dir / "IRMAS-TrainingData" / n)[0]) for n in names]
    predicted = np.array([softmax(x, axis=1).mean(axis=0).argmax() for x in plain])
    assert evaluation.single_label is not None and evaluation.single_label.excerpts == len(names)
    expected = accuracy(np.array([evaluation.clips.codes.index(n[:3]) for n in names]), predicted)
    assert evaluation.single_label.accuracy == pytest.approx(expected)
    trained_on = evaluate_multi_label(runs["multi_label"], "", "train")
    assert "trained on" in trained_on.warnings[0]
    assert ("mean", FIXED, PER_CLASS) in trained_on.decisions and ("s2", FIXED, GLOBAL) in trained_on.decisions


@pytest.mark.slow
def test_levels_that_a_run_chose_on_these_mixtures_are_called_so(runs: dict[str, RunDir]) -> None:
    evaluation = evaluate_multi_label(runs["multi_label"], "", "validation")
    assert {key[1] for key in evaluation.decisions} == {CHOSEN_HERE, ORACLE}
    assert evaluation.headline == ("mean", CHOSEN_HERE, PER_CLASS)
    found = evaluation.decisions[evaluation.headline]
    assert found.regime == CHOSEN_HERE and found.thresholds[0].tolist() == [0.4] * 10 + [0.6]
    assert any("S2 and mean logit have those of the oracle alone" in text for text in evaluation.warnings)


@pytest.mark.slow
def test_mixtures_of_a_single_window_say_what_they_cannot(
    tmp_path: Path, data_dir: Path, runs: dict[str, RunDir]
) -> None:
    several = evaluate_multi_label(runs["multi_label"], "", "validation")
    assert not any("single window" in text for text in several.warnings)
    for folder in data_dir.iterdir():
        shutil.copytree(folder, tmp_path / "data" / folder.name)
    for path in (tmp_path / "data" / "IRMAS-TrainingData").rglob("*.wav"):
        soundfile.write(path, soundfile.read(path)[0][:1500], RATE)  # shorter than a window
    single = evaluate_multi_label(runs["multi_label"], tmp_path / "data", "validation")
    assert any("every mixture is a single window of 0.25 s" in text for text in single.warnings)
    np.testing.assert_allclose(single.clips.scores["mean"], single.clips.scores["mean_logit"], atol=1e-6)
    tested = evaluate_multi_label(runs["multi_label"], tmp_path / "data", "test")
    assert any("come from mixtures of a single window each" in text for text in tested.warnings)


@pytest.mark.slow
def test_the_sound_of_a_mixture_is_what_the_model_heard(data_dir: Path, runs: dict[str, RunDir]) -> None:
    run = runs["multi_label"]
    evaluation = evaluate_multi_label(run, "", "validation")
    assert evaluation.render is not None
    model = keras.models.load_model(run.model_path)
    for number in range(len(evaluation.clips)):
        heard = evaluation.render(number)
        starts, probabilities = evaluation.activity(number, len(heard))
        assert starts.tolist() == [start / RATE for start in window_starts(len(heard), WINDOW, HOP)]
        np.testing.assert_allclose(probabilities, expit(_logits(model, heard)), atol=1e-5)
    assert evaluate_multi_label(run, data_dir, "test").render is None


@pytest.mark.slow
def test_identical_clips_are_counted_once_on_demand(tmp_path: Path, data_dir: Path, runs: dict[str, RunDir]) -> None:
    shutil.copytree(data_dir, tmp_path / "data")
    folder = tmp_path / "data" / "IRMAS-TestingData-Part1" / "Part1"
    for suffix in (".wav", ".txt"):
        shutil.copy(folder / f"00 - song, [live]-0{suffix}", folder / f"99 - other song-0{suffix}")
    run = runs["multi_label"]
    every = evaluate_multi_label(run, tmp_path / "data", "test")
    once = evaluate_multi_label(run, tmp_path / "data", "test", unique_clips=True)
    assert (len(every.clips), len(once.clips)) == (13, 12)
    assert every.clips.songs == once.clips.songs == 6, "clips with the same bytes are of one song group"
    assert any("1 clips are byte-identical" in text and "counted once" in text for text in once.warnings)


def _damaged(tmp_path: Path, data_dir: Path) -> tuple[Path, Path]:
    copy = Path(shutil.copytree(data_dir, tmp_path / "data"))
    return copy, copy / "IRMAS-TestingData-Part2" / "Part2" / "01 - song, [live]-1"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda stem: stem.with_suffix(".txt").unlink(), r"live\]-1\.wav: has no label file"),
        (lambda stem: stem.with_suffix(".txt").write_text("voi\n\nxyz\n"), "line 3: unknown instrument code 'xyz'"),
        (lambda stem: stem.with_suffix(".txt").write_text("\n\t\n"), "holds no instrument code"),
        (lambda stem: stem.with_suffix(".wav").unlink(), "has no audio file"),
        (lambda stem: stem.with_suffix(".wav").write_bytes(b"x"), r"1 of 12 clips cannot be read: .*live\]-1\.wav"),
    ],
)
def test_what_is_wrong_with_a_clip_is_named(
    tmp_path: Path, data_dir: Path, runs: dict[str, RunDir], damage, words: str
) -> None:
    copy, stem = _damaged(tmp_path, data_dir)
    damage(stem.with_name(stem.name + ".x"))
    with pytest.raises(DataError, match=words):
        evaluate_multi_label(runs["single_label"], copy, "test")


@pytest.mark.slow
def test_a_damaged_validation_excerpt_is_named(tmp_path: Path, data_dir: Path, runs: dict[str, RunDir]) -> None:
    copy = Path(shutil.copytree(data_dir, tmp_path / "data"))
    name = json.loads(runs["single_label"].split_path.read_text())["validation"][2]
    (copy / "IRMAS-TrainingData" / name).write_bytes(b"x")
    for split in ("test", "validation"):
        with pytest.raises(DataError, match=name.split("/")[1].replace("[", r"\[")) as caught:
            evaluate_multi_label(runs["single_label"], copy, split)
        assert "Traceback" not in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.slow
def test_damaged_thresholds_are_named(tmp_path: Path, data_dir: Path, runs: dict[str, RunDir]) -> None:
    run = RunDir(shutil.copytree(runs["multi_label"].path, tmp_path / "run"))
    run.thresholds_path.write_text("{}")
    with pytest.raises(ThresholdsError, match=r"thresholds\.json: is damaged"):
        evaluate_multi_label(run, tmp_path / "no data: the thresholds are read first", "test")
    run.thresholds_path.unlink()
    warnings = evaluate_multi_label(run, data_dir, "test").warnings
    assert any("has no thresholds.json, which predict needs" in text for text in warnings)
