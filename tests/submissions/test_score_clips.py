"""Lists of clips, and scores from a model that is a function."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.walk import AudioFiles
from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.labels import LabelScheme
from irmas_tf.config.settings import ConfigError
from irmas_tf.submissions.class_columns import class_columns
from irmas_tf.submissions.score_clips import read_list, score_clips

RATE_HZ = 8000


class Halves:
    """A model of three classes: the largest sample of a window, half and a quarter of it."""

    audio = AudioConfig(sample_rate_hz=RATE_HZ, window_seconds=0.25, window_hop_seconds=0.25)
    scheme = LabelScheme.of("mine", {"oud": "oud", "kit": "drum kit", "saz": "saz"})
    outputs = ("probabilities",)
    thresholds = None

    @property
    def source(self):
        return {}

    def values(self, windows, output):
        return np.abs(windows).max(axis=1, keepdims=True) * np.array([1.0, 0.5, 0.25], np.float32)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_the_mean_over_windows_in_the_order_of_the_clips(tmp_path, batch_size):
    sounds = {"b.wav": (0.8, 0.4), "a.wav": (0.2, 0.2, 0.2), "c.wav": (0.5,)}
    for name, levels in sounds.items():
        soundfile.write(tmp_path / name, np.repeat(levels, 2000), RATE_HZ, subtype="FLOAT")
    files = AudioFiles([str(tmp_path / name) for name in sounds] + [str(tmp_path / "none.wav")])
    failed = []
    columns = class_columns(Halves.scheme, ("drums", "voice", "oud"))
    table, failures = score_clips(
        Halves(), files, columns, ids="stem", missing=0.125, batch_size=batch_size, say_failed=failed.append
    )
    assert table.ids == ("b", "a", "c") and table.columns == ("drums", "voice", "oud")
    expected = [[0.3, 0.125, 0.6], [0.1, 0.125, 0.2], [0.25, 0.125, 0.5]]
    assert np.allclose(table.scores, expected, atol=1e-6)
    assert failures == failed and [failure.path for failure in failed] == [str(tmp_path / "none.wav")]


def test_a_list_is_of_here_or_of_its_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists").mkdir()
    for name in ("here.wav", "lists/there.wav", "lists/here.wav"):
        (tmp_path / name).touch()
    (tmp_path / "lists/l.txt").write_text("\ufeffhere.wav\r\n\n  there.wav \nnone.wav\n/x/y.wav", "utf-8")
    assert read_list("lists/l.txt") == ["here.wav", "lists/there.wav", "none.wav", "/x/y.wav"]
    (tmp_path / "lists/l.txt").write_text("\n")
    with pytest.raises(ConfigError, match=r"--list=lists/l\.txt: is empty"):
        read_list("lists/l.txt")
