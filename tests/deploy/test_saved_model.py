"""Versions appear whole or not at all: while somebody looks, when the process is killed, when something fails."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.deploy import saved_model
from irmas_tf.deploy.saved_model import (
    EXTRA_ASSETS,
    FACTS_NAME,
    ExportError,
    choose_version,
    export_saved_model,
    read_facts,
    remove_version,
)
from irmas_tf.deploy.session_model import SessionModel
from irmas_tf.process import atomic_folders
from irmas_tf.process.locks import exclusive
from tests.helpers import ROOT, fresh_process

WORKER = ROOT / "tests" / "helpers" / "export_worker.py"
FILES = {
    "saved_model.pb",
    "fingerprint.pb",
    FACTS_NAME,
    f"{EXTRA_ASSETS}/{FACTS_NAME}",
    f"{EXTRA_ASSETS}/tf_serving_warmup_requests",
    "variables/variables.index",
    "variables/variables.data-00000-of-00001",
}


def versions(base: Path) -> list[str]:
    """Return what TF Serving takes for versions: folders whose names are numbers."""
    return sorted(path.name for path in base.iterdir() if path.name.isdecimal()) if base.is_dir() else []


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def quick(small_saved_model, monkeypatch):
    """Return a function that exports in no time: the SavedModel is copied, not made."""

    def write(model, config, facts, folder, name="irmas"):
        shutil.copytree(small_saved_model, folder, dirs_exist_ok=True)
        (folder / FACTS_NAME).write_text(json.dumps(facts))

    monkeypatch.setattr(saved_model, "write_saved_model", write)
    return lambda base, mark=0, **more: export_saved_model(None, None, {"mark": mark}, base, **more)


@pytest.mark.slow
def test_the_folder_holds_what_tf_serving_and_people_look_for(small_saved_model, small_loaded):
    assert files(small_saved_model) == FILES
    facts = read_facts(small_saved_model)
    assert {name: facts[name] for name in small_loaded.facts} == small_loaded.facts
    assert facts == json.loads((small_saved_model / EXTRA_ASSETS / FACTS_NAME).read_text())
    assert set(facts["signatures"]) == {"serving_default", "classify_audio", "activity"}
    assert facts["signatures"]["classify_audio"]["inputs"] == {"audio": {"dtype": "string", "shape": [None]}}
    assert facts["signatures"]["serving_default"]["outputs"]["embedding"] == {"dtype": "float32", "shape": [None, 8]}


def test_versions_count_up(quick, tmp_path):
    base = tmp_path / "models" / "irmas"
    assert [quick(base).name for _ in range(3)] == ["1", "2", "3"]
    assert quick(base, version=10).name == "10"
    assert quick(base).name == "11"
    assert versions(base) == ["1", "10", "11", "2", "3"]
    assert [path.name for path in base.iterdir() if path.name.startswith(".")] == []


def test_other_names_are_not_versions(tmp_path):
    for name in ("x", "²", ".tmp-123-9", "5"):
        (tmp_path / name).mkdir()
    assert choose_version(tmp_path, 0, False) == 6
    assert choose_version(tmp_path / "absent", 0, False) == 1


def test_a_version_is_replaced_only_when_asked(quick, tmp_path):
    quick(tmp_path, mark=1, version=4)
    with pytest.raises(ExportError, match=r"4: is already there; give --overwrite, or another --model_version"):
        quick(tmp_path, mark=2, version=4)
    assert read_facts(tmp_path / "4") == {"mark": 1}
    quick(tmp_path, mark=2, version=4, overwrite=True)
    assert read_facts(tmp_path / "4") == {"mark": 2}
    assert os.listdir(tmp_path) == ["4"]


@pytest.mark.parametrize("error", [ExportError("no"), KeyboardInterrupt(), MemoryError()])
def test_a_check_that_fails_leaves_nothing_and_takes_nothing_away(quick, tmp_path, error):
    quick(tmp_path, mark=1)

    def check(folder: Path) -> None:
        assert files(folder) == FILES and versions(tmp_path) == ["1"]
        raise error

    for overwrite, version in ((False, 0), (True, 1)):
        with pytest.raises(type(error)):
            quick(tmp_path, mark=2, check=check, version=version, overwrite=overwrite)
        assert os.listdir(tmp_path) == ["1"] and read_facts(tmp_path / "1") == {"mark": 1}


def test_a_first_export_that_fails_leaves_no_folder(quick, tmp_path):
    def check(folder: Path) -> None:
        raise ExportError("no")

    with pytest.raises(ExportError, match="no"):
        quick(tmp_path / "models" / "irmas", check=check)
    assert os.listdir(tmp_path) == []


def test_two_exports_to_one_place_do_not_meet(quick, tmp_path):
    with (
        exclusive(tmp_path, RuntimeError()),
        pytest.raises(ExportError, match="another process is exporting here; wait for it, or choose another --out"),
    ):
        quick(tmp_path)
    assert os.listdir(tmp_path) == []


def test_what_killed_exports_left_is_removed(quick, tmp_path):
    quick(tmp_path, mark=1)
    (tmp_path / ".tmp-irmas-0000000a" / "variables").mkdir(parents=True)
    (tmp_path / ".tmp-irmas-0000000b-was-1").mkdir()  # its successor has the name
    shutil.copytree(tmp_path / "1", tmp_path / ".tmp-irmas-0000000c-was-3")  # killed between the two renames
    assert quick(tmp_path, mark=2).name == "4"
    assert sorted(os.listdir(tmp_path)) == ["1", "3", "4"]
    assert read_facts(tmp_path / "1") == read_facts(tmp_path / "3") == {"mark": 1}


def test_a_version_comes_back_if_its_successor_cannot_take_the_name(quick, tmp_path, monkeypatch):
    quick(tmp_path, mark=1)
    rename = os.rename

    def failing(source, target):
        if Path(target).name == "1" and "-was-" not in Path(source).name:
            raise OSError(28, "No space left on device", str(target))
        rename(source, target)

    monkeypatch.setattr(atomic_folders, "exchange", lambda *_: False)  # as where names cannot be swapped
    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(OSError, match="No space left"):
        quick(tmp_path, mark=2, version=1, overwrite=True)
    assert os.listdir(tmp_path) == ["1"] and read_facts(tmp_path / "1") == {"mark": 1}


@pytest.mark.slow
def test_a_reader_who_looks_all_the_time_never_sees_half_a_model(quick, tmp_path):
    polls, bad, done = [0], [], threading.Event()

    def poll() -> None:
        while not done.is_set() or polls[0] < 1000:
            for name in versions(tmp_path):
                polls[0] += 1
                if (found := files(tmp_path / name)) != FILES:
                    bad.append((name, found))

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        for _ in range(12):
            quick(tmp_path)
    finally:
        done.set()
        reader.join()
    assert polls[0] >= 1000
    assert bad == []


def test_a_version_is_gone_for_readers_before_its_files_are_removed(quick, tmp_path, monkeypatch):
    removed = []
    rmtree = shutil.rmtree

    def watched(folder, *args, **kwargs):
        assert versions(tmp_path) == []
        removed.append(Path(folder).name)
        rmtree(folder, *args, **kwargs)

    folder = quick(tmp_path)
    monkeypatch.setattr(shutil, "rmtree", watched)
    remove_version(folder)
    assert len(removed) == 1 and os.listdir(tmp_path) == []


@pytest.mark.slow
def test_polling_while_another_process_exports_and_killing_it(small_run, small_session, tmp_path):
    base = tmp_path / "irmas"
    output = tmp_path / "output"
    worker = fresh_process.start([str(WORKER), str(small_run.path), str(base), "9"], output, tmp_path / "errors")
    clip = np.ones([1, 100], np.float32)
    polls = 0
    try:
        while not output.is_file() or output.read_text() != "ready\n":
            assert worker.is_alive()
            time.sleep(0.001)
        while not versions(base):  # the first appears while we look
            polls += 1
            assert worker.is_alive()
            time.sleep(0.001)  # leave the worker something of the processor
        assert files(base / "1") == FILES
        with contextlib.closing(SessionModel(base / "1")) as model:  # whole enough to answer
            np.testing.assert_allclose(
                model("serving_default", clip)["logits"], small_session("serving_default", clip)["logits"], atol=1e-5
            )
        while not list(base.glob(".tmp-*/variables")):  # in the middle of a later one
            assert worker.is_alive()
            time.sleep(0.001)
    finally:
        worker.kill()
        worker.join()
    assert polls > 100
    assert list(base.glob(".tmp-*"))
    for name in versions(base):
        assert files(base / name) == FILES


@pytest.mark.parametrize("content", [None, "", "{half", "[1, 2]", "7"])
def test_facts_that_cannot_be_read_are_named(tmp_path, content):
    if content is not None:
        (tmp_path / FACTS_NAME).write_text(content)
    with pytest.raises(ExportError, match=r"signature\.json: (cannot be read|is damaged) \(.+"):
        read_facts(tmp_path)
