"""What is opened, and what is decoded of it; how whole files come out is in test_decode.py."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.channel_blocks import iter_channel_blocks, iter_channels
from irmas_tf.audio.sound_file import (
    AudioError,
    AudioWarning,
    block_frames,
    check_rate,
    open_raw,
    open_sound,
    read_blocks,
)
from tests.helpers.media import mp3, sound, without_info


def test_channels_come_out_as_they_are_stored(tmp_path):
    samples = np.random.default_rng(0).uniform(-1, 1, (200_000, 3)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 48000, "FLOAT")
    with open_sound(tmp_path / "a.wav") as file:
        blocks = [block.copy() for block in read_blocks(tmp_path / "a.wav", file, block_frames(3))]
    assert len(blocks) > 1
    np.testing.assert_array_equal(np.concatenate(blocks), samples)


@pytest.mark.parametrize("channels, wanted", [(1, 100), (2, 10_000), (2, 1 << 30), (64, 1 << 30), (1000, 7)])
def test_blocks_are_whole_steps_within_the_memory_allowed(channels, wanted):
    frames = block_frames(channels, wanted)
    assert frames % 512 == 0 and frames >= 512
    assert frames == 512 or (frames <= wanted and frames * channels <= 1 << 19)


@pytest.mark.parametrize("rate, is_supported", [(7999, False), (8000, True), (192_000, True), (192_001, False)])
def test_rates_at_the_limits(rate, is_supported):
    if is_supported:
        check_rate("a.wav", rate)
    else:
        with pytest.raises(
            AudioError, match=rf"a\.wav: has a sample rate of {rate:,} Hz; supported are 8,000 to"
        ) as caught:
            check_rate("a.wav", rate)
        assert caught.value.kind == "unsupported_rate"


def test_names_that_no_file_can_have():
    with pytest.raises(AudioError, match="cannot be opened"), open_raw("a\0.wav"):
        pass


def test_what_the_system_has_against_a_file_that_is_being_read(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with (
        pytest.raises(AudioError, match=r"a\.wav: cannot be read \(Input/output error\)"),
        open_raw(tmp_path / "a.wav"),
    ):
        raise OSError(5, "Input/output error")


def test_a_folder_that_looks_like_a_file(tmp_path):
    (tmp_path / "a.wav").mkdir()
    with pytest.raises(AudioError, match="is a folder, not an audio file"), open_raw(tmp_path / "a.wav"):
        pass


def free_format(content: bytes) -> bytes:
    """Return an MP3 file's frames, all of one length, with the bit rate left open; FFmpeg does not read those."""
    frames = bytearray(without_info(content))
    length = frames.index(frames[:2], 4)
    for start in range(0, len(frames), length):
        frames[start + 2] &= 0x0F
    return bytes(frames)


@pytest.fixture(scope="module")
def free_mp3():
    """Four seconds of the only kind whose damage libsndfile meets in mid-file."""
    return free_format(mp3(sound(4.0, 48000, 1), 48000, bitrate_mode="CONSTANT", compression_level=0.5))


def test_of_damaged_data_all_that_can_be_decoded_is_used_whatever_the_blocks(tmp_path, free_mp3):
    (tmp_path / "whole.mp3").write_bytes(free_mp3)
    whole = np.concatenate([block.copy() for block in iter_channels(tmp_path / "whole.mp3")])
    assert 4 * 48000 <= len(whole) <= 4.1 * 48000
    (tmp_path / "cut.mp3").write_bytes(free_mp3[: len(free_mp3) // 2] + bytes(len(free_mp3) // 2))
    decoded = []
    for block_seconds in (0.5, 20.0):
        with pytest.warns(AudioWarning, match=r"cut\.mp3: .* s of the 4\.\d+ s that it announces can be decoded"):
            blocks = [block.samples.copy() for block in iter_channel_blocks(tmp_path / "cut.mp3", block_seconds)]
        decoded.append(np.concatenate(blocks))
    np.testing.assert_array_equal(*decoded)
    assert 1.9 * 48000 < len(decoded[0]) < 2.1 * 48000
    good = len(decoded[0]) - 3 * 1152  # the frames at the damage are concealed
    np.testing.assert_array_equal(decoded[0][:good], whole[:good])
