"""A Keras model of this package as a PyTorch module: the same layers, graph and weights."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import torch
from torch import nn

from irmas_tf.dsp.framing import num_frames, padding
from irmas_tf.dsp.mel import filterbank
from irmas_tf.layers.normalization import BinNormalization
from irmas_tf.layers.spec_augment import SpecAugment
from irmas_tf.layers.spectrogram import Spectrogram
from irmas_tf.models.heads import TimePooling


class TorchSpectrogram(nn.Module):
    """`irmas_tf.layers.spectrogram.Spectrogram` on torch.stft."""

    def __init__(self, layer: Spectrogram) -> None:
        super().__init__()
        self.layer = layer
        filters = filterbank(
            layer.scale,
            layer.num_bins,
            layer.fft_length,
            layer.sample_rate_hz,
            layer.min_frequency_hz,
            layer.max_frequency_hz,
            layer.mel_scale,
        )
        self.register_buffer("filters", torch.from_numpy(np.asarray(filters)))
        self.register_buffer("window", torch.hann_window(layer.frame_length))
        self.scale = float(1 / self.window.square().sum().sqrt())

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        layer = self.layer
        before, after = padding(waveform.shape[1], layer.frame_length, layer.hop_length)
        # torch.stft centres a window shorter than the FFT; all configurations here have frame_length == fft_length.
        spectrum = torch.stft(
            nn.functional.pad(waveform, (before, after)),
            layer.fft_length,
            layer.hop_length,
            layer.frame_length,
            self.window,
            center=False,
            return_complex=True,
        )
        assert spectrum.shape[2] == num_frames(waveform.shape[1], layer.hop_length)
        bands = spectrum.abs().transpose(1, 2) @ self.filters
        return torch.log(bands * self.scale + layer.log_offset)


class TorchBinNormalization(nn.Module):
    def __init__(self, layer: BinNormalization) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(layer.mean.numpy()))
        self.register_buffer("scale", torch.from_numpy(1 / np.sqrt(layer.variance.numpy() + layer.epsilon)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x - self.mean) * self.scale


class SamePadding(nn.Module):
    """TensorFlow's "same" padding, which puts the odd row or column at the end."""

    def __init__(self, size: tuple[int, int], stride: tuple[int, int]) -> None:
        super().__init__()
        self.size, self.stride = size, stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pads: list[int] = []
        for length, size, stride in zip(reversed(x.shape[2:]), reversed(self.size), reversed(self.stride), strict=True):
            total = max(0, (-(-length // stride) - 1) * stride + size - length)
            pads += [total // 2, total - total // 2]
        return nn.functional.pad(x, pads)


def convolution(layer: Any, exact_padding: bool) -> nn.Module:
    """Return a convolution with the layer's kernel; ``exact_padding`` costs a copy that PyTorch users do not make."""
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    kernel = layer.kernel.numpy()  # [height, width, in, out], or [height, width, channels, 1]
    kernel = kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(3, 2, 0, 1)
    channels_in, channels_out = layer.input.shape[-1], layer.output.shape[-1]
    size = tuple(layer.kernel_size)
    torch_layer = nn.Conv2d(
        channels_in,
        channels_out,
        size,
        tuple(layer.strides),
        padding=0 if exact_padding else tuple(s // 2 for s in size),
        groups=channels_in if depthwise else 1,
        bias=layer.use_bias,
    )
    with torch.no_grad():
        torch_layer.weight.copy_(torch.from_numpy(kernel.copy()))
        if layer.use_bias:
            torch_layer.bias.copy_(torch.from_numpy(layer.bias.numpy()))
    return nn.Sequential(SamePadding(size, tuple(layer.strides)), torch_layer) if exact_padding else torch_layer


def batch_norm(layer: Any) -> nn.Module:
    channels, rank = layer.gamma.shape[0], len(layer.input.shape)
    kind = nn.BatchNorm2d if rank == 4 else nn.BatchNorm1d
    torch_layer = kind(channels, eps=layer.epsilon, momentum=1 - layer.momentum)
    with torch.no_grad():
        torch_layer.weight.copy_(torch.from_numpy(layer.gamma.numpy()))
        torch_layer.bias.copy_(torch.from_numpy(layer.beta.numpy()))
        torch_layer.running_mean.copy_(torch.from_numpy(layer.moving_mean.numpy()))
        torch_layer.running_var.copy_(torch.from_numpy(layer.moving_variance.numpy()))
    return torch_layer


def dense(layer: Any) -> nn.Module:
    torch_layer = nn.Linear(*layer.kernel.shape, bias=layer.use_bias)
    with torch.no_grad():
        torch_layer.weight.copy_(torch.from_numpy(layer.kernel.numpy().T.copy()))
        if layer.use_bias:
            torch_layer.bias.copy_(torch.from_numpy(layer.bias.numpy()))
    return torch_layer


class Call(nn.Module):
    """A module of a function without weights."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x)


def time_pooling(mode: str) -> nn.Module:
    def pool(x: torch.Tensor) -> torch.Tensor:
        x = x.mean(dim=3)
        parts = {"mean": [x.mean(dim=2)], "max": [x.amax(dim=2)], "mean_max": [x.mean(dim=2), x.amax(dim=2)]}[mode]
        return sum(parts[1:], parts[0])

    return Call(pool)


def translate(layer: Any, exact_padding: bool) -> nn.Module:
    """Return the PyTorch counterpart of a Keras layer; images are [batch, channels, frames, bins].

    Raises:
        TypeError: a kind of layer that is not known here.
    """
    kind = keras.layers
    if isinstance(layer, Spectrogram):
        return TorchSpectrogram(layer)
    if isinstance(layer, BinNormalization):
        return TorchBinNormalization(layer)
    if isinstance(layer, SpecAugment):
        if layer.time_masks or layer.frequency_masks:
            raise TypeError(f"{layer.name}: SpecAugment is not translated; set its masks to 0")
        return nn.Identity()
    if isinstance(layer, TimePooling):
        return time_pooling(layer.mode)
    if isinstance(layer, kind.Reshape):
        return Call(lambda x: x.unsqueeze(1))
    if isinstance(layer, (kind.Conv2D, kind.DepthwiseConv2D)):
        return convolution(layer, exact_padding)
    if isinstance(layer, kind.BatchNormalization):
        return batch_norm(layer)
    if isinstance(layer, kind.Dense):
        return dense(layer)
    if isinstance(layer, kind.Dropout):
        return nn.Dropout(layer.rate)
    if isinstance(layer, kind.ReLU) or (isinstance(layer, kind.Activation) and layer.activation.__name__ == "relu"):
        return nn.ReLU()
    if isinstance(layer, kind.AveragePooling2D):
        return nn.AvgPool2d(layer.pool_size, layer.strides, ceil_mode=True, count_include_pad=False)
    if isinstance(layer, kind.MaxPooling2D):
        return nn.MaxPool2d(layer.pool_size, layer.strides, ceil_mode=True)
    if isinstance(layer, kind.Add):
        return Call(lambda xs: torch.add(*xs))
    if isinstance(layer, kind.Concatenate):
        return Call(lambda xs: torch.cat(xs, dim=1))
    raise TypeError(f"{layer.name}: no PyTorch counterpart for {type(layer).__name__}")


class TorchTwin(nn.Module):
    """The functional Keras model, layer by layer in its own order.

    Args:
        model: the model; its weights are copied.
        exact_padding: pad as TensorFlow does (for comparing results), or evenly as PyTorch does (for timing).
    """

    def __init__(self, model: keras.Model, exact_padding: bool) -> None:
        super().__init__()
        self._input = id(model.input)
        self._output = id(model.output)
        self._steps: list[tuple[str, Any, int]] = []
        self.twins = nn.ModuleDict()
        for layer in model.layers:
            if isinstance(layer, keras.layers.InputLayer):
                continue
            many = isinstance(layer.input, (list, tuple))
            sources = [id(x) for x in layer.input] if many else id(layer.input)
            self.twins[layer.name] = translate(layer, exact_padding)
            self._steps.append((layer.name, sources, id(layer.output)))

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        values: dict[int, Any] = {self._input: waveform}
        for name, sources, target in self._steps:
            x = [values[s] for s in sources] if isinstance(sources, list) else values[sources]
            values[target] = self.twins[name](x)
        return values[self._output]
