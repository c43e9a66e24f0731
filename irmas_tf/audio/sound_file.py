"""Files opened by the system and by libsndfile, and read from their beginning as far as they can be decoded."""

from __future__ import annotations

import contextlib
import functools
import io
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from irmas_tf.dsp.resample import MAX_RATE_HZ, MIN_RATE_HZ
from irmas_tf.dsp.scratch import scratch

if TYPE_CHECKING:
    import soundfile

PathLike = str | os.PathLike[str]

UNKNOWN_FRAMES = 1 << 48  # libsndfile's answer for a FLAC stream of open length is near 2^63
_BLOCK_VALUES = 1 << 19  # values (frames x channels) read at once, at most: six seconds of CD audio
_SALVAGE_FRAMES = 512
_NAMED_ERRORS = 10


class AudioError(ValueError):
    """A file that cannot be used; the message names the file, what is wrong with it and the remedy.

    ``kind`` is for programs: "unreadable", "empty", "unsupported_rate" or "non_finite".
    """

    def __init__(self, path: PathLike, problem: str, kind: str = "unreadable") -> None:
        self.path = os.fspath(path)
        self.problem = problem
        self.kind = kind
        super().__init__(f"{self.path}: {problem}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.problem, self.kind)


def unusable(errors: Sequence[AudioError], files: int) -> str:
    """Return lines that say how many of ``files`` cannot be used, and name up to ten of them."""
    lines = [f"{len(errors)} of {files} files are unusable:", *(f"  {error}" for error in errors[:_NAMED_ERRORS])]
    if len(errors) > _NAMED_ERRORS:
        lines.append(f"  and {len(errors) - _NAMED_ERRORS} more")
    return "\n".join(lines)


class AudioWarning(UserWarning):
    """A file is used, but something about it is not as it should be."""


class Block(NamedTuple):
    """A piece of sound: samples [frames, channels], float32 with full scale 1.0 or int16, and their rate."""

    samples: np.ndarray
    rate_hz: int


@functools.cache
def _forward_reader() -> type[soundfile.SoundFile]:
    """Return the class of a `SoundFile` that is only read from its beginning to its end.

    soundfile follows each read of a seekable file by a seek to where the file already is. In MP3 that seek loses the
    decoder's bit reservoir, and every block but the first begins with wrong samples; in FLAC and Vorbis it costs time.

    It is made with the first file that libsndfile has to read: most do without the package's start.
    """
    import soundfile

    class ForwardReader(soundfile.SoundFile):
        def seekable(self) -> bool:
            return False

    return ForwardReader


@contextlib.contextmanager
def open_raw(path: PathLike) -> Iterator[io.FileIO]:
    """Open the file itself, not buffered; what the system has against it, now or later, becomes an `AudioError`."""
    if "\0" in os.fsdecode(path):
        raise AudioError(path, "cannot be opened (no file's name has a null character)")
    try:
        with open(path, "rb", buffering=0) as raw:
            yield raw
    except IsADirectoryError as error:
        raise AudioError(path, "is a folder, not an audio file") from error
    except OSError as error:
        raise AudioError(path, f"cannot be read ({error.strerror or error})") from error


def open_sound(path: PathLike, source: io.RawIOBase | None = None) -> soundfile.SoundFile:
    """Return the file opened by libsndfile, its rate checked.

    Args:
        path: of a file that `open_raw` has opened: what the system has against it is said there.
        source: what is read in its place, if anything.

    Raises:
        AudioError: it is not audio that libsndfile reads, or has a rate that is not supported.
    """
    try:
        file = _forward_reader()(os.fsencode(path) if source is None else source)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        detail = getattr(error, "error_string", None) or str(error)
        raise AudioError(
            path, f"is not audio that libsndfile can read ({detail.strip().rstrip('.')}); replace it or convert it"
        ) from error
    try:
        check_rate(path, file.samplerate)
    except AudioError:
        file.close()
        raise
    return file


def block_frames(channels: int, wanted: int = _BLOCK_VALUES) -> int:
    """Return frames to read at once: about ``wanted`` within the limit of memory, a multiple of the salvage step.

    The multiple makes damaged data end at the same frame whatever the block size.
    """
    return max(1, min(wanted, _BLOCK_VALUES // channels) // _SALVAGE_FRAMES) * _SALVAGE_FRAMES


def read_blocks(path: PathLike, file: soundfile.SoundFile, size: int) -> Iterator[np.ndarray]:
    """Yield float32 [frames, channels] until the end or, with a warning, until the data can no longer be decoded."""
    received = 0
    while True:
        try:
            # One work array for all blocks: callers take the mean of the channels before they ask for the next block.
            block = file.read(size, out=scratch("audio.block", (size, file.channels), np.float32))
        except RuntimeError as error:  # libsndfile's among them
            rest = _salvage(path, received)
            if received == 0 and len(rest) == 0:
                detail = getattr(error, "error_string", None) or str(error)
                raise AudioError(path, f"cannot be decoded ({detail.strip().rstrip('.')}); replace the file") from error
            if len(rest):
                yield rest
            return
        if len(block) == 0:
            return
        received += len(block)
        yield block


def check_rate(path: PathLike, rate: int) -> None:
    """Refuse a sample rate (Hz) that the resampler does not take.

    Raises:
        AudioError: of kind "unsupported_rate".
    """
    if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
        supported = f"{MIN_RATE_HZ:,} to {MAX_RATE_HZ:,} Hz"
        problem = f"has a sample rate of {rate:,} Hz; supported are {supported}, convert it"
        raise AudioError(path, problem, "unsupported_rate")


def no_samples(path: PathLike) -> AudioError:
    """Return the error for a file without samples."""
    return AudioError(path, "holds no samples; replace or remove the file", "empty")


def _salvage(path: PathLike, position: int) -> np.ndarray:
    """Return what can be decoded from frame ``position`` to the first error, float32 [frames, channels].

    libsndfile reports an error inside a block without saying how much of it was good, so the file is read once more up
    to there (seeking in damaged data fails) and then in small steps. At most one block is held.
    """
    pieces: list[np.ndarray] = []
    with open_sound(path) as file:
        channels = file.channels
        try:
            while position > 0:
                position -= len(file.read(min(position, block_frames(channels)), dtype="float32", always_2d=True))
            while len(pieces) * _SALVAGE_FRAMES < block_frames(channels):
                pieces.append(file.read(_SALVAGE_FRAMES, dtype="float32", always_2d=True))
        except RuntimeError:
            pass
    return np.concatenate(pieces) if pieces else np.zeros((0, channels), np.float32)
