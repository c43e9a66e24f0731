from __future__ import annotations

import shlex

import pytest

from irmas_tf.process.shell_words import shell_path


@pytest.mark.parametrize("name", ["data", "my data", "it's $HOME; rm", "ünïcode (1)", "-x"])
def test_a_path_is_one_word_that_is_right_anywhere(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    typed = shell_path(name)
    assert shlex.split(f"irmas check --data_dir={typed}")[2] == f"--data_dir={tmp_path / name}"


def test_a_home_folder_is_spelt_out(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert shell_path("~/data") == str(tmp_path / "data")
