"""The studio: room, equalisers, panning and loudness of one song, and how stems become a stereo 16-bit excerpt.

Everything linear (equalisers, room) is folded into one stereo impulse response per bus and applied by FFT.
"""

from __future__ import annotations

import dataclasses
import random
from typing import NamedTuple

import numpy as np
from scipy import fft
from scipy.signal import butter, lfilter, sosfilt

from irmas_tf.randomization.chain import SongChain
from irmas_tf.randomization.filters import SAMPLE_RATE_HZ, peaking, shelf

# Longest impulse response, in samples; 3 s and one of these fill an FFT of 3 x 2^16 points exactly.
LONGEST_ROOM = 3 * 2**16 - 132299
RINGING = 3000  # samples after which an equaliser has died away
_KNEE = 0.7
# Cents around a' = 440 Hz: a few values, so that tones can be used again by other songs.
_TUNINGS = (0.0, 0.0, 0.0, 0.0, 0.0, 10.0, 10.0, -10.0, 20.0)


@dataclasses.dataclass
class Mix:
    """How one song is recorded. Drawn once a song, shared by its excerpts."""

    tuning_cents: float
    rt60_seconds: float
    damping: float
    predelay_seconds: float
    lead_wet_db: float
    rest_wet_db: float
    lead_eq: np.ndarray
    rest_eq: np.ndarray
    master_eq: np.ndarray
    loudness_dbfs: float
    noise_dbfs: float | None
    mono: bool
    rotary: tuple[float, float]
    noise_seed: int
    room: np.ndarray | None = None  # float32 [2, n] in place of the one that the numbers above describe
    lead_taps: tuple[tuple[int, float], ...] = ()  # reflections of the lead from near by: (delay in samples, gain)


def _equaliser(rng: random.Random, reach_db: float) -> np.ndarray:
    sections = [
        shelf(rng.uniform(80, 350), rng.gauss(0, reach_db), False),
        shelf(rng.uniform(2500, 9000), rng.gauss(0, reach_db), True),
    ]
    for _ in range(rng.choice((0, 1, 2))):
        sections.append(
            peaking(np.exp(rng.uniform(np.log(200), np.log(6000))), rng.gauss(0, reach_db), rng.uniform(0.5, 2))
        )
    return np.array(sections)


def draw_mix(rng: random.Random, genre: str) -> Mix:
    """Draw the room, equalisers and level of a song."""
    hall = genre == "cla"
    # Some samples stand beside zero; nothing below 25 Hz is music.
    master = [_equaliser(rng, 1.5), butter(2, 25, "high", fs=SAMPLE_RATE_HZ, output="sos")]
    if rng.random() < 0.25:  # a lossy or old source
        cutoff = rng.choice((5500, 8000, 11000, 14000, 15500))
        master.append(butter(4, cutoff, "low", fs=SAMPLE_RATE_HZ, output="sos"))
        if cutoff < 9000 and rng.random() < 0.5:
            master.append(butter(2, rng.uniform(100, 260), "high", fs=SAMPLE_RATE_HZ, output="sos"))
    return Mix(
        tuning_cents=rng.choice(_TUNINGS),
        rt60_seconds=rng.uniform(1.0, 2.6) if hall else rng.choice((rng.uniform(0.15, 0.5), rng.uniform(0.4, 1.8))),
        damping=rng.uniform(0.15, 0.7),
        predelay_seconds=rng.uniform(0.0, 0.03),
        lead_wet_db=rng.uniform(-16, -4) if hall else rng.uniform(-26, -8),
        rest_wet_db=rng.uniform(-22, -6),
        lead_eq=_equaliser(rng, 2.5),
        rest_eq=_equaliser(rng, 3.0),
        master_eq=np.concatenate(master),
        loudness_dbfs=rng.uniform(-20, -11) if genre == "pop_roc" else rng.uniform(-28, -15),
        noise_dbfs=rng.uniform(-78, -52) if rng.random() < 0.3 else None,
        mono=rng.random() < 0.1,
        rotary=(rng.choice((0.8, 6.6)) * rng.uniform(0.9, 1.1), rng.choice((0.0, rng.uniform(0.05, 0.3)))),
        noise_seed=rng.getrandbits(32),
    )


def randomized(mix: Mix, chain: SongChain) -> Mix:
    """Return a mix with what a chain drew of linear things: room, equalisers, microphone and loudness."""
    mix = dataclasses.replace(
        mix,
        lead_eq=np.concatenate([mix.lead_eq, chain.lead_sections]),
        rest_eq=np.concatenate([mix.rest_eq, chain.rest_sections]),
        master_eq=np.concatenate([mix.master_eq, chain.master_sections]),
        lead_taps=chain.lead_taps,
    )
    if chain.room is not None:
        mix = dataclasses.replace(mix, room=chain.room, lead_wet_db=chain.lead_wet_db, rest_wet_db=chain.rest_wet_db)
    if chain.loudness_dbfs is not None:
        mix = dataclasses.replace(mix, loudness_dbfs=chain.loudness_dbfs)
    return mix


def impulse_response(mix: Mix) -> np.ndarray:
    """Return the room: float32 [2, n], energy 1 a channel, n <= `LONGEST_ROOM` less the equalisers' ringing.

    Exponentially decaying noise, independent in both ears, duller as it decays, after a few early reflections.
    """
    rng = np.random.default_rng(mix.noise_seed)
    length = int(min(mix.rt60_seconds * 0.85 * SAMPLE_RATE_HZ, LONGEST_ROOM - 2 * RINGING))
    noise = rng.standard_normal((2, length), dtype=np.float32)
    time = np.arange(length, dtype=np.float32) / SAMPLE_RATE_HZ
    dull = lfilter(np.array([1 - mix.damping], np.float32), np.array([1, -mix.damping], np.float32), noise)
    # Two bands: the bright part dies faster than the dull one, as in air and curtains.
    tail = dull * np.exp(-6.91 * time / mix.rt60_seconds) + 0.5 * (noise - dull) * np.exp(
        -6.91 * time / (0.45 * mix.rt60_seconds)
    )
    fade = min(2048, length // 2)
    tail[:, length - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    onset = int(mix.predelay_seconds * SAMPLE_RATE_HZ)
    room = np.zeros((2, length + onset), np.float32)
    room[:, onset:] = tail
    for channel in range(2):
        for tap in rng.integers(onset, onset + min(length, 2200), 6):
            room[channel, tap] += float(rng.normal(0, 6))
    return room / np.sqrt(np.sum(room**2, axis=1, keepdims=True) + 1e-12)


def _power(x: np.ndarray) -> float:
    """Return the sum of squared magnitudes; without BLAS, whose answer may depend on its number of threads."""
    view = x.view(np.float32) if np.iscomplexobj(x) else x
    return float(np.sum(np.square(view), dtype=np.float64))


class Stem(NamedTuple):
    """One part on its way to the desk: mono float32 audio, gain, and pan from -1 (left) to 1."""

    audio: np.ndarray
    gain: float
    pan: float


class Desk:
    """Turns stems into excerpts for one song.

    Args:
        mix: the song's mix.

    Attributes:
        pre_roll: samples of sound before an excerpt that its reverb needs. What the circular convolution wraps around
            falls into them, so they are cut off and nothing is padded.
    """

    def __init__(self, mix: Mix) -> None:
        self.mix = mix
        room = mix.room if mix.room is not None else impulse_response(mix)
        self.pre_roll = room.shape[1] + RINGING
        self._responses = []
        buses = ((mix.lead_wet_db, mix.lead_eq, mix.lead_taps), (mix.rest_wet_db, mix.rest_eq, ()))
        for wet_db, equaliser, taps in buses:
            response = room * np.float32(10 ** (wet_db / 20))
            response = np.pad(response, ((0, 0), (0, self.pre_roll - response.shape[1])))
            response[:, 0] += 1
            for delay, gain in taps:
                response[:, delay] += np.float32(gain)
            sections = np.concatenate([equaliser, mix.master_eq]).astype(np.float32)
            self._responses.append(sosfilt(sections, response, axis=-1).astype(np.float32))
        self._spectra: dict[tuple[int, int], np.ndarray] = {}

    def record(self, lead: list[Stem], rest: list[Stem], least_db: float) -> tuple[np.ndarray, float]:
        """Pan and equalise stems, put them in the room and mix them.

        Args:
            lead, rest: stems of the two buses, float32 [pre-roll + n] each; ``rest`` may be empty.
            least_db: the rest is turned down where the lead would be less than this above it.

        Returns:
            float32 [2, n], the pre-roll cut off, and the level of the lead over the rest in dB (infinite without rest).
        """
        frames = len(lead[0].audio)
        points = fft.next_fast_len(frames, real=True)
        spectrum, lead_power = self._bus(0, lead, points)
        ratio_db = np.inf
        if rest:
            other, rest_power = self._bus(1, rest, points)
            ratio_db = 10 * np.log10((lead_power + 1e-15) / (rest_power + 1e-15))
            if ratio_db < least_db:  # ride the fader where the lead pauses or plays low
                other *= np.float32(10 ** ((ratio_db - least_db) / 20))
                ratio_db = least_db
            spectrum += other
        return fft.irfft(spectrum, points, axis=-1)[:, self.pre_roll : frames], float(ratio_db)

    def _bus(self, bus: int, stems: list[Stem], points: int) -> tuple[np.ndarray, float]:
        """Return the spectrum [2, points // 2 + 1] of a bus and its power after the pre-roll."""
        if (bus, points) not in self._spectra:
            self._spectra[bus, points] = fft.rfft(self._responses[bus], points, axis=-1)
        weights = [(s.gain * np.cos((s.pan + 1) * np.pi / 4), s.gain * np.sin((s.pan + 1) * np.pi / 4)) for s in stems]
        if len(stems) == 1:  # one transform serves both channels
            dry = stems[0].audio[None] * np.float32(stems[0].gain)
            spectrum = fft.rfft(dry, points, axis=-1) * (np.array(weights, np.float32).T / np.float32(stems[0].gain))
        else:
            dry = np.zeros((2, len(stems[0].audio)), np.float32)
            for stem, weight in zip(stems, weights, strict=True):
                for channel in range(2):
                    dry[channel] += stem.audio * np.float32(weight[channel])
            spectrum = fft.rfft(dry, points, axis=-1)
        before = _power(spectrum) + 1e-12
        spectrum *= self._spectra[bus, points]
        # What the equaliser and the room do to the power is taken from the spectra (Parseval), which saves going back
        # to the time domain once more a bus.
        change = _power(spectrum) / before
        return spectrum, _power(dry[:, self.pre_roll :]) * change

    def master(self, excerpts: list[np.ndarray]) -> list[np.ndarray]:
        """Bring the excerpts of a song to its loudness: float32 [2, n] in, int16 [n, 2] out, never clipped."""
        energy = np.sqrt(np.mean([np.mean(e.astype(np.float64) ** 2) for e in excerpts])) + 1e-9
        peak = max(float(np.abs(e).max()) for e in excerpts) + 1e-9
        gain = min(10 ** (self.mix.loudness_dbfs / 20) / energy, 1.6 / peak)
        noise = np.random.default_rng(self.mix.noise_seed + 1)
        finished = []
        for excerpt in excerpts:
            audio = excerpt * np.float32(gain)
            if self.mix.mono:
                audio = np.repeat(audio.mean(axis=0, keepdims=True), 2, axis=0)
            if self.mix.noise_dbfs is not None:
                hiss = noise.standard_normal(audio.shape, dtype=np.float32)
                audio += lfilter(np.array([0.6], np.float32), np.array([1, -0.4], np.float32), hiss) * np.float32(
                    10 ** (self.mix.noise_dbfs / 20)
                )
            loud = np.abs(audio)
            over = loud > _KNEE  # a soft limiter: peaks bend towards 0.98 instead of being cut
            audio[over] = np.sign(audio[over]) * (
                _KNEE + (0.98 - _KNEE) * np.tanh((loud[over] - _KNEE) / (0.98 - _KNEE))
            )
            finished.append(np.ascontiguousarray(np.round(audio.T * 32767).astype(np.int16)))
        return finished
