"""The command that scores clips for MIREX, with a model that is a function."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import soundfile

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.labels import get_label_scheme
from irmas_tf.inference import open_models
from irmas_tf.mirex import cli
from irmas_tf.own_data.openmic_classes import CLASSES

RATE_HZ = 8000
SAID = "warning: the model has no class for accordion, banjo, bass, cymbals, drums, mallet_percussion, mandolin,"


class Levels:
    """A model that says how loud a window is, whichever the class, divided by the number of the class."""

    audio = AudioConfig(sample_rate_hz=RATE_HZ, window_seconds=0.25, window_hop_seconds=0.25)
    scheme = get_label_scheme("irmas")
    outputs = ("probabilities",)
    thresholds = None

    @property
    def source(self):
        return {}

    def values(self, windows, output):
        return np.abs(windows).max(axis=1, keepdims=True) / np.arange(1, 12, dtype=np.float32)


@pytest.fixture
def clips(tmp_path, monkeypatch):
    monkeypatch.setattr(open_models, "open_model", lambda *_: Levels())
    monkeypatch.chdir(tmp_path)
    for number in range(5):
        (tmp_path / f"clips/{number % 2}").mkdir(parents=True, exist_ok=True)
        level = (0.8, 0.2, 0.6, 0.4, 0.1)[number]
        soundfile.write(f"clips/{number % 2}/{number}.wav", np.full(2000, level), RATE_HZ, subtype="FLOAT")
    return [f"clips/{number % 2}/{number}.wav" for number in (3, 0, 4, 1, 2)]


def rows_of(path="scores.csv", separator=","):
    with open(path, newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def test_a_row_per_clip_in_their_order_and_twenty_columns(clips, capsys):
    assert cli(["--model=m", "--out=scores.csv", *clips]) == 0
    header, *rows = rows_of()
    assert header == ["file", *CLASSES] and [row[0] for row in rows] == clips
    for row, level in zip(rows, (0.4, 0.8, 0.1, 0.2, 0.6), strict=True):
        scores = dict(zip(CLASSES, map(float, row[1:]), strict=True))
        assert scores["cello"] == pytest.approx(level, abs=1e-6)
        assert scores["guitar"] == pytest.approx(level / 4, abs=1e-6), "the larger of acoustic and electric guitar"
        assert scores["drums"] == 0
    assert SAID in capsys.readouterr().err


def test_a_list_of_clips_beside_it_or_from_here_and_other_names(clips, tmp_path, capsys):
    (tmp_path / "clips/list.txt").write_text(f"\ufeff{clips[0]}\r\n\r\n{tmp_path / clips[1]}\n0/2.wav\n", "utf-8")
    flags = ["--out=s.tsv", "--format=tsv", "--ids=stem", "--columns=violin,drum kit", "--mapping=cel=drum kit"]
    assert cli(["--model=m", "--list=clips/list.txt", "--noheader", "--decimals=2", *flags]) == 0
    assert rows_of("s.tsv", "\t") == [["3", "0.04", "0.40"], ["0", "0.08", "0.80"], ["2", "0.06", "0.60"]]
    assert "of no column are the model's classes clarinet, flute" in capsys.readouterr().err


def test_what_cannot_be_read_is_named_and_left_out_or_given_a_row(clips, tmp_path, capsys):
    (tmp_path / "clips/bad.wav").write_bytes(b"no sound")
    names = [clips[0], "clips/bad.wav", "clips/none.wav", clips[1]]
    assert cli(["--model=m", "--out=scores.csv", *names]) == 1
    assert [row[0] for row in rows_of()[1:]] == [clips[0], clips[1]]
    said = capsys.readouterr().err
    assert "error: clips/bad.wav: " in said and "error: clips/none.wav: " in said
    assert cli(["--model=m", "--out=scores.csv", "--failed_rows", "--missing=0.5", *names]) == 1
    assert [row[0] for row in rows_of()[1:]] == names and rows_of()[2][1:] == ["0.500000"] * 20


def test_nothing_is_written_where_nothing_is_scored_or_two_are_called_the_same(clips, tmp_path, capsys):
    assert cli(["--model=m", "--out=no.csv", "clips/none.wav"]) == 1
    assert "no clip could be scored; nothing is written" in capsys.readouterr().err
    soundfile.write("clips/1/0.wav", np.full(2000, 0.1), RATE_HZ)
    assert cli(["--model=m", "--out=no.csv", "--ids=name", "clips"]) == 2
    assert "two clips are called '0.wav'; --ids=path tells them apart" in capsys.readouterr().err
    assert not (tmp_path / "no.csv").exists()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "no clips given, or twice"),
        (["--list=l.txt", "a.wav"], "no clips given, or twice"),
        (["--model=m", "--run_dir=r", "a.wav"], "both name a model"),
        (["--format=npz", "a.wav"], "--format=npz: needs --out=FILE.npz"),
        (["--format=json", "--noheader", "a.wav"], "--header: has no effect with --format=json"),
        (["--out=nowhere/x.csv", "a.wav"], "--out=nowhere/x.csv: the folder nowhere does not exist"),
        (["--columns=bass,double bass", "a.wav"], "mean the same"),
        (["--missing=2", "a.wav"], "--missing=2"),
        (["--list=no.txt"], "--list=no.txt: cannot be read"),
        (["--list=clips/0/0.wav"], "--list=clips/0/0.wav: is no list of files"),
    ],
)
def test_wrong_usage_is_a_line_and_status_2(arguments, message, clips, capsys):
    assert cli(arguments) == 2
    assert message in capsys.readouterr().err
