"""Writing a data set as a manifest, with the groups that are proposed for it."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from irmas_tf.config.data import DataConfig
from irmas_tf.config.datasets import DATASETS, base_name
from irmas_tf.datasets.dataset import LabelledExcerpt
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.own_data.group_proposals import propose_groups
from irmas_tf.own_data.label_grammar import format_cell, is_none_of_them, labels_of
from irmas_tf.own_data.listing import is_utf8
from irmas_tf.own_data.manifest import COLUMNS
from irmas_tf.own_data.set_check import CheckedSet
from irmas_tf.process.atomic_files import atomic_path
from irmas_tf.process.csv_cells import ESCAPE, CsvWriter


def check_free(path: str | os.PathLike[str]) -> None:
    """Refuse a manifest that is there already: somebody may have edited it.

    Raises:
        DataError: there is such a file or folder, or its name does not end in .csv.
    """
    if Path(path).suffix.lower() != ".csv":
        raise DataError(f"--write_manifest={display(path)}: is to be a CSV file; give it a name that ends in .csv")
    if os.path.lexists(path):
        raise DataError(f"--write_manifest={display(path)}: is there already; remove it, or give another name")


def write_manifest(
    path: str | os.PathLike[str],
    excerpts: Sequence[LabelledExcerpt],
    groups: Sequence[str],
    classes: Sequence[str],
    *,
    left_out: Collection[Path] = (),
    csv_formulas: str = ESCAPE,
) -> tuple[int, int]:
    """Write a manifest that `irmas_tf.own_data.manifest.read_manifest` reads as the same labels.

    Args:
        path: the file; paths in it are relative to its folder.
        excerpts: the files.
        groups: a group per excerpt.
        classes: all classes.
        left_out: files that cannot be used.
        csv_formulas: one of `irmas_tf.process.csv_cells.FORMULAS`.

    Returns:
        Rows and groups that were written.

    Raises:
        DataError: the file is there already, or a path cannot be written as UTF-8.
        OSError: the file cannot be written.
    """
    check_free(path)
    folder = Path(path).expanduser().absolute().parent
    rows = []
    for excerpt, group in zip(excerpts, groups, strict=True):
        if excerpt.path in left_out:
            continue
        relative = Path(os.path.relpath(excerpt.path.absolute(), folder)).as_posix()
        if not is_utf8(relative):
            raise DataError(f"{display(excerpt.path)}: its name is not UTF-8; rename the file")
        cell = format_cell(labels_of(excerpt.classes_present, excerpt.absent, classes), classes)
        rows.append((relative, cell, group, excerpt.part))
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = CsvWriter(file, csv_formulas)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return len(rows), len({group for _, _, group, _ in rows})


def write_checked(path: str | os.PathLike[str], checked: CheckedSet, csv_formulas: str = ESCAPE) -> str:
    """Write a data set that was checked, without the files that training would refuse; return what to say of it.

    Raises:
        DataError, OSError: see `write_manifest`.
    """
    groups, classes = checked.proposal.groups, checked.classes
    written = write_manifest(
        path, checked.excerpts, groups, classes, left_out=checked.unusable, csv_formulas=csv_formulas
    )
    return _written(path, *written, len(checked.excerpts) - written[0], classes)


def write_listed(path: str | os.PathLike[str], settings: DataConfig, csv_formulas: str = ESCAPE) -> str:
    """Write a data set that has groups of its own; return what to say of it.

    Raises:
        DataError, OSError: see `write_manifest`; or something is wrong with the data.
    """
    dataset = DATASETS.get(base_name(settings.dataset))(settings)
    excerpts = list(dataset.items(settings.data_dir))
    groups = propose_groups(excerpts, has_groups=True).groups
    classes = tuple(dataset.labels.source_to_code)
    return _written(path, *write_manifest(path, excerpts, groups, classes, csv_formulas=csv_formulas), 0, classes)


def _written(path: str | os.PathLike[str], rows: int, groups: int, left_out: int, classes: Sequence[str]) -> str:
    flags = f"--dataset=manifest --data_dir={display(path)}"
    if any(is_none_of_them(name) for name in classes):  # which rows would be read as none of the classes
        flags += f" --classes={','.join(classes)}"
    missing = f" ({left_out:,} files that cannot be used are left out)" if left_out else ""
    return f"wrote {display(path)}: {rows:,} rows, {groups:,} groups{missing}; look through it, then use {flags}"
