"""Text of strangers, fit for a terminal: what would move the cursor or end the line is shown as an escape."""

from __future__ import annotations

_JOINERS = "\u200c\u200d"  # zero-width: they belong to the spelling of Persian and of Indian languages


def printable(text: str) -> str:
    """Return a text on one line that any terminal can show: control and undecodable characters are escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _JOINERS else c.encode("unicode_escape").decode("ascii") for c in text)


def shortened(text: str, most: int = 120) -> str:
    """Return a text `printable`, cut to so many characters, with dots where it was cut."""
    shown = printable(text[: most + 1])
    return shown if len(text) <= most and len(shown) <= 2 * most else f"{shown[:most]}..."
