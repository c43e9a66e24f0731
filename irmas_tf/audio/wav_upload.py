"""An audio file as the bytes of a WAV file that an exported model reads by itself.

PCM WAV files at a usual rate go as they are, and the model decodes them. All else is decoded here, at best to the
model's rate, and goes as mono 32-bit floats: nothing is lost, whatever the format was. So are long files if the model's
rate is known, because decoding and resampling inside the graph hold a clip several times over.
"""

from __future__ import annotations

import collections
import os
import struct

import numpy as np

from irmas_tf.audio.decode import AudioError, PathLike, audio_info, iter_blocks
from irmas_tf.audio.heard import Heard
from irmas_tf.audio.wav_header import WavHeader, read_wav_header

# The rates that exported models read, besides their own.
UPLOAD_RATES_HZ = (8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 176400, 192000)
DEFAULT_RATE_HZ = 44100
LONG_FILE_BYTES = 16 << 20
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_FLOAT = 3


def wav_upload(path: PathLike, rate_hz: int = 0, max_bytes: int = 1 << 30, heard: Heard | None = None) -> bytes:
    """Return the bytes of a WAV file with a file's audio.

    Args:
        path: file of any format that `irmas_tf.audio.decode` reads.
        rate_hz: the model's rate; 0 if it is not known.
        max_bytes: most bytes to return.
        heard: gathers what is odd about the file.

    Raises:
        AudioError: it is not audio, or so long that it takes more than ``max_bytes`` even at the model's rate.
        OSError: it cannot be read.
    """
    if os.path.getsize(path) <= (min(max_bytes, LONG_FILE_BYTES) if rate_hz else max_bytes):
        with open(path, "rb") as file:
            header = read_wav_header(file)
            if header is not None and is_readable_as_it_is(header, rate_hz):
                file.seek(0)
                content = file.read()
                if heard is not None:  # at the file's own rate, without resampling
                    collections.deque(iter_blocks(path, header.sample_rate_hz, heard=heard), maxlen=0)
                return content
    target_hz = rate_hz or audio_info(path).sample_rate_hz
    if not rate_hz and target_hz not in UPLOAD_RATES_HZ:
        target_hz = DEFAULT_RATE_HZ
    blocks, values = [], 0
    for block in iter_blocks(path, target_hz, heard=heard):
        values += len(block)
        if _HEADER.size + 4 * values > max_bytes:
            raise AudioError(
                path,
                f"is too long to be sent: at {target_hz} Hz it takes more than {max_bytes / 2**20:.3g} MB; cut it, or"
                " allow more",
            )
        blocks.append(block)
    return float_wav(np.concatenate(blocks), target_hz)


def is_readable_as_it_is(header: WavHeader, rate_hz: int = 0) -> bool:
    """Return whether exported models read a WAV file as it is: whole PCM at a usual rate, or at the model's."""
    return (
        header.is_plain
        and header.is_pcm
        and header.bits in (8, 16, 24, 32)
        and header.channels >= 1
        and header.frame_bytes * 8 == header.channels * header.bits
        and header.sample_rate_hz in (*UPLOAD_RATES_HZ, rate_hz)
        and header.present_frames > 0
        and header.promised_frames == header.present_frames  # of a stream without a size, models know some marks only
    )


def float_wav(samples: np.ndarray, rate_hz: int) -> bytes:
    """Return a WAV file of 32-bit floats with mono samples [n]."""
    data = np.ascontiguousarray(samples, "<f4").tobytes()
    size = _HEADER.size - 8 + len(data)
    return (
        _HEADER.pack(b"RIFF", size, b"WAVE", b"fmt ", 16, _FLOAT, 1, rate_hz, 4 * rate_hz, 4, 32, b"data", len(data))
        + data
    )
