"""Which files are 16-bit PCM WAV with nothing unusual about them, so that a graph can decode them without Python.

Everything else (other formats and encodings, open or wrong sizes, cut files, data in several parts) is left to
`irmas_tf.audio.decode`, which knows what to do and what to say about it.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Sequence

from irmas_tf.audio.sound_file import AudioError, open_raw
from irmas_tf.audio.wav_header import read_wav_header
from irmas_tf.dsp.resample import MAX_RATE_HZ, MIN_RATE_HZ
from irmas_tf.process.ordered_threads import OrderedThreads

_MOST_HEADER_BYTES = 1 << 12
_MOST_VALUES = 1 << 22  # frames x channels: 47 seconds of CD audio; longer files are not decoded in one go
_MOST_BYTES_BEHIND = 1 << 20  # the samples: metadata, which would be read as well
_FILES_AT_ONCE = 64  # of a thread
_REMEMBERED_FILES = 1 << 16


@dataclasses.dataclass(frozen=True)
class PlainWav:
    """Where the samples of a plain file are.

    Attributes:
        file_bytes: size of the file.
        header: what stands before the samples; a file of this size and with this header has this layout.
        sample_rate_hz: rate.
        channels: number of channels, at least 1.
        frames: length in samples per channel, at least 1.
    """

    file_bytes: int
    header: bytes
    sample_rate_hz: int
    channels: int
    frames: int

    @property
    def data_bytes(self) -> int:
        """Bytes of all samples, which begin behind the header."""
        return 2 * self.channels * self.frames


def look_for_plain_wav(paths: Sequence[str], pool: OrderedThreads) -> list[PlainWav | None]:
    """Return the layout of each plain file, and None for every other.

    Headers are read once in a process, as long as the file's size and time of change stay.
    """
    shares = [paths[first : first + _FILES_AT_ONCE] for first in range(0, len(paths), _FILES_AT_ONCE)]
    return [layout for share in pool.map(lambda share: [_look(path) for path in share], shares) for layout in share]


def _look(path: str) -> PlainWav | None:
    try:
        status = os.stat(path)
        return _read_layout(path, status.st_size, status.st_mtime_ns)
    except (OSError, ValueError, AudioError):
        return None  # who decodes it finds the words


@functools.lru_cache(maxsize=_REMEMBERED_FILES)
def _read_layout(path: str, file_bytes: int, changed_ns: int) -> PlainWav | None:
    with open_raw(path) as raw:
        header = read_wav_header(raw)
        if (
            header is None
            or not (header.is_plain and header.is_pcm16)
            or header.unread_bytes
            or header.promised_frames != header.present_frames
            or not 0 < header.present_frames * header.channels <= _MOST_VALUES
            or not MIN_RATE_HZ <= header.sample_rate_hz <= MAX_RATE_HZ
            or header.data_offset > _MOST_HEADER_BYTES
        ):
            return None
        raw.seek(0)
        start = _kept_once(raw.read(header.data_offset))
    layout = PlainWav(file_bytes, start, header.sample_rate_hz, header.channels, header.present_frames)
    return layout if file_bytes - len(start) - layout.data_bytes <= _MOST_BYTES_BEHIND else None


@functools.lru_cache(maxsize=1024)
def _kept_once(header: bytes) -> bytes:
    """Return the first equal object: the headers of a data set are mostly the same."""
    return header
