"""Which classes of a model go into which columns of a table that somebody else has named."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from irmas_tf.config.labels import LabelScheme
from irmas_tf.config.settings import ConfigError

# Other names of OpenMIC-2018's classes: parts and kinds of them, and what AudioSet calls them.
_OTHER_NAMES = {
    "bass": ("bass guitar", "double bass", "electric bass", "contrabass", "upright bass", "acoustic bass"),
    "cello": ("violoncello",),
    "cymbals": ("cymbal", "hi hat", "hihat", "crash cymbal", "ride cymbal"),
    "drums": ("drum kit", "drum set", "drumset", "drum", "snare drum", "bass drum", "kick drum", "tom tom"),
    "guitar": (
        *("acoustic guitar", "electric guitar", "classical guitar", "steel guitar, slide guitar", "slide guitar"),
        *("distorted electric guitar", "clean electric guitar"),
    ),
    "mallet percussion": (
        *("marimba", "vibraphone", "xylophone", "glockenspiel", "marimba, xylophone", "mallets"),
        *("tuned percussion", "pitched percussion"),
    ),
    "organ": ("hammond organ", "pipe organ", "church organ", "electronic organ"),
    "piano": ("acoustic piano", "grand piano"),
    "saxophone": ("sax", "alto saxophone", "tenor saxophone", "baritone saxophone", "soprano saxophone"),
    "synthesizer": ("synth", "synthesiser"),
    "violin": ("fiddle", "violin, fiddle"),
    "voice": (
        *("vocals", "vocal", "singing", "singing voice", "singer", "human voice", "choir"),
        *("male singer", "female singer", "male singing", "female singing", "child singing"),
    ),
}
_MEANING = {other: name for name, others in _OTHER_NAMES.items() for other in others}


def meaning_of(name: str) -> str:
    """Return what a class is called here: in small letters, with blanks, and by one of several usual names.

    >>> meaning_of("Drum_Kit")
    'drums'
    """
    plain = " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
    return _MEANING.get(plain, plain)


@dataclasses.dataclass(frozen=True)
class ClassColumns:
    """Where the classes of a model go.

    Attributes:
        columns: names of the columns.
        sources: per column the indices of the classes that go into it; none: the model has no such class.
        unused: names of the classes that go nowhere.
    """

    columns: tuple[str, ...]
    sources: tuple[tuple[int, ...], ...]
    unused: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The columns that the model has no class for."""
        return tuple(name for name, indices in zip(self.columns, self.sources, strict=True) if not indices)

    def scores(self, probabilities: np.ndarray, *, combine: str = "max", missing: float = 0.0) -> np.ndarray:
        """Return the columns of a clip, float64 [columns] in [0, 1].

        Args:
            probabilities: [classes].
            combine: "max" or "sum" of the classes of a column; a sum is at most 1.
            missing: what a column holds that the model has no class for.
        """
        join = np.max if combine == "max" else np.sum
        values = [missing if not indices else float(join(probabilities[list(indices)])) for indices in self.sources]
        return np.clip(np.array(values, np.float64), 0.0, 1.0)


def check_columns(columns: Sequence[str]) -> dict[str, int]:
    """Return meaning -> index of the columns.

    Raises:
        ConfigError: there are none, or two mean the same.
    """
    if not columns:
        raise ConfigError("--columns: is empty; name the columns, or leave it out")
    column_of: dict[str, int] = {}
    for index, name in enumerate(columns):
        first = column_of.setdefault(meaning_of(name), index)
        if first != index:
            raise ConfigError(f"--columns: {columns[first]!r} and {name!r} mean the same; leave one out")
    return column_of


def class_columns(
    scheme: LabelScheme, columns: Sequence[str], mapping: Mapping[str, str] | None = None
) -> ClassColumns:
    """Return which classes of a model go into which columns: those whose names mean the same (`meaning_of`).

    Args:
        scheme: the model's classes; a class is known by its name, or else its code.
        columns: names of the columns, in their order.
        mapping: name or code of a class -> column, before what names mean.

    Raises:
        ConfigError: two columns mean the same, the mapping names what there is not, or no class goes into any column.
    """
    column_of = check_columns(columns)
    given = _given(scheme, columns, mapping or {})
    sources: list[list[int]] = [[] for _ in columns]
    unused = []
    for index, names in enumerate(zip(scheme.names, scheme.codes, strict=True)):
        known = [column_of[meaning_of(name)] for name in names if meaning_of(name) in column_of]
        if index in given:
            sources[given[index]].append(index)
        elif known:
            sources[known[0]].append(index)
        else:
            unused.append(names[0])
    if not any(sources):
        raise ConfigError(
            f"no class of the model is one of the columns {', '.join(columns[:5])}{', ...' if columns[5:] else ''};"
            " name others with --columns, or say which is which: --mapping=CLASS=COLUMN"
        )
    return ClassColumns(tuple(columns), tuple(map(tuple, sources)), tuple(unused))


def _given(scheme: LabelScheme, columns: Sequence[str], mapping: Mapping[str, str]) -> dict[int, int]:
    given: dict[int, int] = {}
    for name, column in mapping.items():
        indices = [k for k, names in enumerate(zip(scheme.codes, scheme.names, strict=True)) if name in names]
        if not indices:
            raise ConfigError(f"--mapping={name}={column}: the model has no class {name!r}")
        if column not in columns:
            raise ConfigError(f"--mapping={name}={column}: there is no column {column!r}")
        given |= dict.fromkeys(indices, columns.index(column))
    return given


def parse_mapping(pairs: Sequence[str]) -> dict[str, str]:
    """Return class -> column of pairs such as "drum kit=drums".

    Raises:
        ConfigError: a pair is not one, or a class is named twice.
    """
    mapping: dict[str, str] = {}
    for pair in pairs:
        name, equals, column = (part.strip() for part in pair.partition("="))
        if not name or not equals or not column:
            raise ConfigError(f"--mapping={pair}: write CLASS=COLUMN, such as 'drum kit=drums'")
        if mapping.setdefault(name, column) != column:
            raise ConfigError(f"--mapping: names {name!r} twice; a class goes into one column")
    return mapping
