"""What a branch of a model is made of: a front-end or a pretrained network, and the short text it is written as.

Front-ends are known by `FRONT_ENDS`, networks by `irmas_tf.config.backbones.BACKBONES`; packages outside add to both.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from irmas_tf.config.backbones import BACKBONES, checked_name, profiled_backbones
from irmas_tf.config.registry import Registry
from irmas_tf.config.settings import ConfigError, Section, setting, setting_types
from irmas_tf.config.spec_text import parse_pairs, written

_SPECTROGRAM = "irmas_tf.config.front_ends:SpectrogramBranch"


@dataclasses.dataclass(frozen=True)
class Branch(Section):
    """The input of a branch. `Branch.parse` makes the right subclass."""

    scale: str
    """Name of the front-end or pretrained network."""

    def error(self, problem: str) -> ConfigError:
        """Return the error that names this branch."""
        return ConfigError(f"--branches={self.spec()}: {problem}")

    def check_fits(self, sample_rate_hz: int, window_samples: int) -> None:
        """Check the branch against the rate and the length of what it will see.

        Raises:
            ConfigError: it does not fit; the message says what would.
        """

    def check_shrinkage(self, window_samples: int, stem_stride: int, stages: int) -> None:
        """Check that the convolutions of `ModelConfig` leave something of the branch's features.

        Raises:
            ConfigError: they do not; the message says what to change.
        """

    @staticmethod
    def parse(spec: str) -> Branch:
        """Return the branch a spec string describes.

        Raises:
            ConfigError: unknown name or key, malformed or out-of-range value.
        """
        scale, *pairs = spec.strip().split(":")
        kind: Any
        if scale in FRONT_ENDS:
            kind = FRONT_ENDS.get(scale)
        elif scale in BACKBONES:
            kind = BackboneBranch
        else:
            names = ", ".join((*FRONT_ENDS, *BACKBONES))
            raise ConfigError(
                f"--branches={spec}: {scale!r} is not a front-end or pretrained network; known: {names}; a name of"
                " another package needs its extension installed or named in IRMAS_TF_EXTENSIONS"
            )
        hints = setting_types(kind)
        types = {field.name: hints[field.name] for field in dataclasses.fields(kind)[1:]}
        values: dict[str, Any] = {"scale": scale, **parse_pairs(pairs, types, f"--branches={spec}")}
        try:
            branch: Branch = kind(**values)
            return branch
        except ConfigError as error:
            if str(error).startswith("--branches"):
                raise
            raise ConfigError(f"--branches={spec}: {str(error).removeprefix('--')}") from error

    def spec(self) -> str:
        """Return the spec string that `parse` reads back."""
        shared = [field.name for field in dataclasses.fields(BandedBranch)]
        own = [field.name for field in dataclasses.fields(self) if field.name not in shared]
        names = own + [name for name in shared[1:] if hasattr(self, name)]
        return ":".join([self.scale, *(f"{name}={written(getattr(self, name))}" for name in names)])


@dataclasses.dataclass(frozen=True)
class BackboneBranch(Branch):
    """A pretrained network with its own front-end, written ``mn04`` or ``mn04:profile=1`` on the command line."""

    profile: bool = setting(
        False, "Whether the head sees middle layers too, and frequency bands apart, not the embedding (0 or 1)."
    )
    bandwidth_hz: int = setting(0, "Leave out frequencies above it, in all audio; 0 is off.", unit="Hz", minimum=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.profile and not BACKBONES.get(self.scale).has_profile:
            raise self.error(f"profile=1 is for {', '.join(profiled_backbones())} only")
        rate = BACKBONES.get(self.scale).sample_rate_hz
        if self.bandwidth_hz and not 1000 <= self.bandwidth_hz < rate / 2:
            raise self.error(f"bandwidth_hz must be 0, or at least 1000 and below {rate // 2}, half its rate")

    def spec(self) -> str:
        """Return the spec string that `parse` reads back: the name, and what is set."""
        given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)[1:]}
        return ":".join([self.scale, *(f"{key}={written(value)}" for key, value in given.items() if value)])

    def check_fits(self, sample_rate_hz: int, window_samples: int) -> None:
        """Check the rate (see `Branch.check_fits`); too short a window is padded by the network itself."""
        wanted = BACKBONES.get(self.scale).sample_rate_hz
        if sample_rate_hz != wanted:
            raise self.error(
                f"takes {wanted} Hz only; set --sample_rate_hz={wanted} in place of --sample_rate_hz={sample_rate_hz}"
            )


@dataclasses.dataclass(frozen=True)
class FrontEndBranch(Branch):
    """The settings of a front-end, which is followed by convolutions: it has a time step and a frequency axis.

    A subclass is registered with `register_front_end` and says what builds it:

    - ``LAYER``: the class, an `irmas_tf.layers.base.FrontEnd`, as "module:attribute", which is imported only when a
      model is built or loaded (or the class itself, at the price that whoever reads the settings loads TensorFlow);
    - ``LAYER_NAME``: the end of the layer's name in a model;
    - ``TITLE``: what it is, for people.
    """

    LAYER: ClassVar[str | type]
    LAYER_NAME: ClassVar[str] = "front_end"
    TITLE: ClassVar[str] = ""

    hop_length: int = setting(256, "Samples between frames.", unit="samples", minimum=1, maximum=65536)
    num_bins: int = setting(96, "Frequency bins the branch sees.", minimum=4, maximum=4096)

    def layer_arguments(self, config: Any) -> dict[str, Any]:
        """Return the arguments of the layer's constructor: by default the sample rate and all settings.

        Name and dtype (float32: power spectra overflow float16) are added where the layer is made.

        Args:
            config: the whole configuration, an `irmas_tf.Config`.
        """
        settings = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)[1:]}
        return {"sample_rate_hz": config.audio.sample_rate_hz, **settings}

    @classmethod
    def layer_class(cls) -> Any:
        """Return the class of the layer, imported; TensorFlow comes with it.

        Raises:
            ConfigError: it cannot be imported.
        """
        if not isinstance(cls.LAYER, str):
            return cls.LAYER
        module, _, attribute = cls.LAYER.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise ConfigError(f"the layer {cls.LAYER!r} of {cls.__name__} cannot be imported: {error}") from error

    def check_shrinkage(self, window_samples: int, stem_stride: int, stages: int) -> None:
        """Check that the convolutions leave something of the features (see `Branch.check_shrinkage`)."""
        frames = math.ceil(window_samples / self.hop_length)
        shrinkage = stem_stride * 2 ** (stages - 1)
        if min(frames, self.num_bins) < shrinkage:
            raise self.error(
                f"{frames} frames x {self.num_bins} bins are too few for --stem_stride={stem_stride} and {stages}"
                f" stages, which shrink both axes by {shrinkage}; use fewer --stage_channels, a smaller stride or a"
                " shorter hop"
            )


@dataclasses.dataclass(frozen=True)
class BandedBranch(FrontEndBranch):
    """The settings of a front-end whose bins are frequency bands."""

    min_frequency_hz: float = setting(30.0, "Lowest frequency.", unit="Hz", minimum=0.0)
    max_frequency_hz: float = setting(11000.0, "Highest frequency.", unit="Hz", above=0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_frequency_hz <= self.min_frequency_hz:
            raise self.error(f"max_frequency_hz must be above min_frequency_hz={self.min_frequency_hz:g}")

    def check_fits(self, sample_rate_hz: int, window_samples: int) -> None:
        """Check the branch against the rate and the length of what it will see (see `Branch.check_fits`)."""
        nyquist = sample_rate_hz / 2
        if self.max_frequency_hz > nyquist:
            raise self.error(
                f"max_frequency_hz must be at most {nyquist:g} Hz, half of --sample_rate_hz={sample_rate_hz}"
            )


FRONT_ENDS: Registry[type[FrontEndBranch]] = Registry(
    "front-end",
    {
        "linear": _SPECTROGRAM,
        "mel": _SPECTROGRAM,
        "log": _SPECTROGRAM,
        "morlet": "irmas_tf.config.front_ends:MorletBranch",
    },
    extensible=True,
)
"""Name -> class of the settings."""

Settings = TypeVar("Settings", bound=FrontEndBranch)


def register_front_end(name: str) -> Callable[[type[Settings]], type[Settings]]:
    """Return a decorator that makes the settings of a front-end known to ``--branches`` by a name.

    Raises:
        ValueError: the name is taken, or it is not made of small letters, digits and underscores.
    """
    if checked_name(name) in BACKBONES:
        raise ValueError(f"front-end {name!r} has the name of a backbone")

    def decorate(settings: type[Settings]) -> type[Settings]:
        FRONT_ENDS.register(name)(settings)
        return settings

    return decorate


def known_branches() -> tuple[str, ...]:
    """Return what a branch can be, in words: front-ends with the same settings together, then the networks."""
    by_kind: dict[type[FrontEndBranch], list[str]] = {}
    for name in FRONT_ENDS:
        by_kind.setdefault(FRONT_ENDS.get(name), []).append(name)
    profiled = ", ".join(profiled_backbones())
    return (
        *(f"{', '.join(names)}" + (f" ({kind.TITLE})" if kind.TITLE else "") for kind, names in by_kind.items()),
        f"{', '.join(BACKBONES)} (pretrained networks; profile=1 reads {profiled} by frequency bands, in their middle"
        " layers too; bandwidth_hz=9500 leaves out what lies above)",
    )
