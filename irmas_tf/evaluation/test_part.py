"""What a run can be scored on: the sides of its split, and the excerpts that a data set keeps for tests."""

from __future__ import annotations

import numpy as np

from irmas_tf.config.datasets import DATASETS, IRMAS, base_name
from irmas_tf.config.labels import LABEL_SCHEMES
from irmas_tf.config.run_config import Config, DataConfig
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.dataset import TEST, TRAIN, VALIDATION, Dataset
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.split_sides import SplitSide, group_numbers, label_matrix
from irmas_tf.metrics.known_labels import has_unknown

__all__ = [
    "TEST",
    "TRAIN",
    "VALIDATION",
    "dataset_named",
    "has_test_clips",
    "labels_of",
    "published_counts",
    "test_side",
]


def has_test_clips(dataset: Dataset) -> bool:
    """Return whether a data set publishes its tests as whole clips, which it lists apart from its excerpts."""
    return type(dataset).test_clips is not Dataset.test_clips


def labels_of(side: SplitSide) -> np.ndarray:
    """Return the labels of a side's excerpts, [excerpts, classes]: bool if all are known, else int8 with -1."""
    return side.targets if has_unknown(side.targets) else side.targets == 1


def published_counts(dataset: Dataset) -> np.ndarray:
    """Return the excerpts of each class in a data set's published training set, [classes]; 0 where none is known."""
    counts = np.zeros(dataset.labels.num_classes, int)
    for code, number in dataset.official_counts.items():
        counts[dataset.labels.index(code)] += number
    return counts


def dataset_named(name: str) -> Dataset:
    """Return a data set with classes of its own by its name, or by that of a label scheme of IRMAS.

    Raises:
        ConfigError: there is none of the name, or its classes are those in its data.
    """
    if name in LABEL_SCHEMES:
        settings = DataConfig(dataset=IRMAS, label_scheme=name)
    else:
        settings = DataConfig(dataset=name)
    dataset = DATASETS.get(base_name(settings.dataset))(settings)
    if not hasattr(dataset, "labels"):
        raise ConfigError(f"--dataset={name}: has the classes that its data holds; name them in the columns instead")
    return dataset


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
