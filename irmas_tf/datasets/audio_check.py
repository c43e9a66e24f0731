"""Examination of one audio file: its format, whether training can use it, and (deep) what the samples look like."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from irmas_tf.audio.wav_header import read_wav_header
from irmas_tf.datasets.irmas_layout import display

MAX_DC = 0.05
CLIPPED_SHARE = 0.01
_FULL_SCALE = 0.9999
_FLOATS = ("FLOAT", "DOUBLE")


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


def examine(path: Path, *, deep: bool) -> tuple[AudioFacts | None, list[AudioIssue]]:
    """Return what a file is and what is wrong with it. Never raises for a bad file.

    An issue is an error exactly if training refuses the file for it, as far as has been looked: deep, or a float file,
    means to its end.

    Args:
        path: audio file of any supported format.
        deep: decode all samples, and judge them. Otherwise only float files are decoded, the one format whose samples
            can be no numbers, and of others the header is read.
    """
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
