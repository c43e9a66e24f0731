from __future__ import annotations

import builtins

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from irmas_tf.audio import tf_decode
from irmas_tf.audio.decode import AudioError, decode_file

FORMATS = [
    ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"),
    ("MP3", "MPEG_LAYER_III"),
]  # fmt: skip


@pytest.fixture(scope="module")
def tfio():
    """Skip where tensorflow-io does not work, which is where the core has to do without it."""
    try:
        return tf_decode.import_tensorflow_io()
    except RuntimeError as error:
        pytest.skip(str(error))


def write(folder, container: str, subtype: str, rate: int) -> str:
    path = folder / f"[cla] {rate}.{container.lower()}"
    samples = np.random.default_rng(0).uniform(-0.3, 0.3, (12_000, 2))
    soundfile.write(path, samples, rate, format=container, subtype=subtype)
    return str(path)


@pytest.mark.parametrize("container, subtype", FORMATS)
@pytest.mark.parametrize("rate", [44100, 22050])
def test_tensorflow_io_decodes_what_libsndfile_does(tfio, tmp_path, container, subtype, rate):
    path = write(tmp_path, container, subtype, rate)
    got, expected = tf_decode.decode_file_in_graph(path, 22050), decode_file(path, 22050)
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_a_rate_without_a_convolution_in_the_graph(tfio, tmp_path):
    path = write(tmp_path, "WAV", "PCM_16", 44101)
    np.testing.assert_allclose(tf_decode.decode_file_in_graph(path, 22050), decode_file(path, 22050), atol=1e-5)


def test_tensorflow_io_names_the_file(tfio, tmp_path):
    path = write(tmp_path, "WAV", "PCM_U8", 44100)
    with pytest.raises(AudioError, match="WAV PCM_U8, which --decoder=tensorflow_io cannot read; use auto") as caught:
        tf_decode.decode_file_in_graph(path, 22050)
    assert str(caught.value).startswith(path)


@pytest.mark.slow
@pytest.mark.parametrize("decoder", ["auto", "soundfile"])
def test_the_default_decoders_work_in_a_dataset(tmp_path, decoder):
    paths = [write(tmp_path, c, s, 44100) for c, s in (("WAV", "PCM_16"), ("OGG", "VORBIS"))]
    dataset = tf.data.Dataset.from_tensor_slices(paths).map(lambda p: tf_decode.decode_audio(p, 22050, decoder))
    for path, waveform in zip(paths, dataset, strict=True):
        np.testing.assert_array_equal(waveform.numpy(), decode_file(path, 22050))


def test_errors_in_a_dataset_name_the_file(tmp_path):
    path = tmp_path / "bad [x].wav"
    path.write_bytes(b"not audio")
    dataset = tf.data.Dataset.from_tensors(str(path)).map(lambda p: tf_decode.decode_audio(p, 22050))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"bad \[x\]\.wav: is not audio"):
        next(iter(dataset))


def test_an_unknown_decoder_is_refused():
    with pytest.raises(ValueError, match="unknown decoder 'ffmpeg'"):
        tf_decode.decode_audio(tf.constant("a.wav"), 22050, "ffmpeg")


def test_a_missing_tensorflow_io_says_what_to_do(monkeypatch):
    original = builtins.__import__

    def without(name, *arguments, **keywords):
        if name == "tensorflow_io":
            raise ImportError("No module named 'tensorflow_io'")
        return original(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    tf_decode.import_tensorflow_io.cache_clear()
    with pytest.raises(RuntimeError, match=r"--decoder=tensorflow_io: cannot be imported .* use --decoder=auto"):
        tf_decode.import_tensorflow_io()
    tf_decode.import_tensorflow_io.cache_clear()
