from __future__ import annotations

import io

import av
import numpy as np
import pytest

from irmas_tf.audio.av_flac import whole_flac_frames
from tests.helpers.media import encoded, sound

CONTENT = encoded(sound(1.0, 22050, 1), 22050, "FLAC", "PCM_16")


def packets_and_codec() -> tuple[list[bytes], av.CodecContext]:
    with av.open(io.BytesIO(CONTENT)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    container = av.open(io.BytesIO(CONTENT))
    return packets, container.streams.audio[0].codec_context


@pytest.mark.parametrize("behind", [b"TAG" + b"x" * 125, bytes(4000), np.random.default_rng(0).bytes(3000)])
def test_frames_before_other_bytes(behind):
    packets, codec = packets_and_codec()
    frames = whole_flac_frames(codec, av.Packet(packets[0] + packets[1] + behind))
    expected = [frame.to_ndarray() for data in packets[:2] for frame in codec.decode(av.Packet(data))]
    assert len(frames) == 2
    for frame, samples in zip(frames, expected, strict=True):
        np.testing.assert_array_equal(frame.to_ndarray(), samples)


def test_nothing_whole():
    packets, codec = packets_and_codec()
    assert whole_flac_frames(codec, av.Packet(packets[0][:-20])) == []
    assert whole_flac_frames(av.CodecContext.create("mp3", "r"), av.Packet(packets[0] + bytes(100))) == []
