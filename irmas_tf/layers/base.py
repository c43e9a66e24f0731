"""What every front-end promises: [batch, samples] in, [batch, ceil(samples / hop_length), bins] out, in float32.

A front-end of another package is a subclass of `FrontEnd`, registered with Keras (`register_keras_serializable`) so
that saved models find it, and named by settings (`irmas_tf.config.branches.register_front_end`); docs/extending.md has
an example.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from irmas_tf.dsp.framing import num_frames


class Float32Layer(keras.layers.Layer):
    """Mark of the layers between the waveform and the network, which exports leave in float32, constants and all.

    Signals and constants of 8 or 16 bits in a front-end change the answers beyond use (`irmas_tf.deploy.tflite`).
    """


class FrontEnd(Float32Layer):
    """Base of the layers that turn waveforms, of at least one sample, into features.

    A front-end computes in float32 and returns float32 under every dtype policy: half-precision audio has a noise
    floor of -66 dB (float16) or -48 dB (bfloat16), and the features are small beside what follows. Subclasses
    implement ``call`` and set ``num_bins``.

    Args:
        sample_rate_hz: rate of the waveforms, in Hz.
        hop_length: samples between frames.
        num_bins: features per frame.
        **kwargs: arguments of `keras.layers.Layer`.
    """

    def __init__(self, sample_rate_hz: int, hop_length: int, num_bins: int, **kwargs: Any) -> None:
        # Without autocast the waveform reaches `call` as it is, not rounded to the policy's compute dtype.
        super().__init__(autocast=False, **kwargs)
        self.input_spec = keras.layers.InputSpec(ndim=2)
        self.sample_rate_hz = sample_rate_hz
        self.hop_length = hop_length
        self.num_bins = num_bins

    @property
    def identity(self) -> str:
        """Return a line that is equal for two front-ends if and only if they compute the same features.

        By default the class and the constructor's arguments, without those that every layer has.
        """
        of_every_layer = ("name", "trainable", "dtype")
        own = {key: value for key, value in self.get_config().items() if key not in of_every_layer}
        facts = (f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}" for key, value in own.items())
        return " ".join([type(self).__name__, *(fact.replace(" ", "") for fact in facts)])

    @property
    def frame_rate_hz(self) -> float:
        """Frames per second."""
        return self.sample_rate_hz / self.hop_length

    def samples_of(self, waveform: tf.Tensor) -> Any:
        """Return the samples of waveforms [batch, samples]: an int where it is known, else an integer tensor.

        Raises:
            ValueError: it is known to be zero.
        """
        samples = waveform.shape[1]
        if samples == 0:
            raise ValueError(f"{self.name}: the waveforms have no samples; pad them to at least one")
        return tf.shape(waveform)[1] if samples is None else samples

    @staticmethod
    def one_at_a_time(function: Callable[[tf.Tensor], tf.Tensor], waveform: tf.Tensor, training: bool | None) -> Any:
        """Return ``function(waveform)``, in training on a CPU one waveform at a time, several in parallel.

        The frames of one waveform stay in the core's cache; those of a batch go through memory at every step, which
        takes spectrograms a third longer and more (`benchmarks/front_ends.py`). Predictions see smaller batches, and
        exports have no loop in their graph.

        Args:
            function: [batch, samples] -> [batch, frames, bins], each row from the same row alone.
            waveform: [batch, samples] float32.
            training: as in ``call``.
        """
        if training and not tf.executing_eagerly() and not tf.config.list_physical_devices("GPU"):
            return tf.map_fn(lambda one: function(one[tf.newaxis])[0], waveform)
        return function(waveform)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, int | None, int]:
        """Return ``(batch, ceil(samples / hop_length), num_bins)``.

        Raises:
            ValueError: the input is not [batch, samples].
        """
        if len(input_shape) != 2:
            raise ValueError(f"{self.name}: expects waveforms [batch, samples], got shape {tuple(input_shape)}")
        batch, samples = input_shape
        return batch, None if samples is None else num_frames(samples, self.hop_length), self.num_bins

    def compute_output_spec(self, waveform: keras.KerasTensor, **kwargs: Any) -> keras.KerasTensor:
        """Return the symbolic output: float32, whatever the layer's dtype policy."""
        return keras.KerasTensor(self.compute_output_shape(waveform.shape), dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {
            "sample_rate_hz": self.sample_rate_hz,
            "hop_length": self.hop_length,
            "num_bins": self.num_bins,
        }
