"""FFmpeg's frames become blocks, whatever the sample format; padding goes."""

from __future__ import annotations

import av
import numpy as np
import pytest

from irmas_tf.audio.av_frames import gather, up_to, without_padding
from irmas_tf.audio.joined_files import Part
from irmas_tf.audio.sound_file import Block

RATE = 48000
SCALES = {"u8": 127.0, "s16": 32767.0, "s32": 2.0**31 - 256, "flt": 1.0, "dbl": 1.0}
DTYPES = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "flt": np.float32, "dbl": np.float64}


def frame_of(samples: np.ndarray, name: str, rate: int = RATE) -> av.AudioFrame:
    """Return float [frames, channels] as a frame of a sample format."""
    kind = name.removesuffix("p")
    values = samples * SCALES[kind] + (128 if kind == "u8" else 0)
    values = (values if kind in ("flt", "dbl") else np.rint(values)).astype(DTYPES[kind])
    array = values.T if name.endswith("p") else values.reshape(1, -1)
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[samples.shape[1]]
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(array), format=name, layout=layout)
    frame.sample_rate = rate
    return frame


def noise(frames: int, channels: int) -> np.ndarray:
    return np.random.default_rng(frames).uniform(-0.9, 0.9, (frames, channels))


def as_float(block: Block) -> np.ndarray:
    return block.samples / 32768.0 if block.samples.dtype == np.int16 else block.samples


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("name", ["u8", "u8p", "s16", "s16p", "s32", "s32p", "flt", "fltp", "dbl", "dblp"])
def test_every_sample_format_at_full_scale_1(name, channels):
    samples = noise(5000, channels)
    frames = (frame_of(samples[first : first + 700], name) for first in range(0, 5000, 700))
    blocks = [(as_float(block).copy(), block.rate_hz) for block in gather(frames, 0.05)]
    assert len(blocks) > 2 and {rate for _, rate in blocks} == {RATE}
    tolerance = 0.013 if name.startswith("u8") else 6e-5 if name.startswith("s16") else 1e-6
    np.testing.assert_allclose(np.concatenate([block for block, _ in blocks]), samples, atol=tolerance)


def test_a_frame_longer_than_a_block():
    samples = noise(50_000, 2)
    (block,) = gather(iter([frame_of(samples, "fltp")]), 0.01)
    np.testing.assert_allclose(block.samples, samples, atol=1e-6)


def test_changes_in_mid_stream_begin_another_block():
    frames = [
        frame_of(noise(100, 2), "fltp"), frame_of(noise(100, 1), "fltp"), frame_of(noise(100, 1), "fltp", 44100),
        frame_of(noise(100, 1), "s16", 44100),
    ]  # fmt: skip
    blocks = [(block.samples.shape, block.rate_hz) for block in gather(iter(frames), 1.0)]
    assert blocks == [((100, 2), RATE), ((100, 1), RATE), ((100, 1), 44100), ((100, 1), 44100)]


def blocks_of(sizes: list[int]) -> tuple[np.ndarray, list[Block]]:
    samples = np.arange(sum(sizes), dtype=np.float32)[:, None]
    ends = np.cumsum(sizes)
    return samples, [Block(samples[end - size : end], RATE) for size, end in zip(sizes, ends, strict=True)]


@pytest.mark.parametrize("sizes", [[1000], [10, 990], [100] * 10, [995, 5], [1] * 1000])
@pytest.mark.parametrize("part, first, last", [
    (Part(0, 1), 0, 1000),
    (Part(0, 1, delay=30), 30, 1000),
    (Part(0, 1, 900, 30, 70), 30, 930),
    (Part(0, 1, None, 0, 70), 0, 930),
    (Part(0, 1, 5000, 30, 70), 30, 1000),  # cut before its padding
    (Part(0, 1, 5000, 30, 70, has_end=True), 30, 930),  # whole, but counted wrong
    (Part(0, 1, 900, 30, 70, has_end=False), 30, 1000),
    (Part(0, 1, None, 2000, 0), 0, 0),
])  # fmt: skip
def test_delay_and_padding_go(sizes, part, first, last):
    samples, blocks = blocks_of(sizes)
    kept = [block.samples for block in without_padding(iter(blocks), part)]
    assert all(len(piece) for piece in kept)
    np.testing.assert_array_equal(np.concatenate([*kept, samples[:0]]), samples[first:last])


@pytest.mark.parametrize("sizes", [[20_000], [3000] * 6, [9000, 11_000], [1, 19_999]])
@pytest.mark.parametrize("frames", [None, 100, 12_000, 19_999, 20_000, 30_000])
def test_an_end_is_believed_if_it_is_near(sizes, frames):
    samples, blocks = blocks_of(sizes)
    kept = [block.samples for block in up_to(iter(blocks), frames)]
    believed = frames is not None and 0 <= sum(sizes) - frames <= 8192
    np.testing.assert_array_equal(np.concatenate(kept), samples[: frames if believed else None])
