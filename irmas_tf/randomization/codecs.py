"""A round trip through a lossy codec, in memory, by the FFmpeg inside PyAV: what a recording has been through.

Codecs are run at their quickest settings, one thread each: what is heard of them is the bit rate.
"""

from __future__ import annotations

import dataclasses
import random
from fractions import Fraction

import numpy as np

from irmas_tf.randomization.filters import SAMPLE_RATE_HZ


@dataclasses.dataclass(frozen=True)
class CodecKind:
    """How an encoder of FFmpeg is used.

    Attributes:
        encoder, decoder: FFmpeg's names.
        form: sample format of the encoder.
        rate_hz: its sample rate.
        delay: samples at ``rate_hz`` by which sound comes out later (what FFmpeg does not take off by itself).
        kbit: bit rates for two channels.
        options: the encoder's own.
        share: how often it is drawn.
    """

    encoder: str
    decoder: str
    form: str
    rate_hz: int
    delay: int
    kbit: tuple[int, ...]
    options: tuple[tuple[str, str], ...]
    share: float


CODECS: dict[str, CodecKind] = {
    "mp3": CodecKind(
        "libmp3lame", "mp3float", "s16p", 44100, 0, (64, 96, 128, 160), (("compression_level", "9"),), 0.15
    ),
    "aac": CodecKind("aac", "aac", "fltp", 44100, 1024, (48, 64, 96, 128), (("aac_coder", "fast"),), 0.2),
    "opus": CodecKind("libopus", "opus", "s16", 48000, 0, (24, 32, 48, 64), (("compression_level", "0"),), 0.2),
    "mp2": CodecKind("mp2", "mp2float", "s16", 44100, 481, (96, 128, 192), (), 0.25),
    "ac3": CodecKind("ac3", "ac3", "fltp", 44100, 256, (96, 128, 192), (), 0.2),
}


@dataclasses.dataclass(frozen=True)
class Codec:
    """One codec at one bit rate (for both channels; half of it where the sound is mono)."""

    name: str
    kbit: int
    mono: bool

    @classmethod
    def draw(cls, rng: random.Random) -> Codec:
        """Draw one."""
        name = rng.choices(list(CODECS), [kind.share for kind in CODECS.values()])[0]
        return cls(name, rng.choice(CODECS[name].kbit), rng.random() < 0.7)

    def apply(self, audio: np.ndarray) -> np.ndarray:
        """Return what is left of int16 [n, 2] after encoding and decoding, int16 [n, 2], in time with the original."""
        import av

        kind = CODECS[self.name]
        frames = len(audio)
        sound = audio.astype(np.float32) / np.float32(32768)
        if self.mono:
            sound = sound.mean(axis=1, keepdims=True)
        if kind.rate_hz != SAMPLE_RATE_HZ:
            import soxr

            sound = soxr.resample(sound, SAMPLE_RATE_HZ, kind.rate_hz)
        layout = "mono" if self.mono else "stereo"
        encoder = av.CodecContext.create(kind.encoder, "w")
        encoder.sample_rate, encoder.layout, encoder.format = kind.rate_hz, layout, kind.form  # type: ignore[attr-defined]
        encoder.bit_rate = self.kbit * (500 if self.mono else 1000)
        encoder.time_base = Fraction(1, kind.rate_hz)
        encoder.thread_count = 1
        encoder.options = dict(kind.options)
        encoder.open()
        packets = []
        for piece in _pieces(sound, kind.form, encoder.frame_size, kind.delay):  # type: ignore[attr-defined]
            frame = av.AudioFrame.from_ndarray(piece, format=kind.form, layout=layout)
            frame.sample_rate, frame.time_base = kind.rate_hz, encoder.time_base
            packets += encoder.encode(frame)  # type: ignore[attr-defined]
        packets += encoder.encode(None)  # type: ignore[attr-defined]
        decoder = av.CodecContext.create(kind.decoder, "r")
        decoder.thread_count = 1
        if encoder.extradata:
            decoder.extradata = encoder.extradata
        decoder.sample_rate, decoder.layout = kind.rate_hz, layout  # type: ignore[attr-defined]
        decoded = [f.to_ndarray() for p in packets if p.size for f in decoder.decode(p)]  # type: ignore[attr-defined]
        decoded += [f.to_ndarray() for f in decoder.decode(None)]  # type: ignore[attr-defined]
        left = np.concatenate(decoded, axis=1)[:, kind.delay :].T
        if kind.rate_hz != SAMPLE_RATE_HZ:
            left = soxr.resample(np.ascontiguousarray(left), kind.rate_hz, SAMPLE_RATE_HZ)
        result = np.zeros((frames, 2), np.float32)
        result[: len(left)] = left[:frames]
        return np.round(np.clip(result * 32767, -32768, 32767)).astype(np.int16)


def _pieces(sound: np.ndarray, form: str, size: int, delay: int) -> list[np.ndarray]:
    """Cut float32 [n, channels] into whole frames of an encoder's format, with silence behind for its delay."""
    frames = -(-(len(sound) + delay) // size)
    padded = np.zeros((frames * size, sound.shape[1]), np.float32)
    padded[: len(sound)] = sound
    if form != "fltp":
        padded = np.round(np.clip(padded * 32767, -32768, 32767)).astype(np.int16)  # type: ignore[assignment]
    blocks = padded.reshape(frames, size, -1)
    if form == "s16":  # interleaved
        return [np.ascontiguousarray(block.reshape(1, -1)) for block in blocks]
    return [np.ascontiguousarray(block.T) for block in blocks]
