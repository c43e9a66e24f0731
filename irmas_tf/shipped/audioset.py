"""The 527 classes of AudioSet, in the order of the networks that were trained on it, and those that are IRMAS's.

Source of the list: AudioSet's class_labels_indices.csv (Gemmeke et al., "Audio Set: an ontology and human-labeled
dataset for audio events", ICASSP 2017), CC BY 4.0.
"""

from __future__ import annotations

import csv
import difflib
import functools
import re
from collections.abc import Sequence
from pathlib import Path

from irmas_tf.config.labels import LabelScheme
from irmas_tf.config.settings import ConfigError

CLASS_LIST = Path(__file__).resolve().parent / "audioset_classes.csv"
IRMAS_CLASSES = {
    "cel": 193,
    "cla": 198,
    "flu": 196,
    "gac": 143,
    "gel": 141,
    "org": 155,
    "pia": 153,
    "sax": 197,
    "tru": 187,
    "vio": 191,
    "voi": 27,
}
"""IRMAS code -> place of the class among AudioSet's: Cello, Clarinet, Flute, Acoustic guitar, Electric guitar, Organ,
Piano, Saxophone, Trumpet, "Violin, fiddle", Singing."""


@functools.cache
def class_names() -> tuple[str, ...]:
    """Return the names of AudioSet's classes in order."""
    with CLASS_LIST.open(encoding="utf-8", newline="") as file:
        return tuple(row["display_name"] for row in csv.DictReader(file))


def parse_classes(text: str) -> tuple[int, ...]:
    """Return the places of classes that are named, in the order of the text.

    Args:
        text: names with commas between them, in capitals or not. Some names have commas themselves, as in
            "Violin, fiddle,Cello"; the part before the first will do, if it is no name of its own: "Violin,Cello".

    Raises:
        ConfigError: a name is unknown, or there twice; the message suggests others.
    """
    known = {_plain(name): place for place, name in enumerate(class_names())}
    for place, name in enumerate(class_names()):
        known.setdefault(_plain(name.partition(",")[0]), place)
    words = [word for word in map(_plain, text.split(",")) if word]
    places: list[int] = []
    while words:
        # The longest name first: "violin, fiddle" before "violin".
        size = next((n for n in range(len(words), 0, -1) if ", ".join(words[:n]) in known), 0)
        if not size:
            near = difflib.get_close_matches(words[0], list(known), n=3)
            remedy = f"did you mean {' or '.join(near)}?" if near else "irmas models mn04:audioset lists them"
            raise ConfigError(f"--model=mn04:audioset:{text}: AudioSet has no class {words[0]!r}; {remedy}")
        place = known[", ".join(words[:size])]
        if place in places:
            raise ConfigError(f"--model=mn04:audioset:{text}: {class_names()[place]!r} is named twice")
        places.append(place)
        words = words[size:]
    if not places:
        raise ConfigError("--model=mn04:audioset: name classes of AudioSet after the colon, with commas between them")
    return tuple(places)


def scheme_of(places: Sequence[int]) -> LabelScheme:
    """Return classes of AudioSet as a label scheme; codes are the names in small letters, "violin_fiddle"."""
    names = tuple(class_names()[place] for place in places)
    codes = tuple(re.sub(r"\W+", "_", name.lower()).strip("_") for name in names)
    return LabelScheme("audioset", codes, names, {})


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").split())
