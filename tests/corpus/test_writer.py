"""Files appear whole or not at all, and who renders them, in which order, does not show."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from irmas_tf.corpus.plan import TestSong, TrainingSong
from irmas_tf.corpus.writer import CorpusWriter, Tally, is_whole, write_wav
from irmas_tf.timbres.sf2 import bundled_soundfont


def test_wav_files_are_what_libsndfile_reads_and_writes(tmp_path):
    audio = np.random.default_rng(0).integers(-32768, 32767, (1001, 2), dtype=np.int16)
    size = write_wav(tmp_path / "a.wav", audio)
    soundfile.write(tmp_path / "b.wav", audio, 44100, subtype="PCM_16")
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert size == (tmp_path / "a.wav").stat().st_size
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_part_of_a_file_is_not_whole(tmp_path):
    path = tmp_path / "a.wav"
    assert not is_whole(path)
    write_wav(path, np.zeros((100, 2), np.int16))
    assert is_whole(path)
    whole = path.read_bytes()
    for cut in (0, 20, 44, len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert not is_whole(path)


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def full(self, data):
        with open(self, "wb") as stream:
            stream.write(data[:10])
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_wav(tmp_path / "a.wav", np.zeros((100, 2), np.int16))
    assert list(tmp_path.iterdir()) == []


def test_tallies_add_up():
    total = Tally(rendered=1, kept=2)
    total.training["cel"] += 3
    other = Tally(rendered=4, drums=1)
    other.training["cel"] += 1
    total.add(other)
    assert (total.rendered, total.kept, total.drums, total.training["cel"]) == (5, 2, 1, 4)


def files_of(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.slow
def test_missing_files_are_filled_in_with_the_same_bytes(tmp_path):
    for code in ("cla", "vio"):
        (tmp_path / "IRMAS-TrainingData" / code).mkdir(parents=True)
    (tmp_path / "IRMAS-TestingData-Part1" / "Part1").mkdir(parents=True)
    songs = [TrainingSong(1, "cla", 2), TrainingSong(9, "vio", 1), TestSong(1, 1)]
    writer = CorpusWriter(tmp_path, 5, bundled_soundfont())
    first = [writer.write(song) for song in songs]
    assert [t.rendered for t in first] == [2, 1, 1]
    before = files_of(tmp_path)
    assert len(before) == 5
    assert first[2].testing.total() >= 1
    wavs = sorted(name for name in before if "TrainingData" in name)
    (tmp_path / wavs[0]).unlink()
    (tmp_path / wavs[1]).write_bytes(before[wavs[1]][:-5])
    next((tmp_path / "IRMAS-TestingData-Part1").rglob("*.txt")).unlink()
    # Another writer, other order: a song does not know what was rendered before it.
    again = [CorpusWriter(tmp_path, 5, bundled_soundfont()).write(song) for song in songs[::-1]]
    assert sum(t.rendered for t in again) == 3
    assert sum(t.kept for t in again) == 1
    assert files_of(tmp_path) == before
