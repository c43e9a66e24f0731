"""The configuration of one branch's front-end, and the short text it is written as on the command line."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from irmas_tf.config.backbone_names import PROFILED, SAMPLE_RATES_HZ
from irmas_tf.config.settings import ConfigError, Section, setting, setting_types
from irmas_tf.config.spec_text import parse_pairs, written
from irmas_tf.dsp.morlet_bank import MAX_OMEGA0, MIN_OMEGA0, MorletBank

FREQUENCY_SCALES = ("linear", "mel", "log")
MORLET = "morlet"
BACKBONES = tuple(SAMPLE_RATES_HZ)


@dataclasses.dataclass(frozen=True)
class Branch(Section):
    """What a branch hears. `Branch.parse` makes the right subclass."""

    scale: str = setting("mel", "Front-end or pretrained network.", choices=(*FREQUENCY_SCALES, MORLET, *BACKBONES))

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
            ConfigError: unknown key, malformed or out-of-range value.
        """
        scale, *pairs = spec.strip().split(":")
        kind = MorletBranch if scale == MORLET else BackboneBranch if scale in BACKBONES else SpectrogramBranch
        types = {name: type_ for name, type_ in setting_types(kind).items() if name != "scale"}
        values: dict[str, Any] = {"scale": scale, **parse_pairs(pairs, types, f"--branches={spec}")}
        try:
            if scale not in (*FREQUENCY_SCALES, MORLET, *BACKBONES):
                Branch(scale)  # says all that are known, not only the spectrograms
            return kind(**values)
        except ConfigError as error:
            if str(error).startswith("--branches"):
                raise
            raise ConfigError(f"--branches={spec}: {str(error).removeprefix('--')}") from error

    def spec(self) -> str:
        """Return the spec string that `parse` reads back."""
        shared = [field.name for field in dataclasses.fields(FrontEndBranch)]
        own = [field.name for field in dataclasses.fields(self) if field.name not in shared]
        names = own + [name for name in shared[1:] if hasattr(self, name)]
        return ":".join([self.scale, *(f"{name}={written(getattr(self, name))}" for name in names)])


@dataclasses.dataclass(frozen=True)
class BackboneBranch(Branch):
    """A pretrained network with its own front-end, written ``mn04`` or ``mn04:profile=1`` on the command line."""

    scale: str = setting("mn04", "Pretrained network.", choices=BACKBONES)
    profile: bool = setting(
        False, "Whether the head sees middle layers too, and frequency bands apart, not the embedding (0 or 1)."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.profile and self.scale not in PROFILED:
            raise self.error(f"profile=1 is for {', '.join(PROFILED)} only")

    def spec(self) -> str:
        """Return the spec string that `parse` reads back: the name alone if nothing else is set."""
        return super().spec() if self.profile else self.scale

    def check_fits(self, sample_rate_hz: int, window_samples: int) -> None:
        """Check the rate (see `Branch.check_fits`); too short a window is padded by the network itself."""
        wanted = SAMPLE_RATES_HZ[self.scale]
        if sample_rate_hz != wanted:
            raise self.error(
                f"hears {wanted} Hz only; set --sample_rate_hz={wanted} in place of --sample_rate_hz={sample_rate_hz}"
            )


@dataclasses.dataclass(frozen=True)
class FrontEndBranch(Branch):
    """A front-end of our own, followed by convolutions: it has a time step and a frequency axis."""

    hop_length: int = setting(256, "Samples between frames.", unit="samples", minimum=1, maximum=65536)
    num_bins: int = setting(96, "Frequency bins the branch sees.", minimum=4, maximum=4096)
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
class SpectrogramBranch(FrontEndBranch):
    """An STFT branch, written ``scale:frame_length=1024:hop_length=256:num_bins=96`` on the command line."""

    scale: str = setting("mel", "Frequency scale.", choices=FREQUENCY_SCALES)
    frame_length: int = setting(1024, "Samples per STFT frame.", unit="samples", minimum=16, maximum=65536)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scale == "log" and self.min_frequency_hz <= 0:
            raise self.error("scale log needs min_frequency_hz above 0")
        if self.hop_length > self.frame_length:
            raise self.error(
                f"hop_length must be at most frame_length={self.frame_length}, or samples between frames are never seen"
            )

    @property
    def fft_length(self) -> int:
        """Power of two from ``frame_length`` up (other lengths do not run in TFLite)."""
        return 1 << (self.frame_length - 1).bit_length()

    def check_fits(self, sample_rate_hz: int, window_samples: int) -> None:
        """Check the branch against the rate and the length of what it will see (see `Branch.check_fits`)."""
        super().check_fits(sample_rate_hz, window_samples)
        if self.frame_length > window_samples:
            raise self.error(
                f"frame_length must be at most the {window_samples} samples of"
                f" --window_seconds={window_samples / sample_rate_hz:g}"
            )


@dataclasses.dataclass(frozen=True)
class MorletBranch(FrontEndBranch):
    """A wavelet branch, written ``morlet:hop_length=512:num_bins=96:omega0=6`` on the command line.

    The defaults are twelve wavelets in each of the eight octaves from 40 Hz up.
    """

    scale: str = setting(MORLET, "Wavelet transform.", choices=(MORLET,))
    hop_length: int = setting(512, "Samples between frames.", unit="samples", minimum=1, maximum=65536)
    min_frequency_hz: float = setting(40.0, "Centre of the lowest wavelet.", unit="Hz", above=0.0)
    max_frequency_hz: float = setting(
        10240.0, "One step above the centre of the highest wavelet.", unit="Hz", above=0.0
    )
    omega0: float = setting(
        6.0, "Centre of the wavelet in radians; more is finer in frequency.", minimum=MIN_OMEGA0, maximum=MAX_OMEGA0
    )
    trainable: bool = setting(False, "Whether training moves centres and widths (0 or 1).")

    def check_fits(self, sample_rate_hz: int, window_samples: int) -> None:
        """Check the branch against the rate and the length of what it will see (see `Branch.check_fits`)."""
        super().check_fits(sample_rate_hz, window_samples)
        try:
            bank = MorletBank(
                sample_rate_hz, self.min_frequency_hz, self.max_frequency_hz, self.num_bins, omega0=self.omega0
            )
            bank.check_fits(window_samples)
        except ValueError as error:
            raise self.error(str(error)) from error
