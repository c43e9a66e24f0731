"""Samples of compressed SoundFonts (.sf3, MuseScore's form of SoundFont 2): each is an Ogg Vorbis file of its own.

In such a file a sample header's start and end count bytes of the sample chunk, and its loop counts frames from the
sample's own beginning; bit 4 of its kind says so.
"""

from __future__ import annotations

import io

import numpy as np

from irmas_tf.timbres.zones import SoundFontError

COMPRESSED = 0x10  # in a sample header's kind


def count_frames(data: bytes) -> int:
    """Return how many frames an Ogg Vorbis sample holds.

    Raises:
        SoundFontError: it is none.
    """
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            return int(file.frames)
    except (RuntimeError, ValueError) as error:
        raise SoundFontError(f"a compressed sample cannot be read ({error})") from error


def decode(data: bytes) -> np.ndarray:
    """Return an Ogg Vorbis sample, mono float32.

    Raises:
        SoundFontError: it is none, or damaged.
    """
    import soundfile

    try:
        audio, _ = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except (RuntimeError, ValueError) as error:
        raise SoundFontError(f"a compressed sample cannot be read ({error})") from error
    return np.ascontiguousarray(audio[:, 0])
