"""Guitar amplifiers and loudspeakers: a preamplifier that clips, a tone stack, a cabinet's response; all designed here.

The cabinet is a short minimum-phase response: a low resonance, a presence peak, a steep fall above 4 to 6 kHz as 10 and
12 inch loudspeakers have, and a comb of reflections from the microphone's place. No recorded response is used.
"""

from __future__ import annotations

import dataclasses
import random

import numpy as np
from scipy import fft
from scipy.signal import butter, sosfilt

_CABINET_SAMPLES = 1024


@dataclasses.dataclass(frozen=True)
class Amplifier:
    """One amplifier with its loudspeaker.

    Attributes:
        tight: second-order sections before clipping (bass is cut, as distortion pedals and amplifiers do).
        gain: into the clipper, against the part's own level.
        bias: asymmetry, 0 to 0.5; adds even harmonics.
        hardness: 1 soft (valves) to 4 hard (diodes).
        response: of tone stack and cabinet, float32 [n].
    """

    tight: np.ndarray
    gain: float
    bias: float
    hardness: float
    response: np.ndarray

    def process(self, stem: np.ndarray) -> np.ndarray:
        """Return a part through the amplifier, float32 of the same length and level."""
        level = float(np.sqrt(np.mean(stem**2)))
        if level < 1e-7:
            return stem
        driven = sosfilt(self.tight, stem).astype(np.float32) * np.float32(self.gain / level)
        driven += np.float32(self.bias)
        if self.hardness > 1.5:
            shaped = driven / np.power(1 + np.abs(driven) ** np.float32(self.hardness), np.float32(1 / self.hardness))
        else:
            shaped = np.tanh(driven)
        shaped -= np.float32(np.tanh(self.bias))
        size = fft.next_fast_len(len(shaped) + len(self.response), True)
        spectrum = fft.rfft(shaped, size)
        spectrum *= fft.rfft(self.response, size)
        heard = fft.irfft(spectrum, size)[: len(stem)]
        out = np.sqrt(np.mean(heard**2))
        return (heard * np.float32(level / max(float(out), 1e-9))).astype(np.float32)


def draw_amplifier(rng: random.Random, sample_rate_hz: int, clean: bool) -> Amplifier:
    """Draw an amplifier: of clean programs half stay clean, others are driven anew."""
    driven = rng.random() < (0.5 if clean else 0.7)
    gain = float(np.exp(rng.uniform(np.log(0.6), np.log(30.0)))) if driven else rng.uniform(0.1, 0.5)
    cut = rng.uniform(40, 110) if not driven else rng.uniform(70, 350)
    return Amplifier(
        tight=butter(1 if rng.random() < 0.6 else 2, cut, "high", fs=sample_rate_hz, output="sos"),
        gain=gain,
        bias=rng.choice((0.0, rng.uniform(0.0, 0.5))),
        hardness=rng.choice((1.0, 1.0, rng.uniform(1.6, 4.0))),
        response=cabinet(rng, sample_rate_hz),
    )


def cabinet(rng: random.Random, sample_rate_hz: int) -> np.ndarray:
    """Return a loudspeaker's minimum-phase impulse response, float32 [1024], with energy 1."""
    size = 2 * _CABINET_SAMPLES
    hz = np.fft.rfftfreq(size, 1 / sample_rate_hz)
    octave = np.log2(np.maximum(hz, 10.0))

    def bump(centre_hz: float, gain_db: float, width: float) -> np.ndarray:
        return gain_db * np.exp(-0.5 * ((octave - np.log2(centre_hz)) / width) ** 2)

    low, high = rng.uniform(60, 130), rng.uniform(3500, 6500)
    shape = -12.0 * np.log2(1 + (low / np.maximum(hz, 10.0)) ** 2)
    shape -= rng.uniform(12.0, 24.0) * 0.5 * np.log2(1 + (hz / high) ** 4)
    shape += bump(rng.uniform(90, 180), rng.uniform(0, 6), 0.4)
    shape += bump(rng.uniform(350, 800), rng.uniform(-8, 2), 0.6)  # the scooped middle
    shape += bump(rng.uniform(1800, 3500), rng.uniform(0, 8), 0.4)
    for _ in range(5):
        shape += bump(rng.uniform(400, 6000), rng.gauss(0, 3), rng.uniform(0.05, 0.2))
    shape = np.maximum(shape, shape.max() - 80.0)
    delay, depth = rng.uniform(0.0003, 0.0025), rng.uniform(0.0, 0.4)
    shape += 20 * np.log10(np.abs(1 + depth * np.exp(-2j * np.pi * hz * delay)))
    # Minimum phase by the cepstrum (Oppenheim and Schafer, Discrete-Time Signal Processing, section 13.5).
    cepstrum = np.fft.irfft(shape * (np.log(10) / 20), size)
    cepstrum[1 : size // 2] *= 2
    cepstrum[size // 2 + 1 :] = 0
    response = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)), size)[:_CABINET_SAMPLES]
    response[-128:] *= np.linspace(1, 0, 128)
    return (response / np.sqrt(np.sum(response**2))).astype(np.float32)
