from __future__ import annotations

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.decoders import make_decoder


@pytest.mark.parametrize("name", ["auto", "soundfile"])
def test_decoders(tmp_path, name):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(44100), 44100)
    assert make_decoder(name, 22050)(str(path)).shape == (22050,)


def test_an_unknown_decoder_is_refused():
    with pytest.raises(ValueError, match="unknown decoder 'ffmpeg'; known: auto"):
        make_decoder("ffmpeg", 22050)
