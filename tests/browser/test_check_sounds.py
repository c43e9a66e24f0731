from __future__ import annotations

import pytest
import soundfile

from irmas_tf.browser.check_sounds import CHANNELS, RATES_HZ, write_sounds


@pytest.mark.slow
def test_there_are_three_rates_three_numbers_of_channels_and_silence(tmp_path):
    paths = write_sounds(tmp_path)
    infos = {path.name: soundfile.info(str(path)) for path in paths}
    music = {
        (info.samplerate, info.channels) for name, info in infos.items() if name.startswith("music") and ".wav" in name
    }
    assert music == {(rate, channels) for rate in RATES_HZ for channels in CHANNELS}
    assert not soundfile.read(str(tmp_path / "silence.wav"))[0].any()
    assert {"FLAC", "OGG"} <= {info.format for info in infos.values()}
