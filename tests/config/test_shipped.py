from __future__ import annotations

import os

import pytest

from irmas_tf.config import shipped
from irmas_tf.config.settings import ConfigError
from irmas_tf.config.shipped import config_names, configs_dir, find_flagfile, serving_kit_dir, summary_of


def test_a_name_is_known_anywhere_with_or_without_its_suffix(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text in ("three_branch", "three_branch.flags"):
        assert find_flagfile(text) == configs_dir() / "three_branch.flags"
    (tmp_path / "three_branch").mkdir()
    assert find_flagfile("three_branch").parent == configs_dir(), "a folder is no flagfile"


def test_a_file_wins_over_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").touch()
    assert find_flagfile("demo").resolve() == tmp_path / "demo"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_flagfile("~/demo") == tmp_path / "demo"
    reader, writer = os.pipe()
    assert find_flagfile(f"/dev/fd/{reader}").exists(), "of --flagfile=<(command)"
    os.close(reader), os.close(writer)


@pytest.mark.parametrize(
    "text, message",
    [
        ("three_brnch", "no such file; did you mean three_branch? shipped configurations: composed, demo, "),
        ("xyz", "no such file; shipped configurations: composed, demo, "),
        ("configs/demo.flags", "no such file; the shipped configuration is --flagfile=demo"),
        ("/nowhere/at.all", "no such file; give a path that exists, or the name of a shipped configuration"),
        ("", "shipped configurations: "),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        find_flagfile(text)
    assert str(caught.value).startswith(f"--flagfile={text}: ") and message in str(caught.value)


def test_the_header_of_a_configuration_is_its_summary(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "_INSTALLED", tmp_path)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "a.flags").write_text("# What:     a b,\n#           c.\n# Source:   d\n\n--epochs=1\n")
    (tmp_path / "configs" / "b.flags").write_text("--epochs=1\n")
    assert config_names() == ["a", "b"]
    assert (summary_of("a"), summary_of("b")) == ("a b, c.", "")


def test_every_shipped_configuration_says_what_it_is():
    assert len(config_names()) >= 12 and all(map(summary_of, config_names()))
    assert (serving_kit_dir() / "docker-compose.yml").is_file()
