"""The sounds that every artefact must answer as the live model does."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
import soundfile

# Rate, channels and encoding of the files that a graph must decode.
WAV_FILES = (
    (44100, 2, "PCM_16", "WAV"),
    (48000, 1, "PCM_24", "WAVEX"),
    (96000, 1, "FLOAT", "WAV"),
    (8000, 3, "PCM_32", "WAV"),
    (16000, 1, "PCM_U8", "WAV"),
    (22050, 2, "DOUBLE", "WAV"),
)


def check_signals(rate_hz: int, samples: int, music: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return {name: float32 [samples]} in [-1, 1]: silence, noise, sine, click, chirp, quiet noise, and the music.

    Args:
        rate_hz: rate of the signals.
        samples: their length.
        music: {name: float32 [any length] at ``rate_hz``}; repeated or cut to the length.
    """
    time = np.arange(samples) / rate_hz
    rng = np.random.default_rng(20260101)
    click = np.zeros(samples)
    click[samples // 3] = 0.9
    seconds = samples / rate_hz
    # From 50 Hz to 0.45 of the rate, rising by the same number of octaves a second.
    octaves = np.log2(0.45 * rate_hz / 50.0)
    chirp_phase = 2 * np.pi * 50.0 * seconds / (octaves * np.log(2.0)) * (2.0 ** (octaves * time / seconds) - 1.0)
    signals = {
        "silence": np.zeros(samples),
        "noise": rng.normal(0.0, 0.1, samples).clip(-1, 1),
        "sine": 0.5 * np.sin(2 * np.pi * 440.0 * time),
        "click": click,
        "chirp": 0.3 * np.sin(chirp_phase),
        "quiet noise": rng.normal(0.0, 1e-4, samples),
    }
    signals.update({name: np.resize(sound, samples) for name, sound in music.items()})
    return {name: signal.astype(np.float32) for name, signal in signals.items()}


def wav_bytes(samples: np.ndarray, rate_hz: int, channels: int, subtype: str, format: str) -> bytes:
    """Return a WAV file of a mono signal; every channel but the first is quieter than the one before.

    Args:
        samples: [n] in [-1, 1], taken to be at ``rate_hz``.
        rate_hz, channels: of the file.
        subtype, format: libsndfile's names.
    """
    levels = 0.7 ** np.arange(channels)
    stream = io.BytesIO()
    soundfile.write(stream, samples[:, None] * levels, rate_hz, subtype, format=format)
    return stream.getvalue()
