from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from irmas_tf.deploy.check_signals import WAV_FILES, check_signals, wav_bytes

RATE = 22050


@pytest.fixture(scope="module")
def signals() -> dict[str, np.ndarray]:
    return check_signals(RATE, RATE, {"music": np.linspace(-0.5, 0.5, 100, dtype=np.float32)})


def test_they_are_audio_and_the_same_every_time(signals):
    again = check_signals(RATE, RATE, {})
    assert set(signals) - set(again) == {"music"}
    for name, signal in signals.items():
        assert signal.dtype == np.float32 and signal.shape == (RATE,)
        assert np.abs(signal).max() <= 1.0
        if name in again:
            np.testing.assert_array_equal(signal, again[name])


def test_they_are_what_their_names_say(signals):
    assert not signals["silence"].any()
    assert np.count_nonzero(signals["click"]) == 1
    assert np.abs(np.fft.rfft(signals["sine"])).argmax() == 440
    assert 0.09 < signals["noise"].std() < 0.11
    assert 20 * np.log10(signals["quiet noise"].std()) == pytest.approx(-80, abs=1)
    np.testing.assert_array_equal(signals["music"][:200], np.tile(np.linspace(-0.5, 0.5, 100, dtype=np.float32), 2))


def test_the_chirp_runs_from_50_hz_to_almost_half_the_rate(signals):
    # Its frequency, from the distance of its zero crossings.
    crossings = np.flatnonzero(np.diff(np.signbit(signals["chirp"])))
    assert RATE / 2 / np.diff(crossings)[:3].mean() == pytest.approx(55, rel=0.15)
    assert RATE / 2 / np.diff(crossings)[-100:].mean() == pytest.approx(0.45 * RATE, rel=0.05)


@pytest.mark.parametrize("samples", [1, 2, 3])
def test_very_short_ones_exist(samples):
    for signal in check_signals(8000, samples, {"music": np.ones(5, np.float32)}).values():
        assert signal.shape == (samples,) and np.isfinite(signal).all()


@pytest.mark.parametrize("kind", WAV_FILES, ids=str)
def test_files_hold_the_sound_at_falling_levels(kind):
    rate, channels, subtype, format = kind
    sound = check_signals(rate, 500, {})["sine"]
    file = soundfile.SoundFile(io.BytesIO(wav_bytes(sound, *kind)))
    assert (file.samplerate, file.channels, file.subtype, file.format) == (rate, channels, subtype, format)
    read = file.read(always_2d=True)
    for channel in range(channels):
        np.testing.assert_allclose(read[:, channel], sound * 0.7**channel, atol=1e-2 if subtype == "PCM_U8" else 4e-5)
