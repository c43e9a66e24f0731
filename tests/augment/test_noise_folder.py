from __future__ import annotations

import numpy as np
import pytest
import soundfile

from irmas_tf.augment import noise_folder
from irmas_tf.augment.noise_folder import equal_shares, load_noise_folder
from irmas_tf.datasets.irmas_layout import DataError

RATE = 8000
RNG = np.random.default_rng(0)


def write(path, samples: int, rate: int = RATE) -> np.ndarray:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = RNG.uniform(-0.5, 0.5, samples)
    soundfile.write(path, noise, rate, subtype="FLOAT" if path.suffix == ".wav" else None)
    return noise.astype(np.float32)


def test_the_recordings_are_there_one_after_the_other(tmp_path):
    second = write(tmp_path / "street" / "tram.wav", 3000)
    first = write(tmp_path / "rain.wav", 500)
    (tmp_path / "readme.txt").write_text("no audio")
    soundfile.write(tmp_path / "silent.wav", np.zeros(100), RATE)
    bank = load_noise_folder(tmp_path, RATE)
    assert bank.names == ("rain.wav", "street/tram.wav")
    np.testing.assert_array_equal(bank.samples, np.concatenate([first, second]))
    np.testing.assert_array_equal(bank.starts, [0, 500])
    np.testing.assert_array_equal(bank.lengths, [500, 3000])
    assert load_noise_folder(str(tmp_path), RATE) is bank, "a folder is decoded once"
    write(tmp_path / "rain.wav", 700)
    assert load_noise_folder(tmp_path, RATE).lengths[0] == 700, "unless it changes"


def test_other_rates_are_resampled(tmp_path):
    write(tmp_path / "hum.flac", 16000, 16000)
    assert len(load_noise_folder(tmp_path, RATE).samples) == 8000


def test_memory_is_bounded_and_only_beginnings_are_used(tmp_path, monkeypatch):
    monkeypatch.setattr(noise_folder, "MAX_SAMPLES", 5000)
    short, long, longer = (write(tmp_path / f"{name}.wav", n) for name, n in (("a", 1000), ("b", 9000), ("c", 20000)))
    bank = load_noise_folder(tmp_path, RATE)
    np.testing.assert_array_equal(bank.samples, np.concatenate([short, long[:2000], longer[:2000]]))


def test_shares_are_as_equal_as_the_lengths_allow():
    assert equal_shares([10, 2, 30], 100) == [10, 2, 30]
    assert equal_shares([10, 2, 30], 22) == [10, 2, 10]
    assert equal_shares([10, 10, 10], 10) == [3, 3, 4]
    assert sum(equal_shares([7, 900, 13, 41, 77], 100)) == 100


def test_a_folder_without_noise_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"--noise_dir=.*/none: does not exist; give a folder"):
        load_noise_folder(tmp_path / "none", RATE)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"--noise_dir=.*/file: is not a folder"):
        load_noise_folder(tmp_path / "file", RATE)
    with pytest.raises(DataError, match=r"holds no audio files, nor do its subfolders"):
        load_noise_folder(tmp_path, RATE)
    soundfile.write(tmp_path / "silent.wav", np.zeros(100), RATE)
    with pytest.raises(DataError, match=r"all 1 files are silent; give recordings"):
        load_noise_folder(tmp_path, RATE)


def test_unusable_files_are_named(tmp_path):
    write(tmp_path / "good.wav", 500)
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.mp3").write_text("not audio")
    with pytest.raises(DataError) as caught:
        load_noise_folder(tmp_path, RATE)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"--noise_dir={tmp_path}: 2 of 3 files are unusable:"
    assert "empty.wav: is empty" in lines[1] and "text.mp3: is not audio" in lines[2]
