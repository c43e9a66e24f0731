"""A package that is not there is told in one line, wherever the program comes upon it."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import irmas_tf
from irmas_tf.process.optional_packages import MissingPackageError, explained, is_installed, require
from irmas_tf.weights.weight_file import write_weight_file

TRAIN = 'pip install "irmas_tf[train]"'


@pytest.fixture
def without_packages(monkeypatch):
    """Take TensorFlow and what else training needs away; Python then says that there is no such module."""
    for name in [m for m in sys.modules if m.partition(".")[0] in ("tensorflow", "keras", "sklearn", "matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("tensorflow", "keras", "sklearn", "matplotlib"):
        monkeypatch.setitem(sys.modules, name, None)


def test_what_is_there_passes_and_nothing_is_imported_for_it():
    require("numpy")
    before = set(sys.modules)
    assert is_installed("wave") and not is_installed("no_such_package_of_anyone")
    assert {"wave"} & before == {"wave"} & set(sys.modules)


def test_what_is_missing_is_told_with_its_remedy(without_packages):
    with pytest.raises(MissingPackageError, match=r'^training needs TensorFlow: pip install "irmas_tf\[train\]"$'):
        require("tensorflow", "training")
    error = explained(ModuleNotFoundError("no", name="sklearn.metrics"), "irmas probe")
    assert isinstance(error, ImportError) and str(error) == f"irmas probe needs scikit-learn: {TRAIN}"
    # A module of ours, or of a package that is there, is a bug.
    assert explained(ModuleNotFoundError("no", name="irmas_tf.nothing")) is None
    assert explained(ModuleNotFoundError("no", name="numpy.nothing")) is None


COMMANDS = {
    "train": (["--run_dir=r", "--data_dir=d"], f"training needs TensorFlow: {TRAIN}"),
    "evaluate": (["--run_dir=r"], f"evaluation needs scikit-learn: {TRAIN}"),
    "probe": (["--run_dir=r", "--data_dir=d"], f"the probe needs scikit-learn: {TRAIN}"),
    "export_tflite": (["--run_dir=r", "--out=x.tflite"], f"exporting needs TensorFlow: {TRAIN}"),
    "export_saved_model": (["--run_dir=r", "--out=x"], f"exporting needs TensorFlow: {TRAIN}"),
    "check_export": (["x", "--run_dir=r"], f"comparing with a run needs TensorFlow: {TRAIN}"),
    "embed": (["--backbone=mn04", "--weights=WEIGHTS", "--output=e.npz", "a.wav"],
              f"a pretrained network needs TensorFlow: {TRAIN}"),
}  # fmt: skip


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> str:
    """A weight file, which is looked at before TensorFlow is missed."""
    path = tmp_path_factory.mktemp("weights") / "w.npz"
    write_weight_file(path, {"backbone": "mn04"}, {"logits/bias": np.zeros(11, np.float32)})
    return str(path)


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_say_in_one_line_what_to_install(without_packages, name, weights, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments, message = COMMANDS[name]
    module = __import__(f"irmas_tf.{name}", fromlist=["cli"])
    assert module.cli([argument.replace("WEIGHTS", weights) for argument in arguments]) == 2
    assert capsys.readouterr().err == f"error: {message}\n"
    assert list(tmp_path.iterdir()) == []


def test_an_import_in_the_depth_of_a_command_is_told_with_the_name_of_the_command(capsys):
    from irmas_tf.config.flags import Command, run_main

    def main(flags):
        raise ModuleNotFoundError("No module named 'apache_beam'", name="apache_beam")

    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setitem(sys.modules, "apache_beam", None)
        assert run_main(main, Command("irmas_tf.beam.classify", "A command."), []) == 2
    assert capsys.readouterr().err == 'error: irmas beam needs Apache Beam: pip install "irmas_tf[beam]"\n'


def test_names_of_the_face_say_it_too(without_packages, monkeypatch):
    for name in ("MorletScalogram", "build_model"):
        monkeypatch.delitem(vars(irmas_tf), name, raising=False)
        with pytest.raises(ImportError, match=rf"^irmas_tf\.{name} needs TensorFlow: pip install"):
            getattr(irmas_tf, name)
    with pytest.raises(ImportError, match=r"^irmas_tf\.evaluate needs scikit-learn: pip install"):
        irmas_tf.evaluate([0, 1], [[0.9, 0.1], [0.2, 0.8]])
