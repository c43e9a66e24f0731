"""Other music under an example: a random stretch of it at a random level below, and the same labels as before.

IRMAS names what is predominant, and its excerpts have other instruments below that. What is composed note by note, or
recorded alone, has nothing below it; a backing makes it more like the rest. It is so far down that the labels still say
what predominates. Where both parts are to be named, excerpts are mixed (`irmas_tf.augment.excerpt_mixing`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import tensorflow as tf

from irmas_tf.augment.augmentation import Augmentation, Context, Stream
from irmas_tf.augment.noise import Recordings
from irmas_tf.augment.noise_folder import load_noise_folder
from irmas_tf.augment.some_examples import change_some
from irmas_tf.config.run_config import Config
from irmas_tf.dsp.noise import noise_from, scaled_noise


@dataclasses.dataclass(frozen=True)
class Backing(Augmentation):
    """With ``backing_probability``, music of a folder under the example, ``backing_min_db`` to ``_max_db`` below it.

    To an example that is silent nothing is added.
    """

    backing_probability: float
    backing_dir: str
    backing_min_db: float
    backing_max_db: float

    stage = "mixture"
    streams: ClassVar = {"backing_turn": 0x6274, "below_db": 0x6264, "backing_place": 0x6270}
    examples: ClassVar = {"backing, 0.3 of the examples": {"backing_probability": 0.3}}

    @property
    def is_on(self) -> bool:
        """Whether any example gets a backing."""
        return self.backing_probability > 0

    def prepare(self, config: Config) -> Recordings:
        """Return the music of ``--backing_dir``.

        Raises:
            DataError: the folder cannot be used.
        """
        threads = config.data.loader_threads
        bank = load_noise_folder(self.backing_dir, config.audio.sample_rate_hz, threads=threads, flag="backing_dir")
        samples = tf.Variable(bank.samples, trainable=False, name="backing_recordings")
        return Recordings(samples, tf.constant(bank.starts), tf.constant(bank.lengths))

    def draw(self, stream: Stream, batch_size: int) -> dict[str, np.ndarray]:
        """Return ``backing_turn`` [batch, 2] for `change_some`, ``below_db`` [batch], ``backing_place`` [batch, 2]."""
        return {
            "backing_turn": stream("backing_turn").random([batch_size, 2]),
            "below_db": stream("below_db").uniform(self.backing_min_db, self.backing_max_db, batch_size),
            "backing_place": stream("backing_place").random([batch_size, 2]),
        }

    def apply(
        self, waveform: tf.Tensor, targets: tf.Tensor, numbers: Mapping[str, tf.Tensor], context: Context
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the waveforms with music under some of them."""
        if context.prepared is None:
            raise ValueError("a backing is to be added, but no music was prepared")
        samples, starts, lengths = context.prepared

        def add(rows: tf.Tensor, is_on: tf.Tensor) -> tf.Tensor:
            own = tf.gather(waveform, rows)
            music = noise_from(samples, starts, lengths, tf.gather(numbers["backing_place"], rows), context.samples)
            music = scaled_noise(music, own, tf.gather(numbers["below_db"], rows))
            return own + tf.where(is_on[:, tf.newaxis], music, 0.0)

        return change_some(waveform, numbers["backing_turn"], self.backing_probability, add)[0], targets
