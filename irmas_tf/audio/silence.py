"""Silence: the one rule by which a window of sound is silent, and names no class.

A window is silent if the RMS of its mono samples about their mean is below `SILENCE_DBFS`. About the mean, because not
every silence is 0: that of A-law is a constant 8 / 32768 (-72 dBFS), that of some 8-bit files is one step beside the
middle (-42 dBFS), and a muted input often has an offset. The level is above digital dither (-96 dBFS at 16 bits) and
noise in the last bits of 16 (-90, -87), and below recordings, also one of usual level times .001. Nothing is lost that
a network could tell apart: windows of music at -80 dBFS move no probability of a trained network by more than .01
from those of zeros.

`irmas_tf.streaming` has the rule once more, being one file that runs alone, and exported graphs have it in TensorFlow
(`irmas_tf.deploy.signatures`); the level travels with what is exported.
"""

from __future__ import annotations

import numpy as np

SILENCE_DBFS = -85.0
"""RMS about the mean below which a window is silent, in dB relative to full scale (1.0)."""
SILENCE_RULE = (
    "a window is silent if the RMS of its mono samples about their mean is below silence_dbfs (20 log10, full scale"
    " 1.0); it names no class, and does not count in the mean over a clip's windows unless all of them are silent"
)


def amplitude(dbfs: float) -> float:
    """Return a level in dB relative to full scale as a factor of full scale."""
    return float(10.0 ** (dbfs / 20.0))


def silent_windows(windows: np.ndarray, dbfs: float = SILENCE_DBFS) -> np.ndarray:
    """Return which windows are silent, [n] bool.

    Args:
        windows: mono float32 [n, samples], full scale 1.0, finite.
        dbfs: the level.
    """
    level = amplitude(dbfs)
    silent = np.zeros(len(windows), bool)
    for k, window in enumerate(windows):
        if not is_louder(window, level):
            silent[k] = window.var(dtype=np.float64) < level * level
    return silent


def is_louder(samples: np.ndarray, level: float) -> bool:
    """Return whether the RMS of samples about their mean is surely above a level, at next to no cost.

    A part of them varies no more than all do, so that the sixteenth in the middle tells nearly all sound from silence.
    """
    count = len(samples)
    part = samples[count // 2 - count // 32 : count // 2 + count // 32 + 1]
    energy, mean = float(np.dot(part, part)), float(part.mean())
    # What float32 may round away is taken off: an offset is not to look like sound.
    return energy - len(part) * mean * mean - 1e-3 * energy > count * level * level
