from __future__ import annotations

import pytest

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.settings import ConfigError


def test_lengths_in_samples():
    audio = AudioConfig(sample_rate_hz=8000, window_seconds=2.0, window_hop_seconds=1e-3)
    assert (audio.window_samples, audio.window_hop_samples) == (16000, 8)


@pytest.mark.parametrize("seconds", [1e-300, 1e-9, 0.00099])
def test_a_hop_of_nearly_nothing_is_refused(seconds):
    with pytest.raises(ConfigError, match=r"--window_hop_seconds=.*: must be at least 0\.001, or 0 for half a window"):
        AudioConfig(window_hop_seconds=seconds)


def test_windows_overlap_by_half_unless_told_and_never_leave_gaps():
    assert AudioConfig(window_seconds=1.0).window_hop_seconds == 0.5
    assert AudioConfig(window_seconds=1.0, window_hop_seconds=1.0).window_hop_samples == 22050
    with pytest.raises(ConfigError, match=r"--window_hop_seconds=1.5: must be at most --window_seconds=1, or the"):
        AudioConfig(window_seconds=1.0, window_hop_seconds=1.5)
