from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from irmas_tf.audio import plain_wav_tf
from irmas_tf.audio.decode import decode_file
from irmas_tf.audio.plain_wav import look_for_plain_wav
from irmas_tf.audio.plain_wav_tf import PlainWavGraph, without_odd_rates
from irmas_tf.process.ordered_threads import OrderedThreads
from tests.helpers.riff import chunk, fmt, riff

POOL = OrderedThreads(2)
KINDS = [(8000, 1), (11025, 2), (16000, 6), (22050, 1), (22050, 2), (32000, 2), (44100, 1), (44100, 2), (48000, 3),
         (96000, 2), (44100, 6)]  # fmt: skip


def write_noise(path: Path, frames: int, rate: int, channels: int) -> str:
    """Write a plain file at full scale, whatever the number of channels, between other chunks of odd size."""
    values = np.random.default_rng(frames).integers(-32768, 32768, (frames, channels), np.int16)
    values[:: max(1, frames // 5)] = (-32768, 32767)[frames % 2]
    layout = fmt(channels=channels, rate=rate)
    path.write_bytes(riff(chunk(b"LIST", b"odd"), layout, chunk(b"data", values.tobytes()), chunk(b"id3 ", b"tag")))
    return str(path)


def decode(paths: list[str], target_hz: int) -> list[np.ndarray]:
    layouts = without_odd_rates(look_for_plain_wav(paths, POOL), target_hz)
    assert None not in layouts
    graph = PlainWavGraph.of(layouts, target_hz)

    def scaled(row: plain_wav_tf.Row) -> tf.Tensor:
        values, scale = graph.decode(row)
        return values * scale

    dataset = tf.data.Dataset.from_tensor_slices(graph.table(paths, layouts))
    return list(dataset.map(scaled, num_parallel_calls=2).as_numpy_iterator())


@pytest.mark.slow
def test_the_samples_of_decode_file_at_any_rate_length_and_number_of_channels(tmp_path):
    paths = [
        write_noise(tmp_path / f"{rate}.{channels}.{frames}.wav", frames, rate, channels)
        for rate, channels in KINDS
        for frames in (1, 2, 95, 96, 97, 1000, 20_011)
    ]
    for path, got in zip(paths, decode(paths, 22050), strict=True):
        expected = decode_file(path, 22050)
        assert got.dtype == np.float32 and got.shape == expected.shape
        np.testing.assert_allclose(got, expected, atol=1e-6, rtol=0, err_msg=path)


@pytest.mark.slow
def test_digital_silence_stays_silence(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((500, 2)), 44100, subtype="PCM_16")
    (got,) = decode([str(tmp_path / "a.wav")], 22050)
    assert got.shape == (250,) and not got.any()


@pytest.mark.parametrize("change", ["length", "header", "gone"])
def test_a_file_that_changes_between_header_and_samples_is_named(tmp_path, change):
    path = Path(write_noise(tmp_path / "changed.wav", 100, 44100, 2))
    layouts = look_for_plain_wav([str(path)], POOL)
    content = bytearray(path.read_bytes())
    if change == "gone":
        path.unlink()
    else:
        content[20] ^= 1
        path.write_bytes(content if change == "header" else content + b"\0")
    graph = PlainWavGraph.of(layouts, 22050)
    row = {name: tf.constant(values[0]) for name, values in graph.table([str(path)], layouts).items()}
    with pytest.raises(tf.errors.OpError, match=r"changed\.wav"):
        graph.decode(row)


def test_rates_that_no_row_filter_fits_and_the_rarest_of_too_many_kinds_are_left_to_python(tmp_path, monkeypatch):
    paths = [write_noise(tmp_path / f"{k}.wav", 10, rate, 1) for k, rate in enumerate((44101, 48000, 44100, 48000))]
    layouts = look_for_plain_wav(paths, POOL)
    assert without_odd_rates([*layouts, None], 22050) == [None, *layouts[1:], None]
    monkeypatch.setattr(plain_wav_tf, "_MOST_KINDS", 1)
    assert without_odd_rates(layouts, 22050) == [None, layouts[1], None, layouts[3]]
