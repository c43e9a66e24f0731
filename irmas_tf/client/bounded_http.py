"""HTTP calls that end: within a time for the whole of them, and within a size; whoever is at the other end.

requests counts its timeouts anew with every piece that arrives, so that a server which sends a byte now and then holds
a call for ever. Here a timer cuts the connection.
"""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import socket
import threading
import time
import urllib.parse
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

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


class _Call:
    """A call under way: what a timer must cut to end it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.handle: socket.socket | None = None
        self.left: list[socket.socket] = []  # of connections that were closed while an answer is still read from them
        self.is_over = False

    def end(self) -> None:
        """Cut the connection, and whatever waits for it."""
        with self.lock:
            self.is_over = True
            if self.handle is not None:
                with contextlib.suppress(OSError):
                    self.handle.shutdown(socket.SHUT_RDWR)

    def watch(self, handle: socket.socket | None) -> None:
        """Say which connection the call goes over."""
        with self.lock:
            self.handle = handle
            if self.is_over and handle is not None:
                with contextlib.suppress(OSError):
                    handle.shutdown(socket.SHUT_RDWR)


_calls = threading.local()


class _Watched:
    """A connection of urllib3 that says to the call under way which socket it uses."""

    _handle: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        self._let_go()
        self._handle = made.dup()  # TLS takes the first one away; shutting down either ends both
        self._tell()
        return made

    def request(self, *args: Any, **options: Any) -> Any:
        self._tell()
        return super().request(*args, **options)  # type: ignore[misc]

    def close(self) -> None:
        super().close()  # type: ignore[misc]
        self._let_go()

    def _tell(self) -> None:
        call = getattr(_calls, "call", None)
        if call is not None:
            call.watch(self._handle)

    def _let_go(self) -> None:
        handle, self._handle = self._handle, None
        call = getattr(_calls, "call", None)
        if handle is None:
            return
        if call is not None and call.handle is handle:
            call.left.append(handle)
        else:
            handle.close()


class _PlainConnection(_Watched, HTTPConnection):
    pass


class _TlsConnection(_Watched, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _WatchedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
        return manager


class BoundedSession:
    """Connections of one thread to one server, kept for the next call. Redirects are not followed.

    Args:
        url: of the server. To this machine no proxy is asked.
    """

    def __init__(self, url: str) -> None:
        self._session = requests.Session()
        self._session.trust_env = not _is_this_machine(urllib.parse.urlsplit(url).hostname or "")
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _WatchedAdapter(max_retries=0))

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
        call = _calls.call = _Call()
        end = time.monotonic() + seconds
        timer = threading.Timer(seconds, call.end)
        timer.daemon = True
        timer.start()
        try:
            answer = self._exchange(method, url, body, (connect_seconds, seconds), most_bytes)
            if call.is_over:  # which looks like an end, where nothing says how long it is
                raise DeadlineError
            return answer
        except (requests.RequestException, HTTPError, OSError) as error:
            if call.is_over or time.monotonic() >= end or isinstance(error, requests.ReadTimeout):
                raise DeadlineError from error
            if isinstance(error, requests.RequestException):
                raise
            raise requests.ConnectionError(error) from error
        finally:
            timer.cancel()
            _calls.call = None
            for handle in call.left:
                handle.close()

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
            announced = answer.headers.get("Content-Length", "")
            if announced.isdigit() and len(content) < int(announced):
                raise requests.ConnectionError(f"its answer ended after {len(content):,} of {int(announced):,} bytes")
            return HttpAnswer(answer.status_code, answer.reason or "", answer.headers, bytes(content))


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
