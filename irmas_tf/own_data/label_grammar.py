"""What the name of a folder and a cell of a manifest say of the classes: heard, not heard, unknown.

Folder names follow BirdNET-Analyzer: ``A,B`` is both, ``-A`` an example of what A is not, ``noise`` (or ``background``,
``other``, ``silence``) none of the classes. Cells of a manifest separate classes by ``;`` and say ``?`` of what is not
known:

    violin          violin is heard, no other class is
    violin;oud      both are heard, no other class is
    violin;?oud     violin is heard, oud is unknown, no other class is heard
    violin;?        violin is heard, every other class is unknown
    violin;-oud;?   violin is heard, oud is not, every other class is unknown
    noise           no class is heard
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from irmas_tf.config.labels import is_class_name

NONE_OF_THEM = ("noise", "background", "other", "silence")
"""Names, in any case, that stand for none of the classes, unless ``--classes`` names a class so."""


class LabelError(ValueError):
    """Labels that cannot be read; the message says what is wrong and the remedy, without the place.

    ``kind`` is for programs: "empty_label", "repeated_label" or "bad_label".
    """

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)


@dataclasses.dataclass(frozen=True, slots=True)
class Labels:
    """What is known of the classes of an excerpt.

    Attributes:
        present: classes that are heard.
        absent: classes named as not heard; only where the rest is unknown, since else nothing need be named.
        unknown: classes named as unknown; only where the rest is absent.
        rest_is_unknown: whether classes that are not named are unknown, rather than not heard.
    """

    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    rest_is_unknown: bool = False

    @property
    def named(self) -> tuple[str, ...]:
        """All classes that are named."""
        return (*self.present, *self.absent, *self.unknown)

    def known_absent(self, classes: Iterable[str]) -> tuple[str, ...] | None:
        """Return the classes that are known not to be heard, or None if these are all that are not heard.

        Args:
            classes: all classes of the data set.
        """
        if self.rest_is_unknown:
            return self.absent
        if not self.unknown:
            return None
        return tuple(name for name in classes if name not in self.present and name not in self.unknown)

    @property
    def described(self) -> str:
        """What it says, in words: "violin heard, oud unknown, no other heard"."""
        parts = [f"{_listed(self.present)} heard"] if self.present else []
        parts += [f"{_listed(self.absent)} not heard"] if self.absent else []
        parts += [f"{_listed(self.unknown)} unknown"] if self.unknown else []
        if self.rest_is_unknown:
            parts.append("the rest unknown" if parts else "nothing known")
        else:
            parts.append("no other heard" if parts else "none of the classes")
        return ", ".join(parts)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def is_none_of_them(word: str, classes: Collection[str] = ()) -> bool:
    """Return whether a word stands for none of the classes."""
    return word.casefold() in NONE_OF_THEM and word not in classes


def parse_folder_name(name: str, classes: Collection[str] = ()) -> Labels:
    """Return what the name of a class folder says; a negative example leaves classes that are not named unknown.

    Args:
        name: of the folder; compared with others in Unicode's composed form.
        classes: those that ``--classes`` names.

    Raises:
        LabelError: the name cannot be read.
    """
    words = [word.strip() for word in unicodedata.normalize("NFC", name).split(",")]
    present: list[str] = []
    absent: list[str] = []
    for word in words:
        negative, word = word.startswith("-"), word.removeprefix("-").strip()
        if not word:
            raise LabelError("empty_label", "names no class before or after a ',' or '-'; rename the folder")
        if word.startswith("?") or ";" in word:
            raise LabelError("bad_label", "'?' and ';' mean something in a manifest; rename the folder")
        if is_none_of_them(word, classes):
            if negative or len(words) > 1:
                raise LabelError("bad_label", f"{word!r} is none of the classes and stands alone; rename the folder")
            return Labels()
        _check_name(word)
        (absent if negative else present).append(word)
    labels = Labels(tuple(present), tuple(absent), rest_is_unknown=bool(absent))
    _check_repeated(labels)
    return labels


def parse_cell(text: str, classes: Collection[str] = ()) -> Labels:
    """Return what a cell of the column ``labels`` says.

    Args:
        text: the cell.
        classes: those that ``--classes`` names.

    Raises:
        LabelError: the cell cannot be read.
    """
    text = unicodedata.normalize("NFC", text).strip()
    if not text:
        raise LabelError("empty_label", "has no label; write noise if no class is heard, or ? if nothing is known")
    words = [word.strip() for word in text.split(";")]
    marked: dict[str, list[str]] = {"": [], "-": [], "?": []}
    rest_is_unknown = False
    for word in words:
        mark, name = (word[0], word[1:].strip()) if word[:1] in ("-", "?") else ("", word)
        if word == "?":
            if rest_is_unknown:
                raise LabelError("repeated_label", "has '?' twice; remove one")
            rest_is_unknown = True
            continue
        if not name:
            raise LabelError("empty_label", f"has an empty label in {text!r}; remove the ';' or '-' too many")
        if is_none_of_them(name, classes):
            if mark or len(words) > 1:
                raise LabelError(
                    "bad_label", f"has {name!r} beside others in {text!r}; it is none of the classes and stands alone"
                )
            return Labels()
        _check_name(name)
        marked[mark].append(name)
    present, absent, unknown = (tuple(marked[mark]) for mark in marked)
    if absent and not rest_is_unknown:
        raise LabelError(
            "bad_label",
            f"has '-{absent[0]}' without '?': classes that are not named are not heard already; remove it, or add ;? if"
            " the others are unknown",
        )
    if unknown and rest_is_unknown:
        raise LabelError("bad_label", f"has '?{unknown[0]}' beside '?', which says so of all the others; remove one")
    labels = Labels(present, absent, unknown, rest_is_unknown)
    _check_repeated(labels)
    return labels


def format_cell(labels: Labels, classes: Collection[str] = ()) -> str:
    """Return the cell that `parse_cell` reads as these labels.

    Args:
        labels: any.
        classes: all classes; one of them may be called noise, which then cannot stand for none of them.
    """
    words = [*labels.present, *(f"-{name}" for name in labels.absent), *(f"?{name}" for name in labels.unknown)]
    if labels.rest_is_unknown:
        words.append("?")
    return ";".join(words or [next(word for word in NONE_OF_THEM if word not in classes)])


def labels_of(present: Sequence[str], absent: Sequence[str] | None, classes: Sequence[str]) -> Labels:
    """Return the labels of an excerpt, in the form that takes fewer words.

    Args:
        present, absent: as in `irmas_tf.datasets.dataset.LabelledExcerpt`.
        classes: all classes.
    """
    if absent is None:
        return Labels(tuple(present))
    unknown = tuple(name for name in classes if name not in present and name not in absent)
    if len(unknown) < len(absent) or not unknown:
        return Labels(tuple(present), unknown=unknown)
    return Labels(tuple(present), tuple(absent), rest_is_unknown=True)


def _check_name(name: str) -> None:
    if "," in name:
        raise LabelError("bad_label", f"has {name!r}, and --classes separates classes by ','; name it without")
    if not is_class_name(name):
        raise LabelError("bad_label", f"has {name!r}, which cannot be printed; name it otherwise")


def _check_repeated(labels: Labels) -> None:
    for name, count in Counter(labels.named).items():
        if count > 1:
            once = sum(name in part for part in (labels.present, labels.absent, labels.unknown)) == 1
            how = "twice" if once else "in two ways that contradict each other"
            raise LabelError("repeated_label", f"names {name!r} {how}; remove one")
