"""A data set of another package, as a user would write it: importing this module registers it.

Three classes of tones; a recording is a pitch, of which there are two files.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from irmas_tf.config.labels import LabelScheme
from irmas_tf.datasets.dataset import Dataset, LabelledExcerpt, register_dataset
from irmas_tf.datasets.irmas_layout import DataError

RATE_HZ = 8000


@register_dataset("tones")
class Tones(Dataset):
    """``DATA_DIR/<class>/<recording>-<number>.wav``."""

    labels = LabelScheme.of("tones", {"low": "low tone", "mid": "middle tone", "high": "high tone"})
    licence = "Weights trained on Tones: do what you like."

    def training(self, data_dir: str | os.PathLike[str]) -> Sequence[LabelledExcerpt]:
        """Return all files."""
        excerpts = [
            LabelledExcerpt(path, path.parent.name, path.stem.split("-")[0], f"{path.parent.name}/{path.name}")
            for path in sorted(Path(data_dir).glob("*/*.wav"))
        ]
        if not excerpts:
            raise DataError(f"{data_dir}: holds no tones (expected <class>/<recording>-<number>.wav)")
        return excerpts


def write_tones(folder: Path) -> Path:
    """Write four recordings of each class, of two excerpts of half a second each."""
    import numpy as np
    import soundfile

    seconds, number = np.arange(RATE_HZ // 2) / RATE_HZ, 0
    for octave, code in enumerate(Tones.labels.codes):
        (folder / code).mkdir(parents=True)
        for step in range(4):
            number += 1
            tone = 0.3 * np.sin(2 * np.pi * 200 * 2 ** (2 * octave + step / 8) * seconds)
            for part in (1, 2):
                soundfile.write(folder / code / f"{number}-{part}.wav", tone / part, RATE_HZ)
    return folder
