"""The configuration of one spectrogram branch, and the short text it is written as on the command line."""

from __future__ import annotations

import dataclasses
from typing import Any

from irmas_tf.settings import ConfigError, Section, setting

FREQUENCY_SCALES = ("linear", "mel", "log")


@dataclasses.dataclass(frozen=True)
class BranchConfig(Section):
    """One spectrogram branch, written ``scale:frame_length=1024:hop_length=256:num_bins=96`` on the command line."""

    scale: str = setting("mel", "Frequency scale.", choices=FREQUENCY_SCALES)
    frame_length: int = setting(1024, "Samples per STFT frame.", unit="samples", minimum=16, maximum=65536)
    hop_length: int = setting(256, "Samples between frames.", unit="samples", minimum=1, maximum=65536)
    num_bins: int = setting(96, "Frequency bins the branch sees.", minimum=4, maximum=4096)
    min_frequency_hz: float = setting(30.0, "Lowest band edge.", unit="Hz", minimum=0.0)
    max_frequency_hz: float = setting(11000.0, "Highest band edge.", unit="Hz", above=0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_frequency_hz <= self.min_frequency_hz:
            raise ConfigError(
                f"--branches={self.spec()}: max_frequency_hz must be above min_frequency_hz={self.min_frequency_hz:g}"
            )
        if self.scale == "log" and self.min_frequency_hz <= 0:
            raise ConfigError(f"--branches={self.spec()}: scale log needs min_frequency_hz above 0")
        if self.hop_length > self.frame_length:
            raise ConfigError(
                f"--branches={self.spec()}: hop_length must be at most frame_length={self.frame_length},"
                " or samples between frames are never seen"
            )

    @property
    def fft_length(self) -> int:
        """Power of two from ``frame_length`` up (other lengths do not run in TFLite)."""
        return 1 << (self.frame_length - 1).bit_length()

    @classmethod
    def parse(cls, spec: str) -> BranchConfig:
        """Return the branch a spec string describes.

        Raises:
            ConfigError: unknown key, malformed or out-of-range value.
        """
        scale, *pairs = spec.strip().split(":")
        fields = {f.name: f for f in dataclasses.fields(cls) if f.name != "scale"}
        values: dict[str, Any] = {"scale": scale}
        for pair in pairs:
            key, equals, text = pair.partition("=")
            if key not in fields or not equals:
                raise ConfigError(f"--branches={spec}: {pair!r} is not KEY=VALUE with KEY one of {', '.join(fields)}")
            if key in values:
                raise ConfigError(f"--branches={spec}: {key} is given twice")
            try:
                values[key] = float(text) if key.endswith("_hz") else int(text)
            except ValueError as error:
                raise ConfigError(f"--branches={spec}: {key}={text!r} is not a number") from error
        try:
            return cls(**values)
        except ConfigError as error:
            if str(error).startswith("--branches"):
                raise
            raise ConfigError(f"--branches={spec}: {str(error).removeprefix('--')}") from error

    def spec(self) -> str:
        """Return the spec string that `parse` reads back."""
        return ":".join([self.scale] + [f"{f.name}={getattr(self, f.name):.10g}" for f in dataclasses.fields(self)[1:]])
