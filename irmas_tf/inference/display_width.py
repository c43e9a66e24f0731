"""How wide a text is on a terminal, so that columns stand under one another whatever the script of a class's name."""

from __future__ import annotations

import unicodedata

_INVISIBLE = ("Mn", "Me", "Cf")  # marks on other letters, and what only joins them


def display_width(text: str) -> int:
    """Return the number of columns that a text takes: Chinese, Japanese and Korean letters are two wide (UAX #11)."""
    return sum(map(_letter_width, text))


def fitted(text: str, width: int) -> str:
    """Return a text that takes so many columns: filled with blanks, or cut, which an ellipsis at its end tells."""
    if display_width(text) > width:
        kept, room = [], width - 1
        for letter in text:
            room -= _letter_width(letter)
            if room < 0:
                break
            kept.append(letter)
        text = "".join(kept).rstrip() + "…"
    return text + " " * (width - display_width(text))


def _letter_width(letter: str) -> int:
    if unicodedata.category(letter) in _INVISIBLE:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
