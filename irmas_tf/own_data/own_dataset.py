"""Data sets of the user's own: ``--dataset=folder`` and ``--dataset=manifest``."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Hashable, Sequence

from irmas_tf.config.data import DataConfig
from irmas_tf.datasets.content_ids import content_ids
from irmas_tf.datasets.dataset import Dataset, LabelledExcerpt
from irmas_tf.datasets.irmas import connected_components
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.own_data.class_folders import read_class_folders
from irmas_tf.own_data.last_listing import listed_once
from irmas_tf.own_data.listing import Listing
from irmas_tf.own_data.manifest import read_manifest


class OwnDataset(Dataset):
    """Base of the data sets whose classes are what the data holds, or ``--classes``."""

    classes_in_data = True

    def listing(self, data_dir: str | os.PathLike[str]) -> Listing:
        """Return everything that there is, with what is wrong about it.

        Raises:
            DataError: the place is not one of this data set.
        """
        raise NotImplementedError

    def describe(self, data_dir: str | os.PathLike[str]) -> DataConfig:
        """Return the settings with the classes in the data; no audio is read.

        Raises:
            DataError: something is wrong with the data; the message names the file or row, and the remedy.
        """
        listed = self._usable(data_dir)
        return dataclasses.replace(self.settings, classes=listed.classes)

    def items(self, data_dir: str | os.PathLike[str]) -> Sequence[LabelledExcerpt]:
        """Return all files, sorted by name; those of one part with the same bytes are in one group.

        Raises:
            DataError: something is wrong with the data; the message names the file or row, and the remedy.
        """
        listed = self._usable(data_dir)
        for finding in listed.findings:
            if finding.severity == "warning":
                print(f"warning: {finding.message}", file=sys.stderr)
        excerpts = listed.excerpts()
        return join_identical(excerpts, content_ids([excerpt.path for excerpt in excerpts], root=listed.root))

    def _usable(self, data_dir: str | os.PathLike[str]) -> Listing:
        listed = self.listing(data_dir)
        if errors := listed.errors:
            place = f"{display(data_dir)}: " if not errors[0].message.startswith(display(data_dir)) else ""
            more = f"{len(errors) - 1} more faults; " if errors[1:] else ""
            raise DataError(
                f"{place}{errors[0].message} ({more}irmas check --dataset={self.settings.dataset}"
                f" --data_dir={display(data_dir)} lists everything)"
            )
        if not listed.entries:
            raise DataError(f"{display(data_dir)}: holds no files to train on")
        return listed


class ClassFolders(OwnDataset):
    """``DATA_DIR/<class>/**``: see `irmas_tf.own_data.class_folders`."""

    def listing(self, data_dir: str | os.PathLike[str]) -> Listing:
        """Return what the folder holds; see `read_class_folders`."""
        return listed_once(read_class_folders, data_dir, self.settings.classes)


class Manifest(OwnDataset):
    """A CSV file with the columns path, labels, and if wanted group and split: see `irmas_tf.own_data.manifest`."""

    def listing(self, data_dir: str | os.PathLike[str]) -> Listing:
        """Return what the manifest lists; see `read_manifest`."""
        return listed_once(read_manifest, data_dir, self.settings.classes)


def join_identical(excerpts: Sequence[LabelledExcerpt], ids: Sequence[str | None]) -> list[LabelledExcerpt]:
    """Return excerpts of which those of one part that have the same bytes are in one group.

    Args:
        excerpts: any.
        ids: content identifier of each (`irmas_tf.datasets.content_ids`), None where it is not known.
    """
    known = [(i, e.part) for i, e in zip(ids, excerpts, strict=True) if i is not None]
    if len(set(known)) == len(known):
        return list(excerpts)
    keys: list[list[Hashable]] = [[("group", excerpt.group)] for excerpt in excerpts]
    for key, content_id, excerpt in zip(keys, ids, excerpts, strict=True):
        if content_id is not None:
            key.append(("content", content_id, excerpt.part))
    first: dict[int, Hashable] = {}
    return [
        dataclasses.replace(excerpt, group=first.setdefault(number, excerpt.group))
        for excerpt, number in zip(excerpts, connected_components(keys), strict=True)
    ]
