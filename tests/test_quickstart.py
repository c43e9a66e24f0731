"""The notebook docs/quickstart.ipynb, executed as a reader would, on a corpus of seconds."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT

NOTEBOOK = ROOT / "docs" / "quickstart.ipynb"


def test_it_is_committed_without_outputs():
    nbformat = pytest.importorskip("nbformat", reason="nbformat is in the extra `notebook`")
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    assert not any(cell.get("outputs") for cell in cells)


@pytest.mark.slow
def test_it_runs_from_the_corpus_to_the_timeline(tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat", reason="nbformat is in the extra `notebook`")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is in the extra `notebook`")
    pytest.importorskip("ipykernel", reason="ipykernel is in the extra `notebook`")
    scripts = str(Path(sys.executable).parent)
    if not Path(scripts, "irmas").exists():
        pytest.skip("the package is not installed, so that there is no command irmas")
    monkeypatch.setenv("PATH", scripts + os.pathsep + os.environ["PATH"])
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the tests' own would draw nothing
    for name, value in {"FOLDER": tmp_path / "work", "EXCERPTS": 55, "EPOCHS": 1}.items():
        monkeypatch.setenv(f"QUICKSTART_{name}", str(value))

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    training = next(cell for cell in notebook.cells if cell.source.startswith("!irmas train"))
    training.source += " --branches=mel:hop_length=512 --stage_channels=8,16"  # the demo's three branches take long
    nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()

    texts = [
        str(output.get("data", {}).get("text/plain", ""))
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ]
    assert any(text.startswith("Classifier(11 classes") for text in texts)
    assert any(text.startswith("Answer(") for text in texts)
    pictures = [o for cell in notebook.cells for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
    assert len(pictures) == 2
