"""Which published tensor belongs into which variable of which layer, and how its axes are turned."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]


class WeightsError(ValueError):
    """Weights that are missing, unreadable, unsafe or of another network; the message says which and what to do."""


# Axes of a stored tensor -> axes of a Keras variable. PyTorch convolutions are [out, in, height, width].
LAYOUTS: Mapping[str, Callable[[Array], Array]] = {
    "same": lambda x: x,
    "linear": lambda x: x.transpose(1, 0),
    # The image's height is time there as it is here.
    "conv": lambda x: x.transpose(2, 3, 1, 0),
    # The image's height is frequency there; here it is time.
    "conv_turned": lambda x: x.transpose(3, 2, 1, 0),
    "depthwise_turned": lambda x: x.transpose(3, 2, 0, 1),
}
_RANKS = {"linear": 2, "conv": 4, "conv_turned": 4, "depthwise_turned": 4}


@dataclasses.dataclass(frozen=True)
class WeightEntry:
    """One variable of a pretrained network.

    Attributes:
        layer: name of the layer without the network's prefix, e.g. ``features_3_project``.
        variable: name of the variable in the layer, e.g. ``kernel``.
        source: key of the tensor in the published file.
        layout: a key of `LAYOUTS`.
    """

    layer: str
    variable: str
    source: str
    layout: str = "same"

    @property
    def key(self) -> str:
        """Return the variable's key in converted files."""
        return f"{self.layer}/{self.variable}"

    def turn(self, tensor: Array) -> Array:
        """Return a published tensor with Keras's order of axes.

        Raises:
            WeightsError: the tensor has another number of axes; the message names the layer.
        """
        rank = _RANKS.get(self.layout, tensor.ndim)
        if tensor.ndim != rank:
            raise WeightsError(
                f"layer {self.layer}, {self.variable}: {self.source!r} has shape {tensor.shape}, expected {rank} axes"
            )
        return LAYOUTS[self.layout](tensor)


def torch_batch_norm(layer: str, source: str) -> tuple[WeightEntry, ...]:
    """Return the entries of a batch normalisation from a PyTorch state dict."""
    names = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
    return tuple(WeightEntry(layer, ours, f"{source}.{theirs}") for ours, theirs in names.items())


def torch_linear(layer: str, source: str) -> tuple[WeightEntry, ...]:
    """Return the entries of a dense layer from a PyTorch state dict."""
    return (
        WeightEntry(layer, "kernel", f"{source}.weight", "linear"),
        WeightEntry(layer, "bias", f"{source}.bias"),
    )
