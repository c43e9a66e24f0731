"""Names of classes in pictures, where there is room for so much and no more: of any length, in any script."""

from __future__ import annotations

import unicodedata

LETTER = 7.2  # width of a letter in a picture, on average, in the widest of the usual fonts
_WIDE = 1.9  # Chinese, Japanese and Korean letters, in parts of it
_INVISIBLE = ("Mn", "Me", "Cf")  # marks on other letters, and what only joins them


def width_of(text: str) -> float:
    """Return about how wide a text in a picture is, in letters."""
    return sum(map(_letter_width, text))


def shortened(text: str, letters: float) -> str:
    """Return a text that is at most so many letters wide; what is left out at its end is told by an ellipsis."""
    if width_of(text) <= letters:
        return text
    kept, room = "", letters - 1.0
    for letter in text:
        room -= _letter_width(letter)
        if room < 0:
            break
        kept += letter
    return kept.rstrip() + "…"


def ends_of(text: str, letters: float) -> str:
    """Return a text that is at most so many letters wide; an ellipsis stands for its middle.

    Where there is little room, names tell more so: many begin alike and end with a number or another word.
    """
    if width_of(text) <= letters:
        return text
    head, room = shortened(text, (letters + 1) / 2), (letters - 1) / 2
    place = len(text)
    while place and _letter_width(text[place - 1]) <= room:
        place -= 1
        room -= _letter_width(text[place])
    while place < len(text) and not _letter_width(text[place]):  # a mark whose letter found no room
        place += 1
    return head + text[place:].lstrip()


def several(names: list[str], most: int = 4) -> str:
    """Return names with commas between them, the first of many and how many there are besides."""
    rest = len(names) - most
    return ", ".join(names) if rest < 2 else f"{', '.join(names[:most])} and {rest} more"


def _letter_width(letter: str) -> float:
    if unicodedata.category(letter) in _INVISIBLE:
        return 0.0
    return _WIDE if unicodedata.east_asian_width(letter) in "WF" else 1.0
