"""IRMAS as a data set to train on."""

from __future__ import annotations

import os
from collections.abc import Sequence

from irmas_tf.config.labels import get_label_scheme
from irmas_tf.config.run_config import DataConfig
from irmas_tf.datasets.dataset import Dataset, LabelledExcerpt
from irmas_tf.datasets.irmas import group_excerpts, index_testing, index_training
from irmas_tf.datasets.irmas_counts import TRAINING_EXCERPTS
from irmas_tf.datasets.irmas_records import TestClip
from irmas_tf.datasets.testing_clips import OFFICIAL_PARTS


class Irmas(Dataset):
    """IRMAS with the classes of ``--label_scheme``; groups are those of `group_excerpts`."""

    licence = (
        "Weights trained on IRMAS (J. J. Bosch, J. Janer, F. Fuhrmann, P. Herrera, ISMIR 2012): treat them as"
        " CC BY-NC-SA 3.0, that is non-commercial use, credit to the authors, same terms when passed on. Weights"
        " trained on other data follow that data's licence."
    )
    official_parts = OFFICIAL_PARTS
    official_counts = TRAINING_EXCERPTS

    def __init__(self, settings: DataConfig) -> None:
        super().__init__(settings)
        self.labels = get_label_scheme(settings.label_scheme)

    def training(self, data_dir: str | os.PathLike[str]) -> Sequence[LabelledExcerpt]:
        """Return the training excerpts, sorted by name; see `irmas_tf.datasets.irmas.index_training`."""
        excerpts = index_training(data_dir)
        groups = group_excerpts(excerpts)
        return [
            LabelledExcerpt(excerpt.path, code=excerpt.irmas_code, group=group, name=excerpt.name)
            for excerpt, group in zip(excerpts, groups, strict=True)
        ]

    def test_clips(self, data_dir: str | os.PathLike[str]) -> Sequence[TestClip]:
        """Return the test clips, sorted by part, then by name; see `irmas_tf.datasets.irmas.index_testing`."""
        return index_testing(data_dir, content_ids=True)
