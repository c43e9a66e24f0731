from __future__ import annotations

import json

import pytest

from irmas_tf.inference.named_models import NAMED_MODELS
from irmas_tf.model_list import cli
from irmas_tf.shipped import mn04
from tests.helpers.stand_in_mn04 import make_stand_in


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """Have mn04 with random weights in the cache folder."""
    monkeypatch.setenv("IRMAS_TF_CACHE", str(tmp_path / "cache"))
    stand_in = make_stand_in(tmp_path, tmp_path / "cache")
    monkeypatch.setattr(mn04.MN04, "__dict__", stand_in.__dict__)


def test_it_says_of_every_model_whether_it_is_here(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("IRMAS_TF_CACHE", str(tmp_path))
    assert cli([]) == 0
    text = capsys.readouterr().out
    for name in NAMED_MODELS.names():
        assert f"\n{name}\n" in f"\n{text}"
    assert "can be fetched: irmas download mn04" in text and "MIT" in text
    assert text.endswith("composed answers where no model is named; others by --model=NAME or irmas_tf.load(NAME).\n")


@pytest.mark.slow
def test_what_was_fetched_has_a_path_and_facts(fetched, tmp_path, capsys):
    assert cli(["--format=json"]) == 0
    rows = {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    row = rows["mn04"]
    assert row["state"] == "fetched" and row["path"] == str(tmp_path / "cache" / "weights" / "mn04_as_mAP_432.pt")
    assert row["bytes"] > 3_900_000 and row["quality"] == "right for all that a test made up" and row["schema"] == 1
    assert cli(["mn04"]) == 0
    assert "SAMPLE_RATE_HZ" in capsys.readouterr().out


def test_audioset_s_classes_are_listed(capsys):
    assert cli(["mn04:audioset"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 527 and lines[193] == "193  Cello"


@pytest.mark.parametrize(
    "arguments, words", [(["a", "b"], "unexpected argument 'b'"), (["a"], "a: is not the name of a model; names are")]
)
def test_wrong_use_is_a_line(arguments, words, capsys):
    assert cli(arguments) == 2
    assert words in capsys.readouterr().err
