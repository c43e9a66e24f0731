"""What a run can be scored on: the sides of its split, and the excerpts that a data set keeps for tests."""

from __future__ import annotations

import numpy as np

from irmas_tf.config.run_config import Config
from irmas_tf.datasets.dataset import TEST, TRAIN, VALIDATION, Dataset
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.split_sides import SplitSide, group_numbers, label_matrix
from irmas_tf.metrics.known_labels import has_unknown

__all__ = ["TEST", "TRAIN", "VALIDATION", "has_test_clips", "labels_of", "test_side"]


def has_test_clips(dataset: Dataset) -> bool:
    """Return whether a data set publishes its tests as whole clips, which it lists apart from its excerpts."""
    return type(dataset).test_clips is not Dataset.test_clips


def labels_of(side: SplitSide) -> np.ndarray:
    """Return the labels of a side's excerpts, [excerpts, classes]: bool if all are known, else int8 with -1."""
    return side.targets if has_unknown(side.targets) else side.targets == 1


def test_side(config: Config, data_dir: str) -> SplitSide:
    """Return the excerpts of the data set's own test part, as a side of a split.

    Raises:
        DataError: it has none, or something is wrong with them.
    """
    items = config.dataset.test_items(data_dir)
    if not items:
        raise DataError(
            f"--split=test: --dataset={config.data.dataset} keeps no excerpts of {data_dir} for tests; evaluate on"
            " --split=validation, or scores of clips of yours with --scores and --labels"
        )
    return SplitSide(
        paths=tuple(str(item.path) for item in items),
        targets=label_matrix(items, config.labels),
        groups=group_numbers(items),
        names=tuple(item.name for item in items),
    )
