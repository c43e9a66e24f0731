from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from irmas_tf.audio.decode import decode_file
from irmas_tf.audio.plain_wav_tf import PlainWavGraph
from irmas_tf.audio.sound_file import AudioError
from irmas_tf.audio.store import StoredAudio, quantize
from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.run_config import Config, DataConfig, ModelConfig
from irmas_tf.training import decoded

RATE = 22050
MODEL = ModelConfig(
    branches=("mel:frame_length=256:hop_length=64:num_bins=32:max_frequency_hz=4000",), stage_channels=(8,)
)
CONFIG = Config(data=DataConfig(loader_threads=2), audio=AudioConfig(sample_rate_hz=RATE), model=MODEL)


@pytest.fixture(autouse=True)
def _data_sets_of_any_size(monkeypatch):
    monkeypatch.setattr(decoded, "_FEWEST_FILES", 1)


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> list[str]:
    """Ten files, each third one FLAC, the others WAV of two rates."""
    folder, rng = tmp_path_factory.mktemp("audio"), np.random.default_rng(0)
    files = [str(folder / f"{k}.{'flac' if k % 3 == 0 else 'wav'}") for k in range(10)]
    for k, path in enumerate(files):
        soundfile.write(path, rng.uniform(-0.5, 0.5, (2000 + 100 * k, 2)), (44_100, RATE)[k % 2], subtype="PCM_16")
    return files


@pytest.mark.slow
def test_waveforms_come_in_order_and_python_is_only_asked_for_the_rest(paths):
    asked = []

    def in_python(path: str) -> np.ndarray:
        asked.append(path)
        return decode_file(path, RATE)

    got = list(decoded.decode_waveforms(paths, CONFIG, in_python, 2200))
    assert sorted(asked) == sorted({*paths[::3], *(path for path in paths if len(decode_file(path, RATE)) > 2200)})
    for path, waveform in zip(paths, got, strict=True):
        np.testing.assert_allclose(waveform, decode_file(path, RATE), rtol=0, atol=1e-6)


@pytest.mark.slow
def test_what_is_stored_is_rounded_alike(paths):
    for path, stored in zip(paths, decoded.decode_for_store(paths, CONFIG), strict=True):
        expected = quantize(decode_file(path, RATE))
        assert isinstance(stored, StoredAudio) and stored.samples.dtype == np.int16
        assert np.abs(stored.samples.astype(int) - expected.samples).max() <= 1
        assert stored.scale == pytest.approx(expected.scale, rel=1e-5)


def test_other_decoders_are_not_gone_round(paths):
    for name in ("soundfile", "tensorflow_io"):
        config = Config(data=DataConfig(decoder=name))
        assert decoded.plain_layouts(paths, config) == [None] * 10


def test_a_few_files_are_not_worth_a_graph(paths, monkeypatch):
    monkeypatch.setattr(decoded, "_FEWEST_FILES", 7)
    assert decoded.plain_layouts(paths, CONFIG) == [None] * 10
    assert decoded.plain_layouts([*paths, paths[1]], CONFIG).count(None) == 4


@pytest.mark.slow
def test_a_file_that_is_damaged_meanwhile_is_decoded_or_told_by_python(paths, tmp_path):
    files = []
    for k in (1, 2, 4):
        files.append(tmp_path / f"{k}.wav")
        files[-1].write_bytes(Path(paths[k]).read_bytes())
    names = [str(path) for path in files]
    waveforms = decoded.decode_for_store(names, CONFIG)
    layouts = decoded.plain_layouts(names, CONFIG)
    assert None not in layouts
    files[1].write_bytes(b"not audio")
    first, second, third = decoded._in_order(
        names, layouts, CONFIG, decoded._quantized, lambda stored: stored, lambda path: f"Python: {path}"
    )
    assert second == f"Python: {names[1]}" and first[0].dtype == third[0].dtype == np.int16
    first, second, third = waveforms  # the headers are read when it begins
    assert isinstance(second, AudioError) and second.path == names[1]
    assert isinstance(first, StoredAudio) and isinstance(third, StoredAudio)


@pytest.mark.parametrize("change, problem", [
    (lambda path: path.write_bytes(b"not audio"), "has changed since its header was read"),
    (Path.unlink, r"cannot be read \(No such file or directory\)"),
])  # fmt: skip
def test_what_is_wrong_with_a_file_is_found_in_what_a_dataset_says(paths, tmp_path, change, problem):
    path = tmp_path / "[gac] a.wav"
    path.write_bytes(Path(paths[1]).read_bytes())
    layouts = decoded.plain_layouts([str(path)], CONFIG)
    graph = PlainWavGraph.of(layouts, RATE)
    dataset = decoded.graph_dataset(graph.table([str(path)], layouts), (), decoded._scaled(graph), 1)
    change(path)
    with pytest.raises(tf.errors.OpError) as caught:
        list(dataset)
    assert re.fullmatch(re.escape(f"{path}: ") + problem, decoded.problem_in(caught.value))
    assert decoded.problem_in(tf.errors.InvalidArgumentError(None, None, "shapes differ")) is None
    by_python = tf.errors.InvalidArgumentError(None, None, "AudioError: a.wav: is empty\nTraceback (most recent ...")
    assert decoded.problem_in(by_python) == "a.wav: is empty"


@pytest.mark.parametrize("values", [[0.0, 0.0], [3.0, -7.5, 0.2], [65536.0, -65536.0], [-1.0]])
def test_rounding_in_a_graph_is_that_of_the_store(values):
    values = np.array(values, np.float32)
    scale = np.float32(1 / 65536)
    up, factor = decoded.quantize_in_graph(tf.constant(values), scale)
    got, expected = tf.round(values * up).numpy() * factor.numpy(), quantize(values * scale)
    np.testing.assert_array_equal(got, expected.samples * expected.scale)
