"""One branch: waveform -> spectrogram -> normalised, masked in training -> convolution stages -> vector."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import keras

from irmas_tf.config.backbones import BACKBONES
from irmas_tf.config.branches import BackboneBranch, Branch, FrontEndBranch
from irmas_tf.config.run_config import Config
from irmas_tf.layers.base import FrontEnd
from irmas_tf.layers.freq_mix_style import FreqMixStyle
from irmas_tf.layers.normalization import BinNormalization
from irmas_tf.layers.spec_augment import SpecAugment
from irmas_tf.models.blocks import BLOCKS, convolution, normalise, relu
from irmas_tf.models.heads import TimePooling
from irmas_tf.models.pretrained import band_profile


def scaled_channels(channels: int, width_multiplier: float) -> int:
    """Return channels times the multiplier, rounded to a multiple of 8 (vector registers), at least 8."""
    return max(8, round(channels * width_multiplier / 8) * 8)


def front_end_layer(branch: FrontEndBranch, config: Config, name: str) -> FrontEnd:
    """Return the layer that turns waveforms into the features of a branch; ``name`` is the prefix of its name.

    Raises:
        ConfigError: it cannot be imported, or it is no front-end.
    """
    kind = branch.layer_class()
    if not (isinstance(kind, type) and issubclass(kind, FrontEnd)):
        raise branch.error(f"{branch.LAYER} is not a subclass of irmas_tf.layers.base.FrontEnd")
    # float32 under every policy: power spectra overflow float16.
    layer: FrontEnd = kind(**branch.layer_arguments(config), dtype="float32", name=f"{name}_{branch.LAYER_NAME}")
    return layer


def front_end(waveform: Any, branch: FrontEndBranch, config: Config, name: str, seed: int) -> Any:
    """Return the features a branch sees, [batch, frames, bins] float32.

    Args:
        waveform: Keras tensor [batch, samples] float32 in [-1, 1].
        branch: the front-end's settings.
        config: the run's configuration.
        name: prefix of the layers' names.
        seed: of the masks.
    """
    x = front_end_layer(branch, config, name)(waveform)
    x = BinNormalization(dtype="float32", name=f"{name}_normalization")(x)
    return spectral_augmentation(branch.hop_length, branch.num_bins, config, name, seed)(x)


def spectral_augmentation(
    hop_length: int, num_bins: int, config: Config, name: str, seed: int, *, fill: str = "zero"
) -> Callable[[Any], Any]:
    """Return what changes a branch's features in training: their balance, then masks (arguments as `masks`)."""
    augment = config.augment
    mask = masks(hop_length, num_bins, config, name, seed, fill=fill)
    if not augment.mix_style_share:
        return mask
    style = FreqMixStyle(
        augment.mix_style_share,
        augment.mix_style_alpha,
        seed=seed ^ 0x5717,  # not the masks' draws once more
        dtype="float32",
        name=f"{name}_mix_style",
    )
    return lambda features: mask(style(features))


def masks(hop_length: int, num_bins: int, config: Config, name: str, seed: int, *, fill: str = "zero") -> SpecAugment:
    """Return the layer that masks a branch's features in training.

    Args:
        hop_length: samples between the features' frames.
        num_bins: bins of the features.
        config: the run's configuration.
        name: prefix of the layer's name.
        seed: of the masks.
        fill: see `SpecAugment`.
    """
    augment = config.augment
    return SpecAugment(
        time_masks=augment.time_masks,
        max_time_frames=round(augment.time_mask_seconds * config.audio.sample_rate_hz / hop_length),
        frequency_masks=augment.frequency_masks,
        max_bins=round(augment.frequency_mask_fraction * num_bins),
        seed=seed,
        fill=fill,
        dtype="float32",
        name=f"{name}_spec_augment",
    )


def backbone(features: Any, config: Config, name: str) -> Any:
    """Return the vector [batch, channels] of features [batch, frames, bins].

    The first convolution shrinks both axes by ``stem_stride``, because full resolution would cost more than all the
    rest; every stage but the first halves them again in its first block.
    """
    model = config.model
    block = BLOCKS.get(model.block)
    channels = [scaled_channels(c, model.width_multiplier) for c in model.stage_channels]
    x = keras.layers.Reshape((-1, features.shape[-1], 1), name=f"{name}_to_image")(features)
    stride = model.stem_stride
    x = convolution(x, channels[0], 2 * stride - 1, stride, f"{name}_stem_conv")
    x = relu(normalise(x, f"{name}_stem_bn"), f"{name}_stem_relu")
    for stage, width in enumerate(channels):
        for index in range(math.ceil(model.depth_multiplier)):
            stride = 2 if index == 0 and stage > 0 else 1
            x = block(x, width, stride, f"{name}_stage{stage}_block{index}")
    return TimePooling(model.pooling, dtype="float32", name=f"{name}_pooling")(x)


def pretrained_network(waveform: Any, branch: BackboneBranch, config: Config, name: str, seed: int) -> Any:
    """Return the embedding or the profile of a pretrained network, [batch, channels] float32 (see `front_end`).

    Its layers are called ``name`` and their published name; the weights are random until they are loaded.

    Raises:
        ConfigError: the branch has a bandwidth, and the network (of another package) knows none.
    """
    spec = BACKBONES.get(branch.scale)
    # Its front-end is not normalised, so that a mask of zeros could be louder than all around it.
    augment = spectral_augmentation(spec.hop_length, spec.num_bins, config, name, seed, fill="mean")
    heard = {"bandwidth_hz": branch.bandwidth_hz} if branch.bandwidth_hz else {}
    if heard and "bandwidth_hz" not in inspect.signature(spec.network().features).parameters:
        raise branch.error(f"the features of {spec.name} take no bandwidth_hz")
    last = spec.features(waveform, name, augment=augment, seed=seed, **heard)
    if branch.profile:
        return band_profile(spec, waveform, last, name)
    vector = spec.embedding(last, name, seed=seed)
    return spec.hidden(vector, name) if config.model.head_from_pretrained else vector


def build_branch(waveform: Any, branch: Branch, config: Config, name: str, seed: int) -> Any:
    """Return the vector of one branch, [batch, channels] float32 (arguments as `front_end`)."""
    if isinstance(branch, BackboneBranch):
        return pretrained_network(waveform, branch, config, name, seed)
    assert isinstance(branch, FrontEndBranch)
    return backbone(front_end(waveform, branch, config, name, seed), config, name)
