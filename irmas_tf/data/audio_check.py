"""Examination of one audio file: format from the header, and (deep) what the samples look like."""

from __future__ import annotations

import dataclasses
import os
import struct
from pathlib import Path
from typing import Any

from irmas_tf.data.irmas_layout import display

SILENCE_PEAK = 10 ** (-70 / 20)  # full scale = 1
MAX_DC = 0.05
CLIPPED_SHARE = 0.01
_FULL_SCALE = 0.9999
_BLOCK_FRAMES = 1 << 18


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
    """Something wrong with a file. ``kind``: unreadable, empty, truncated, non_finite, silent, clipped, dc_offset."""

    kind: str
    is_error: bool
    detail: str


def truncated_bytes(path: Path) -> int:
    """Return how many bytes a WAV file's header promises beyond the end of the file; 0 for other formats.

    Decoders shorten such files without a word. Source: Microsoft RIFF/WAVE chunk layout.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        if file.read(4) != b"RIFF" or len(file.read(4)) < 4 or file.read(4) != b"WAVE":
            return 0
        position = 12
        while position + 8 <= size:
            file.seek(position)
            name, length = struct.unpack("<4sI", file.read(8))
            if name == b"data":
                # 0 and the largest value are what streaming writers leave when they never learnt the length.
                return 0 if length in (0, 0xFFFFFFFF) else max(0, position + 8 + length - size)
            position += 8 + length + (length & 1)
    return 0


def _sample_issues(sound: Any, facts: AudioFacts) -> list[AudioIssue]:
    """Decode everything in blocks and judge the samples."""
    import numpy as np

    frames, clipped, peak = 0, 0, 0.0
    total = np.zeros(facts.channels)
    # Until a read brings nothing: a damaged header can promise trillions of frames, which `blocks` would wait for.
    while len(block := sound.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
        if not np.isfinite(block).all():
            return [AudioIssue("non_finite", True, "has samples that are not numbers (NaN or infinity)")]
        frames += len(block)
        size = np.abs(block)
        peak = max(peak, float(size.max(initial=0.0)))
        clipped += int((size >= _FULL_SCALE).sum())
        total += block.sum(axis=0, dtype=np.float64)
    if frames == 0:
        return [AudioIssue("empty", True, "holds no samples")]
    issues = []
    if frames < facts.frames:
        issues.append(AudioIssue("truncated", False, f"decodes to {frames} of {facts.frames} frames"))
    if peak < SILENCE_PEAK:
        issues.append(AudioIssue("silent", False, "is silent"))
    offset = float(np.abs(total / frames).max())
    if offset > MAX_DC:
        issues.append(AudioIssue("dc_offset", False, f"has a DC offset of {offset:.2f} of full scale"))
    if clipped > CLIPPED_SHARE * frames * facts.channels:
        share = 100 * clipped / (frames * facts.channels)
        issues.append(AudioIssue("clipped", False, f"is clipped ({share:.1f} % of the samples at full scale)"))
    return issues


def examine(path: Path, *, deep: bool) -> tuple[AudioFacts | None, list[AudioIssue]]:
    """Return what a file is and what is wrong with it. Never raises for a bad file.

    Args:
        path: audio file in a format libsndfile reads.
        deep: decode all samples, instead of reading the header only.
    """
    import soundfile

    try:
        if os.path.getsize(path) == 0:
            return None, [AudioIssue("empty", True, "is an empty file (0 bytes)")]
        missing = truncated_bytes(path)
        with soundfile.SoundFile(os.fsencode(path)) as sound:
            facts = AudioFacts(sound.samplerate, sound.channels, sound.subtype, sound.frames)
            if facts.frames <= 0 or facts.channels <= 0 or facts.sample_rate_hz <= 0:
                return None, [AudioIssue("empty", True, "holds no samples")]
            issues = []
            if missing:
                issues.append(AudioIssue("truncated", False, f"ends {missing} bytes before its header says"))
            if deep:
                found = _sample_issues(sound, facts)
                issues += [i for i in found if not (missing and i.kind == "truncated")]
            return facts, issues
    except (soundfile.SoundFileError, OSError, RuntimeError, ValueError, struct.error) as error:
        reason = str(getattr(error, "error_string", "") or getattr(error, "strerror", "") or error)
        return None, [AudioIssue("unreadable", True, f"is not readable audio ({display(reason)})")]
