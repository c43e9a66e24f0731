"""Small data sets of a user's own: folders of classes and manifests, of noise that no two files share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

RATE_HZ = 8000


def noise(seed: int, seconds: float = 0.05) -> np.ndarray:
    """Return noise, float64 [samples], another for each seed."""
    return np.random.default_rng(seed).uniform(-0.3, 0.3, round(seconds * RATE_HZ))


def write_sounds(folder: Path, names: Iterable[str], seconds: float = 0.05) -> Path:
    """Write a file of noise under each name, by the format of its suffix, and return the folder."""
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, noise(seed, seconds), RATE_HZ)
    return folder


def write_manifest(path: Path, *rows: str, encoding: str = "utf-8") -> Path:
    """Write rows as they are, and return the file."""
    path.write_bytes("".join(f"{row}\n" for row in rows).encode(encoding))
    return path
