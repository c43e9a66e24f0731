"""Near-duplicates: files of the same sound at another level, in another format, or cut at another place.

A fingerprint has 32 bits for every 16 ms: whether the energy difference of two neighbouring bands grows or shrinks from
frame to frame (J. Haitsma, T. Kalker, "A highly robust audio fingerprinting system", ISMIR 2002; here with windows of
256 ms and 33 bands from 300 to 3,000 Hz). Level cancels out; coding at usual bit rates changes a few bits. Files that
have words in common at the same distance are compared bit by bit over the part that they share.

What it does not find: other pitch or speed, noise or other music added loudly, parts shorter than half a second, and
what lies behind the first two minutes.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from irmas_tf.process.ordered_threads import shared_threads, usable_cpus

RATE_HZ = 8000
WINDOW_LENGTH = 2048
HOP_LENGTH = 128
BANDS = 33
LONGEST_SECONDS = 120
MOST_DIFFERING = 0.25
"""Share of differing bits up to which two files are near-duplicates; unrelated sounds differ in half of them."""
LEAST_FRAMES = 32
"""Frames that two files must share, half a second."""

_MIN_HZ, _MAX_HZ = 300.0, 3000.0
_QUIET = 1e-6  # of the loudest frame's energy: -60 dB
_SILENT = 1e-9
_MOST_OF_A_WORD = 24  # words that more files have say nothing
_LEAST_WORDS = 2
_FRAMES_AT_ONCE = 512


class Fingerprint(NamedTuple):
    """Words uint32 [frames], and whether each frame is loud enough to count, bool [frames]."""

    words: np.ndarray
    is_loud: np.ndarray


class NearPair(NamedTuple):
    """Two files, by index, the share of bits that differ, and where the second begins in the first, in seconds."""

    first: int
    second: int
    differing: float
    offset_seconds: float


@functools.cache
def _band_edges() -> np.ndarray:
    """Return the first bin of each band and the one behind the last, int [BANDS + 1]."""
    edges_hz = np.geomspace(_MIN_HZ, _MAX_HZ, BANDS + 1)
    return np.round(edges_hz * WINDOW_LENGTH / RATE_HZ).astype(int)


def fingerprint(samples: np.ndarray) -> Fingerprint:
    """Return the fingerprint of a waveform.

    Args:
        samples: float32 [samples] at `RATE_HZ`; with fewer than a window and a hop, the fingerprint is empty.
    """
    count = max(0, (len(samples) - WINDOW_LENGTH) // HOP_LENGTH + 1)
    if count < 2:
        return Fingerprint(np.zeros(0, np.uint32), np.zeros(0, bool))
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW_LENGTH)[::HOP_LENGTH]
    window = np.hanning(WINDOW_LENGTH).astype(np.float32)
    energies = np.empty((count, BANDS))
    for first in range(0, count, _FRAMES_AT_ONCE):
        spectrum = np.fft.rfft(frames[first : first + _FRAMES_AT_ONCE] * window, axis=1)
        power = np.square(np.abs(spectrum[:, : _band_edges()[-1]]))
        energies[first : first + _FRAMES_AT_ONCE] = np.add.reduceat(power, _band_edges()[:-1], axis=1)
    change = np.diff(np.diff(energies, axis=1), axis=0)
    words = np.packbits(change > 0, axis=1, bitorder="little").view("<u4")[:, 0]
    total = energies.sum(axis=1)
    loud = total > max(_SILENT, _QUIET * total.max())
    return Fingerprint(words.astype(np.uint32), loud[1:] & loud[:-1])


def fingerprint_of(path: Path) -> Fingerprint:
    """Return the fingerprint of a file's first two minutes; an empty one for a file that cannot be decoded."""
    from irmas_tf.audio.decode import AudioError, iter_blocks

    blocks, left = [], LONGEST_SECONDS * RATE_HZ
    try:
        for block in iter_blocks(path, RATE_HZ, on_truncated=lambda *_: None):
            blocks.append(block[:left])
            left -= len(block)
            if left <= 0:
                break
    except (AudioError, OSError):
        pass  # the check of the audio says so
    return fingerprint(np.concatenate(blocks) if blocks else np.zeros(0, np.float32))


def fingerprints_of(paths: Sequence[Path], *, progress: bool = True) -> list[Fingerprint]:
    """Return the fingerprints of files, in order; see `fingerprint_of`."""
    from tqdm import tqdm

    import irmas_tf.audio.decode  # noqa: F401 - loaded once here, not by all threads at once

    prints = shared_threads(max(2, min(8, usable_cpus()))).map(fingerprint_of, paths)
    return list(tqdm(prints, "comparing", len(paths), unit="file", delay=1.0, disable=None if progress else True))


def near_pairs(prints: Sequence[Fingerprint]) -> list[NearPair]:
    """Return the pairs of files that hold the same sound, by index.

    Args:
        prints: a fingerprint for each file.
    """
    pairs = []
    for first, second, offset in _candidates(prints):
        best = min(
            (differing(prints[first], prints[second], shift), shift) for shift in (offset - 1, offset, offset + 1)
        )
        if best[0] <= MOST_DIFFERING:
            pairs.append(NearPair(first, second, best[0], best[1] * HOP_LENGTH / RATE_HZ))
    return pairs


def _candidates(prints: Sequence[Fingerprint]) -> list[tuple[int, int, int]]:
    """Return (file, later file, offset in frames) of pairs with the same words at the same distance; one per pair."""
    counts = [int(p.is_loud.sum()) for p in prints]
    words = np.concatenate([p.words[p.is_loud] for p in prints]) if prints else np.zeros(0, np.uint32)
    files = np.repeat(np.arange(len(prints)), counts)
    frames = np.concatenate([np.flatnonzero(p.is_loud) for p in prints]) if prints else np.zeros(0, int)
    order = np.argsort(words, kind="stable")
    words, files, frames = words[order], files[order], frames[order]
    votes = []
    for distance in range(1, _MOST_OF_A_WORD):
        same = np.flatnonzero((words[distance:] == words[:-distance]) & (files[distance:] != files[:-distance]))
        votes.append(np.stack([files[same], files[same + distance], frames[same] - frames[same + distance]], axis=1))
    if not votes or not sum(map(len, votes)):
        return []
    found, numbers = np.unique(np.concatenate(votes), axis=0, return_counts=True)
    best: dict[tuple[int, int], tuple[int, int]] = {}
    for (first, second, offset), number in zip(found.tolist(), numbers.tolist(), strict=True):
        if number >= _LEAST_WORDS and number > best.get((first, second), (0, 0))[0]:
            best[first, second] = (number, offset)
    return [(first, second, offset) for (first, second), (_, offset) in best.items()]


def differing(first: Fingerprint, second: Fingerprint, offset: int) -> float:
    """Return the share of differing bits where two files overlap and both are loud; 1.0 if that is too short.

    Args:
        first, second: the files.
        offset: frame of the first that the second begins at; may be negative.
    """
    start, end = max(0, offset), min(len(first.words), len(second.words) + offset)
    if end - start < LEAST_FRAMES:
        return 1.0
    both = first.is_loud[start:end] & second.is_loud[start - offset : end - offset]
    if both.sum() < LEAST_FRAMES:
        return 1.0
    bits = (first.words[start:end] ^ second.words[start - offset : end - offset])[both]
    return float(np.unpackbits(bits.view(np.uint8)).mean())
