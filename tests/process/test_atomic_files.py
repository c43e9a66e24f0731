from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.process.atomic_files import TEMPORARY_PREFIX, atomic_path, write_json_atomic, write_text_atomic


def test_a_file_appears_when_it_is_complete(tmp_path):
    target = tmp_path / "made" / "a.keras"
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert not target.exists()
        # Keras and others choose the format by the suffix; whoever tidies up knows the prefix.
        assert temporary.suffix == ".keras" and temporary.name.startswith(TEMPORARY_PREFIX)
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_a_failure_leaves_what_was_there(tmp_path):
    target = tmp_path / "a.txt"
    write_text_atomic(target, "old")
    with pytest.raises(ZeroDivisionError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    with pytest.raises(FileNotFoundError), atomic_path(target):
        pass  # nothing was written
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_files_are_readable_by_others_as_the_umask_says(tmp_path):
    write_text_atomic(tmp_path / "a", "")
    (tmp_path / "b").write_text("")
    assert stat.S_IMODE(os.stat(tmp_path / "a").st_mode) == stat.S_IMODE(os.stat(tmp_path / "b").st_mode)


def test_two_writers_do_not_share_a_temporary_file(tmp_path):
    target = tmp_path / "a.txt"
    with atomic_path(target) as first, atomic_path(target) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert target.read_text() == "first", "whoever ends last has the last word"


def test_json_is_standard_whatever_numpy_makes_of_it(tmp_path):
    values = {
        1: np.float32(0.5), "array": np.arange(3), "nested": [(np.int64(2), Path("a/b"))], "ä": "ü",
        "nan": float("nan"), "infinity": np.array([np.inf]), "truth": np.bool_(True), "none": None,
    }  # fmt: skip
    write_json_atomic(tmp_path / "a.json", values)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert "ü" in text and text.endswith("}\n")
    assert json.loads(text) == {
        "1": 0.5, "array": [0, 1, 2], "nested": [[2, "a/b"]], "ä": "ü",
        "nan": None, "infinity": [None], "truth": True, "none": None,
    }  # fmt: skip
    with pytest.raises(TypeError):
        write_json_atomic(tmp_path / "b.json", {"a": object()})
    assert not (tmp_path / "b.json").exists()
