"""What is opened, and what is decoded of it; how whole files come out is in test_decode.py."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.sound_file import AudioError, block_frames, check_rate, open_raw, open_sound, read_blocks


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
    with pytest.raises(AudioError, match="cannot be opened"):
        open_sound("a\0.wav")


def test_what_the_system_has_against_a_file_that_is_being_read(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with (
        pytest.raises(AudioError, match=r"a\.wav: cannot be read \(Input/output error\)"),
        open_raw(tmp_path / "a.wav"),
    ):
        raise OSError(5, "Input/output error")


def test_a_folder_that_looks_like_a_file(tmp_path):
    (tmp_path / "a.wav").mkdir()
    for opened in (open_sound, lambda path: open_raw(path).__enter__()):
        with pytest.raises(AudioError, match="is a folder, not an audio file"):
            opened(tmp_path / "a.wav")
