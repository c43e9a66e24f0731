"""Triangular filter banks over FFT bins, on a linear, mel or logarithmic frequency scale."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from irmas_tf.dsp.frequency_scale import band_edges_hz

FILTER_NORMS = ("peak", "slaney")


def filterbank(
    scale: str,
    num_bins: int,
    fft_length: int,
    sample_rate_hz: float,
    min_frequency_hz: float,
    max_frequency_hz: float,
    mel_scale: str = "slaney",
    *,
    norm: str = "peak",
    min_half_width_bins: float = 1.0,
) -> npt.NDArray[np.float32]:
    """Return the weights that turn FFT bins into bands.

    The bands are triangles between `band_edges_hz`, sampled at the FFT's frequencies. Where a triangle's side would be
    narrower than an FFT bin it is widened to one bin; a band narrower than a bin thus becomes the linear interpolation
    of the two bins around its centre instead of an empty row. ``min_half_width_bins=0`` turns that off, and the result
    equals ``librosa.filters.mel(norm=None or "slaney")``.

    Args:
        scale: ``linear``, ``mel`` or ``log``.
        num_bins: number of bands.
        fft_length: points of the FFT.
        sample_rate_hz: sample rate.
        min_frequency_hz: lower edge of the first band.
        max_frequency_hz: upper edge of the last band, at most half the sample rate.
        mel_scale: ``htk`` or ``slaney``; only scale ``mel`` uses it.
        norm: ``peak`` gives every triangle the height 1, so that a sine reads its own level in whichever band it
            falls, and the weights survive float16 and int8 storage; ``slaney`` gives every triangle the area 1 (per
            Hz), so that white noise reads the same level in all bands.
        min_half_width_bins: least width of a triangle's side in FFT bins.

    Returns:
        [fft_length // 2 + 1, num_bins] float32, all at least 0.

    Raises:
        ValueError: an unknown name, or frequencies out of order or above half the sample rate.
    """
    if norm not in FILTER_NORMS:
        raise ValueError(f"norm={norm!r}: must be one of {', '.join(FILTER_NORMS)}")
    if max_frequency_hz > sample_rate_hz / 2:
        raise ValueError(
            f"max_frequency_hz={max_frequency_hz:g}: must be at most {sample_rate_hz / 2:g} Hz,"
            f" half of sample_rate_hz={sample_rate_hz:g}"
        )
    edges = band_edges_hz(scale, num_bins, min_frequency_hz, max_frequency_hz, mel_scale)
    lower, center, upper = edges[:-2], edges[1:-1], edges[2:]
    bin_hz = sample_rate_hz / fft_length
    least = min_half_width_bins * bin_hz
    lower = np.minimum(lower, center - least)
    upper = np.maximum(upper, center + least)
    frequency = np.arange(fft_length // 2 + 1)[:, np.newaxis] * bin_hz
    rising = (frequency - lower) / (center - lower)
    falling = (upper - frequency) / (upper - center)
    weights = np.maximum(0.0, np.minimum(rising, falling))
    if norm == "slaney":
        weights *= 2.0 / (upper - lower)
    return weights.astype(np.float32)


@dataclasses.dataclass(frozen=True)
class BandGroup:
    """Adjacent bands and the range of FFT bins they draw on.

    Attributes:
        first: first FFT bin with a weight above 0.
        last: one past the last such bin.
        weights: [last - first, bands of the group] float32.
    """

    first: int
    last: int
    weights: npt.NDArray[np.float32]


def band_groups(filters: npt.NDArray[np.float32], groups: int) -> list[BandGroup]:
    """Cut a filter bank into groups of adjacent bands without the zeros outside each group's bins.

    A triangular bank is almost all zeros: multiplying group by group does the same sums with a fraction of the work.

    Args:
        filters: [fft bins, bands], every band with a weight above 0.
        groups: groups to form, of about equally many bands; at most the number of bands.

    Returns:
        The groups in order; side by side their bands are those of ``filters``.
    """
    result = []
    for bands in np.array_split(np.arange(filters.shape[1]), min(groups, filters.shape[1])):
        used = np.flatnonzero(filters[:, bands].any(axis=1))
        first, last = int(used[0]), int(used[-1]) + 1
        result.append(BandGroup(first, last, np.ascontiguousarray(filters[first:last, bands])))
    return result
