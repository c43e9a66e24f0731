"""What a training step changes about its waveforms: the random numbers, and the changes in their order.

The numbers depend on the seed and the step only, so that a resumed run draws what an uninterrupted one would; they are
drawn outside the graph and travel with the batch. Gain and crop belong to the loader, masks to the model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from irmas_tf.config import AugmentConfig, Config
from irmas_tf.dsp.equalization import equalize
from irmas_tf.dsp.playback_speed import change_speed, samples_needed
from irmas_tf.training.mixing import mix, mixing_weights

EQUALIZER_BANDS = 8  # about one an octave
_SPEED_STREAM, _EQUALIZER_STREAM = 0x7370, 0x6571  # keep draws of the same seed apart


def training_samples(config: Config) -> int:
    """Return how many samples of an example `apply` reads: a window, and what playing it faster needs beyond it."""
    fastest = _speed(config.augment.random_speed_semitones)
    return config.audio.window_samples if fastest == 1.0 else samples_needed(config.audio.window_samples, fastest)


def _speed(semitones: Any) -> Any:
    return 2.0 ** (semitones / 12.0)


def draw(augment: AugmentConfig, *, seed: int, step: int, batch_size: int) -> dict[str, np.ndarray]:
    """Return the random numbers of one step, by name; what is switched off is missing.

    ``speed`` [batch], ``gains_db`` [batch, bands], ``share`` [batch] (always there), all float32.
    """
    numbers = {"share": mixing_weights(seed, step, batch_size, augment.mixup_alpha)}
    if augment.random_speed_semitones:
        semitones = np.random.default_rng([_SPEED_STREAM, seed, step]).uniform(-1.0, 1.0, batch_size)
        numbers["speed"] = _speed(semitones * augment.random_speed_semitones).astype(np.float32)
    if augment.random_equalization_db:
        gains = np.random.default_rng([_EQUALIZER_STREAM, seed, step]).standard_normal([batch_size, EQUALIZER_BANDS])
        numbers["gains_db"] = (gains * augment.random_equalization_db).astype(np.float32)
    return numbers


def apply(
    waveform: tf.Tensor, targets: tf.Tensor, numbers: dict[str, tf.Tensor], config: Config
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return (waveform [batch, window_samples], targets [batch, classes]) after speed, equalisation and mixing.

    Args:
        waveform: [batch, `training_samples`] float32.
        targets: [batch, classes] float32.
        numbers: what `draw` gave, as tensors.
        config: the run's configuration.
    """
    if "speed" in numbers:
        waveform = change_speed(waveform, numbers["speed"], config.audio.window_samples)
    if "gains_db" in numbers:
        waveform = equalize(waveform, numbers["gains_db"], config.audio.sample_rate_hz)
    if config.augment.mixup_alpha > 0:
        waveform, targets = mix(waveform, targets, numbers["share"])
    return waveform, targets
