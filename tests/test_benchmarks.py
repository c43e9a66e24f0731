"""What the benchmarks measure can be configured at all; what they measure is not a matter for tests."""

from __future__ import annotations

import runpy

import pytest

from tests.helpers import ROOT

AUGMENTATION = ROOT / "benchmarks" / "augmentation.py"
MODULE = runpy.run_path(str(AUGMENTATION))


@pytest.mark.parametrize("name", [*MODULE["ALONE"], "recipe"])
def test_every_augmentation_has_a_configuration_with_it_alone(name, tmp_path):
    augment = MODULE["RECIPE"] if name == "recipe" else MODULE["ALONE"][name]
    flagfile = str(AUGMENTATION.parents[1] / "configs" / "three_branch.flags")
    config = MODULE["configuration"](flagfile, 4, augment, str(tmp_path))
    assert {key: getattr(config.augment, key) for key in augment} == augment
    assert config.augment.random_gain_db == augment.get("random_gain_db", 0.0)


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
    main = runpy.run_path(str(AUGMENTATION.parent / "trainings" / "agreement.py"))["main"]
    monkeypatch.setattr("sys.argv", ["agreement.py", str(tmp_path / "one"), str(tmp_path / "two")])
    assert main() == 0
    output = capsys.readouterr().out
    for line in ("| one | 0.333 |", "| two | 0.667 |", "| one, two | 0.667 |", "wrong on 0.333", "answer on 0.333"):
        assert line in output
    (tmp_path / "two/evaluation/validation/predictions.csv").write_text(lines[0] + "\n" + lines[1] + "\n")
    assert main() == 1
    assert "not evaluated on the same excerpts" in capsys.readouterr().err
