"""Examination of one audio file: its format, whether training can use it, and (deep) what the samples look like."""

from __future__ import annotations

import dataclasses
import os
import struct
from collections.abc import Sequence
from pathlib import Path

from irmas_tf.audio.wav_header import read_wav_header
from irmas_tf.datasets.irmas_layout import display
from irmas_tf.dsp.resample import MAX_RATE_HZ, MIN_RATE_HZ
from irmas_tf.process.garbage import no_collection
from irmas_tf.process.ordered_threads import shared_threads, usable_cpus
from irmas_tf.process.threads_where_slow import SLOW_SECONDS, map_shares

MAX_DC = 0.05
CLIPPED_SHARE = 0.01
_FULL_SCALE = 0.9999
_FLOATS = ("FLOAT", "DOUBLE")
_FILES_AT_ONCE = 64  # of a thread
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_PLAIN = struct.Struct("<4sI4s10sHIIHH4sI")
_PCM_OF_16_BYTES = b"fmt \x10\0\0\0\x01\0"
_MOST_PLAIN_CHANNELS = 8


@dataclasses.dataclass(frozen=True)
class AudioFacts:
    """What a file's header says; rates in Hz, ``frames`` are samples per channel."""

    sample_rate_hz: int
    channels: int
    subtype: str
    frames: int

    @property
    def duration_seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate_hz


@dataclasses.dataclass(frozen=True)
class AudioIssue:
    """Something wrong with a file.

    ``kind``: unreadable, empty, unsupported_rate, non_finite, truncated, silent, silent_in_mono, clipped,
    dc_offset.
    """

    kind: str
    is_error: bool
    detail: str


Examined = tuple[AudioFacts | None, list[AudioIssue]]
"""What `examine` returns."""


def truncated_bytes(path: Path) -> int:
    """Return how many bytes of data a WAV file's header promises beyond the end of the file; 0 for other formats."""
    with open(path, "rb") as file:
        header = read_wav_header(file)
    if header is None or header.promised_frames is None:
        return 0
    return (header.promised_frames - header.present_frames) * header.frame_bytes


def _decoding_issues(path: Path, sample_rate_hz: int) -> list[AudioIssue]:
    """Decode everything as training does, and return what it would say of it."""
    from irmas_tf.audio.decode import AudioError, iter_blocks

    cut: list[AudioIssue] = []

    def on_truncated(_: object, present: float, promised: float) -> None:
        cut.append(AudioIssue("truncated", False, f"decodes to {present:.3f} s of {promised:.3f} s"))

    try:
        for _ in iter_blocks(path, sample_rate_hz, on_truncated=on_truncated):
            pass
    except AudioError as error:
        return [AudioIssue(error.kind, True, display(error.problem))]
    return cut


def _sample_issues(path: Path) -> list[AudioIssue]:
    """Judge how a file sounds: each channel, and for silence their mean; what cannot be decoded is not judged here."""
    import numpy as np

    from irmas_tf.audio.channel_blocks import iter_channels
    from irmas_tf.audio.heard import Heard
    from irmas_tf.audio.mono import mean_of_channels
    from irmas_tf.audio.silence import SILENCE_DBFS, amplitude
    from irmas_tf.audio.sound_file import AudioError

    frames, values, clipped, heard = 0, 0, 0, Heard()
    total = np.zeros(0)  # per channel; parts of a joined file may have more of them
    try:
        for block in iter_channels(path):
            frames += len(block)
            values += block.size
            clipped += int((np.abs(block) >= _FULL_SCALE).sum())
            heard.add(0, block, mean_of_channels(block))
            total = np.pad(total, (0, max(0, block.shape[1] - len(total))))
            total[: block.shape[1]] += block.sum(axis=0, dtype=np.float64)
    except AudioError:
        pass
    if frames == 0:
        return []
    issues = []
    if heard.loudest < amplitude(SILENCE_DBFS):
        if heard.channels_cancel:
            detail = "is silent in mono, which is what a model hears: its channels cancel each other"
            issues.append(AudioIssue("silent_in_mono", False, detail))
        else:
            issues.append(AudioIssue("silent", False, f"is silent (below {SILENCE_DBFS:g} dBFS)"))
    offset = float(np.abs(total / frames).max())
    if offset > MAX_DC:
        issues.append(AudioIssue("dc_offset", False, f"has a DC offset of {offset:.2f} of full scale"))
    share = clipped / values
    if share > CLIPPED_SHARE:
        issues.append(AudioIssue("clipped", False, f"is clipped ({100 * share:.1f} % of the samples at full scale)"))
    return issues


def _plain_facts(path: Path) -> AudioFacts | None:
    """Return the facts of a 16-bit WAV file with the shortest header, all of whose numbers agree with its size.

    Of such a file there is nothing else to say; large data sets consist of them, and this is ten times as fast.
    """
    try:
        descriptor = os.open(path, _READ)
        try:
            start, size = os.read(descriptor, _PLAIN.size), os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        return None  # whoever looks closer finds the words
    if len(start) < _PLAIN.size:
        return None
    riff, rest, wave, fmt, channels, rate, _, frame_bytes, bits, data, data_bytes = _PLAIN.unpack(start)
    is_plain = (
        (riff, wave, fmt, data) == (b"RIFF", b"WAVE", _PCM_OF_16_BYTES, b"data")
        and (rest, data_bytes) == (size - 8, size - _PLAIN.size)
        and (bits, frame_bytes) == (16, 2 * channels)
        and 1 <= channels <= _MOST_PLAIN_CHANNELS
        and MIN_RATE_HZ <= rate <= MAX_RATE_HZ
        and data_bytes >= frame_bytes
        and data_bytes % frame_bytes == 0
    )
    return AudioFacts(rate, channels, "PCM_16", data_bytes // frame_bytes) if is_plain else None


@no_collection()
def examine_all(paths: Sequence[Path], *, deep: bool, progress: bool = True) -> list[Examined]:
    """Return what `examine` says of every file, in order.

    Args:
        paths: files.
        deep: see `examine`.
        progress: show a bar on stderr when it takes longer than a second.
    """
    from tqdm import tqdm

    import irmas_tf.audio.decode  # noqa: F401 - loaded once here, not by all threads at once

    at_once = 1 if deep else _FILES_AT_ONCE
    shares = [paths[first : first + at_once] for first in range(0, len(paths), at_once)]
    pool = shared_threads(max(2, min(8, usable_cpus())))
    examined: list[Examined] = []
    name = "decoding" if deep else "reading headers"
    with tqdm(desc=name, total=len(paths), unit="file", delay=1.0, disable=None if progress else True) as bar:
        slow_seconds = 0.0 if deep else SLOW_SECONDS
        for share in map_shares(lambda path: examine(path, deep=deep), shares, pool, slow_seconds=slow_seconds):
            examined += share
            bar.update(len(share))
    return examined


def examine(path: Path, *, deep: bool) -> Examined:
    """Return what a file is and what is wrong with it. Never raises for a bad file.

    An issue is an error exactly if training refuses the file for it, as far as has been looked: deep, or a float file,
    means to its end.

    Args:
        path: audio file of any supported format.
        deep: decode all samples, and judge them. Otherwise only float files are decoded, the one format whose samples
            can be no numbers, and of others the header is read.
    """
    if not deep and (plain := _plain_facts(path)):
        return plain, []
    from irmas_tf.audio.decode import AudioError, audio_info

    try:
        info = audio_info(path)
        facts = AudioFacts(info.sample_rate_hz, info.channels, info.subtype, info.frames)
        missing = truncated_bytes(path)
        issues = _decoding_issues(path, info.sample_rate_hz) if deep or info.subtype in _FLOATS else []
    except AudioError as error:
        return None, [AudioIssue(error.kind, True, display(error.problem))]
    except OSError as error:
        return None, [AudioIssue("unreadable", True, f"cannot be read ({error.strerror or error})")]
    if any(issue.is_error for issue in issues):
        return facts, issues
    if missing:
        issues = [AudioIssue("truncated", False, f"ends {missing} bytes before its header says")]
    return facts, issues + (_sample_issues(path) if deep else [])
