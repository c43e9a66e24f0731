"""OpenMIC-2018 as a data set, in a generated copy of its format; the archive itself is not downloaded."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from irmas_tf.config.data import DataConfig
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.own_data.openmic import OpenMic
from irmas_tf.own_data.openmic_classes import CLASSES
from tests.helpers import ROOT
from tests.helpers.openmic_copy import CLIPS, KEYS, RATE_HZ, TESTS, known_labels, write_openmic


def test_it_knows_its_classes_and_licence_without_the_data(tmp_path):
    dataset = OpenMic(DataConfig(dataset="openmic"))
    assert dataset.labels.codes == CLASSES and "CC BY 4.0" in dataset.licence
    with pytest.raises(ConfigError, match="has classes of its own"):
        OpenMic(DataConfig(dataset="openmic", classes=("piano", "oud")))
    with pytest.raises(DataError, match="holds neither"):
        dataset.describe(tmp_path)
    (tmp_path / "openmic-2018").mkdir()
    (tmp_path / "openmic-2018/openmic-2018.npz").touch()
    assert dataset.describe(tmp_path) == dataset.settings
    assert dataset.look(tmp_path).folder == (tmp_path / "openmic-2018").resolve()


# One process for all commands: TensorFlow takes its time to load.
PROGRAM = """
import importlib, json, sys
for name, *arguments in json.loads(sys.argv[1]):
    print("STATUS", importlib.import_module("irmas_tf." + name).cli(arguments), name, flush=True)
"""
SMALL = [
    f"--sample_rate_hz={RATE_HZ}", "--window_seconds=0.5", "--window_hop_seconds=0.5",
    "--branches=mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000", "--stem_stride=2",
    "--stage_channels=8", "--head_units=8", "--validation_fraction=0.2", "--batch_size=8", "--epochs=1",
    "--warmup_epochs=0.5", "--ema_decay=0.9", "--notflite",
]  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a folder with data, run, a.tflite, scores and answers, and what the commands printed."""
    folder = tmp_path_factory.mktemp("way")
    data = write_openmic(folder / "data")
    clips = str(data / "openmic-2018" / "audio" / "002")
    commands = [
        ["check", "--dataset=openmic", f"--data_dir={data}"],
        [
            "train",
            "--dataset=openmic",
            "--task=multi_label",
            f"--data_dir={data}",
            f"--run_dir={folder / 'run'}",
            *SMALL,
        ],
        ["evaluate", f"--run_dir={folder / 'run'}", "--split=test", "--noreport"],
        ["export_tflite", f"--run_dir={folder / 'run'}", f"--out={folder / 'a.tflite'}", "--quantization=none"],
        ["predict", f"--model={folder / 'a.tflite'}", "--format=json", f"--output={folder / 'answers.jsonl'}", clips],
        ["mirex", f"--model={folder / 'a.tflite'}", f"--out={folder / 'scores.csv'}", "--ids=stem", clips],
    ]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(commands)],
        capture_output=True, text=True, timeout=400, cwd=ROOT,
    )  # fmt: skip
    statuses = [line for line in done.stdout.splitlines() if line.startswith("STATUS")]
    assert statuses == [f"STATUS 0 {name}" for name, *_ in commands], done.stdout + done.stderr
    return folder, done


@pytest.mark.slow
def test_it_is_trained_on_known_labels_and_scored_on_the_published_part(trained):
    from sklearn.metrics import average_precision_score, f1_score

    folder, done = trained
    assert f"data: {folder / 'data' / 'openmic-2018'}" in done.stdout and "2 batches of 8 an epoch" in done.stdout
    metrics = json.loads((folder / "run/evaluation/test/metrics.json").read_text())
    assert metrics["clips"] == TESTS and metrics["classes"] == list(CLASSES)
    assert metrics["known_labels"] == sum(len(known_labels(n)) for n in range(CLIPS - TESTS, CLIPS))
    with open(folder / "run/evaluation/test/clips.csv", newline="") as file:
        rows = {row["file"].rpartition("/")[2].removesuffix(".ogg"): row for row in csv.DictReader(file)}
    scores = np.array([[float(rows[key][code]) for code in CLASSES] for key in KEYS[-TESTS:]])
    relevance = [known_labels(number) for number in range(CLIPS - TESTS, CLIPS)]
    known = np.array([[code in labels for code in CLASSES] for labels in relevance])
    truth = np.array([[labels.get(code, 0.0) >= 0.5 for code in CLASSES] for labels in relevance])
    # As EfficientAT's and PaSST's scripts for OpenMIC compute it, and as the authors' baseline is scored.
    precisions = [average_precision_score(truth[:, k], scores[:, k], sample_weight=known[:, k]) for k in range(20)]
    mean = metrics["aggregations"]["mean"]
    assert mean["mean_average_precision"]["value"] == pytest.approx(np.mean(precisions), abs=1e-5)
    f1 = [f1_score(truth[known[:, k], k], scores[known[:, k], k] >= 0.5, zero_division=0) for k in range(20)]
    assert mean["at_one_half"]["macro_f1"] == pytest.approx(np.mean(f1), abs=1e-9)
    per_class = {row["class"]: row for row in metrics["per_class"]}
    assert [per_class[code]["f1_at_one_half"] for code in CLASSES] == pytest.approx(f1, abs=1e-9)
    assert [per_class[code]["average_precision"] for code in CLASSES] == pytest.approx(precisions, abs=1e-5)


@pytest.mark.slow
def test_its_tflite_file_answers_and_fills_the_columns_of_mirex(trained):
    folder, _ = trained
    answers = [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]
    with open(folder / "scores.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["file", *CLASSES] and [row[0] for row in rows[1:]] == sorted(KEYS[40:])
    for row, answer in zip(rows[1:], answers, strict=True):
        assert list(answer["probabilities"]) == list(CLASSES)
        assert [float(cell) for cell in row[1:]] == pytest.approx(list(answer["probabilities"].values()), abs=2e-6)
    from irmas_tf.inference.open_models import load_model

    assert "CC BY 4.0" in json.dumps(load_model(folder / "a.tflite").source)
