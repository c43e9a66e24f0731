"""What a data set is to training, evaluation and export: excerpts with a class and a group, names, and a licence.

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
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from irmas_tf.config.datasets import DATASETS
from irmas_tf.config.labels import LabelScheme
from irmas_tf.config.run_config import DataConfig
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.irmas_records import TestClip

D = TypeVar("D", bound="type[Dataset]")


@dataclasses.dataclass(frozen=True)
class LabelledExcerpt:
    """An excerpt with one predominant class.

    Attributes:
        path: the audio file.
        code: its class, one that the data set's `LabelScheme.index` knows.
        group: what is never split, such as the recording it was cut from; excerpts with equal groups stay together.
        name: portable name, "<class>/<file>", the same on every machine; splits are saved by it.
    """

    path: Path
    code: str
    group: Hashable
    name: str


class Dataset:
    """Base of the data sets.

    Attributes:
        labels: its classes; the model's k-th logit belongs to ``labels.codes[k]``.
        licence: what may be done with weights trained on it; goes into every export.
        official_parts: "Part<number>" -> clips in the published test set; scores of another number of clips are said
            not to stand beside published ones. Empty where nothing is published.

    Args:
        settings: the section of the run's configuration that is about data.
    """

    labels: LabelScheme
    licence: str
    official_parts: ClassVar[Mapping[str, int]] = {}

    def __init__(self, settings: DataConfig) -> None:
        self.settings = settings

    def training(self, data_dir: str | os.PathLike[str]) -> Sequence[LabelledExcerpt]:
        """Return all excerpts that there are to train on and to validate with, in an order that does not vary.

        Args:
            data_dir: what the user calls the folder of the data set.

        Raises:
            DataError: there are none, or something is wrong with them.
        """
        raise NotImplementedError(f"{type(self).__name__} has no training excerpts")

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
    if kind.training is Dataset.training:
        return "it has no method training"
    if kind.__init__ is Dataset.__init__:  # else its constructor may set them
        if not isinstance(getattr(kind, "labels", None), LabelScheme):
            return "labels must be a LabelScheme, such as LabelScheme.of(name, {code: name})"
        if not isinstance(getattr(kind, "licence", None), str):
            return "licence must say what may be done with weights trained on it"
    return ""
