from __future__ import annotations

import json

import pytest

from irmas_tf.corpus import generation
from irmas_tf.soundfont import cli


@pytest.mark.slow
def test_it_makes_a_corpus_and_says_what_it_holds(tmp_path, capsys):
    pytest.importorskip("pretty_midi", reason="pretty_midi, in the extra `demo`, brings the SoundFont")
    command = [f"--out={tmp_path / 'corpus'}", "--excerpts=1", "--test_clips=0", "--workers=1"]
    assert cli(command) == 0
    printed = capsys.readouterr().out
    assert "1 files," in printed and printed.endswith(f"Next: irmas check --data_dir={tmp_path / 'corpus'}\n")
    assert json.loads((tmp_path / "corpus" / "corpus.json").read_text())["excerpts"] == 1
    assert cli(command) == 0
    assert "0 files, 0 MB" in (printed := capsys.readouterr().out) and "1 were there already" in printed


def test_a_folder_of_somebody_else_is_a_line_and_status_2(tmp_path, capsys):
    (tmp_path / "mine.txt").touch()
    assert cli([f"--out={tmp_path}", "--excerpts=1"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: --out={tmp_path}: not empty and not a corpus") and error.count("\n") == 1


def test_songs_of_each_class_are_counted_in_excerpts(tmp_path, monkeypatch, capsys):
    asked = {}
    monkeypatch.setattr(generation, "make_corpus", lambda out, **options: asked.update(options) or 1 / 0)
    for flags, excerpts in (([], 660), (["--songs_per_class=2"], 66), (["--excerpts=7"], 7)):
        with pytest.raises(ZeroDivisionError):
            cli(["--out=x", *flags])
        assert asked["excerpts"] == excerpts and asked["soundfont"] is None


def test_an_interruption_says_how_to_go_on(monkeypatch, capsys):
    def interrupted(out, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(generation, "make_corpus", interrupted)
    assert cli(["--out=x"]) == 130
    assert "it continues where it stopped" in capsys.readouterr().err


@pytest.mark.parametrize("flags", [["--excerpts=0"], ["--test_clips=-1"], ["--seed=x"], ["extra"],
                                   ["--songs_per_class=1", "--excerpts=3"]])  # fmt: skip
def test_wrong_usage_is_status_2(tmp_path, flags, capsys):
    assert cli([f"--out={tmp_path / 'out'}", *flags]) == 2
    assert flags[-1].split("=")[0] in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
