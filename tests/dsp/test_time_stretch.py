from __future__ import annotations

import librosa
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.dsp.time_stretch import frame_length_for, samples_needed, stretch_time

RATE = 22050
FRAME = 2048


def stretch(waveform: np.ndarray, rate: float, samples: int, locked: bool = True) -> np.ndarray:
    waveform = waveform[None].astype(np.float32)
    return stretch_time(waveform, tf.constant([rate]), samples, FRAME, locked=locked).numpy()[0]


def peak_hz(waveform: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform)), 1 << 19))
    return spectrum.argmax() * RATE / (1 << 19)


def notes(seconds: float = 2.5) -> np.ndarray:
    """Plucked chords of harmonic tones with vibrato over quiet noise."""
    rng = np.random.default_rng(0)
    time = np.arange(round(seconds * RATE)) / RATE
    music = 1e-3 * rng.standard_normal(len(time))
    for start in np.arange(0.0, seconds, 0.31):
        since = np.maximum(time - start, 0)
        for pitch in 220.0 * 2.0 ** (rng.integers(0, 24, 3) / 12):
            phase = 2 * np.pi * pitch * since + 0.3 * np.sin(2 * np.pi * 5 * since)
            tone = sum(np.sin(k * phase) / k**1.5 for k in range(1, 9))
            music += 0.1 * tone * np.exp(-4 * since) * (time > start)
    return music.astype(np.float32)


@pytest.mark.slow
def test_a_sine_keeps_its_pitch_within_a_cent_and_its_level():
    samples = 30000
    rates, frequencies = (x.ravel() for x in np.meshgrid([0.7, 0.9, 1.1, 1.4], [110.0, 1234.5, 6000.0]))
    time = np.arange(samples_needed(samples, rates.max(), FRAME)) / RATE
    sines = np.sin(2 * np.pi * frequencies[:, None] * time).astype(np.float32)
    out = stretch_time(sines, tf.constant(rates, tf.float32), samples, FRAME).numpy()[:, FRAME:]
    for wave, frequency_hz in zip(out, frequencies, strict=True):
        assert 1200 * abs(np.log2(peak_hz(wave) / frequency_hz)) < 1
    np.testing.assert_allclose(20 * np.log10(out.std(axis=1) / np.sqrt(0.5)), 0.0, atol=0.2)


@pytest.mark.parametrize("rate", [0.75, 1.5])
def test_the_length_changes_by_the_rate(rate):
    seconds = 1.0
    noise = 0.1 * np.random.default_rng(1).standard_normal(round(seconds * RATE))
    out = stretch(noise, rate, 2 * len(noise))
    loud = np.flatnonzero(np.abs(out) > 1e-3)
    assert loud[-1] == pytest.approx(len(noise) / rate, abs=FRAME)  # the smear
    assert np.all(out[loud[-1] + FRAME :] == 0.0)


@pytest.mark.parametrize("rate", [0.8, 1.25])
def test_clicks_move_to_their_new_places(rate):
    places = np.array([8000, 16000, 24000, 32000])
    clicks = np.zeros(samples_needed(24000, rate, FRAME))
    clicks[places[places < len(clicks)]] = 1.0
    out = np.square(stretch(clicks, rate, 24000))
    for place in places / rate:
        if place < 23000:
            around = np.arange(max(0, round(place) - 3000), min(24000, round(place) + 3000))
            assert np.average(around, weights=out[around]) == pytest.approx(place, abs=FRAME / 2)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.8, 1.1])
def test_without_locking_it_is_librosas_phase_vocoder(rate):
    music = notes()
    expected = librosa.effects.time_stretch(music, rate=rate)
    samples = len(expected) - 2 * FRAME  # librosa lets the last frames fade into its padding
    out = stretch(music, rate, samples, locked=False)
    assert np.linalg.norm(out - expected[:samples]) < 0.01 * np.linalg.norm(expected[:samples])


def inconsistency(out: np.ndarray, original: np.ndarray, rate: float) -> float:
    """Return the spectral convergence: how far the magnitudes of ``out`` are from those the original has there."""
    have = np.abs(librosa.stft(out, n_fft=FRAME, hop_length=FRAME // 4))[:, 4:-4]
    given = np.abs(librosa.stft(original, n_fft=FRAME, hop_length=FRAME // 4))
    place = (np.arange(have.shape[1]) + 4) * rate
    before = place.astype(int)
    wanted = given[:, before] + (place - before) * (given[:, before + 1] - given[:, before])
    return float(np.linalg.norm(have - wanted) / np.linalg.norm(wanted))


def test_locking_makes_it_better_than_librosa():
    music, rate = notes(), 1.1
    theirs = librosa.effects.time_stretch(music, rate=rate)[: -2 * FRAME]
    ours = stretch(music, rate, len(theirs))
    assert inconsistency(ours, music, rate) < 0.6 * inconsistency(theirs, music, rate)


def test_a_real_excerpt_is_stretched_better_than_by_librosa(shared_dir):
    path = sorted((shared_dir / "irmas" / "real" / "train").rglob("*.wav"))[0]
    music, _ = librosa.load(path, sr=RATE)
    theirs = librosa.effects.time_stretch(music, rate=1.07)[: -2 * FRAME]
    ours = stretch(music, 1.07, len(theirs))
    assert inconsistency(ours, music, 1.07) < 0.6 * inconsistency(theirs, music, 1.07)


def test_rate_one_gives_the_waveform_back():
    music = notes(1.0)
    out = stretch(music, 1.0, len(music) - FRAME, locked=False)
    np.testing.assert_allclose(out, music[: len(out)], atol=2e-5)
    locked = stretch(music, 1.0, len(music) - FRAME)
    assert np.linalg.norm(locked - out) < 0.12 * np.linalg.norm(out)  # weak bins take their neighbours' phases


def test_examples_are_independent():
    batch = np.random.default_rng(2).standard_normal([3, 9000]).astype(np.float32)
    rates = np.array([0.8, 1.0, 1.3], np.float32)
    together = stretch_time(tf.constant(batch), tf.constant(rates), 6000, 512).numpy()
    for row in range(3):
        alone = stretch_time(tf.constant(batch[row : row + 1]), tf.constant(rates[row : row + 1]), 6000, 512).numpy()
        np.testing.assert_allclose(together[row], alone[0], atol=1e-4)


@pytest.mark.parametrize("rate", [0.8, 1.3])
def test_samples_needed_is_enough_and_hardly_more(rate):
    samples = 20000
    noise = np.random.default_rng(3).standard_normal(60000)
    needed = samples_needed(samples, rate, FRAME)
    all_of_it = stretch(noise, rate, samples)
    np.testing.assert_allclose(stretch(noise[:needed], rate, samples), all_of_it, atol=2e-3)
    assert np.abs(stretch(noise[: needed - 2 * FRAME], rate, samples) - all_of_it)[-FRAME:].max() > 0.05


@pytest.mark.slow
def test_silence_stays_silence_and_long_waveforms_keep_their_precision():
    assert not np.any(stretch(np.zeros(9000), 1.1, 9000))
    seconds = 40
    sine = np.sin(2 * np.pi * 440.0 * np.arange(seconds * RATE) / RATE)
    out = stretch(sine, 0.97, seconds * RATE)[-20000:]
    assert 1200 * abs(np.log2(peak_hz(out) / 440.0)) < 1


def test_the_frame_length_follows_the_rate():
    assert [frame_length_for(hz) for hz in (8000, 16000, 22050, 32000, 44100)] == [512, 1024, 2048, 2048, 4096]


@pytest.mark.parametrize("frame_length", [32, 1000])
def test_other_frame_lengths_are_refused(frame_length):
    with pytest.raises(ValueError, match=f"frame_length={frame_length}: must be a power of two"):
        stretch_time(tf.zeros([1, 4000]), tf.ones([1]), 4000, frame_length)
