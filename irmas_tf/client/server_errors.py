"""What can go wrong with a server, by what the client does about it."""

from __future__ import annotations

import re

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


def refusal(message: str) -> str:
    """Return the sentence in a server's error message: the graph's own, without the name of the input and the nodes."""
    assertion = _ASSERTION.search(message)
    sentence = assertion.group(1) if assertion else _NODES.sub("", message)
    return _PLACE.sub("", " ".join(sentence.split())) or "refused without a reason"
