from __future__ import annotations

import librosa
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.dsp.pitch_shift import pitch_ratio, samples_needed, shift_pitch

RATE = 22050
FRAME = 2048


def shift(waveform: np.ndarray, semitones: float, samples: int, highest: float = 2.0) -> np.ndarray:
    ratio = tf.constant([2.0 ** (semitones / 12)], tf.float32)
    return shift_pitch(waveform[None].astype(np.float32), ratio, samples, highest=highest, frame_length=FRAME).numpy()[
        0
    ]


def peak_hz(waveform: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform)), 1 << 19))
    return spectrum.argmax() * RATE / (1 << 19)


@pytest.mark.slow
def test_a_sine_moves_by_the_cents_and_keeps_its_length():
    samples = 30000
    semitones, frequencies = (x.ravel() for x in np.meshgrid([-5.0, 0.37, 7.0], [196.0, 1500.0]))
    sines = np.sin(2 * np.pi * frequencies[:, None] * np.arange(40000) / RATE).astype(np.float32)
    ratios = tf.constant(2.0 ** (semitones / 12), tf.float32)
    out = shift_pitch(sines, ratios, samples, highest=2.0, frame_length=FRAME).numpy()
    assert out.shape == (6, samples)
    cents = [1200 * np.log2(peak_hz(wave[FRAME:]) / hz) for wave, hz in zip(out, frequencies, strict=True)]
    np.testing.assert_allclose(cents, 100 * semitones, atol=2)
    np.testing.assert_allclose(out[:, -FRAME:].std(axis=1), np.sqrt(0.5), rtol=0.1)


@pytest.mark.parametrize("semitones", [-3.0, 4.0])
def test_what_happens_when_stays(semitones):
    burst = np.zeros(40000)
    burst[12000:20000] = 0.1 * np.random.default_rng(0).standard_normal(8000)
    power = np.square(shift(burst, semitones, 40000))
    middle = np.average(np.arange(40000), weights=power)
    assert middle == pytest.approx(16000, abs=FRAME / 4)
    assert power[:10500].max() < 1e-3 * power.max() and power[21500:].max() < 1e-3 * power.max()


def chord(semitones: float) -> np.ndarray:
    """Three harmonic tones struck twice, ``semitones`` higher; partials up to 8 kHz only, whatever the shift."""
    time = np.arange(2 * RATE) / RATE
    envelope = np.exp(-2 * np.mod(time, 1.0))
    music = np.zeros(len(time))
    for pitch in (220.0, 277.2, 415.3):
        pitch *= 2.0 ** (semitones / 12)
        music += envelope * sum(np.sin(2 * np.pi * k * pitch * time) / k for k in range(1, int(8000 / 415.3 / 1.2)))
    return (0.1 * music).astype(np.float32)


def log_mel(x: np.ndarray) -> np.ndarray:
    mel = librosa.feature.melspectrogram(y=x, sr=RATE, n_mels=64, fmin=150, fmax=6000)
    return 10 * np.log10(mel[:, 4:-8] + 1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("semitones", [-2.0, 2.0])
def test_a_shifted_chord_is_the_higher_chord_as_nearly_as_librosas(semitones):
    """The higher chord is known exactly; the mean log-mel distance to it, in dB, is at most .1 above librosa's."""
    wanted = log_mel(chord(semitones))
    ours = np.abs(log_mel(shift(chord(0.0), semitones, 2 * RATE)) - wanted).mean()
    theirs = np.abs(log_mel(librosa.effects.pitch_shift(chord(0.0), sr=RATE, n_steps=semitones)) - wanted).mean()
    unshifted = np.abs(log_mel(chord(0.0)) - wanted).mean()
    assert ours < theirs + 0.1
    assert ours < 0.2 * unshifted


@pytest.mark.slow
def test_examples_are_independent_and_samples_needed_is_enough():
    noise = np.random.default_rng(2).standard_normal([2, 40000]).astype(np.float32)
    ratios = np.array([0.8, 1.25], np.float32)
    needed = samples_needed(20000, 0.8, FRAME)

    def both(n: int) -> np.ndarray:
        return shift_pitch(noise[:, :n], tf.constant(ratios), 20000, highest=1.25, frame_length=FRAME).numpy()

    np.testing.assert_allclose(both(needed), both(40000), atol=2e-3)
    for row in range(2):
        alone = shift_pitch(
            noise[row : row + 1], tf.constant(ratios[row : row + 1]), 20000, highest=1.25, frame_length=FRAME
        )
        np.testing.assert_allclose(both(needed)[row], alone[0], atol=2e-3)


def test_an_octave_is_twice_the_frequency():
    np.testing.assert_allclose(pitch_ratio(tf.constant([12.0, 0.0, -12.0])), [2.0, 1.0, 0.5])
