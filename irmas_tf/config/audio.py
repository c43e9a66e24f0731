"""The rate of the waveforms, and the windows that clips are cut into."""

from __future__ import annotations

import dataclasses

from irmas_tf.config.settings import ConfigError, Section, setting

_LEAST_HOP_SECONDS = 1e-3  # an hour of sound has 3.6 million windows then


@dataclasses.dataclass(frozen=True)
class AudioConfig(Section):
    """The waveform a model sees."""

    sample_rate_hz: int = setting(22050, "Rate everything is resampled to.", unit="Hz", minimum=8000, maximum=192000)
    window_seconds: float = setting(3.0, "Length of the model's input window.", unit="s", minimum=0.1, maximum=60.0)
    window_hop_seconds: float = setting(
        0.0,
        "Hop between windows when a clip is longer than one window; 0 is half a window.",
        unit="s",
        minimum=0.0,
        maximum=60.0,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.window_hop_seconds:
            object.__setattr__(self, "window_hop_seconds", self.window_seconds / 2)  # a run records what it used
        if self.window_hop_seconds < _LEAST_HOP_SECONDS:
            raise ConfigError(
                f"--window_hop_seconds={self.window_hop_seconds:g}: must be at least {_LEAST_HOP_SECONDS:g}, or 0 for"
                " half a window"
            )
        if self.window_hop_seconds > self.window_seconds:
            raise ConfigError(
                f"--window_hop_seconds={self.window_hop_seconds:g}: must be at most"
                f" --window_seconds={self.window_seconds:g}, or the audio between windows is skipped"
            )

    @property
    def window_samples(self) -> int:
        """Samples in one window."""
        return round(self.sample_rate_hz * self.window_seconds)

    @property
    def window_hop_samples(self) -> int:
        """Samples between windows."""
        return round(self.sample_rate_hz * self.window_hop_seconds)
