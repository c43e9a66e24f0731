"""What a data set is to training, evaluation and export: excerpts with classes and a group, names, and a licence.

One of another package is a class registered under the name that ``--dataset`` knows it by:

    @register_dataset("bells")
    class Bells(Dataset):
        labels = LabelScheme.of("bells", {"han": "hand bell", "tub": "tubular bell"})
        licence = "Weights trained on Bells: CC BY 4.0, credit to A. Author."

        def training(self, data_dir):
            return [
                LabelledExcerpt(path, code=path.parent.name, group=path.stem.split("-")[0],
                                name=f"{path.parent.name}/{path.name}")
                for path in sorted(Path(data_dir).glob("*/*.wav"))
            ]

One whose classes are whatever its folder holds says ``classes_in_data = True`` in place of ``labels``; one that fixes
what is for tests has `Dataset.items` in place of `Dataset.training`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from irmas_tf.config.datasets import DATASETS, variant_of
from irmas_tf.config.labels import LabelScheme
from irmas_tf.config.run_config import DataConfig
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.datasets.irmas_records import TestClip

D = TypeVar("D", bound="type[Dataset]")

UNKNOWN = -1
"""What a matrix of labels holds where nobody said whether a class is heard; 1 is heard, 0 is not."""
TRAIN, VALIDATION, TEST = "train", "validation", "test"
PARTS = (TRAIN, VALIDATION, TEST)


@dataclasses.dataclass(frozen=True, slots=True)
class LabelledExcerpt:
    """An excerpt, and which classes are heard in it.

    Either ``code`` names the only class, or ``present`` and ``absent`` say what is known. Codes are those that the data
    set's `LabelScheme.index` knows.

    Attributes:
        path: the audio file.
        code: the one class that is heard; no other is.
        group: what is never split, such as the recording it was cut from; excerpts with equal groups stay together.
            None: it stands alone.
        name: portable name, such as "<class>/<file>", the same on every machine; splits are saved by it.
        present: the classes that are heard; none of them is an answer, too.
        absent: the classes known not to be heard; those in neither are unknown. None: all that are not present.
        part: one of `PARTS` where the data set fixes it; "" is drawn.
    """

    path: Path
    code: str = ""
    group: Hashable = None
    name: str = ""
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] | None = None
    part: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError(f"{self.path}: an excerpt needs a name")
        if self.group is None:
            object.__setattr__(self, "group", self.name)
        if self.code and (self.present or self.absent is not None):
            raise ValueError(f"{self.name}: say its classes either by code, or by present and absent")
        if self.part and self.part not in PARTS:
            raise ValueError(f"{self.name}: part is {self.part!r}, and must be one of {', '.join(PARTS)}, or empty")
        if self.absent and (twice := set(self.present) & set(self.absent)):
            raise ValueError(f"{self.name}: {min(twice)!r} is present and absent")

    @property
    def classes_present(self) -> tuple[str, ...]:
        """The classes that are heard, however they were said."""
        return (self.code,) if self.code else self.present

    @property
    def classes_named(self) -> tuple[str, ...]:
        """The classes that are named as heard or as not heard."""
        return (*self.classes_present, *(self.absent or ()))


@dataclasses.dataclass(frozen=True)
class DataLook:
    """What a glance at the data tells.

    Attributes:
        folder: what ``--data_dir`` resolved to, absolute.
        excerpts: how many there are to train on and to validate with; None if that takes more than a glance.
        notes: what is to be said before a training, such as that excerpts are missing.
    """

    folder: Path
    excerpts: int | None = None
    notes: tuple[str, ...] = ()


class Dataset:
    """Base of the data sets.

    Attributes:
        labels: its classes; the model's k-th logit belongs to ``labels.codes[k]``. With `classes_in_data` those of the
            settings, and not there before `describe` has completed them.
        licence: what may be done with weights trained on it; goes into every export. A class without it has the
            settings' ``licence_text``.
        official_parts: "Part<number>" -> clips in the published test set; scores of another number of clips are said
            not to stand beside published ones. Empty where nothing is published.
        official_counts: class -> excerpts in the published training set, for baselines where the data is not at hand.
            Empty where nothing is published.
        classes_in_data: whether the classes are what the data holds, or ``--classes``, rather than the data set's own.
        has_variants: whether ``--dataset=NAME:VARIANT`` means something.

    Args:
        settings: the section of the run's configuration that is about data.

    Raises:
        ConfigError: a setting that the data set does not have.
    """

    labels: LabelScheme
    licence: str
    official_parts: ClassVar[Mapping[str, int]] = {}
    official_counts: ClassVar[Mapping[str, int]] = {}
    classes_in_data: ClassVar[bool] = False
    has_variants: ClassVar[bool] = False

    def __init__(self, settings: DataConfig) -> None:
        self.settings = settings
        if (variant := variant_of(settings.dataset)) and not self.has_variants:
            raise ConfigError(f"--dataset={settings.dataset}: has no variants; leave out :{variant}")
        if self.classes_in_data:
            if settings.classes:
                self.labels = LabelScheme.of(settings.dataset, {code: code for code in settings.classes})
        elif settings.classes:
            raise ConfigError(
                f"--classes={','.join(settings.classes)}: --dataset={settings.dataset} has classes of its own"
            )
        if not isinstance(getattr(type(self), "licence", None), str):
            self.licence = settings.licence_text or (
                "Weights trained on data of the user's own: the terms of that data hold (--licence_text was not given)."
            )
        elif settings.licence_text:
            raise ConfigError(
                f"--licence_text={settings.licence_text}: --dataset={settings.dataset} has a licence of its own"
            )

    def describe(self, data_dir: str | os.PathLike[str]) -> DataConfig:
        """Return the settings, completed by what has to be read from the data before a run can be described.

        A run records them, so that its classes and licence are known later without the data. With `classes_in_data`
        the classes that excerpts name, sorted, unless ``--classes`` gives them.

        Args:
            data_dir: what the user calls the folder of the data set.

        Raises:
            DataError: something is wrong with the data, or it holds fewer than two classes.
        """
        settings = self.settings
        if not self.classes_in_data or settings.classes:
            return settings
        named = sorted({code for excerpt in self.items(data_dir) for code in excerpt.classes_named})
        if len(named) < 2:
            shown = f"one class only, {named[0]!r}" if named else "no class"
            raise DataError(f"{display(data_dir)}: holds {shown}; to tell classes apart takes two or more")
        return dataclasses.replace(settings, classes=tuple(named))

    def look(self, data_dir: str | os.PathLike[str]) -> DataLook:
        """Return what a glance at the data tells, without reading any sound: before anything slow is begun.

        Raises:
            DataError: the data is not there, or what lies there is not this data set.
        """
        path = Path(data_dir).expanduser()
        if not path.exists():
            raise DataError(f"{display(path)}: no such file or folder; correct --data_dir")
        return DataLook(path.resolve())

    def look_at_test(self, data_dir: str | os.PathLike[str]) -> None:
        """Refuse data without a test set as early as `look` does; by default that is left to `test_clips`.

        Raises:
            DataError: there are no test clips.
        """
        self.look(data_dir)

    def items(self, data_dir: str | os.PathLike[str]) -> Sequence[LabelledExcerpt]:
        """Return all excerpts, whatever part they belong to, in an order that does not vary.

        To be overridden, or `training` where no test part is fixed.

        Raises:
            DataError: there are none, or something is wrong with them.
        """
        if not self._lists_training_alone():
            raise NotImplementedError(f"{type(self).__name__} has no excerpts")
        return self.training(data_dir)

    def training(self, data_dir: str | os.PathLike[str]) -> Sequence[LabelledExcerpt]:
        """Return all excerpts that there are to train on and to validate with, in an order that does not vary.

        Args:
            data_dir: what the user calls the folder of the data set.

        Raises:
            DataError: there are none, or something is wrong with them.
        """
        return [excerpt for excerpt in self.items(data_dir) if excerpt.part != TEST]

    def test_items(self, data_dir: str | os.PathLike[str]) -> Sequence[LabelledExcerpt]:
        """Return the excerpts of the part that the data set keeps for tests; nothing if there is no such part.

        Raises:
            DataError: something is wrong with them.
        """
        if self._lists_training_alone():
            return ()
        return [excerpt for excerpt in self.items(data_dir) if excerpt.part == TEST]

    def _lists_training_alone(self) -> bool:
        """Return whether `training` is what was overridden."""
        return type(self).training is not Dataset.training

    def test_clips(self, data_dir: str | os.PathLike[str]) -> Sequence[TestClip]:
        """Return the clips of the test set, with content identifiers; most data sets have none.

        Raises:
            DataError: there are none, or something is wrong with them.
        """
        raise DataError(
            f"--dataset={self.settings.dataset}: has no test clips; evaluate on --split=validation, or scores of clips"
            " of yours with --scores and --labels"
        )


def register_dataset(name: str) -> Callable[[D], D]:
    """Return a decorator that registers a subclass of `Dataset` under ``name``, as ``--dataset`` calls it.

    Raises:
        ValueError: the name is taken or cannot be written in a flag, or the class leaves out what a data set must have.
    """

    def decorate(kind: D) -> D:
        if problem := _problem(name, kind):
            raise ValueError(f"data set {name!r}: {problem}")
        return DATASETS.register(name)(kind)

    return decorate


def _problem(name: str, kind: object) -> str:
    """Return what is wrong with a data set that is to be registered, or an empty string."""
    if not name or set(name) & set(":,= "):
        return "its name must be a word without ':', ',', '=' and blanks"
    if not (isinstance(kind, type) and issubclass(kind, Dataset)):
        return "must be a subclass of irmas_tf.datasets.dataset.Dataset"
    if kind.training is Dataset.training and kind.items is Dataset.items:
        return "it has no method training"
    if kind.__init__ is Dataset.__init__ and not kind.classes_in_data:  # else its constructor sets them
        if not isinstance(getattr(kind, "labels", None), LabelScheme):
            return "labels must be a LabelScheme, such as LabelScheme.of(name, {code: name})"
        if not isinstance(getattr(kind, "licence", None), str):
            return "licence must say what may be done with weights trained on it"
    return ""
