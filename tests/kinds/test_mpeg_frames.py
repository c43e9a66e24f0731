from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from irmas_tf.kinds.mpeg_frames import find_mpeg_audio


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_mp3_of_every_version_is_found_behind_other_bytes(rate):
    file = io.BytesIO()
    soundfile.write(file, np.random.default_rng(0).normal(0, 0.1, rate), rate, format="MP3")
    assert find_mpeg_audio(file.getvalue()[:6000]) == "MP3"
    assert find_mpeg_audio(b"\xff\xfb other bytes" + file.getvalue()[1000:7000]) == "MP3"


def test_noise_holds_no_stream():
    noise = np.random.default_rng(0).bytes(1 << 19)
    assert all(find_mpeg_audio(noise[i : i + 8192]) is None for i in range(0, len(noise), 8192))
    assert find_mpeg_audio(b"") is None
    assert find_mpeg_audio(b"\xff" * 8192) is None
