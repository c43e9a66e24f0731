"""Commands on full disks: one line with the file and the remedy; what was there stays, and nothing else is left."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.__main__ import cli
from irmas_tf.datasets.splits import make_split, save_split
from irmas_tf.runs.identity import upgrade
from irmas_tf.runs.run_dir import RunDir
from tests.helpers.small_disks import can_mount, leave, small_disk
from tests.helpers.small_run import make_small_run

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not can_mount(), reason="small disks need root and mount")]
DISK_BYTES = 8 << 20
LEFT_BYTES = 8 << 10  # enough for an attempt to write, too little for the files


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path, DISK_BYTES) as place:
        yield place


@pytest.fixture(scope="module")
def run(corpus: Path, tmp_path_factory) -> Path:
    run = make_small_run(tmp_path_factory.mktemp("runs") / "run", str(corpus))
    config = run.load_config()
    save_split(run.split_path, make_split(config.dataset.training(corpus)))
    run.identity_path.unlink()
    upgrade(run, config)
    return run.path


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """One sound in place of the SoundFont's songs."""
    music = {"music": np.random.default_rng(0).normal(0, 0.1, 3000).astype(np.float32)}
    monkeypatch.setattr("irmas_tf.deploy.export_inputs.check_music", lambda rate_hz: music)


def contents(folder: Path) -> dict[str, bytes]:
    """Return what each file holds; those of TensorFlow's AutoGraph go only when the process ends."""
    paths = [path for path in folder.rglob("*") if not path.name.startswith("__autograph")]
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in paths}


def full_disk_line(capsys, disk: Path, *arguments: str, left: int = LEFT_BYTES) -> str:
    """Run a command on the disk, filled up; return its line after looking at what else it did."""
    filler = leave(disk, left)
    before = contents(disk)
    capsys.readouterr()
    assert cli(arguments) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert contents(disk) == before
    filler.unlink()
    assert error.startswith("error: ") and "free some space" in error
    return error


def test_a_tflite_file_that_does_not_fit_leaves_the_one_that_is_there(run, disk, capsys):
    target = disk / "m.tflite"
    target.write_bytes(b"an earlier model")
    line = full_disk_line(capsys, disk, "export-tflite", f"--run_dir={run}", f"--out={target}", "--overwrite")
    assert line.startswith(f"error: {target}: does not fit on its disk (")


def test_what_an_export_writes_in_between_may_go_elsewhere(run, disk, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    # Keras unpacks the model there first, and leaves what does not fit.
    left = (run / "model.keras").stat().st_size + 4 * 4096
    line = full_disk_line(
        capsys, disk, "export-tflite", f"--run_dir={run}", f"--out={tmp_path / 'm.tflite'}", left=left
    )
    assert f"TMPDIR name another folder for temporary files than {disk}" in line
    assert not (tmp_path / "m.tflite").exists()


def test_a_saved_model_that_does_not_fit_leaves_the_version_that_is_there(run, disk, capsys):
    version = disk / "irmas" / "1"
    version.mkdir(parents=True)
    (version / "saved_model.pb").write_bytes(b"an earlier model")
    line = full_disk_line(
        capsys, disk, "export-saved-model", f"--run_dir={run}", f"--out={disk}", "--model_version=1", "--overwrite"
    )
    assert line.startswith(f"error: {version}: does not fit on its disk (")


def test_reports_that_do_not_fit_leave_those_that_are_there(run, disk, capsys):
    there = RunDir(shutil.copytree(run, disk / "run"))
    folder = there.evaluation_dir("validation")
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text("{}")
    line = full_disk_line(capsys, disk, "evaluate", f"--run_dir={there.path}", "--noreport_audio")
    assert line.startswith(f"error: {folder}: does not fit on its disk (")


@pytest.mark.parametrize("name", ["e.npz", "e.csv"])
def test_embeddings_that_do_not_fit_leave_those_that_are_there(run, corpus, disk, capsys, name):
    target = disk / name
    target.write_bytes(b"earlier embeddings")
    line = full_disk_line(capsys, disk, "embed", f"--run_dir={run}", f"--output={target}", str(corpus))
    assert line.startswith(f"error: {target}: does not fit on its disk (")


def test_a_disk_that_is_full_before_the_work_is_said_before_it(run, corpus, disk, capsys):
    (disk / "filler").write_bytes(bytes(DISK_BYTES))
    assert cli(["embed", f"--run_dir={run}", f"--output={disk / 'e.npz'}", str(corpus)]) == 2
    assert "nothing can be written to the folder" in capsys.readouterr().err
    assert [path.name for path in disk.iterdir()] == ["filler"]
