"""What the room adds whether or not anybody plays: white or pink noise, or recordings from a folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np
import tensorflow as tf

from irmas_tf.augment.augmentation import Augmentation, Context, Stream
from irmas_tf.augment.noise_folder import load_noise_folder
from irmas_tf.augment.some_examples import change_some
from irmas_tf.config.run_config import Config
from irmas_tf.dsp import noise as noises


class Recordings(NamedTuple):
    """Recordings of noise on the training's device, see `irmas_tf.dsp.noise.noise_from`."""

    samples: tf.Variable
    starts: tf.Tensor
    lengths: tf.Tensor


@dataclasses.dataclass(frozen=True)
class Noise(Augmentation):
    """With ``noise_probability``, noise at a ratio that is uniform in decibels between the two given.

    Its level is relative to what was heard before an example was emptied: an empty example has the room's noise, too.
    """

    noise_probability: float
    noise_min_snr_db: float
    noise_max_snr_db: float
    noise_kind: str
    noise_dir: str

    stage = "room"
    streams: ClassVar = {"noise_turn": 0x6E6F, "snr_db": 0x736E, "noise_seed": 0x6E73, "noise_place": 0x6E70}
    examples: ClassVar = {
        "pink noise, 0.3 of the examples": {"noise_probability": 0.3},
        "white noise, 0.3 of the examples": {"noise_probability": 0.3, "noise_kind": "white"},
        "noise of a folder, 0.3 of the examples": {"noise_probability": 0.3, "noise_kind": "folder"},
    }

    @property
    def is_on(self) -> bool:
        """Whether any example gets noise."""
        return self.noise_probability > 0

    def prepare(self, config: Config) -> Recordings | None:
        """Return the recordings of ``--noise_dir``; None if the noise is not that of a folder.

        Raises:
            DataError: the folder cannot be used.
        """
        if self.noise_kind != "folder":
            return None
        bank = load_noise_folder(self.noise_dir, config.audio.sample_rate_hz, threads=config.data.loader_threads)
        samples = tf.Variable(bank.samples, trainable=False, name="noise_recordings")
        return Recordings(samples, tf.constant(bank.starts), tf.constant(bank.lengths))

    def draw(self, stream: Stream, batch_size: int) -> dict[str, np.ndarray]:
        """Return ``noise_turn`` [batch, 2] for `change_some`, ``snr_db`` [batch], and which noise.

        That is ``noise_place`` [batch, 2] for a folder (`irmas_tf.dsp.noise.noise_from`), else ``noise_seed``
        [batch, 2], whole numbers.
        """
        numbers = {
            "noise_turn": stream("noise_turn").random([batch_size, 2]),
            "snr_db": stream("snr_db").uniform(self.noise_min_snr_db, self.noise_max_snr_db, batch_size),
        }
        if self.noise_kind == "folder":
            return numbers | {"noise_place": stream("noise_place").random([batch_size, 2])}
        return numbers | {"noise_seed": stream("noise_seed").integers(0, 2**31, [batch_size, 2])}

    def apply(
        self, waveform: tf.Tensor, targets: tf.Tensor, numbers: Mapping[str, tf.Tensor], context: Context
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the waveforms with noise added to some."""

        def add(rows: tf.Tensor, is_on: tf.Tensor) -> tf.Tensor:
            noise = self._noise(rows, numbers, context)
            noise = noises.scaled_noise(noise, tf.gather(context.heard, rows), tf.gather(numbers["snr_db"], rows))
            return tf.gather(waveform, rows) + tf.where(is_on[:, tf.newaxis], noise, 0.0)

        return change_some(waveform, numbers["noise_turn"], self.noise_probability, add)[0], targets

    def _noise(self, rows: tf.Tensor, numbers: Mapping[str, tf.Tensor], context: Context) -> tf.Tensor:
        """Return noise of any level for some rows, [rows, samples]."""
        if self.noise_kind != "folder":
            noise = noises.white_noise(tf.gather(numbers["noise_seed"], rows), context.samples)
            return noises.pink_noise(noise, context.sample_rate_hz) if self.noise_kind == "pink" else noise
        if context.prepared is None:
            raise ValueError("noise of a folder is to be added, but no recordings were prepared")
        samples, starts, lengths = context.prepared
        return noises.noise_from(samples, starts, lengths, tf.gather(numbers["noise_place"], rows), context.samples)
