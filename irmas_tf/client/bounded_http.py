"""HTTP calls that end: within a time for the whole of them, and within a size; whoever is at the other end."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from irmas_tf.downloads.watched_session import Call, WatchedSession, announced_bytes

_PIECE_BYTES = 1 << 16


class TooLargeError(ValueError):
    """An answer that is larger than any that is meant, or compressed, so that nobody knows how large it is."""


class DeadlineError(Exception):
    """The time for a whole call is over."""


@dataclasses.dataclass(frozen=True)
class HttpAnswer:
    """An answer.

    Attributes:
        status: of HTTP.
        reason: the words beside it, as the server wrote them.
        headers: of any case.
        content: the body.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    content: bytes


class BoundedSession:
    """Connections of one thread to one server, kept for the next call. Redirects are not followed.

    Args:
        url: of the server. To this machine no proxy is asked.
    """

    def __init__(self, url: str) -> None:
        self._session = WatchedSession(url)

    def request(
        self,
        method: str,
        url: str,
        body: bytes | None,
        *,
        connect_seconds: float,
        seconds: float,
        most_bytes: int,
    ) -> HttpAnswer:
        """Return the answer to a request with a JSON body, or none.

        Args:
            method: of HTTP.
            url: where.
            body: sent as JSON.
            connect_seconds: longest wait for a connection.
            seconds: for all of it, to the last byte.
            most_bytes: of the answer's body.

        Raises:
            DeadlineError: it took longer.
            TooLargeError: the body is larger, or compressed although that was not asked for.
            requests.RequestException: there is no connection, or no whole answer.
        """
        end = time.monotonic() + seconds
        with Call(seconds) as call:
            try:
                answer = self._exchange(method, url, body, (connect_seconds, seconds), most_bytes)
            except (requests.RequestException, HTTPError, OSError) as error:
                if call.is_over or time.monotonic() >= end or isinstance(error, requests.ReadTimeout):
                    raise DeadlineError from error
                if isinstance(error, requests.RequestException):
                    raise
                raise requests.ConnectionError(error) from error
            if call.is_over:  # which looks like an end, where nothing says how long it is
                raise DeadlineError
            return answer

    def _exchange(
        self, method: str, url: str, body: bytes | None, timeout: tuple[float, float], most_bytes: int
    ) -> HttpAnswer:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        options: dict[str, Any] = {"timeout": timeout, "allow_redirects": False, "stream": True}
        with self._session.request(method, url, data=body, headers=headers, **options) as answer:
            if (coding := answer.headers.get("Content-Encoding", "identity")).lower() != "identity":
                raise TooLargeError(f"its answer is compressed ({coding[:40]}), which was not asked for")
            content = bytearray()
            while piece := answer.raw.read(_PIECE_BYTES, decode_content=False):
                content += piece
                if len(content) > most_bytes:
                    raise TooLargeError(f"its answer has more than {most_bytes:,} bytes")
            if (announced := announced_bytes(answer.headers)) and len(content) < announced:
                raise requests.ConnectionError(f"its answer ended after {len(content):,} of {announced:,} bytes")
            return HttpAnswer(answer.status_code, answer.reason or "", answer.headers, bytes(content))
