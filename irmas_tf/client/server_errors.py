"""What can go wrong with a server, by what the client does about it."""

from __future__ import annotations

import re

from irmas_tf.process.printable import printable
from irmas_tf.process.retry import TemporaryError


class ServerError(ValueError):
    """The server cannot be used, whatever is sent to it; the message names it and the remedy."""


class UnavailableError(TemporaryError, ServerError):
    """The server did not answer this time; it may later."""


class RefusedError(ValueError):
    """The server refuses what was sent; other requests may be answered."""


# "... assertion failed: [SENTENCE]" and then, on the next line or after a blank, the nodes of the graph: "[[{{node...".
_ASSERTION = re.compile(r"assertion failed: \[(.*?)\]\s*(?=\[\[|$)", re.DOTALL)
_NODES = re.compile(r"\s*\[\[\{\{.*", re.DOTALL)
_PLACE = re.compile(r"^audio\[\d+\]\s+")


MOST_LETTERS = 300
_LONGEST_MESSAGE = 100_000  # of a graph's error, which names its nodes


def shown(text: object, most: int = MOST_LETTERS) -> str:
    """Return what a server said, fit for a terminal: in one line, control characters escaped, cut to so many letters.

    Args:
        text: anything.
        most: letters before the dots.
    """
    safe = printable(" ".join(str(text)[: 20 * most].split())[: most + 1])
    return safe if len(safe) <= most else f"{safe[:most]}..."


def refusal(message: str) -> str:
    """Return the sentence in a server's error message: the graph's own, without the name of the input and the nodes."""
    message = message[:_LONGEST_MESSAGE]
    assertion = _ASSERTION.search(message)
    sentence = assertion.group(1) if assertion else _NODES.sub("", message)
    return shown(_PLACE.sub("", " ".join(sentence.split()))) or "refused without a reason"
