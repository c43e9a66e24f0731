"""Label schemes: which classes a model answers with, and how a data set's codes map onto them.

Source: Bosch et al., "A comparison of sound segregation techniques for predominant instrument recognition in
musical audio signals", ISMIR 2012 (the IRMAS data set and its eleven instrument codes).
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Mapping

IRMAS_NAMES: dict[str, str] = {
    "cel": "cello",
    "cla": "clarinet",
    "flu": "flute",
    "gac": "acoustic guitar",
    "gel": "electric guitar",
    "org": "organ",
    "pia": "piano",
    "sax": "saxophone",
    "tru": "trumpet",
    "vio": "violin",
    "voi": "voice",
}
IRMAS_CODES: tuple[str, ...] = tuple(IRMAS_NAMES)

# What a model answers: one class per clip, or any number of them.
SINGLE_LABEL, MULTI_LABEL = "single_label", "multi_label"
TASKS = (SINGLE_LABEL, MULTI_LABEL)

_SHOWN_CODES = 30  # in a message


@dataclasses.dataclass(frozen=True)
class LabelScheme:
    """An ordered list of classes and the mapping from a data set's codes to them.

    Attributes:
        name: scheme name; for IRMAS as given to ``--label_scheme``.
        codes: class codes in output order; the model's k-th logit belongs to ``codes[k]``.
        names: human-readable class names, same order.
        source_to_code: code in the data set -> class code of this scheme; of IRMAS total over its eleven codes.
    """

    name: str
    codes: tuple[str, ...]
    names: tuple[str, ...]
    source_to_code: dict[str, str]

    @classmethod
    def of(cls, name: str, names: Mapping[str, str]) -> LabelScheme:
        """Return the scheme of a data set whose codes are the classes.

        Args:
            name: what the scheme is called.
            names: class code -> readable name, in output order.

        Raises:
            ValueError: fewer than two classes, or an empty code or name.
        """
        if len(names) < 2 or not all(names) or not all(names.values()):
            raise ValueError(f"label scheme {name!r}: needs two classes or more, each with a code and a name")
        return cls(name, tuple(names), tuple(names.values()), {code: code for code in names})

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.codes)

    def index(self, code: str) -> int:
        """Return the class index of a code of the data set.

        Raises:
            ValueError: the data set has no such code; the message lists those that it has.
        """
        if code not in self.source_to_code:
            known = tuple(self.source_to_code)
            more = f", ... ({len(known)} in all)" if len(known) > _SHOWN_CODES else ""
            raise ValueError(f"unknown class code {code!r}; known codes: {', '.join(known[:_SHOWN_CODES])}{more}")
        return self.codes.index(self.source_to_code[code])


_REPORT_CODES = (*(code for code in IRMAS_CODES if code != "gel"), "other")

LABEL_SCHEMES: dict[str, LabelScheme] = {
    "irmas": LabelScheme(
        name="irmas",
        codes=IRMAS_CODES,
        names=tuple(IRMAS_NAMES.values()),
        source_to_code={code: code for code in IRMAS_CODES},
    ),
    # The student report listed ten instruments and "other", electric guitar being "other".
    "report": LabelScheme(
        name="report",
        codes=_REPORT_CODES,
        names=tuple(IRMAS_NAMES.get(code, code) for code in _REPORT_CODES),
        source_to_code={code: code if code in _REPORT_CODES else "other" for code in IRMAS_CODES},
    ),
}


def is_class_name(name: str) -> bool:
    """Return whether a class can be called so: it is not blank, and a line of a list of labels can hold it.

    Joiners, which Python does not call printable, are letters to Persian and to scripts of India.
    """
    return bool(name.strip()) and not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name)


def get_label_scheme(name: str) -> LabelScheme:
    """Return the label scheme called ``name``.

    Raises:
        ValueError: no such scheme; the message lists the known ones.
    """
    if name not in LABEL_SCHEMES:
        raise ValueError(f"unknown label scheme {name!r}; known schemes: {', '.join(LABEL_SCHEMES)}")
    return LABEL_SCHEMES[name]
