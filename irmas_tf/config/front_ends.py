"""The settings of the front-ends that come with the package; `irmas_tf.config.branches.FRONT_ENDS` names them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from irmas_tf.config.branches import BandedBranch
from irmas_tf.config.settings import setting
from irmas_tf.dsp.frequency_scale import FREQUENCY_SCALES
from irmas_tf.dsp.morlet_bank import MAX_OMEGA0, MIN_OMEGA0, MorletBank

if TYPE_CHECKING:
    from irmas_tf.config.run_config import Config

MORLET_OFFSET = 0.1
"""Factor of ``log_offset``: a tone reads 13 times less than in a spectrogram of 1024-sample frames."""


@dataclasses.dataclass(frozen=True)
class SpectrogramBranch(BandedBranch):
    """An STFT branch, written ``scale:frame_length=1024:hop_length=256:num_bins=96`` on the command line."""

    LAYER = "irmas_tf.layers.spectrogram:Spectrogram"
    LAYER_NAME = "spectrogram"
    TITLE = "spectrograms on that frequency scale"

    scale: str = setting("mel", "Frequency scale.", choices=FREQUENCY_SCALES)
    frame_length: int = setting(1024, "Samples per STFT frame.", unit="samples", minimum=16, maximum=65536)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scale == "log" and self.min_frequency_hz <= 0:
            raise self.error("scale log needs min_frequency_hz above 0")
        if self.hop_length > self.frame_length:
            raise self.error(
                f"hop_length must be at most frame_length={self.frame_length}, or samples between frames are skipped"
            )

    def layer_arguments(self, config: Config) -> dict[str, Any]:
        """Return the arguments of `irmas_tf.layers.spectrogram.Spectrogram`."""
        model = config.model
        own = {"scale": self.scale, "mel_scale": model.mel_scale, "log_offset": model.log_offset}
        return super().layer_arguments(config) | own

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
class MorletBranch(BandedBranch):
    """A wavelet branch, written ``morlet:hop_length=512:num_bins=96:omega0=6`` on the command line.

    The defaults are twelve wavelets in each of the eight octaves from 40 Hz up.
    """

    LAYER = "irmas_tf.layers.morlet:MorletScalogram"
    LAYER_NAME = "scalogram"
    TITLE = "wavelet transform"

    scale: str = setting("morlet", "Wavelet transform.")
    hop_length: int = setting(512, "Samples between frames.", unit="samples", minimum=1, maximum=65536)
    min_frequency_hz: float = setting(40.0, "Centre of the lowest wavelet.", unit="Hz", above=0.0)
    max_frequency_hz: float = setting(
        10240.0, "One step above the centre of the highest wavelet.", unit="Hz", above=0.0
    )
    omega0: float = setting(
        6.0, "Centre of the wavelet in radians; more is finer in frequency.", minimum=MIN_OMEGA0, maximum=MAX_OMEGA0
    )
    trainable: bool = setting(False, "Whether training moves centres and widths (0 or 1).")

    def layer_arguments(self, config: Config) -> dict[str, Any]:
        """Return the arguments of `irmas_tf.layers.morlet.MorletScalogram`."""
        arguments = super().layer_arguments(config)
        arguments["trainable_wavelets"] = arguments.pop("trainable")
        return arguments | {"log_offset": MORLET_OFFSET * config.model.log_offset}

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
