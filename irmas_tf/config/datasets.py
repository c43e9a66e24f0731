"""The names of the data sets that a model can be trained on. Nothing here reads a file."""

from __future__ import annotations

from typing import Any

from irmas_tf.config.registry import Registry

IRMAS = "irmas"

DATASETS: Registry[Any] = Registry(
    "data set",
    {
        IRMAS: "irmas_tf.datasets.irmas_dataset:Irmas",
        "folder": "irmas_tf.own_data.own_dataset:ClassFolders",
        "manifest": "irmas_tf.own_data.own_dataset:Manifest",
        "openmic": "irmas_tf.own_data.openmic:OpenMic",
        "mirdata": "irmas_tf.own_data.mirdata_dataset:Mirdata",
    },
    extensible=True,
)
"""Name, as given to ``--dataset``, -> subclass of `irmas_tf.datasets.dataset.Dataset`."""


def known_datasets() -> list[str]:
    """Return the names of all data sets, sorted."""
    return list(DATASETS.names())


def base_name(dataset: str) -> str:
    """Return the registered name in what is given to ``--dataset``, NAME or NAME:VARIANT."""
    return dataset.partition(":")[0]


def variant_of(dataset: str) -> str:
    """Return the variant in what is given to ``--dataset``; empty if there is none."""
    return dataset.partition(":")[2]
