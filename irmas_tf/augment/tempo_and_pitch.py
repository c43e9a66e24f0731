"""Tempo, pitch, and both together: a phase vocoder for some examples, then one resampling for all that is changed.

They are one augmentation, because they share that resampling: an example that is played at another speed anyway has
its pitch shifted for the price of the vocoder alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import tensorflow as tf

from irmas_tf.augment.augmentation import Augmentation, Context, Stream
from irmas_tf.augment.some_examples import change_some
from irmas_tf.dsp import playback_speed, time_stretch
from irmas_tf.dsp.pitch_shift import pitch_ratio


@dataclasses.dataclass(frozen=True)
class TempoAndPitch(Augmentation):
    """Playing speed, for all examples, and tempo and pitch, for a share ``vocoder_probability`` of them.

    Speed and pitch are uniform in semitones, tempo is uniform from 1 - x to 1 + x.
    """

    random_speed_semitones: float
    random_time_stretch: float
    random_pitch_semitones: float
    vocoder_probability: float

    stage = "source"
    streams: ClassVar = {"speed": 0x7370, "tempo": 0x7465, "pitch": 0x7069, "vocoder_turn": 0x766F}
    examples: ClassVar = {
        "speed": {"random_speed_semitones": 1.0},
        "time stretch, half of the examples": {"random_time_stretch": 0.1},
        "time stretch, all examples": {"random_time_stretch": 0.1, "vocoder_probability": 1.0},
        "pitch shift, half of the examples": {"random_pitch_semitones": 1.0},
    }

    @property
    def is_on(self) -> bool:
        """Whether speed, tempo or pitch is changed."""
        return self.random_speed_semitones > 0 or self._uses_vocoder

    @property
    def _uses_vocoder(self) -> bool:
        return self.random_time_stretch > 0 or self.random_pitch_semitones > 0

    @property
    def _fastest(self) -> float:
        return 2.0 ** (self.random_speed_semitones / 12.0)

    @property
    def _highest(self) -> float:
        return 2.0 ** (self.random_pitch_semitones / 12.0)

    def samples_needed(self, samples: int, sample_rate_hz: int) -> int:
        """Return how many samples the fastest playing reads."""
        fastest, highest = self._fastest, self._highest
        unchanged = samples if fastest == 1.0 else playback_speed.samples_needed(samples, fastest)
        if not self._uses_vocoder:
            return unchanged
        # At the lowest pitch the vocoder's last frame reaches furthest.
        stretched = playback_speed.samples_needed(samples, fastest / highest)
        rate = highest * (1.0 + self.random_time_stretch)
        frame_length = time_stretch.frame_length_for(sample_rate_hz)
        return max(unchanged, time_stretch.samples_needed(stretched, rate, frame_length))

    def draw(self, stream: Stream, batch_size: int) -> dict[str, np.ndarray]:
        """Return the ratios ``speed``, ``tempo`` and ``pitch``, [batch] each, and ``vocoder_turn`` [batch, 2].

        The last one is for `change_some`. What is off is missing; tempo and pitch come together.
        """

        def both_ways(name: str, most: float) -> np.ndarray:
            return stream(name).uniform(-1.0, 1.0, batch_size) * most

        numbers = {}
        if self.random_speed_semitones:
            numbers["speed"] = pitch_ratio(both_ways("speed", self.random_speed_semitones))
        if self._uses_vocoder:
            numbers["vocoder_turn"] = stream("vocoder_turn").random([batch_size, 2])
            numbers["tempo"] = 1.0 + both_ways("tempo", self.random_time_stretch)
            numbers["pitch"] = pitch_ratio(both_ways("pitch", self.random_pitch_semitones))
        return numbers

    def apply(
        self, waveform: tf.Tensor, targets: tf.Tensor, numbers: Mapping[str, tf.Tensor], context: Context
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the waveforms at their tempo, pitch and speed, ``context.samples`` long."""
        speed = numbers.get("speed")
        if "tempo" in numbers:
            return self._with_vocoder(waveform, numbers, context), targets
        return (waveform if speed is None else playback_speed.change_speed(waveform, speed, context.samples)), targets

    def _with_vocoder(self, waveform: tf.Tensor, numbers: Mapping[str, tf.Tensor], context: Context) -> tf.Tensor:
        speed, window = numbers.get("speed"), context.samples
        fastest = self._fastest * self._highest
        stretched_samples = window if fastest == 1.0 else playback_speed.samples_needed(window, fastest)
        frame_length = time_stretch.frame_length_for(context.sample_rate_hz)
        # With a speed of its own every example is resampled, and the pitch costs nothing more.
        samples = window if speed is None else stretched_samples

        def stretch(rows: tf.Tensor, is_on: tf.Tensor) -> tf.Tensor:
            unchanged, pitch = tf.gather(waveform, rows), tf.gather(numbers["pitch"], rows)
            rates = tf.gather(numbers["tempo"], rows) / pitch
            stretched = time_stretch.stretch_time(unchanged, rates, stretched_samples, frame_length)
            if speed is None and self.random_pitch_semitones:
                stretched = playback_speed.change_speed(stretched, pitch, window)
            return tf.where(is_on[:, tf.newaxis], stretched, _of_length(unchanged, samples))

        out, is_changed = change_some(
            _of_length(waveform, samples), numbers["vocoder_turn"], self.vocoder_probability, stretch
        )
        if speed is None:
            return out
        return playback_speed.change_speed(out, tf.where(is_changed, numbers["pitch"], 1.0) * speed, window)


def _of_length(waveform: tf.Tensor, samples: int) -> tf.Tensor:
    """Return the waveforms cut or followed by silence."""
    return tf.pad(waveform[:, :samples], [[0, 0], [0, max(0, samples - waveform.shape[1])]])
