"""MobileNetV3 for audio ("mn", EfficientAT), distilled from transformers on AudioSet (527 classes); any width.

Source: Schmid et al., "Efficient large-scale audio tagging via transformer-to-CNN knowledge distillation", ICASSP
2023; Howard et al., "Searching for MobileNetV3", ICCV 2019, table 1.

The published network sees images of frequency x time; ours are time x frequency like all feature maps here, and the
kernels are turned accordingly when weights are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import keras

from irmas_tf.layers.published_log_mel import MobileNetLogMel
from irmas_tf.models.published_layers import hard_swish, published_norm, symmetric_convolution
from irmas_tf.models.weight_table import WeightEntry, WeightsError, torch_batch_norm, torch_linear

EPSILON = 1e-3
NUM_BINS = 128
_FIRST_CHANNELS = 16
_HIDDEN_UNITS = 1280
# Networks for other hops (in ms) and numbers of mel bands differ in their file's name only: mn10_as_hop_5_mAP_475.pt.
_FRONT_END_IN_NAME = re.compile(r"(?:^|_)(hop|mels)_(\d+)", re.IGNORECASE)


class _Row(NamedTuple):
    """A row of the MobileNetV3-Large table, before scaling."""

    kernel: int
    expanded: int
    channels: int
    squeeze: bool
    swish: bool
    stride: int


_ROWS = (
    _Row(3, 16, 16, False, False, 1),
    _Row(3, 64, 24, False, False, 2),
    _Row(3, 72, 24, False, False, 1),
    _Row(5, 72, 40, True, False, 2),
    _Row(5, 120, 40, True, False, 1),
    _Row(5, 120, 40, True, False, 1),
    _Row(3, 240, 80, False, True, 2),
    _Row(3, 200, 80, False, True, 1),
    _Row(3, 184, 80, False, True, 1),
    _Row(3, 184, 80, False, True, 1),
    _Row(3, 480, 112, True, True, 1),
    _Row(3, 672, 112, True, True, 1),
    _Row(5, 672, 160, True, True, 2),
    _Row(5, 960, 160, True, True, 1),
    _Row(5, 960, 160, True, True, 1),
)
BLOCKS = tuple(f"features_{number}" for number in range(len(_ROWS) + 2))
HEAD_BLOCKS = ("classifier_2", "classifier_5")


def rounded_channels(channels: float) -> int:
    """Return the nearest multiple of 8, at least 8 and not more than 10 % below (the MobileNet rule)."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def _block(x: Any, row: _Row, width: float, name: str) -> Any:
    """Return an inverted residual: expand, filter each channel, squeeze and excite, project; shortcut if it fits."""

    def activation(x: Any, name: str) -> Any:
        return hard_swish(x, name) if row.swish else keras.layers.ReLU(name=name)(x)

    channels, expanded = rounded_channels(row.channels * width), rounded_channels(row.expanded * width)
    y = x
    if expanded != x.shape[-1]:
        y = symmetric_convolution(y, expanded, 1, 1, f"{name}_expand", padding_name="")
        y = activation(published_norm(y, f"{name}_expand_bn", epsilon=EPSILON), f"{name}_expand_activation")
    y = symmetric_convolution(
        y, None, row.kernel, row.stride, f"{name}_depthwise", padding_name=f"{name}_depthwise_pad"
    )
    y = activation(published_norm(y, f"{name}_depthwise_bn", epsilon=EPSILON), f"{name}_depthwise_activation")
    if row.squeeze:
        z = keras.layers.GlobalAveragePooling2D(name=f"{name}_squeeze")(y)
        z = keras.layers.Dense(rounded_channels(expanded // 4), activation="relu", name=f"{name}_squeeze_fc1")(z)
        z = keras.layers.Dense(expanded, activation="sigmoid", name=f"{name}_squeeze_fc2")(z)
        z = keras.layers.Reshape((1, 1, expanded), name=f"{name}_squeeze_gates")(z)
        y = keras.layers.Multiply(name=f"{name}_excite")([y, z])
    y = symmetric_convolution(y, channels, 1, 1, f"{name}_project", padding_name="")
    y = published_norm(y, f"{name}_project_bn", epsilon=EPSILON)
    if row.stride == 1 and channels == x.shape[-1]:
        y = keras.layers.Add(name=f"{name}_add")([x, y])
    return y


def features(
    waveform: Any,
    name: str = "mn",
    *,
    width: float = 1.0,
    augment: Callable[[Any], Any] | None = None,
    bandwidth_hz: float | None = None,
) -> Any:
    """Return the last feature map, [batch, ceil(frames / 32), 4, channels] (960 channels at width 1).

    Args:
        waveform: Keras tensor [batch, samples] float32 in [-1, 1] at 32 kHz.
        name: prefix of the layers' names.
        width: factor of the channels; 0.4 is "mn04".
        augment: applied to the log-mel features [batch, frames, 128].
        bandwidth_hz: of `MobileNetLogMel`.
    """
    log_mel = MobileNetLogMel(bandwidth_hz=bandwidth_hz, dtype="float32", name=f"{name}_log_mel")(waveform)
    if augment:
        log_mel = augment(log_mel)
    x = keras.layers.Reshape((-1, NUM_BINS, 1), name=f"{name}_to_image")(log_mel)
    prefix = f"{name}_{BLOCKS[0]}"
    x = symmetric_convolution(
        x, rounded_channels(_FIRST_CHANNELS * width), 3, 2, f"{prefix}_conv", padding_name=f"{prefix}_pad"
    )
    x = hard_swish(published_norm(x, f"{prefix}_bn", epsilon=EPSILON), f"{prefix}_activation")
    for block, row in zip(BLOCKS[1:-1], _ROWS, strict=True):
        x = _block(x, row, width, f"{name}_{block}")
    prefix = f"{name}_{BLOCKS[-1]}"
    x = symmetric_convolution(x, 6 * x.shape[-1], 1, 1, f"{prefix}_conv", padding_name="")
    return hard_swish(published_norm(x, f"{prefix}_bn", epsilon=EPSILON), f"{prefix}_activation")


def embedding(feature_map: Any, name: str = "mn") -> Any:
    """Return the mean of the feature map over time and frequency, [batch, channels] float32."""
    return keras.layers.GlobalAveragePooling2D(dtype="float32", name=f"{name}_embedding")(feature_map)


def hidden(vector: Any, name: str = "mn", *, width: float = 1.0) -> Any:
    """Return what the published classifier's last layer is given for an embedding, [batch, 1280 * width] float32."""
    x = keras.layers.Dense(rounded_channels(_HIDDEN_UNITS * width), dtype="float32", name=f"{name}_classifier_2")(
        vector
    )
    return keras.layers.Activation("hard_silu", dtype="float32", name=f"{name}_classifier_3")(x)


def outputs(feature_map: Any, num_labels: int, name: str = "mn", *, width: float = 1.0) -> dict[str, Any]:
    """Return the published classifier's ``embedding``, ``logits`` and ``probabilities`` [batch, labels]."""
    vector = embedding(feature_map, name)
    x = hidden(vector, name, width=width)
    x = keras.layers.Dropout(0.2, dtype="float32", name=f"{name}_classifier_4")(x)
    logits = keras.layers.Dense(num_labels, dtype="float32", name=f"{name}_classifier_5")(x)
    probabilities = keras.layers.Activation("sigmoid", dtype="float32", name=f"{name}_probabilities")(logits)
    return {"embedding": vector, "logits": logits, "probabilities": probabilities}


def weight_table(*, width: float = 1.0) -> tuple[WeightEntry, ...]:
    """Return where the tensors of the published state dict go."""

    def convolution(layer: str, norm: str, source: str, layout: str = "conv_turned") -> tuple[WeightEntry, ...]:
        return (
            WeightEntry(layer, "kernel", f"{source}.0.weight", layout),
            *torch_batch_norm(norm, f"{source}.1"),
        )

    entries = [*convolution("features_0_conv", "features_0_bn", "features.0")]
    channels = rounded_channels(_FIRST_CHANNELS * width)
    for number, row in enumerate(_ROWS, start=1):
        layer, source, part = f"features_{number}", f"features.{number}.block", 0
        # As in the network, a block without expansion has one part less.
        if rounded_channels(row.expanded * width) != channels:
            entries += convolution(f"{layer}_expand", f"{layer}_expand_bn", f"{source}.0")
            part = 1
        entries += convolution(f"{layer}_depthwise", f"{layer}_depthwise_bn", f"{source}.{part}", "depthwise_turned")
        if row.squeeze:
            part += 1
            for dense in ("fc1", "fc2"):
                entries += torch_linear(f"{layer}_squeeze_{dense}", f"{source}.{part}.conc_se_layers.0.{dense}")
        entries += convolution(f"{layer}_project", f"{layer}_project_bn", f"{source}.{part + 1}")
        channels = rounded_channels(row.channels * width)
    last = len(_ROWS) + 1
    entries += convolution(f"features_{last}_conv", f"features_{last}_bn", f"features.{last}")
    return (*entries, *torch_linear("classifier_2", "classifier.2"), *torch_linear("classifier_5", "classifier.5"))


def check_file_name(name: str, *, hop_length: int, num_bins: int, sample_rate_hz: int) -> None:
    """Check the hop and the mel bands in the name of a published file, if it has them.

    Nothing else in such a file tells: keys and shapes are the same.

    Args:
        name: of the file.
        hop_length: of the front-end, in samples.
        num_bins: mel bands of the front-end.
        sample_rate_hz: of the waveforms.

    Raises:
        WeightsError: the network was trained with another front-end.
    """
    ours = {"hop": 1000 * hop_length / sample_rate_hz, "mels": num_bins}
    units = {"hop": "a hop of {:g} ms", "mels": "{:g} mel bands"}
    for match in _FRONT_END_IN_NAME.finditer(name):
        kind, value = match[1].lower(), int(match[2])
        if value != ours[kind]:
            raise WeightsError(
                f"{name}: these weights were trained with another front-end, by their name with"
                f" {units[kind].format(value)}; the network here has {units[kind].format(ours[kind])}. Take the file"
                " without _hop_ and _mels_ in its name"
            )
