"""What is known of a pretrained network: its facts, and the module that builds it."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Callable, Collection, Mapping
from types import ModuleType
from typing import Any

from irmas_tf.config.settings import ConfigError

_FUNCTIONS = ("features", "embedding", "outputs", "weight_table")
_OPTIONAL_FUNCTIONS = ("hidden", "check_file_name", "carries_front_end", "take_front_end")


@dataclasses.dataclass(frozen=True)
class BackboneSpec:
    """A pretrained network: facts, which cost nothing to read, and methods that import ``module`` when they are called.

    The module has these functions; the last four are optional. Each is given those of the row's ``options`` that it
    has parameters for, so that rows that differ in width or rate share a module.

    - ``features(waveform, name, *, augment)`` -> feature map [batch, frames, bins, channels]. ``augment`` (None, or a
      function of Keras tensors) is applied to the front-end's features; a network with dropout takes its ``seed``.
    - ``embedding(feature_map, name)`` -> [batch, embedding_size] float32; with dropout it takes ``seed``, too.
    - ``outputs(feature_map, num_labels, name)`` -> dict of the published classifier's outputs, ``embedding`` and
      ``probabilities`` [batch, num_labels] among them.
    - ``weight_table()`` -> tuple of `irmas_tf.models.weight_table.WeightEntry`.
    - ``hidden(vector, name)`` -> what the last layer of the published classifier is given for an embedding [batch,
      embedding_size]; without it, the embedding itself.
    - ``check_file_name(name, *, hop_length, num_bins, sample_rate_hz)`` raises a WeightsError for a published file
      that by its name belongs to another front-end.
    - ``carries_front_end(keys)`` -> whether published tensors hold the front-end's constants.
    - ``take_front_end(tensors)`` removes these from the tensors after comparing them with ours.

    ``name`` is the prefix of the layers' names: a layer is called ``NAME_BLOCK`` or ``NAME_BLOCK_...``.

    Attributes:
        name: what it is called in ``--branches`` and ``--backbone``, and the default prefix of its layers' names.
        title: what it is, for people.
        sample_rate_hz: of the waveforms.
        minimum_samples: shorter waveforms are padded with zeros to this length inside the network.
        embedding_size: length of the embedding.
        front_end: `irmas_tf.layers.base.FrontEnd.identity` of its front-end, ``hop_length`` and ``num_bins`` in it.
        num_labels: classes of the published classifier.
        label_set: which classes these are.
        blocks: its blocks in order from the waveform to the embedding; ``--stages`` unfreezes them from the last.
        head_blocks: the blocks of the published classifier, which follow.
        module: dotted name of the module that builds it.
        published_file: name of the published weight file.
        url: where it is published.
        licence: of the weights.
        options: keyword arguments (name, value) of the module's functions.
        sha256: checksum of the published file; None if unknown.
        formats: kinds of files that `irmas_tf.weights.weight_sources` reads for it; the published file is of the first.
        readers: (format, "module:function") for formats that have a reader of their own: path -> tensors by name.
        profiled_layers: layers in the middle whose outputs a profile reads as well, without prefix.
        front_end_layer: name of its front-end's layer, without prefix.
    """

    name: str
    title: str
    sample_rate_hz: int
    minimum_samples: int
    embedding_size: int
    front_end: str
    num_labels: int
    label_set: str
    blocks: tuple[str, ...]
    head_blocks: tuple[str, ...]
    module: str
    published_file: str
    url: str
    licence: str
    options: tuple[tuple[str, Any], ...] = ()
    sha256: str | None = None
    formats: tuple[str, ...] = ("torch",)
    readers: tuple[tuple[str, str], ...] = ()
    profiled_layers: tuple[str, ...] = ()
    front_end_layer: str = "log_mel"

    def network(self) -> ModuleType:
        """Return the module that builds it, imported.

        Raises:
            ConfigError: it cannot be imported, lacks a function, or none of its functions takes an option of the row.
        """
        try:
            module = importlib.import_module(self.module)
        except ImportError as error:
            raise ConfigError(f"backbone {self.name!r}: module {self.module} cannot be imported: {error}") from error
        if missing := [function for function in _FUNCTIONS if not hasattr(module, function)]:
            raise ConfigError(f"backbone {self.name!r}: module {self.module} has no function {missing[0]}")
        taken = {name for function in (*_FUNCTIONS, *_OPTIONAL_FUNCTIONS) for name in _parameters(module, function)}
        if odd := [key for key, _ in self.options if key not in taken]:
            raise ConfigError(f"backbone {self.name!r}: no function of module {self.module} takes {odd[0]!r}")
        return module

    def _call(self, function: str, *args: Any, offered: Mapping[str, Any] | None = None, **given: Any) -> Any:
        """Call a function of the module with ``given``, and with the options and offers that it has parameters for."""
        module = self.network()
        taken = _parameters(module, function)
        known = {key: value for key, value in {**dict(self.options), **(offered or {})}.items() if key in taken}
        return getattr(module, function)(*args, **{**known, **given})

    def _may_call(self, function: str, *args: Any, **given: Any) -> Any:
        """Call a function that the module may have (see `_call`); return None if it has none of that name."""
        return self._call(function, *args, **given) if hasattr(self.network(), function) else None

    def features(
        self,
        waveform: Any,
        name: str | None = None,
        *,
        augment: Callable[[Any], Any] | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> Any:
        """Return the network's last feature map, [batch, frames, bins, channels].

        Args:
            waveform: Keras tensor [batch, samples] float32 in [-1, 1] at `sample_rate_hz`.
            name: prefix of the layers' names; the backbone's name by default.
            augment: applied to the front-end's features [batch, frames, bins].
            seed: of dropout, where the network has some.
            **options: further arguments of the module's ``features``, in place of the row's.
        """
        offered = {"seed": seed}
        return self._call("features", waveform, name or self.name, offered=offered, augment=augment, **options)

    def embedding(self, feature_map: Any, name: str | None = None, *, seed: int | None = None, **options: Any) -> Any:
        """Return the embedding of a feature map, [batch, embedding_size] float32 (arguments as `features`)."""
        return self._call("embedding", feature_map, name or self.name, offered={"seed": seed}, **options)

    def hidden(self, vector: Any, name: str | None = None) -> Any:
        """Return what the published classifier's last layer is given for an embedding, [batch, units] float32."""
        hidden = self._may_call("hidden", vector, name or self.name)
        return vector if hidden is None else hidden

    def outputs(self, feature_map: Any, name: str | None = None) -> dict[str, Any]:
        """Return the published classifier's outputs; all have ``embedding`` and ``probabilities`` [batch, labels]."""
        outputs: dict[str, Any] = self._call("outputs", feature_map, self.num_labels, name or self.name)
        return outputs

    def weight_table(self) -> tuple[Any, ...]:
        """Return where the tensors of the published file go, as `irmas_tf.models.weight_table.WeightEntry`."""
        return tuple(self._call("weight_table"))

    def check_file_name(self, name: str) -> None:
        """Check what the name of a published file says about the front-end.

        Raises:
            WeightsError: the weights were trained with another one.
        """
        facts = {"hop_length": self.hop_length, "num_bins": self.num_bins, "sample_rate_hz": self.sample_rate_hz}
        self._may_call("check_file_name", name, **facts)

    def carries_front_end(self, tensors: Collection[str]) -> bool:
        """Return whether published tensors contain the front-end's constants, which `take_front_end` compares."""
        return bool(self._may_call("carries_front_end", tensors))

    def take_front_end(self, tensors: dict[str, Any]) -> None:
        """Remove the front-end's constants from published tensors where there are any, after checking them.

        Raises:
            WeightsError: the weights were trained with another front-end.
        """
        self._may_call("take_front_end", tensors)

    def reader(self, format: str) -> Callable[[Any], dict[str, Any]] | None:
        """Return the function that reads published files of a format: path -> tensors; None if it is no special one."""
        reference = dict(self.readers).get(format)
        if reference is None:
            return None
        module, _, attribute = reference.partition(":")
        function: Callable[[Any], dict[str, Any]] = getattr(importlib.import_module(module), attribute)
        return function

    @property
    def hop_length(self) -> int:
        """Samples between the frames of the front-end."""
        return self._fact("hop_length")

    @property
    def num_bins(self) -> int:
        """Features per frame of the front-end."""
        return self._fact("num_bins")

    def _fact(self, name: str) -> int:
        return int(dict(pair.partition("=")[::2] for pair in self.front_end.split()[1:])[name])

    @property
    def has_profile(self) -> bool:
        """Whether a branch can read it by frequency bands, in the middle as well as at the end."""
        return bool(self.profiled_layers)

    def block_of(self, layer: str) -> str | None:
        """Return the block of a layer, given its name without prefix; None for a layer of no block."""
        for block in (*self.blocks, *self.head_blocks):
            if layer == block or layer.startswith(f"{block}_"):
                return block
        return None


def _parameters(module: ModuleType, function: str) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of a function of a module; none if there is no such function."""
    return inspect.signature(getattr(module, function)).parameters if hasattr(module, function) else {}
