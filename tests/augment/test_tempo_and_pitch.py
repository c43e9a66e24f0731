from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.augment import pipeline
from tests.helpers.augmenting import RATE_HZ, apply, draw, drawn_over, noise_batch, several_labels

SETTINGS = {"random_time_stretch": 0.2, "random_pitch_semitones": 3.0, "random_speed_semitones": 2.0}


def test_tempo_pitch_and_speed_add_up():
    """The sine's frequency is that of pitch and speed, the burst's place that of tempo and speed."""
    config = several_labels(**SETTINGS, window_seconds=2.0, vocoder_probability=1.0)
    speed, tempo, pitch = np.array([1.1, 0.9, 1.0]), np.array([0.85, 1.2, 1.0]), np.array([0.85, 1.15, 1.0])
    numbers = {"vocoder_turn": np.zeros([3, 2]), "speed": speed, "tempo": tempo, "pitch": pitch}
    time = np.arange(pipeline.training_samples(config)) / RATE_HZ
    sine = np.sin(2 * np.pi * 500 * time) * (1 + 9 * (np.abs(time - 1.0) < 0.1)) / 10
    out, _ = apply(config, np.tile(sine, [3, 1]).astype(np.float32), {"tempo_and_pitch": numbers})
    assert out.shape == (3, 2 * RATE_HZ)
    for row in range(3):
        spectrum = np.abs(np.fft.rfft(out[row] * np.hanning(2 * RATE_HZ), 1 << 19))
        cents = 1200 * np.log2(spectrum.argmax() * RATE_HZ / (1 << 19) / (500 * pitch[row] * speed[row]))
        assert abs(cents) < 2
        loud = np.flatnonzero(np.abs(out[row]) > 0.5)
        assert loud.mean() / RATE_HZ == pytest.approx(1.0 / (tempo[row] * speed[row]), abs=0.03)


@pytest.mark.parametrize("on", [["random_speed_semitones"], ["random_time_stretch"], list(SETTINGS)], ids=len)
def test_the_loader_gives_enough_for_the_extremes(on):
    config = several_labels(**{name: SETTINGS[name] for name in on}, window_seconds=0.5, vocoder_probability=1.0)
    samples = pipeline.training_samples(config)
    extremes = np.array([(s, t, p) for s in (-1, 1) for t in (-1, 1) for p in (-1, 1)], np.float64)
    numbers = {}
    if "random_speed_semitones" in on:
        numbers["speed"] = 2.0 ** (extremes[:, 0] * 2 / 12)
    if "random_time_stretch" in on:
        numbers["tempo"] = 1 + 0.2 * extremes[:, 1]
        numbers["pitch"] = 2.0 ** (extremes[:, 2] * 3 / 12) if "random_pitch_semitones" in on else np.ones(8)
        numbers["vocoder_turn"] = np.zeros([8, 2])
    longer = noise_batch(config, 8, 4 * samples)
    given, more = (apply(config, longer[:, :n], {"tempo_and_pitch": numbers})[0] for n in (samples, 4 * samples))
    np.testing.assert_allclose(given, more, atol=1e-3)
    longest = 1.125 * (1.2 if "random_time_stretch" in on else 1.0) * config.audio.window_samples
    assert samples < longest + 1200


def test_only_as_many_as_the_share_are_stretched():
    config = several_labels(random_time_stretch=0.2, vocoder_probability=0.3)
    waveform = noise_batch(config, 5)
    for step in range(6):
        out, _ = apply(config, waveform, draw(config, step=step, batch=5))
        same = np.all(out == waveform[:, : out.shape[1]], axis=1)
        assert (~same).sum() <= 2


def test_the_ranges_are_those_of_the_flags():
    numbers = drawn_over(several_labels(**SETTINGS), 100)
    for values, most in (
        (12 * np.log2(numbers["speed"]), 2.0),
        (12 * np.log2(numbers["pitch"]), 3.0),
        (numbers["tempo"] - 1.0, 0.2),
    ):
        assert -most * 1.0001 <= values.min() < -0.98 * most and 0.98 * most < values.max() <= most * 1.0001
        assert values.mean() == pytest.approx(0.0, abs=0.04 * most)


def test_what_is_off_is_not_drawn():
    assert set(draw(several_labels(random_speed_semitones=1.0))["tempo_and_pitch"]) == {"speed"}
    assert set(draw(several_labels(random_pitch_semitones=1.0))["tempo_and_pitch"]) == {
        "tempo",
        "pitch",
        "vocoder_turn",
    }
