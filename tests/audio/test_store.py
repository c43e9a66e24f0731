from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.decode import AudioError, decode_file
from irmas_tf.audio.decoders import make_decoder
from irmas_tf.audio.store import AudioStore, StoredAudio, decode_on_threads, quantize
from irmas_tf.process.ordered_threads import OrderedThreads

RATE = 16000
DECODER = make_decoder("auto", RATE)
POOL = OrderedThreads(2)
DECODE = decode_on_threads(DECODER, POOL)


@pytest.fixture
def paths(tmp_path) -> list[str]:
    rng = np.random.default_rng(0)
    found = []
    for k in range(5):
        path = tmp_path / f"{k}.wav"
        soundfile.write(path, rng.uniform(-0.1 * k, 0.1 * k, (8000 + 1000 * k, 2)), RATE)
        found.append(str(path))
    return found


def samples_of(audio: StoredAudio) -> np.ndarray:
    out = np.empty(len(audio), np.float32)
    audio.read_into(out)
    return out


@pytest.mark.parametrize("peak", [1e-30, 1e-4, 0.3, 1.0, 3.7, 1e9])
def test_rounding_stays_90_db_below_the_peak(peak):
    signal = (np.random.default_rng(1).uniform(-1, 1, 10_000) * peak).astype(np.float32)
    signal[17] = -peak
    audio = quantize(signal)
    assert audio.samples.dtype == np.int16 and audio.samples.min() == -32767
    assert np.abs(samples_of(audio) - signal).max() <= 0.51 * peak / 32767


@pytest.mark.parametrize("signal", [np.zeros(10, np.float32), np.full(3, 1e-42, np.float32)])
def test_silence_stays_silence(signal):
    assert not samples_of(quantize(signal)).any()


def test_reading_a_part_with_padding():
    audio = StoredAudio(np.arange(10, dtype=np.int16), np.float32(0.5))
    out = np.full(6, np.nan, np.float32)
    audio.read_into(out, 3)
    assert out.tolist() == [1.5, 2, 2.5, 3, 3.5, 4]
    audio.read_into(out, 8)
    assert out.tolist() == [4.0, 4.5, 0, 0, 0, 0]


def test_both_stores_hold_the_same(paths, tmp_path):
    memory = AudioStore.in_memory(paths, DECODE)
    disk = AudioStore.on_disk(paths, RATE, "auto", DECODE, str(tmp_path / "cache"))
    assert len(memory) == len(disk) == 5
    assert memory.nbytes == disk.nbytes == 2 * (8000 * 5 + 1000 * 10)
    for a, b, path in zip(memory, disk, paths, strict=True):
        np.testing.assert_array_equal(samples_of(a), samples_of(b))
        np.testing.assert_allclose(samples_of(a), decode_file(path, RATE), atol=2e-5)


def forbidden(path: str) -> np.ndarray:
    raise AssertionError(f"{path} decoded again")


FORBIDDEN = decode_on_threads(forbidden, POOL)


def test_the_disk_store_is_found_again_and_only_for_the_same_files(paths, tmp_path):
    folder = str(tmp_path / "cache")
    AudioStore.on_disk(paths, RATE, "auto", DECODE, folder)
    assert sorted(Path(f).suffix for f in os.listdir(folder)) == [".int16", ".json"]
    again = AudioStore.on_disk(paths, RATE, "auto", FORBIDDEN, folder)
    assert len(again) == 5
    for change in ("rate", "decoder", "order", "time"):
        rate = 8000 if change == "rate" else RATE
        decoder = "soundfile" if change == "decoder" else "auto"
        if change == "time":
            os.utime(paths[2], ns=(1, 1))
        files = paths[::-1] if change == "order" else paths
        with pytest.raises(AssertionError, match="decoded again"):
            AudioStore.on_disk(files, rate, decoder, FORBIDDEN, folder)


def test_nothing_is_left_half_written(paths, tmp_path):
    folder = tmp_path / "cache"

    def fail_late(path: str) -> np.ndarray:
        if path == paths[4]:
            raise OSError(28, "No space left on device")
        return DECODER(path)

    with pytest.raises(AudioError, match=r"cache of decoded audio cannot be written \(No space left.*--cache_dir"):
        AudioStore.on_disk(paths, RATE, "auto", decode_on_threads(fail_late, POOL), str(folder))
    assert os.listdir(folder) == []
    # Killed between the two files: the samples alone do not count.
    AudioStore.on_disk(paths, RATE, "auto", DECODE, str(folder))
    next(folder.glob("*.json")).unlink()
    assert len(AudioStore.on_disk(paths, RATE, "auto", DECODE, str(folder))) == 5


def test_a_damaged_disk_store_is_not_used(paths, tmp_path):
    folder = tmp_path / "cache"
    AudioStore.on_disk(paths, RATE, "auto", DECODE, str(folder))
    data = next(folder.glob("*.int16"))
    data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(AudioError, match=r"is not a usable cache .*delete it"):
        AudioStore.on_disk(paths, RATE, "auto", DECODE, str(folder))


def test_every_bad_file_is_named(paths):
    for name in (paths[1], paths[3]):
        Path(name).write_bytes(b"not audio")
    with pytest.raises(AudioError) as caught:
        AudioStore.in_memory(paths, DECODE)
    assert str(caught.value).startswith(f"{paths[1]}: ")
    assert paths[3] in str(caught.value) and "2 of 5 files are unusable" in str(caught.value)
    assert paths[0] not in str(caught.value)


def test_a_file_that_vanished(paths, tmp_path):
    os.unlink(paths[0])
    with pytest.raises(AudioError, match="No such file"):
        AudioStore.on_disk(paths, RATE, "auto", DECODE, str(tmp_path / "cache"))


def test_a_folder_keeps_the_stores_that_were_used_last(paths, tmp_path):
    folder = tmp_path / "cache"

    def use(*files: str) -> str:
        before = set(folder.glob("*.json")) if folder.exists() else set()
        AudioStore.on_disk(files, RATE, "auto", DECODE, str(folder))
        new = set(folder.glob("*.json")) - before
        for index in folder.glob("*.json"):  # as if what is there had been used long ago, in the order of its use
            os.utime(index, ns=(index.stat().st_atime_ns, index.stat().st_mtime_ns - 10**12))
        return new.pop().name if new else ""

    first, second, *_ = [use(path) for path in paths[:4]]
    assert use(paths[0]) == ""  # used again, and now the youngest
    use(paths[4])
    names = {path.name for path in folder.glob("*.json")}
    assert len(names) == 4 and first in names and second not in names
    assert {path.stem for path in folder.glob("*.int16")} == {path.stem for path in folder.glob("*.json")}


@pytest.mark.slow
def test_what_a_kill_leaves_is_deleted_and_what_another_process_writes_is_not(paths, tmp_path):
    folder = tmp_path / "cache"
    script = """
        import sys, time
        from irmas_tf.audio.store import AudioStore, decode_on_threads
        from irmas_tf.process.ordered_threads import OrderedThreads
        def decode(path):
            print("decoding", flush=True)
            time.sleep(600)
        AudioStore.on_disk(sys.argv[2:], 16000, "auto", decode_on_threads(decode, OrderedThreads(1)), sys.argv[1])
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(folder), *paths[:2]]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout.readline() == b"decoding\n"
            (temporary,) = folder.iterdir()
            AudioStore.on_disk(paths, RATE, "auto", DECODE, str(folder))
            assert temporary.exists(), "it was being written"
        finally:
            writer.kill()
    assert temporary.exists()
    AudioStore.on_disk(paths, RATE, "auto", FORBIDDEN, str(folder))
    assert sorted(path.suffix for path in folder.iterdir()) == [".int16", ".json"]
