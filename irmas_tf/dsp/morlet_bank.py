"""The parameters of a bank of Morlet wavelets, and what they must fulfil; `irmas_tf.dsp.morlet` has the conventions."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

MIN_OMEGA0 = 4.0
MAX_OMEGA0 = 64.0
TAPER_START = 0.9  # of half the sample rate
# Half the length of a wavelet, in standard deviations: all but 7e-7 of its energy, and where kernels end.
SUPPORT = 3.5


@dataclasses.dataclass(frozen=True)
class MorletBank:
    """The parameters of a Morlet filter bank; the module describes the conventions.

    Attributes:
        sample_rate_hz: rate of the waveforms, in Hz.
        min_frequency_hz: centre frequency of the lowest bin, in Hz.
        max_frequency_hz: where the frequency axis ends, in Hz: one step above the centre of the highest bin.
        num_bins: number of filters.
        omega0: centre of the wavelet in radians per standard deviation: its cycles within one standard deviation, times
            2 pi. Larger is finer in frequency and coarser in time.

    Raises:
        ValueError: an argument is out of range; the message names it and says what would work.
    """

    sample_rate_hz: float
    min_frequency_hz: float
    max_frequency_hz: float
    num_bins: int
    omega0: float = 6.0

    def __post_init__(self) -> None:
        _check_count("num_bins", self.num_bins, "filter")
        for name in ("sample_rate_hz", "min_frequency_hz", "max_frequency_hz", "omega0"):
            value = getattr(self, name)
            if not _is_number(value) or not 0.0 < value < math.inf:
                raise ValueError(f"{name}={value!r}: must be a number above 0")
        if self.omega0 < MIN_OMEGA0:
            raise ValueError(
                f"omega0={self.omega0:g}: must be at least {MIN_OMEGA0:g}; below, the term that makes the mean zero"
                " bends the filter out of shape, and it is no wavelet with a centre and a width (6 is the usual value)"
            )
        if self.omega0 > MAX_OMEGA0:
            raise ValueError(
                f"omega0={self.omega0:g}: must be at most {MAX_OMEGA0:g}, a filter of {100 / MAX_OMEGA0:.1f} % width"
            )
        if self.max_frequency_hz <= self.min_frequency_hz:
            raise ValueError(
                f"max_frequency_hz={self.max_frequency_hz:g}: must be above min_frequency_hz={self.min_frequency_hz:g}"
            )
        nyquist_hz = self.sample_rate_hz / 2
        if self.max_frequency_hz > nyquist_hz:
            raise ValueError(
                f"max_frequency_hz={self.max_frequency_hz:g}: must be at most {nyquist_hz:g}, half of"
                f" sample_rate_hz={self.sample_rate_hz:g}"
            )
        highest_hz = float(self.center_frequencies_hz[-1])
        limit_hz = TAPER_START * nyquist_hz
        if highest_hz > limit_hz * (1 + 1e-9):
            raise ValueError(
                f"max_frequency_hz={self.max_frequency_hz:g}: the highest of the {self.num_bins} filters is centred on"
                f" {highest_hz:.0f} Hz, and its upper half would be cut off at half of"
                f" sample_rate_hz={self.sample_rate_hz:g}; a max_frequency_hz of up to {self._highest_maximum():.0f}"
                f" puts it at {limit_hz:.0f} Hz or below"
            )

    def _highest_maximum(self) -> float:
        """Return the largest maximum, in whole Hz, whose highest filter keeps clear of half the sample rate."""
        limit_hz = TAPER_START * self.sample_rate_hz / 2
        if self.num_bins == 1:
            return math.floor(self.sample_rate_hz / 2)
        stretch = self.num_bins / (self.num_bins - 1)
        return math.floor(self.min_frequency_hz * (limit_hz / self.min_frequency_hz) ** stretch)

    @classmethod
    def with_bins_per_octave(
        cls,
        sample_rate_hz: float,
        min_frequency_hz: float,
        max_frequency_hz: float,
        bins_per_octave: int,
        omega0: float = 6.0,
    ) -> MorletBank:
        """Return the bank with this many filters per octave, from the minimum up to, but not including, the maximum.

        ``max_frequency_hz`` of the result is where its axis ends, which is the given one when that is a whole number
        of steps above the minimum.

        Raises:
            ValueError: an argument is out of range.
        """
        _check_count("bins_per_octave", bins_per_octave, "filter")
        for name, value in (("min_frequency_hz", min_frequency_hz), ("max_frequency_hz", max_frequency_hz)):
            if not _is_number(value) or not 0.0 < value < math.inf:
                raise ValueError(f"{name}={value!r}: must be a number above 0")
        if max_frequency_hz <= min_frequency_hz:
            raise ValueError(
                f"max_frequency_hz={max_frequency_hz:g}: must be above min_frequency_hz={min_frequency_hz:g}"
            )
        num_bins = max(1, math.ceil(bins_per_octave * math.log2(max_frequency_hz / min_frequency_hz) - 1e-9))
        end_hz = min_frequency_hz * 2.0 ** (num_bins / bins_per_octave)
        return cls(sample_rate_hz, min_frequency_hz, end_hz, num_bins, omega0)

    @property
    def bins_per_octave(self) -> float:
        """Filters per octave; a whole number or not."""
        return self.num_bins / math.log2(self.max_frequency_hz / self.min_frequency_hz)

    @property
    def center_frequencies_hz(self) -> FloatArray:
        """Centre frequencies [num_bins] in Hz, low to high."""
        steps = np.arange(self.num_bins) / self.num_bins
        return self.min_frequency_hz * (self.max_frequency_hz / self.min_frequency_hz) ** steps

    @property
    def widths(self) -> FloatArray:
        """Standard deviations [num_bins] of the envelopes, in samples."""
        return envelope_width(self.center_frequencies_hz, self.omega0, self.sample_rate_hz)

    def check_fits(self, window_samples: int) -> None:
        """Check that the longest wavelet is no longer than a model's window.

        Raises:
            ValueError: it is; the message names parameters that would fit.
        """
        length = math.ceil(2 * SUPPORT * float(self.widths[0]))
        if length > window_samples:
            lowest_hz = self.min_frequency_hz * length / window_samples
            raise ValueError(
                f"min_frequency_hz={self.min_frequency_hz:g}: its wavelet lasts {length} samples"
                f" ({length / self.sample_rate_hz:.3g} s), longer than the window of {window_samples} samples"
                f" ({window_samples / self.sample_rate_hz:.3g} s); at omega0={self.omega0:g} a min_frequency_hz of at"
                f" least {math.ceil(lowest_hz * 10) / 10:g} fits"
            )


def envelope_width(frequency_hz: npt.ArrayLike, omega0: npt.ArrayLike, sample_rate_hz: float) -> FloatArray:
    """Return the standard deviation, in samples, of the envelopes of wavelets at these centre frequencies."""
    return np.asarray(omega0, np.float64) * sample_rate_hz / (2 * np.pi * np.asarray(frequency_hz, np.float64))


def check_hop(hop_length: int) -> None:
    """Check a hop.

    Raises:
        ValueError: it is not a positive integer.
    """
    _check_count("hop_length", hop_length, "sample")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _check_count(name: str, value: Any, unit: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name}={value!r}: must be an integer of at least 1 {unit}")
