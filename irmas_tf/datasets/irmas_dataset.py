"""IRMAS as a data set to train on."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence

from irmas_tf.config.labels import get_label_scheme
from irmas_tf.config.run_config import DataConfig
from irmas_tf.datasets.dataset import DataLook, Dataset, LabelledExcerpt
from irmas_tf.datasets.irmas import count_differences, group_excerpts, index_testing, index_training, usable_training
from irmas_tf.datasets.irmas_counts import TRAINING_EXCERPTS, TRAINING_TOTAL
from irmas_tf.datasets.irmas_layout import display
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

    def look(self, data_dir: str | os.PathLike[str]) -> DataLook:
        """Return where the training set is, how many excerpts it holds, and a note if that is not all of IRMAS."""
        scan = usable_training(data_dir)
        codes = Counter(excerpt.irmas_code for excerpt in scan.excerpts)
        notes: tuple[str, ...] = ()
        if differences := count_differences(codes, TRAINING_EXCERPTS):
            shown = "; ".join(differences[:3]) + ("; ..." if len(differences) > 3 else "")
            notes = (
                f"{display(scan.root)} is not the complete IRMAS: {len(scan.excerpts):,} excerpts, not"
                f" {TRAINING_TOTAL:,} ({shown}); irmas check says more",
            )
        return DataLook(scan.root.resolve(), len(scan.excerpts), notes)

    def look_at_test(self, data_dir: str | os.PathLike[str]) -> None:
        """Refuse a folder without test clips; see `irmas_tf.datasets.irmas.index_testing`."""
        index_testing(data_dir, content_ids=False)

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
