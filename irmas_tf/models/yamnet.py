"""YAMNet: MobileNetV1 on patches of .96 s of log-mel, trained on AudioSet (521 classes).

Source: Plakal and Ellis, TensorFlow model garden, research/audioset/yamnet; Howard et al., "MobileNets", 2017.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from irmas_tf.layers.patches import JoinPatches, Patches
from irmas_tf.layers.published_log_mel import YamnetLogMel
from irmas_tf.models.published_layers import published_norm
from irmas_tf.models.weight_table import Array, WeightEntry

EMBEDDING_SIZE = 1024
EPSILON = 1e-4
PATCH_FRAMES = 96
PATCH_HOP_FRAMES = 48

# (stride, channels); the first is a full convolution, the others are depthwise and pointwise.
_LAYERS = (
    (2, 32),
    (1, 64),
    (2, 128),
    (1, 128),
    (2, 256),
    (1, 256),
    (2, 512),
    *((1, 512),) * 5,
    (2, 1024),
    (1, 1024),
)
BLOCKS = tuple(f"layer{number}" for number in range(1, len(_LAYERS) + 1))
HEAD_BLOCKS = ("logits",)


def _norm_relu(x: Any, name: str, relu_max: float | None) -> Any:
    x = published_norm(x, f"{name}_bn", epsilon=EPSILON, scale=False)
    return keras.layers.ReLU(max_value=relu_max, name=f"{name}_relu")(x)


def features(
    waveform: Any,
    name: str = "yamnet",
    *,
    relu_max: float | None = None,
    augment: Callable[[Any], Any] | None = None,
    bandwidth_hz: float | None = None,
) -> Any:
    """Return the embeddings of patches as a feature map, [batch, patches, 1, 1024].

    Patches of .96 s start every .48 s; the last is padded with zeros (`YamnetLogMel`).

    Args:
        waveform: Keras tensor [batch, samples] float32 in [-1, 1] at 16 kHz.
        name: prefix of the layers' names.
        relu_max: upper limit of the activations. None is the network of ``yamnet.h5`` and TensorFlow Hub; 6 that of the
            on-device ``yamnet_classification.tflite``, another training of the same architecture.
        augment: applied to the log-mel features [batch, frames, 64].
        bandwidth_hz: of `YamnetLogMel`.
    """
    # float32 under every policy: the front-end's floor lies below float16's smallest steps.
    log_mel = YamnetLogMel(
        patch_frames=PATCH_FRAMES,
        patch_hop_frames=PATCH_HOP_FRAMES,
        bandwidth_hz=bandwidth_hz,
        dtype="float32",
        name=f"{name}_log_mel",
    )(waveform)
    x = Patches(PATCH_FRAMES, PATCH_HOP_FRAMES, name=f"{name}_patches")(augment(log_mel) if augment else log_mel)
    for block, (stride, channels) in zip(BLOCKS, _LAYERS, strict=True):
        prefix = f"{name}_{block}"
        if block != BLOCKS[0]:
            x = keras.layers.DepthwiseConv2D(
                3,
                stride,
                padding="same",
                use_bias=False,
                depthwise_initializer="he_normal",
                name=f"{prefix}_depthwise_conv",
            )(x)
            x = _norm_relu(x, f"{prefix}_depthwise_conv", relu_max)
        last = "conv" if block == BLOCKS[0] else "pointwise_conv"
        size, stride = (3, stride) if block == BLOCKS[0] else (1, 1)
        x = keras.layers.Conv2D(
            channels,
            size,
            stride,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"{prefix}_{last}",
        )(x)
        x = _norm_relu(x, f"{prefix}_{last}", relu_max)
    x = keras.layers.GlobalAveragePooling2D(dtype="float32", name=f"{name}_pooling")(x)
    return JoinPatches(PATCH_FRAMES, PATCH_HOP_FRAMES, dtype="float32", name=f"{name}_join_patches")([x, log_mel])


def embedding(feature_map: Any, name: str = "yamnet") -> Any:
    """Return the mean embedding of the patches, [batch, 1024] float32."""
    return keras.layers.GlobalAveragePooling2D(dtype="float32", name=f"{name}_embedding")(feature_map)


def outputs(feature_map: Any, num_labels: int, name: str = "yamnet") -> dict[str, Any]:
    """Return the published classifier's answers about a clip.

    Returns:
        ``embedding`` [batch, 1024], ``patch_logits`` [batch, patches, labels] and ``probabilities`` [batch, labels],
        the mean over patches (there are no logits of a clip: its probabilities are means).
    """
    vectors = keras.layers.Reshape((-1, EMBEDDING_SIZE), dtype="float32", name=f"{name}_patch_embeddings")(feature_map)
    logits = keras.layers.Dense(num_labels, dtype="float32", name=f"{name}_logits")(vectors)
    probabilities = keras.layers.Activation("sigmoid", dtype="float32", name=f"{name}_patch_probabilities")(logits)
    return {
        "embedding": embedding(feature_map, name),
        "patch_logits": logits,
        "probabilities": keras.layers.GlobalAveragePooling1D(dtype="float32", name=f"{name}_probabilities")(
            probabilities
        ),
    }


def weight_layers() -> tuple[str, ...]:
    """Return the published names of the layers with weights, in their order in the network."""
    names = ["layer1/conv", "layer1/conv/bn"]
    for block in BLOCKS[1:]:
        for part in ("depthwise_conv", "pointwise_conv"):
            names += [f"{block}/{part}", f"{block}/{part}/bn"]
    return (*names, *HEAD_BLOCKS)


def weight_table() -> tuple[WeightEntry, ...]:
    """Return where the published variables go."""
    entries = []
    for source in weight_layers():
        layer = source.replace("/", "_")
        if source.endswith("/bn"):
            variables: tuple[str, ...] = ("beta", "moving_mean", "moving_variance")
        else:
            variables = ("kernel", "bias") if source in HEAD_BLOCKS else ("kernel",)
        for variable in variables:
            # Keras 2 called it so.
            published = "depthwise_kernel" if source.endswith("depthwise_conv") else variable
            entries.append(WeightEntry(layer, variable, f"{source}/{published}"))
    return tuple(entries)


def unfold_batch_norms(tensors: dict[str, Array]) -> dict[str, Array]:
    """Return tensors whose batch normalisations were folded into the convolutions, as the network needs them.

    A folded network has a bias after each convolution (``layer1/conv/bias``) and its last layer may be called
    ``dense``. The normalisation that adds this bias and does nothing else has mean 0, variance 1 - epsilon.
    """
    unfolded: dict[str, Array] = {}
    for key, tensor in tensors.items():
        source, _, variable = key.rpartition("/")
        if source == "dense":
            unfolded[f"{HEAD_BLOCKS[0]}/{variable}"] = tensor
        elif variable == "bias" and source not in HEAD_BLOCKS:
            unfolded[f"{source}/bn/beta"] = tensor
            unfolded[f"{source}/bn/moving_mean"] = np.zeros_like(tensor)
            unfolded[f"{source}/bn/moving_variance"] = np.full_like(tensor, 1.0 - EPSILON)
        else:
            unfolded[key] = tensor
    return unfolded
