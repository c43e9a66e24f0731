"""CNN14 of the PANNs: twelve convolutions and 80 million weights, trained on AudioSet (527 classes).

Source: Kong et al., "PANNs: large-scale pretrained audio neural networks for audio pattern recognition", IEEE/ACM
TASLP 2020, table I and section III.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import keras
import numpy as np

from irmas_tf.layers.published_log_mel import PannLogMel
from irmas_tf.models.blocks import relu
from irmas_tf.models.heads import TimePooling
from irmas_tf.models.published_layers import published_norm, symmetric_convolution
from irmas_tf.models.weight_table import Array, WeightEntry, WeightsError, torch_batch_norm, torch_linear

EPSILON = 1e-5
NUM_BINS = 64
_CHANNELS = (64, 128, 256, 512, 1024, 2048)
BLOCKS = ("bn0", *(f"conv_block{number}" for number in range(1, len(_CHANNELS) + 1)), "fc1")
HEAD_BLOCKS = ("fc_audioset",)

# Front-end by sample rate; the variants' networks are the same.
FRONT_ENDS: Mapping[int, dict[str, Any]] = {
    32000: {"frame_length": 1024, "hop_length": 320, "max_frequency_hz": 14000.0},
    16000: {"frame_length": 512, "hop_length": 160, "max_frequency_hz": 8000.0},
}
# The constants of the front-end in a published file: filters, and the Fourier transform times the window.
FRONT_END_TENSORS = ("logmel_extractor.melW", "spectrogram_extractor.stft.conv_real.weight")
# Five poolings halve the frames.
MINIMUM_FRAMES = 32


def front_end(sample_rate_hz: int = 32000, **kwargs: Any) -> PannLogMel:
    """Return the front-end of a variant; waveforms too short for the five poolings are padded with zeros."""
    settings = FRONT_ENDS[sample_rate_hz]
    return PannLogMel(
        sample_rate_hz,
        num_bins=NUM_BINS,
        minimum_samples=(MINIMUM_FRAMES - 1) * settings["hop_length"],
        dtype="float32",
        **settings,
        **kwargs,
    )


def features(
    waveform: Any,
    name: str = "pann",
    *,
    sample_rate_hz: int = 32000,
    width: float = 1.0,
    block_dropout: float = 0.2,
    seed: int | None = None,
    augment: Callable[[Any], Any] | None = None,
    bandwidth_hz: float | None = None,
) -> Any:
    """Return the last feature map, [batch, frames / 32, 2, 2048 * width].

    Args:
        waveform: Keras tensor [batch, samples] float32 in [-1, 1].
        name: prefix of the layers' names.
        sample_rate_hz: 32000 or 16000.
        width: factor of the channels; 1 is the published network.
        block_dropout: rate after each block, in training.
        seed: of dropout.
        augment: applied to the log-mel features [batch, frames, 64] after their normalisation, as published.
        bandwidth_hz: of `PannLogMel`.
    """
    log_mel = front_end(sample_rate_hz, bandwidth_hz=bandwidth_hz, name=f"{name}_log_mel")(waveform)
    # Normalised over time and examples, so the mel bands are the channels.
    x = keras.layers.Reshape((-1, 1, NUM_BINS), name=f"{name}_bands")(log_mel)
    x = published_norm(x, f"{name}_bn0", epsilon=EPSILON)
    x = keras.layers.Reshape((-1, NUM_BINS), name=f"{name}_normalised")(x)
    if augment:
        x = augment(x)
    x = keras.layers.Reshape((-1, NUM_BINS, 1), name=f"{name}_to_image")(x)
    for number, channels in enumerate(_CHANNELS, start=1):
        prefix = f"{name}_conv_block{number}"
        for part in (1, 2):
            x = symmetric_convolution(
                x, round(channels * width), 3, 1, f"{prefix}_conv{part}", padding_name=f"{prefix}_pad{part}"
            )
            x = relu(published_norm(x, f"{prefix}_bn{part}", epsilon=EPSILON), f"{prefix}_relu{part}")
        if number < len(_CHANNELS):
            x = keras.layers.AveragePooling2D(2, name=f"{prefix}_pool")(x)
        if block_dropout:
            x = keras.layers.Dropout(
                block_dropout, seed=None if seed is None else seed + number, name=f"{prefix}_dropout"
            )(x)
    return x


def embedding(
    feature_map: Any, name: str = "pann", *, width: float = 1.0, dropout: float = 0.5, seed: int | None = None
) -> Any:
    """Return the embedding [batch, 2048 * width] float32: mean over frequency, maximum plus mean over time, dense.

    Args:
        feature_map: what `features` returned.
        name: prefix of the layers' names.
        width: as in `features`.
        dropout: rate before the dense layer, in training.
        seed: of dropout.
    """
    x = TimePooling("mean_max", dtype="float32", name=f"{name}_pooling")(feature_map)
    if dropout:
        x = keras.layers.Dropout(dropout, seed=seed, dtype="float32", name=f"{name}_fc1_dropout")(x)
    x = keras.layers.Dense(round(_CHANNELS[-1] * width), dtype="float32", name=f"{name}_fc1")(x)
    return keras.layers.ReLU(dtype="float32", name=f"{name}_embedding")(x)


def outputs(feature_map: Any, num_labels: int, name: str = "pann", *, width: float = 1.0) -> dict[str, Any]:
    """Return the published classifier's ``embedding``, ``logits`` and ``probabilities`` [batch, labels]."""
    vector = embedding(feature_map, name, width=width)
    x = keras.layers.Dropout(0.5, dtype="float32", name=f"{name}_fc_audioset_dropout")(vector)
    logits = keras.layers.Dense(num_labels, dtype="float32", name=f"{name}_fc_audioset")(x)
    probabilities = keras.layers.Activation("sigmoid", dtype="float32", name=f"{name}_probabilities")(logits)
    return {"embedding": vector, "logits": logits, "probabilities": probabilities}


def weight_table() -> tuple[WeightEntry, ...]:
    """Return where the tensors of the published state dict go."""
    entries = [*torch_batch_norm("bn0", "bn0")]
    for number in range(1, len(_CHANNELS) + 1):
        for part in (1, 2):
            block = f"conv_block{number}"
            entries.append(WeightEntry(f"{block}_conv{part}", "kernel", f"{block}.conv{part}.weight", "conv"))
            entries += torch_batch_norm(f"{block}_bn{part}", f"{block}.bn{part}")
    return (*entries, *torch_linear("fc1", "fc1"), *torch_linear("fc_audioset", "fc_audioset"))


def carries_front_end(keys: Collection[str]) -> bool:
    """Return whether published tensors contain the front-end's constants, which `take_front_end` compares."""
    return all(key in keys for key in FRONT_END_TENSORS)


def take_front_end(tensors: dict[str, Array], *, sample_rate_hz: int = 32000) -> None:
    """Remove the front-end's constants, which the published files contain, after comparing them with ours.

    Raises:
        WeightsError: the network was trained with another front-end.
    """
    layer = front_end(sample_rate_hz)
    # cos(0): the first row of the Fourier transform is the window itself.
    ours = (layer.filters, layer.window[np.newaxis, np.newaxis, :])
    for key, expected in zip(FRONT_END_TENSORS, ours, strict=True):
        found = tensors.pop(key, None)
        if found is None:
            continue
        rows = found[:1] if key.endswith("conv_real.weight") else found
        if rows.shape != expected.shape or not np.allclose(rows, expected, rtol=1e-3, atol=1e-6):
            raise WeightsError(
                f"these weights were trained with another front-end: their {key} of shape {found.shape} is not that of"
                f" {layer.identity}; choose the --backbone of the file's sample rate"
            )
    tensors.pop("spectrogram_extractor.stft.conv_imag.weight", None)
