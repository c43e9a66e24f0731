"""What comes back from a codec is the sound itself, in time, and worse at a lower bit rate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from irmas_tf.randomization.codecs import CODECS, Codec
from irmas_tf.randomization.filters import SAMPLE_RATE_HZ


def music(frames: int = 60000) -> np.ndarray:
    rng = np.random.default_rng(0)
    time = np.arange(frames) / SAMPLE_RATE_HZ
    tones = sum(np.sin(2 * np.pi * f * time + f) for f in (220, 331, 447, 1760)) * (1 + np.sin(2 * np.pi * 3 * time))
    noise = sosfilt(butter(2, 3000, fs=SAMPLE_RATE_HZ, output="sos"), rng.standard_normal((2, frames)), axis=-1)
    return np.round((np.stack([tones, 0.7 * tones]) * 0.05 + 0.05 * noise).T * 32767).astype(np.int16)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CODECS))
def test_a_round_trip_keeps_length_time_and_most_of_the_sound(name):
    audio = music()
    low, high = min(CODECS[name].kbit), max(CODECS[name].kbit)
    errors = []
    for codec in (Codec(name, high, False), Codec(name, low, False), Codec(name, low, True)):
        result = codec.apply(audio)
        assert result.shape == audio.shape and result.dtype == np.int16
        assert np.array_equal(result, codec.apply(audio))
        mono, back = (x.astype(np.float64).mean(axis=1)[5000:-5000] for x in (audio, result))
        shifts = [np.corrcoef(mono[100:-100], back[100 + k : len(back) - 100 + k])[0, 1] for k in range(-60, 61)]
        assert abs(int(np.argmax(shifts)) - 60) <= 24  # Opus at 24 kbit/s shifts phases
        assert max(shifts) > 0.8
        errors.append(1 - np.corrcoef(mono, back)[0, 1])
    assert errors[0] < errors[1]
    assert np.array_equal(Codec(name, low, True).apply(audio)[:, 0], Codec(name, low, True).apply(audio)[:, 1])
