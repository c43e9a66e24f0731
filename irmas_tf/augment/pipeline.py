"""What a training step changes about its waveforms: the random numbers, and the changes in their order.

The numbers depend on the seed and the step only, so that a resumed run draws what an uninterrupted one would; they are
drawn outside the graph and travel with the batch, one row an example, so that replicas share them out with it. The
changes are made inside the graph, on its device. The crop belongs to the loader, masks to the model.

The order is that of a recording's making. Each source by itself: tempo, pitch and speed (which need more samples than
the window and leave a window), gain, shift, equalisation (its instrument and microphone), silence (a rest of this
instrument; others play on). Then they sound together: mixing. Then what the room adds whether or not anybody plays:
noise, also to examples that were emptied. Mixup is last, because it is a rule about finished training examples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from irmas_tf.augment.excerpt_mixing import MixPlan, make_empty, mix_many, partner_rows
from irmas_tf.augment.mixup import mix, mixing_weights
from irmas_tf.augment.noise_folder import load_noise_folder
from irmas_tf.config.augment import AugmentConfig
from irmas_tf.config.run_config import Config
from irmas_tf.dsp import noise as noises
from irmas_tf.dsp import playback_speed, time_stretch
from irmas_tf.dsp.equalization import equalize
from irmas_tf.dsp.pitch_shift import pitch_ratio
from irmas_tf.dsp.time_shift import insert_silence, shift_in_time

EQUALIZER_BANDS = 8  # about one an octave
_ROUNDING = 1e-4  # 0.1 * 30 is a little more than 3
# Keep draws of the same seed apart, so that switching one on does not move the others.
_STREAMS = {
    "speed": 0x7370,
    "gain_db": 0x6761,
    "gains_db": 0x6571,
    "tempo": 0x7465,
    "pitch": 0x7069,
    "vocoder_turn": 0x766F,
    "shift_seconds": 0x7368,
    "silence": 0x7369,
    "mix": 0x6D61,
    "is_empty": 0x656D,
    "noise_turn": 0x6E6F,
    "snr_db": 0x736E,
    "noise_seed": 0x6E73,
    "noise_place": 0x6E70,
}
Numbers = dict[str, Any]


class Recordings(NamedTuple):
    """Recordings of noise on the training's device, see `noise_from`."""

    samples: tf.Variable
    starts: tf.Tensor
    lengths: tf.Tensor


def load_recordings(config: Config) -> Recordings | None:
    """Return the recordings of ``--noise_dir``; None if no noise of a folder is added. Call it in the strategy's scope.

    Raises:
        DataError: the folder cannot be used.
    """
    augment = config.augment
    if not augment.adds_folder_noise:
        return None
    bank = load_noise_folder(augment.noise_dir, config.audio.sample_rate_hz, threads=config.data.loader_threads)
    samples = tf.Variable(bank.samples, trainable=False, name="noise_recordings")
    return Recordings(samples, tf.constant(bank.starts), tf.constant(bank.lengths))


def training_samples(config: Config) -> int:
    """Return how many samples of an example `apply` reads: a window, and what playing it faster needs beyond it."""
    augment, window = config.augment, config.audio.window_samples
    fastest, highest = _fastest(augment), _highest(augment)
    unchanged = window if fastest == 1.0 else playback_speed.samples_needed(window, fastest)
    if not augment.uses_vocoder:
        return unchanged
    # At the lowest pitch the vocoder's last frame reaches furthest.
    stretched = playback_speed.samples_needed(window, fastest / highest)
    rate = highest * (1.0 + augment.random_time_stretch)
    frame_length = time_stretch.frame_length_for(config.audio.sample_rate_hz)
    return max(unchanged, time_stretch.samples_needed(stretched, rate, frame_length))


def _fastest(augment: AugmentConfig) -> float:
    return 2.0 ** (augment.random_speed_semitones / 12.0)


def _highest(augment: AugmentConfig) -> float:
    return 2.0 ** (augment.random_pitch_semitones / 12.0)


def draw(augment: AugmentConfig, *, seed: int, step: int, batch_size: int) -> dict[str, np.ndarray]:
    """Return the random numbers of one step, by name; what is switched off is missing.

    Always there is ``share`` [batch], see `mixing_weights`. All have a row for each example, and all are float32 but
    ``noise_seed``, which is int32. A ``..._turn`` [batch, 2] decides which examples are changed, see `_change_some`.
    """

    def stream(name: str) -> np.random.Generator:
        return np.random.default_rng([_STREAMS[name], seed, step])

    def both_ways(name: str, most: float) -> np.ndarray:
        return stream(name).uniform(-1.0, 1.0, batch_size) * most

    numbers = {"share": mixing_weights(seed, step, batch_size, augment.mixup_alpha)}
    if augment.random_speed_semitones:
        numbers["speed"] = pitch_ratio(both_ways("speed", augment.random_speed_semitones))
    if augment.uses_vocoder:
        numbers["vocoder_turn"] = stream("vocoder_turn").random([batch_size, 2])
        numbers["tempo"] = 1.0 + both_ways("tempo", augment.random_time_stretch)
        numbers["pitch"] = pitch_ratio(both_ways("pitch", augment.random_pitch_semitones))
    if augment.random_gain_db:
        numbers["gain_db"] = both_ways("gain_db", augment.random_gain_db)
    if augment.random_shift_seconds:
        numbers["shift_seconds"] = both_ways("shift_seconds", augment.random_shift_seconds)
    if augment.random_equalization_db:
        gains = stream("gains_db").standard_normal([batch_size, EQUALIZER_BANDS])
        numbers["gains_db"] = gains * augment.random_equalization_db
    if augment.silence_probability:
        place, length, chance = stream("silence").random([3, batch_size])
        numbers["silence_place"] = place
        numbers["silence_seconds"] = length * augment.silence_seconds * (chance < augment.silence_probability)
    if augment.mix_probability:
        rng, most = stream("mix"), augment.mix_max_excerpts - 1
        added = rng.integers(1, most, batch_size, endpoint=True)
        numbers["mix_added"] = added * (rng.random(batch_size) < augment.mix_probability)
        numbers["mix_partners"] = rng.random([batch_size, most])
        numbers["mix_levels_db"] = rng.uniform(-1.0, 1.0, [batch_size, most]) * augment.mix_level_db
    if augment.empty_probability:
        numbers["is_empty"] = stream("is_empty").random(batch_size) < augment.empty_probability
    if augment.noise_probability:
        numbers["noise_turn"] = stream("noise_turn").random([batch_size, 2])
        lowest, highest = augment.noise_min_snr_db, augment.noise_max_snr_db
        numbers["snr_db"] = stream("snr_db").uniform(lowest, highest, batch_size)
        if augment.adds_folder_noise:
            numbers["noise_place"] = stream("noise_place").random([batch_size, 2])
        else:
            numbers["noise_seed"] = stream("noise_seed").integers(0, 2**31, [batch_size, 2])
    return {k: v.astype(np.int32 if k == "noise_seed" else np.float32) for k, v in numbers.items()}


@tf.autograph.experimental.do_not_convert  # no control flow on tensors; converting costs two seconds a start
def apply(
    waveform: tf.Tensor,
    targets: tf.Tensor,
    numbers: Numbers,
    config: Config,
    recordings: Recordings | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return (waveform [batch, window_samples], targets [batch, classes]) after all changes, see the module.

    Args:
        waveform: [batch, `training_samples`] float32.
        targets: [batch, classes] float32.
        numbers: what `draw` gave, as tensors; what is missing is not changed.
        config: the run's configuration.
        recordings: see `load_recordings`.
    """
    augment, rate = config.augment, config.audio.sample_rate_hz
    waveform = _change_tempo_and_pitch(waveform, numbers, config)
    if "gain_db" in numbers:
        waveform *= tf.exp(numbers["gain_db"] * np.float32(np.log(10.0) / 20.0))[:, tf.newaxis]
    if "shift_seconds" in numbers:
        offset = tf.round(numbers["shift_seconds"] * float(rate))
        waveform = shift_in_time(waveform, offset, circular=augment.shift_fill == "circular")
    if "gains_db" in numbers:
        waveform = equalize(waveform, numbers["gains_db"], rate)
    if "silence_seconds" in numbers:
        length = tf.round(numbers["silence_seconds"] * float(rate))
        room = tf.maximum(float(waveform.shape[1]) - length + 1.0, 1.0)
        waveform = insert_silence(waveform, tf.floor(numbers["silence_place"] * room), length)
    if "mix_added" in numbers:
        others = tf.cast(tf.shape(waveform)[0], tf.float32) - 1.0
        added = tf.minimum(numbers["mix_added"], others)
        plan = MixPlan(partner_rows(numbers["mix_partners"]), numbers["mix_levels_db"], added)
        predominance_db = augment.mix_predominance_db
        waveform, targets = mix_many(
            waveform, targets, plan, labels=augment.mix_targets, predominance_db=predominance_db
        )
    heard = waveform
    if "is_empty" in numbers:
        waveform, targets = make_empty(waveform, targets, numbers["is_empty"] > 0.5)
    if "noise_turn" in numbers:
        waveform = _add_noise(waveform, heard, numbers, config, recordings)
    if augment.mixup_alpha > 0:
        waveform, targets = mix(waveform, targets, numbers["share"])
    return waveform, targets


def _change_tempo_and_pitch(waveform: tf.Tensor, numbers: Numbers, config: Config) -> tf.Tensor:
    """Return the window at its tempo, pitch and speed: a phase vocoder for some, then one resampling for all three."""
    augment, window = config.augment, config.audio.window_samples
    speed = numbers.get("speed")
    if "tempo" not in numbers:
        return waveform if speed is None else playback_speed.change_speed(waveform, speed, window)
    fastest = _fastest(augment) * _highest(augment)
    stretched_samples = window if fastest == 1.0 else playback_speed.samples_needed(window, fastest)
    frame_length = time_stretch.frame_length_for(config.audio.sample_rate_hz)
    # With a speed of its own every example is resampled, and the pitch costs nothing more.
    samples = window if speed is None else stretched_samples

    def stretch(rows: tf.Tensor, is_on: tf.Tensor) -> tf.Tensor:
        some, pitch = tf.gather(waveform, rows), tf.gather(numbers["pitch"], rows)
        rates = tf.gather(numbers["tempo"], rows) / pitch
        stretched = time_stretch.stretch_time(some, rates, stretched_samples, frame_length)
        if speed is None and augment.random_pitch_semitones:
            stretched = playback_speed.change_speed(stretched, pitch, window)
        return tf.where(is_on[:, tf.newaxis], stretched, _of_length(some, samples))

    out, is_changed = _change_some(
        _of_length(waveform, samples), numbers["vocoder_turn"], augment.vocoder_probability, stretch
    )
    if speed is None:
        return out
    return playback_speed.change_speed(out, tf.where(is_changed, numbers["pitch"], 1.0) * speed, window)


def _of_length(waveform: tf.Tensor, samples: int) -> tf.Tensor:
    """Return the waveforms cut or followed by silence."""
    return tf.pad(waveform[:, :samples], [[0, 0], [0, max(0, samples - waveform.shape[1])]])


def _add_noise(
    waveform: tf.Tensor, heard: tf.Tensor, numbers: Numbers, config: Config, recordings: Recordings | None
) -> tf.Tensor:
    """Return the waveforms with noise added to some, its level relative to what was heard before any was emptied."""
    augment, samples = config.augment, int(waveform.shape[1])

    def add(rows: tf.Tensor, is_on: tf.Tensor) -> tf.Tensor:
        if augment.adds_folder_noise:
            if recordings is None:
                raise ValueError("noise of a folder is to be added, but no recordings were given")
            place = tf.gather(numbers["noise_place"], rows)
            noise = noises.noise_from(recordings.samples, recordings.starts, recordings.lengths, place, samples)
        else:
            noise = noises.white_noise(tf.gather(numbers["noise_seed"], rows), samples)
            if augment.noise_kind == "pink":
                noise = noises.pink_noise(noise, config.audio.sample_rate_hz)
        noise = noises.scaled_noise(noise, tf.gather(heard, rows), tf.gather(numbers["snr_db"], rows))
        return tf.gather(waveform, rows) + tf.where(is_on[:, tf.newaxis], noise, 0.0)

    return _change_some(waveform, numbers["noise_turn"], augment.noise_probability, add)[0]


def _change_some(
    waveform: tf.Tensor,
    turn: tf.Tensor,
    probability: float,
    change: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
) -> tuple[tf.Tensor, tf.Tensor]:
    """Change examples with a probability, and compute the change for these only.

    ``ceil(probability * batch)`` examples are computed, those first in turn. That many may be a little too many, and
    then each of them is changed with a probability that makes up for it, so that every example has exactly the
    ``probability``. Their number being fixed, shapes are static, also with XLA.

    Args:
        waveform: [batch, samples].
        turn: [batch, 2] float32, uniform in [0, 1).
        probability: above 0.
        change: (rows [count] int32, is_on [count] bool) -> the waveforms of these rows, [count, samples], changed
            where ``is_on``.

    Returns:
        (waveforms [batch, samples], which were changed [batch] bool).
    """
    batch = waveform.shape[0]
    if batch is None:
        wanted = probability * tf.cast(tf.shape(waveform)[0], tf.float32)
        count = tf.cast(tf.math.ceil(wanted - _ROUNDING), tf.int32)
    else:
        wanted = probability * batch
        count = int(np.ceil(wanted - _ROUNDING))
    order = tf.argsort(turn[:, 0])
    rows, others = order[:count], order[count:]
    is_on = tf.gather(turn[:, 1], rows) * tf.cast(count, tf.float32) < wanted
    back = tf.argsort(tf.cast(order, tf.float32))
    some = change(rows, is_on)
    waveform = tf.gather(tf.concat([some, tf.gather(waveform, others)], axis=0), back)
    is_changed = tf.gather(tf.concat([is_on, tf.zeros_like(others, tf.bool)], axis=0), back)
    return waveform, is_changed
