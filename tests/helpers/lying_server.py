"""A server on this machine that writes to a socket whatever a test wants, and counts what it got rid of."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator


class Line:
    """One connection, after its request was read."""

    def __init__(self, connection: socket.socket, server: LyingServer) -> None:
        self._connection = connection
        self._server = server

    def send(self, data: bytes) -> None:
        """Write bytes, and count them."""
        self._connection.sendall(data)
        self._server.sent += len(data)

    def drip(self, data: bytes, pause_seconds: float = 0.05) -> None:
        """Write bytes one by one."""
        for place in range(len(data)):
            self.send(data[place : place + 1])
            time.sleep(pause_seconds)


class LyingServer:
    """Its address, and what happened: ``url``, ``requests`` (number), ``sent`` (bytes)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests = 0
        self.sent = 0


@contextlib.contextmanager
def lying_server(script: Callable[[Line], None]) -> Iterator[LyingServer]:
    """Serve every request by a script, each connection once, in threads that end with it."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = LyingServer(f"http://127.0.0.1:{listener.getsockname()[1]}")

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            length = next((int(x[15:]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:")), 0)
            body = head.partition(b"\r\n\r\n")[2]
            while len(body) < length:
                body += connection.recv(65536)
            server.requests += 1
            script(Line(connection, server))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        listener.close()


def answer(body: bytes, status: str = "200 OK", *headers: bytes, length: int | None = None) -> bytes:
    """Return the bytes of an HTTP answer."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}".encode(), b"Content-Length: %d" % size, b"Connection: close", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
