"""What the benchmarks measure can be configured at all; what they measure is not a matter for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from benchmarks import augmentation, chaos, fuzz_readers, predict, soak
from benchmarks.named_models import answers_of
from benchmarks.trainings import agreement
from irmas_tf.augment.pipeline import active
from irmas_tf.config.augmentations import BUILT_IN
from tests.helpers import ROOT

FLAGFILE = str(ROOT / "configs" / "three_branch.flags")
ALONE = augmentation.alone()


@pytest.mark.parametrize("title", ALONE)
def test_every_augmentation_has_a_configuration_with_it_alone(title, tmp_path):
    config = augmentation.configuration(FLAGFILE, 4, ALONE[title], str(tmp_path))
    assert {name: getattr(config.augment, name) for name in ALONE[title]} == ALONE[title]
    assert len(active(config.augment)) == 1


def test_the_recipe_has_them_all(tmp_path):
    config = augmentation.configuration(FLAGFILE, 4, augmentation.RECIPE, str(tmp_path))
    assert [placed.name for placed in active(config.augment)] == list(BUILT_IN)


def test_agreement_of_runs(tmp_path, monkeypatch, capsys):
    """Two runs with a right answer each, on which their mean is right; one that both miss in the same way."""
    rows = {"one": [(0.9, 0.1), (0.6, 0.4), (0.8, 0.2)], "two": [(0.6, 0.4), (0.1, 0.9), (0.7, 0.3)]}
    for name, probabilities in rows.items():
        folder = tmp_path / name / "evaluation" / "validation"
        folder.mkdir(parents=True)
        lines = ["file,song_group,label,predicted,cel,voi"]
        for k, (label, (cello, voice)) in enumerate(zip(["cel", "voi", "voi"], probabilities, strict=True)):
            lines.append(f"{k}.wav,{k},{label},x,{cello},{voice}")
        (folder / "predictions.csv").write_text("\n".join(lines) + "\n")
        (folder / "metrics.json").write_text(json.dumps({"warnings": [f"songs of {name}"]}))
    monkeypatch.setattr("sys.argv", ["agreement.py", str(tmp_path / "one"), str(tmp_path / "two")])
    assert agreement.main() == 0
    output, notes = capsys.readouterr()
    assert "songs of one" in notes and "songs of two" in notes
    for line in ("| one | 0.333 |", "| two | 0.667 |", "| one, two | 0.667 |", "wrong on 0.333", "answer on 0.333"):
        assert line in output
    (tmp_path / "two/evaluation/validation/predictions.csv").write_text(lines[0] + "\n" + lines[1] + "\n")
    assert agreement.main() == 1
    assert "not evaluated on the same excerpts" in capsys.readouterr().err


@pytest.mark.slow
def test_what_a_process_takes_is_its_own_and_not_that_of_the_one_that_starts_it(tmp_path):
    held = np.ones(25_000_000)  # 200 MB of this process
    spent = predict.spend([sys.executable, "-S", "-c", "print('out')"], dict(os.environ), tmp_path)
    assert spent.out == "out\n" and 1 < spent.memory < 100 < held.nbytes / 1e6
    assert 0 < spent.cpu < 60 and 0 < spent.wall < 60
    with pytest.raises(SystemExit, match="the reason"):
        predict.spend([sys.executable, "-c", "raise SystemExit('the reason')"], dict(os.environ), tmp_path)


def test_answers_of_two_engines_are_compared_file_by_file():
    def line(file: str, engine: str, cello: float, label: str) -> str:
        answer = {"file": file, "probabilities": {"cel": cello, "voi": 1 - cello}, "labels": [label]}
        return json.dumps({**answer, "engine": engine})

    lite = "\n".join([line("a", "litert", 0.75, "cel"), line("b", "litert", 0.25, "voi")])
    keras = "\n".join([line("a", "tensorflow", 0.5, "cel"), line("b", "tensorflow", 0.25, "cel")])
    assert predict.agreement(lite, keras) == "2.5e-01 between litert and tensorflow; 1 of 2 named otherwise"
    assert predict.row("x", [4.0, 2.0, 6.0], [1.0]) == "| x | 4 (2, 6) | 1 (1, 1) | 4.00 |"
    assert predict.row("x", [4.0], [8.0], more=True) == "| x | 4 (4, 4) | 8 (8, 8) | 2.00 |"


def test_attacks_are_counted_by_kind_and_command_and_none_goes_missing():
    def record(kind: str, work: str, **counts: int) -> dict[str, object]:
        return {"kind": kind, "work": work, "counts": dict.fromkeys(chaos.COLUMNS, 0) | counts}

    lost, other = chaos.COLUMNS[:2]
    lines = chaos.table(
        [
            record("kill -9", "train", **{lost: 1}),
            record("disk full", "predict, activity"),
            record("kill -9", "train", **{other: 2}),
            record("kill -9", "embed"),
        ]
    ).splitlines()
    zeros = " | 0" * (len(chaos.COLUMNS) - 2)
    assert [line.count("|") for line in lines] == [len(chaos.COLUMNS) + 4] * 6
    assert lines[0].startswith(f"| attack | attempts | of them on | {lost} | {other} |")
    assert lines[2:] == [
        f"| disk full | 1 | predict: activity 1 | 0 | 0{zeros} |",
        f"| kill -9 | 3 | embed 1, train 2 | 1 | 2{zeros} |",
        f"| all | 4 |  | 1 | 2{zeros} |",
        f"| kill -9, train | 2 |  | 1 | 2{zeros} |",
    ]


def test_growth_shows_in_the_row_of_a_soak():
    flat = [soak.State(100.0 + 5 * (k < 20), 4, 6 + k % 2) for k in range(200)]
    growing = [soak.State(100.0 + 0.1 * k, 4, 6 + k // 100) for k in range(200)]
    assert soak.row("x", flat, 12.3, 0) == "| x | 200 | 12 | 105, 100, 100 | 0.00 | 4, 4 | 6, 6 | 0 |"
    assert soak.row("x", growing, 12.3, 1) == "| x | 200 | 12 | 100, 102, 120 | 100.00 | 4, 4 | 6, 7 | 1 |"
    assert soak.is_flat(flat, 10.0) and not soak.is_flat(growing, 50.0)  # a file too many
    assert not soak.is_flat([state._replace(files=6) for state in growing], 10.0)


@pytest.mark.slow
@pytest.mark.parametrize("work", soak.WORKS)
def test_the_smallest_soak_ends_well(work):
    command = [
        sys.executable,
        str(ROOT / "benchmarks" / "soak.py"),
        f"--works={work}",
        "--scale=0.0001",
        "--allowed_mb=500",
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=300)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith(f"| {work} | 3 |")


@pytest.mark.slow
def test_damaged_files_are_counted_and_the_end_of_a_process_is_told(capsys, monkeypatch):
    assert fuzz_readers.main(["--mutations=20", "labels TXT"]) == 0
    row = capsys.readouterr().out.splitlines()[-1].strip("| ").split(" | ")
    assert row[:2] == ["labels TXT", "20"] and int(row[2]) + int(row[3]) == 20 and row[4] == "0"
    monkeypatch.setattr(fuzz_readers, "sys", SimpleNamespace(executable="/bin/false", stderr=sys.stderr))
    assert fuzz_readers.main(["labels TXT"]) == 1
    assert "labels TXT: the process ended with 1" in capsys.readouterr().err


def test_a_rate_takes_from_the_models_what_it_cannot_hold(tmp_path):
    time = np.arange(44100) / 44100
    low, high = (0.2 * np.sin(2 * np.pi * hz * time) for hz in (1000.0, 15000.0))
    soundfile.write(tmp_path / "both.wav", np.stack([low + high, low + high], axis=1), 44100, subtype="FLOAT")

    class Listener:
        def classify(self, samples, rate_hz):
            return samples, rate_hz

    [(heard, rate_hz)] = answers_of(Listener(), [tmp_path / "both.wav"], 22050)
    inner = slice(1000, -1000)
    assert rate_hz == 22050
    np.testing.assert_allclose(heard[inner], low[::2][inner], atol=2e-4)
