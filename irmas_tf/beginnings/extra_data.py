"""A second data set to train on beside the run's own: found, matched class by class, and kept out of validation."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from irmas_tf.beginnings.same_classes import same_classes
from irmas_tf.config.datasets import DATASETS, base_name
from irmas_tf.config.labels import SINGLE_LABEL, LabelScheme
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.content_ids import content_ids
from irmas_tf.datasets.dataset import UNKNOWN, VALIDATION, LabelledExcerpt
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.datasets.split_sides import SplitSide, group_numbers, label_matrix

_SHOWN = 5


def load_extra(config: Config, validation: SplitSide) -> tuple[SplitSide, list[str]] | None:
    """Return the excerpts of ``--extra_data_dir``, labelled with the run's classes, and what is to be said of them.

    Classes are matched by code, or else by readable name. What the second set says of other classes is not used. For
    one label, excerpts of other classes, of several or of none are left out. For several labels, a class that the
    second set does not have is unknown there, and an excerpt of which nothing is known is left out. Songs of which the
    run validates on a file with the same bytes are left out, and so is what the second set keeps for validation or
    tests.

    Args:
        config: the run's configuration.
        validation: the side of the run's own data that is scored.

    Raises:
        ConfigError: it is the run's own data, or has none of its classes.
        DataError: it is not there, or something is wrong with it.
    """
    folder = config.data.extra_data_dir
    if not folder:
        return None
    shown = f"--extra_data_dir={display(folder)}"
    if Path(folder).expanduser().resolve() == Path(config.data.data_dir).expanduser().resolve():
        raise ConfigError(f"{shown}: is --data_dir itself, whose songs are validated on, too; name other data")
    excerpts, theirs = _read(config, folder, shown)
    pairs = same_classes(config.labels, theirs)
    if not pairs:
        have = f"it has {_some(theirs.codes)}, the run {_some(config.labels.codes)}"
        raise ConfigError(f"{shown}: has none of the run's classes: {have}")
    known = label_matrix(excerpts, theirs)
    targets = np.full((len(excerpts), config.labels.num_classes), UNKNOWN, np.int8)
    targets[:, list(pairs)] = known[:, list(pairs.values())]
    notes = []
    if config.model.task == SINGLE_LABEL:
        is_of_use = ((known == 1).sum(axis=1) == 1) & (known >= 0).all(axis=1) & (targets == 1).any(axis=1)
        targets = np.maximum(targets, 0)
        why = "do not have one class that is the run's"
    else:
        is_of_use = (targets >= 0).any(axis=1)
        why = "say nothing of the run's classes"
    if count := int((~is_of_use).sum()):
        others = [code for index, code in enumerate(theirs.codes) if index not in pairs.values()]
        named = f" (other classes: {_some(others)})" if others else ""
        notes.append(f"{count:,} of {len(excerpts):,} excerpts in {shown} {why}{named}, and are left out")
    is_new = ~_is_validated(excerpts, folder, validation, config)
    if count := int((is_of_use & ~is_new).sum()):
        notes.append(f"{count:,} excerpts in {shown} are of songs that are validated on, and are left out")
    rows = np.flatnonzero(is_of_use & is_new)
    if not len(rows):
        raise ConfigError(f"{shown}: no excerpt is left to train on; {'; '.join(notes) or 'it is empty'}")
    used = [excerpts[row] for row in rows]
    side = SplitSide(
        paths=tuple(str(excerpt.path) for excerpt in used),
        targets=targets[rows],
        groups=group_numbers(used),
        names=tuple(excerpt.name for excerpt in used),
    )
    return side, [_summary(side, config, shown), *notes]


def _read(config: Config, folder: str, shown: str) -> tuple[list[LabelledExcerpt], LabelScheme]:
    """Return the excerpts that may be trained on, and their classes."""
    dataset = config.extra_dataset
    try:
        settings = dataset.describe(folder)
        dataset = DATASETS.get(base_name(settings.dataset))(settings)
        return [e for e in dataset.training(folder) if e.part != VALIDATION], dataset.labels
    except DataError as error:
        raise DataError(f"{shown}: {error}") from error


def _is_validated(excerpts: list[LabelledExcerpt], folder: str, validation: SplitSide, config: Config) -> np.ndarray:
    """Return of which excerpts the song has a file whose bytes are also validated on, bool [n]."""
    held_out = set(content_ids([Path(path) for path in validation.paths], root=Path(config.data.data_dir)))
    theirs = content_ids([excerpt.path for excerpt in excerpts], root=Path(folder))
    groups = {excerpt.group for excerpt, content in zip(excerpts, theirs, strict=True) if content in held_out}
    return np.array([excerpt.group in groups for excerpt in excerpts], bool)


def _summary(side: SplitSide, config: Config, shown: str) -> str:
    classes = int((side.targets == 1).any(axis=0).sum())
    per_batch, size = config.extra_per_batch, config.training.batch_size
    return (
        f"{len(side):,} excerpts in {shown} train as well, {per_batch} in every batch of {size}; they have {classes} of"
        f" {config.labels.num_classes} classes"
    )


def _some(names: object) -> str:
    listed = list(names)  # type: ignore[call-overload]
    return ", ".join(listed[:_SHOWN]) + (f", ... ({len(listed)})" if len(listed) > _SHOWN else "")


def joined(own: SplitSide, extra: SplitSide | None) -> SplitSide:
    """Return both as one side, the second set's at the end; groups stay apart."""
    if extra is None:
        return own
    first = int(own.groups.max(initial=-1)) + 1
    return dataclasses.replace(
        own,
        paths=own.paths + extra.paths,
        targets=np.concatenate([own.targets, extra.targets]),
        groups=np.concatenate([own.groups, extra.groups + first]),
        names=own.names + extra.names,
    )
