"""The analytic Morlet wavelet transform: conventions, parameters and the exact transform everything else is held to.

Conventions.

- *Wavelet.* In the frequency domain, with u = scale * angular frequency,

      psi(u) = exp(-(u - omega0)^2 / 2) - exp(-omega0^2 / 2) exp(-u^2 / 2)
             = exp(-(u - omega0)^2 / 2) (1 - exp(-omega0 u))

  for u > 0 and 0 elsewhere. The second term makes the mean zero for every omega0 (Mallat, "A Wavelet Tour of Signal
  Processing", 4.3; ssqueezepy's ``morlet``; Torrence and Compo 1998, table 1, leave it out because omega0 = 6 makes it
  1e-8). Cutting off the negative frequencies makes the wavelet analytic (Torrence and Compo's Heaviside step; Lilly and
  Olhede 2009): the magnitude of a sine is its envelope and does not beat.
- *Centre frequency.* Where the response peaks, correction included: u_peak = omega0 / (1 - exp(-omega0 u_peak)), which
  is omega0 to 1e-7 from omega0 = 4 up. (Torrence and Compo's "Fourier period" and PyWavelets' ``central_frequency``
  agree with it to 2 %; they are other definitions, not errors.)
- *Width.* In time the envelope is a Gaussian of standard deviation omega0 / (2 pi f) seconds, in frequency one of
  f / omega0 Hz.
- *Level.* The response peaks at 2 (the L1 norm of ssqueezepy): **a sine of amplitude A reads A** at its own centre
  frequency, at every scale. White noise of standard deviation s therefore reads more in higher filters, s times
  2 sqrt(sqrt(pi) f / (omega0 * sample rate)) in RMS.
- *Frequency axis.* Geometric, low to high: f[b] = min_frequency_hz * 2 ** (b / bins_per_octave). The bins tile
  [min_frequency_hz, max_frequency_hz): the lowest is centred on the minimum, the highest one step below the maximum.
  40 to 10,240 Hz in 96 bins are 12 bins in each of 8 octaves.
- *Near half the sample rate* a response would be cut off in its middle, and ring for hundreds of samples. All responses
  are therefore tapered: they are multiplied by 1 up to `TAPER_START` of half the rate, then by a raised cosine that
  reaches 0 at half the rate, as an anti-aliasing filter before the transform would do (`irmas_tf.dsp.resample` has its
  transition there too). The highest centre must not lie above the start of the taper, or its filter would peak
  elsewhere.
- *Outside the waveform* is silence. Averages are over whole hops: frame t is the mean of the magnitude over the samples
  [t * hop_length, (t + 1) * hop_length), and there are ceil(samples / hop_length) frames (`irmas_tf.dsp.framing`). A
  last, partial hop is averaged over its full length too, since wavelets ring on past the end of the waveform.

`irmas_tf.dsp.morlet_bank` holds the parameters, so that a configuration can be checked without TensorFlow.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from irmas_tf.dsp.framing import num_frames
from irmas_tf.dsp.morlet_bank import TAPER_START, FloatArray, MorletBank, check_hop

# Half the length of a wavelet in the exact transform, in standard deviations: further out it is below float64's
# resolution.
_EXACT_SUPPORT = 8.6


def morlet_response(frequency_hz: npt.ArrayLike, center_hz: npt.ArrayLike, omega0: float = 6.0) -> FloatArray:
    """Return the frequency response of wavelets, without the taper near half the sample rate; its peak is 2.

    Args:
        frequency_hz: frequencies [n] in Hz; the response is 0 at 0 and below.
        center_hz: centre frequencies [bins] in Hz.
        omega0: centre of the wavelet in radians.

    Returns:
        [bins, n].
    """
    peak = peak_position(omega0)
    frequencies = np.maximum(np.asarray(frequency_hz, np.float64), 0.0)
    u = peak * frequencies / np.asarray(center_hz, np.float64)[..., np.newaxis]
    gain = 2.0 / (np.exp(-0.5 * (peak - omega0) ** 2) * -np.expm1(-omega0 * peak))
    return gain * np.exp(-0.5 * (u - omega0) ** 2) * -np.expm1(-omega0 * u)


def peak_position(omega0: float) -> float:
    """Return where the response peaks, in the wavelet's own radians."""
    peak = omega0
    for _ in range(50):
        peak = omega0 / -math.expm1(-omega0 * peak)
    return peak


def nyquist_taper(frequency_hz: npt.ArrayLike, sample_rate_hz: float) -> FloatArray:
    """Return the factor that takes every response to 0 at half the sample rate."""
    nyquist_hz = sample_rate_hz / 2
    above = (np.abs(np.asarray(frequency_hz, np.float64)) / nyquist_hz - TAPER_START) / (1 - TAPER_START)
    return 0.5 + 0.5 * np.cos(np.pi * np.clip(above, 0.0, 1.0))


def scalogram(waveform: npt.ArrayLike, bank: MorletBank, samples: int | None = None) -> FloatArray:
    """Return the exact scalogram: magnitudes [num_bins, samples] at every sample, computed by FFT in float64.

    Args:
        waveform: [samples], any real type.
        bank: the wavelets.
        samples: how many samples to return; more than the waveform has continue into the silence after it.

    Raises:
        ValueError: the waveform is not one-dimensional, or has no samples.
    """
    spectrum, samples = _padded_spectrum(waveform, bank, samples)
    return np.stack([_magnitude(spectrum, bank, center, samples) for center in bank.center_frequencies_hz])


def hop_averaged(waveform: npt.ArrayLike, bank: MorletBank, hop_length: int) -> FloatArray:
    """Return the exact scalogram averaged over hops, [ceil(samples / hop_length), num_bins].

    Args:
        waveform: [samples], any real type.
        bank: the wavelets.
        hop_length: samples between frames.

    Raises:
        ValueError: the waveform is not one-dimensional or has no samples, or ``hop_length`` is not a positive integer.
    """
    check_hop(hop_length)
    frames = num_frames(np.asarray(waveform).size, hop_length)
    spectrum, samples = _padded_spectrum(waveform, bank, frames * hop_length)
    averages = [
        _magnitude(spectrum, bank, center, samples).reshape(frames, hop_length).mean(axis=1)
        for center in bank.center_frequencies_hz
    ]
    return np.stack(averages, axis=1)


def _padded_spectrum(
    waveform: npt.ArrayLike, bank: MorletBank, samples: int | None
) -> tuple[npt.NDArray[np.complex128], int]:
    """Return the spectrum of the waveform with so much silence that wavelets do not wrap around, and the length."""
    values = np.asarray(waveform, np.float64)
    if values.ndim != 1 or not values.size:
        raise ValueError(f"waveform: must be [samples] with at least one sample, got shape {values.shape}")
    samples = len(values) if samples is None else samples
    # The ringing of the taper decays slowly, hence the floor; it matters for short waveforms of high filters only.
    support = max(math.ceil(2 * _EXACT_SUPPORT * float(bank.widths[0])), 4096)
    points = 1 << (max(len(values), samples) + support - 1).bit_length()
    return np.fft.rfft(values, points), samples


def _magnitude(spectrum: npt.NDArray[np.complex128], bank: MorletBank, center_hz: float, samples: int) -> FloatArray:
    """Return the magnitude [samples] of one filter's output."""
    points = 2 * (len(spectrum) - 1)
    frequencies = np.arange(len(spectrum)) * (bank.sample_rate_hz / points)
    response = morlet_response(frequencies, [center_hz], bank.omega0)[0]
    response *= nyquist_taper(frequencies, bank.sample_rate_hz)
    filtered = np.zeros(points, np.complex128)  # negative frequencies stay 0
    filtered[: len(spectrum)] = spectrum * response
    return np.abs(np.fft.ifft(filtered))[:samples]
