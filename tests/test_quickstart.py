"""The notebook docs/quickstart.ipynb: every cell executed, on a corpus of seconds.

A reader's Jupyter starts a process for the notebook and for each command; here one process runs them all, since each
would load TensorFlow. tests/test_distribution.py starts the installed commands.
"""

from __future__ import annotations

import shlex

import pytest

from irmas_tf.__main__ import cli
from tests.helpers import ROOT

NOTEBOOK = ROOT / "docs" / "quickstart.ipynb"
# What makes a corpus and a training of the notebook's size into one of seconds.
SMALLER = {
    "soundfont": ["--test_clips=1", "--workers=1"],
    "train": [
        *("--branches=mel:hop_length=512:num_bins=16", "--stage_channels=8", "--head_units=8", "--batch_size=8"),
        "--notflite",
    ],
}


def cells() -> list:
    nbformat = pytest.importorskip("nbformat", reason="nbformat is in the extra `notebook`")
    return nbformat.read(NOTEBOOK, as_version=4).cells


def test_it_is_committed_without_outputs():
    assert not any(cell.get("outputs") for cell in cells())


@pytest.mark.slow
def test_it_runs_from_the_corpus_to_the_timeline(tmp_path, monkeypatch):
    interactive = pytest.importorskip("IPython.core.interactiveshell", reason="IPython is in the extra `notebook`")
    import matplotlib.pyplot as plt

    for name, value in {"FOLDER": tmp_path / "work", "EXCERPTS": 44, "EPOCHS": 1}.items():
        monkeypatch.setenv(f"QUICKSTART_{name}", str(value))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    shell = interactive.InteractiveShell()
    commands = []

    def run_command(line: str) -> None:
        program, *arguments = shlex.split(shell.var_expand(line, depth=1))
        assert program == "irmas"
        commands.append(arguments[0])
        assert cli(arguments + SMALLER[arguments[0]]) == 0

    shell.system = run_command
    answers = []
    figures = set(plt.get_fignums())
    try:
        for cell in cells():
            if cell.cell_type == "code":
                done = shell.run_cell(cell.source)
                done.raise_error()
                answers.append(repr(done.result))
        assert commands == ["soundfont", "train"]
        assert any(answer.startswith("Classifier(11 classes") for answer in answers)
        assert any(answer.startswith("Answer(") for answer in answers)
        assert len(set(plt.get_fignums()) - figures) == 2
    finally:
        plt.close("all")
