"""HTTP calls whose connection is cut when their time is over, and which follow no redirect by themselves.

requests counts its timeouts anew with every piece that arrives, so that a server which sends a byte now and then holds
a call for ever; and it reads the bodies of redirects whole, and unpacks them, also of those that it does not follow.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from irmas_tf.downloads.web_address import host_of, is_this_machine
from irmas_tf.process.printable import shortened

REDIRECTS = frozenset((301, 302, 303, 307, 308))


class Call:
    """A call under way in the thread that enters this context: its connection is cut when its time is over.

    Args:
        seconds: from now on.

    Attributes:
        is_over: whether the time was over before the call was. What was read then may look like a whole answer.
    """

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._end = time.monotonic() + seconds
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        self._left: list[socket.socket] = []  # of connections that were closed while an answer is still read from them

    def __enter__(self) -> Call:
        _calls.call = self
        threading.Thread(target=self._wait, name="call", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._done.set()
        _calls.call = None
        for handle in self._left:
            handle.close()

    def extend(self, seconds: float) -> None:
        """Let the call have so many seconds from now on."""
        self._end = time.monotonic() + seconds

    def watch(self, handle: socket.socket | None) -> None:
        """Say which connection the call goes over."""
        with self._lock:
            self._handle = handle
            if self.is_over:
                self._cut()

    def let_go(self, handle: socket.socket) -> None:
        """Close what was watched; later, if it is this call's."""
        if handle is self._handle:
            self._left.append(handle)
        else:
            handle.close()

    def _wait(self) -> None:
        while (left := self._end - time.monotonic()) > 0:
            if self._done.wait(min(left, 3600.0)):
                return
        with self._lock:
            self.is_over = not self._done.is_set()
            if self.is_over:
                self._cut()

    def _cut(self) -> None:
        if self._handle is not None:
            with contextlib.suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)


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
        call: Call | None = getattr(_calls, "call", None)
        if call is not None:
            call.watch(self._handle)

    def _let_go(self) -> None:
        handle, self._handle = self._handle, None
        call: Call | None = getattr(_calls, "call", None)
        if handle is None:
            return
        if call is not None:
            call.let_go(handle)
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


class WatchedSession(requests.Session):
    """Connections of one thread, kept for the next `Call`. Redirects are not followed, and their bodies not read.

    Args:
        url: of the server. To this machine no proxy is asked.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self.trust_env = not is_this_machine(host_of(url))
        for scheme in ("http://", "https://"):
            self.mount(scheme, _WatchedAdapter(max_retries=0))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return None: who calls looks at the Location header."""
        return None


def announced_bytes(headers: Any) -> int | None:
    """Return the size of a body as its header tells it; None if it does not, or no sensible one."""
    text = headers.get("Content-Length", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def cause_of(error: BaseException) -> str:
    """Return the innermost reason of a connection's failure, in one short line, without the address that was asked."""
    inner: Any = error
    while True:
        reason = getattr(inner, "reason", None)
        deeper = (
            reason
            if isinstance(reason, BaseException)
            else next(
                (cause for cause in getattr(inner, "args", ()) if isinstance(cause, BaseException)), inner.__cause__
            )
        )
        if deeper is None or deeper is inner:
            break
        inner = deeper
    text = getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
    return shortened(" ".join(text.split()))
