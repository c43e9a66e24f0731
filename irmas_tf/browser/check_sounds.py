"""The sounds that an exported page must answer for: silence, tones, music; three rates, one to six channels."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

from irmas_tf.deploy.check_music import check_music
from irmas_tf.dsp.resample import resample

RATES_HZ = (22050, 44100, 48000)
CHANNELS = (1, 2, 6)
SECONDS = 7.3
TOLERANCES = {"": 1e-3}
"""Greatest difference of a probability, by the ending of a file."""
DYNAMIC_TOLERANCE = 0.05
"""The same for dynamic weights, as in `irmas_tf.deploy.tflite_check`: inputs of convolutions are rounded to int8, and a
difference of a millionth moves some of them to the next step, in LiteRT's own kernels as well."""
_MUSIC_HZ = 48000
# Of files that the browser decodes: name, rate, channels, libsndfile's format and encoding.
_ENCODED = (
    ("music_44100_stereo.flac", 44100, 2, "FLAC", "PCM_16"),
    ("music_48000_mono.flac", 48000, 1, "FLAC", "PCM_24"),
    ("music_48000_six.flac", 48000, 6, "FLAC", "PCM_16"),
    ("music_44100_stereo.ogg", 44100, 2, "OGG", "VORBIS"),
    ("music_48000_stereo.opus", 48000, 2, "OGG", "OPUS"),
    ("music_44100_stereo.mp3", 44100, 2, "MP3", "MPEG_LAYER_III"),
)


def write_sounds(folder: Path) -> list[Path]:
    """Write the sounds into a folder and return their paths, those that this libsndfile can write."""
    folder.mkdir(parents=True, exist_ok=True)
    music = _music()
    paths = []

    def write(name: str, samples: np.ndarray, rate_hz: int, format: str = "WAV", subtype: str = "PCM_16") -> None:
        stream = io.BytesIO()
        try:
            soundfile.write(stream, samples, rate_hz, subtype, format=format)
        except (soundfile.LibsndfileError, ValueError):
            return  # an older libsndfile
        paths.append(folder / name)
        paths[-1].write_bytes(stream.getvalue())

    words = {1: "mono", 2: "stereo", 6: "six"}
    for rate_hz in RATES_HZ:
        for channels in CHANNELS:
            write(f"music_{rate_hz}_{words[channels]}.wav", _spread(music, rate_hz, channels), rate_hz)
    time = np.arange(4 * 44100) / 44100
    tone = 0.5 * np.sin(2 * np.pi * 440 * time)
    write("silence.wav", np.zeros(44100 * 4), 44100)
    write("tone.wav", tone, 44100)
    write("high_tone.wav", 0.5 * np.sin(2 * np.pi * 17000 * time), 44100)  # folds back where the filter is poor
    write("short.wav", tone[:2000], 44100)
    write("partly_silent.wav", np.concatenate([np.zeros(44100 * 5), tone]), 44100)
    write("opposed.wav", np.stack([tone, -tone], axis=1), 44100)
    write("floats.wav", _spread(music, 48000, 2), 48000, "WAV", "FLOAT")
    write("24_bits.wav", _spread(music, 44100, 2), 44100, "WAVEX", "PCM_24")
    write("a_law.wav", _spread(music, 8000, 1), 8000, "WAV", "ALAW")
    for name, rate_hz, channels, format, subtype in _ENCODED:
        write(name, _spread(music, rate_hz, channels), rate_hz, format, subtype)
    return paths


def _music() -> np.ndarray:
    pieces = check_music(_MUSIC_HZ)
    return np.resize(np.concatenate([pieces[name] for name in sorted(pieces)]), int(SECONDS * _MUSIC_HZ))


def _spread(music: np.ndarray, rate_hz: int, channels: int) -> np.ndarray:
    """Return the music at a rate, [samples, channels]; every channel is later and quieter than the one before."""
    mono = resample(music, _MUSIC_HZ, rate_hz)
    return np.stack([np.roll(mono, 700 * k) * 0.8**k for k in range(channels)], axis=1)
