"""What passes the check appears, what does not leaves nothing, and nothing is replaced or deleted unasked."""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from irmas_tf import check_export, export_saved_model
from irmas_tf.config.settings import ConfigError
from irmas_tf.deploy import export_inputs, export_run, saved_model
from irmas_tf.deploy.export_inputs import LoadedRun, load_run
from irmas_tf.deploy.export_run import check_artefact, export_tflite
from irmas_tf.deploy.export_run import export_saved_model as export_saved_model_of
from irmas_tf.deploy.saved_model import FACTS_NAME, ExportError
from irmas_tf.inference.run_model import RunModel
from irmas_tf.runs.run_dir import RunDir, RunDirError
from tests.helpers.small_run import make_small_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _short_music():
    """Leave the rendering to its own tests."""
    with pytest.MonkeyPatch.context() as patch:
        sound = (0.2 * np.sin(np.arange(9000) ** 1.3 / 40)).astype(np.float32)
        patch.setattr(export_inputs, "check_music", lambda rate_hz: {"music": sound})
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> RunDir:
    return make_small_run(tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("models")
    assert export_saved_model.cli([f"--run_dir={run.path}", f"--out={out}", "--name=house", "--model_version=3"]) == 0
    return out / "house" / "3"


@pytest.fixture
def copy(exported, tmp_path) -> Path:
    """Return a copy that a test may damage or lose."""
    shutil.copytree(exported, tmp_path / "copies" / "3")
    return tmp_path / "copies" / "3"


def perturbed(model: keras.Model) -> keras.Model:
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    kernel, bias = clone.get_layer("logits").get_weights()
    clone.get_layer("logits").set_weights([1.01 * kernel, bias])
    return clone


def test_a_good_one_is_left_where_it_is(copy, run, capsys):
    before = sorted(path for path in copy.rglob("*"))
    assert check_export.cli([str(copy), f"--run_dir={run.path}"]) == 0
    report = capsys.readouterr().out
    assert report.startswith(f"Acceptance check of {copy}\n")
    assert "FAIL" not in report and report.count("  ok   ") > 25
    assert sorted(path for path in copy.rglob("*")) == before


def test_weights_that_differ_end_an_export_without_a_trace(run, exported, tmp_path, monkeypatch, capsys):
    loaded = load_run(str(run.path))
    other = RunModel(loaded.run, loaded.config, perturbed(loaded.model))
    monkeypatch.setattr(export_run, "load_run", lambda run_dir: LoadedRun(other, loaded.facts))
    copy = functools.partial(shutil.copytree, exported, dirs_exist_ok=True)
    monkeypatch.setattr(saved_model, "write_saved_model", lambda *args: copy(args[3]))
    assert export_saved_model.cli([f"--run_dir={run.path}", f"--out={tmp_path}"]) == 2
    captured = capsys.readouterr()
    assert "FAIL sine" in captured.out
    assert captured.err.startswith(f"error: SavedModel of {run.path}: the acceptance check failed: ")
    assert captured.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_weights_that_differ_are_found_later_and_the_artefact_deleted(copy, run, monkeypatch, capsys):
    loaded = load_run(str(run.path))
    other = RunModel(loaded.run, loaded.config, perturbed(loaded.model))
    monkeypatch.setattr(export_run, "load_run", lambda run_dir: LoadedRun(other, loaded.facts))
    assert check_export.cli([str(copy), f"--run_dir={run.path}"]) == 2
    assert capsys.readouterr().err.rstrip().endswith("It was deleted")
    assert list(copy.parent.iterdir()) == []


def change_facts(folder: Path, **changes) -> None:
    facts = json.loads((folder / FACTS_NAME).read_text())
    (folder / FACTS_NAME).write_text(json.dumps({**facts, **changes}))


def test_swapped_labels_are_found_and_the_artefact_deleted(copy, run, capsys):
    labels = json.loads((copy / FACTS_NAME).read_text())["labels"]
    change_facts(copy, labels=[labels[1], labels[0], *labels[2:]])
    assert check_export.cli([str(copy), f"--run_dir={run.path}", "--keep"]) == 2
    words = capsys.readouterr().err
    assert "facts and label order: labels is ['cla', 'cel'" in words and "deleted" not in words
    assert copy.is_dir()
    assert check_export.cli([str(copy), f"--run_dir={run.path}"]) == 2
    assert capsys.readouterr().err.rstrip().endswith("It was deleted")
    assert not copy.exists() and list(copy.parent.iterdir()) == []


def test_cut_weights_are_found_and_the_artefact_deleted(copy, run, capsys):
    weights = copy / "variables" / "variables.data-00000-of-00001"
    weights.write_bytes(weights.read_bytes()[:-50])
    assert check_export.cli([str(copy), f"--run_dir={run.path}"]) == 2
    assert "cannot be loaded as a SavedModel" in capsys.readouterr().err
    assert not copy.exists()


@pytest.mark.parametrize("field", ["config_hash", "model_sha256"])
def test_what_was_made_from_another_run_is_left_alone(copy, run, capsys, field):
    change_facts(copy, **{field: "another"})
    assert check_export.cli([str(copy), f"--run_dir={run.path}"]) == 2
    words = capsys.readouterr().err
    assert f"was not made from --run_dir={run.path} as it is now ({field} differs)" in words
    assert copy.is_dir()


@pytest.mark.parametrize("damage", ["gone", "half"])
def test_what_says_nothing_about_its_origin_is_left_alone(copy, run, capsys, damage):
    if damage == "gone":
        (copy / FACTS_NAME).unlink()
    else:
        (copy / FACTS_NAME).write_text('{"config_hash')
    assert check_export.cli([str(copy), f"--run_dir={run.path}"]) == 2
    assert "signature.json: " in capsys.readouterr().err
    assert (copy / "saved_model.pb").exists()


def test_neither_a_saved_model_nor_a_file(run, tmp_path):
    (tmp_path / "notes.txt").write_text("not a model")
    for path, words in (
        (
            tmp_path,
            "is not a model that irmas_tf knows; name the folder of a run, the folder of a SavedModel's version,",
        ),
        (tmp_path / "absent", "no such file or folder"),
        (tmp_path / "notes.txt", r"notes\.txt: is a text file, not a model"),
        (run.path, "is a run; name what was exported from it"),
    ):
        with pytest.raises(ConfigError, match=words):
            check_artefact(str(path), str(run.path))
    assert (tmp_path / "notes.txt").exists()


@pytest.fixture(scope="module")
def lite(run, tmp_path_factory) -> Path:
    return export_tflite(str(run.path), str(tmp_path_factory.mktemp("lite") / "a.tflite")).path


def test_a_tflite_file_is_exported_checked_and_not_replaced_unasked(run, lite, tmp_path):
    assert [file.name for file in lite.parent.iterdir()] == ["a.tflite"]
    path = shutil.copy(lite, tmp_path / "a.tflite")
    content = path.read_bytes()
    check_artefact(str(path), str(run.path))
    assert path.read_bytes() == content
    with pytest.raises(ExportError, match=r"a\.tflite: is already there; give --overwrite, or another name"):
        export_tflite(str(run.path), str(path))
    with pytest.raises(ConfigError, match=r"end the name in \.tflite"):
        export_tflite(str(run.path), str(tmp_path / "a.bin"))
    assert path.read_bytes() == content


def test_a_tflite_file_that_was_damaged_is_refused_and_stays(run, lite, tmp_path, capsys):
    path, content = tmp_path / "a.tflite", lite.read_bytes()
    path.write_bytes(bytes(1000) + content[1000:])  # the facts stand at the end
    assert check_export.cli([str(path), f"--run_dir={run.path}"]) == 2
    assert capsys.readouterr().err == f"error: {path}: is damaged, or was changed after its export; export it again\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_refused_before_the_run_is_read(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder.tflite").mkdir()
    for out in (tmp_path / "file" / "a.tflite", Path("/proc/a.tflite")):
        with pytest.raises(ExportError, match=rf"--out={out}: nothing can be written to the folder {out.parent} \("):
            export_tflite("no run", str(out))
    with pytest.raises(ExportError, match=r"folder\.tflite: is a folder; name a file"):
        export_tflite("no run", str(tmp_path / "folder.tflite"), overwrite=True)
    with pytest.raises(ExportError, match=r"nothing can be written to the folder .*file/irmas \(Not a directory\)"):
        export_saved_model_of("no run", str(tmp_path / "file"), "irmas")
    for export in (
        lambda: export_tflite("no run", str(tmp_path / "new" / "a.tflite")),
        lambda: export_saved_model_of("no run", str(tmp_path / "new"), "irmas"),
    ):
        with pytest.raises(RunDirError, match="no run"):
            export()
    assert not (tmp_path / "new").exists(), "a folder for nothing"
