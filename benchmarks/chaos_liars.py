"""Servers on the loopback that lie: to the client, which must refuse within its time, and to downloads.

A liar answers the first questions honestly if it is to be believed at all; what it then does wrong is below. It runs in
a process of its own, and writes a file if somebody follows it to another address.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

CLASSES = 3
MOST_SECONDS = 3.0  # that a liar keeps a connection busy after it should have answered, at least
LONGEST = 40.0  # seconds that a client with a limit of 2 s per request may take in all, slow machines included
FOLLOWED = "/elsewhere"

METADATA = {
    "model_spec": {"name": "irmas", "version": "1"},
    "metadata": {
        "signature_def": {
            "signature_def": {
                "classify_audio": {
                    "inputs": {"audio": {"dtype": "DT_STRING", "tensor_shape": {"dim": [{"size": "-1"}]}}},
                    "outputs": {
                        "probabilities": {
                            "dtype": "DT_FLOAT",
                            "tensor_shape": {"dim": [{"size": "-1"}, {"size": str(CLASSES)}]},
                        },
                        "duration_seconds": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}]}},
                    },
                }
            }
        }
    },
}


def answer(probabilities: object = (0.5, 0.3, 0.2), duration: object = 2.0) -> bytes:
    """Return the body of an answer for a clip."""
    return json.dumps({"outputs": {"probabilities": [probabilities], "duration_seconds": [duration]}}).encode()


def reply(body: bytes, status: str = "200 OK", headers: str = "", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n{headers}\r\n"
    return head.encode() + body


Lie = Callable[[socket.socket, bytes, random.Random], None]


def _says(content: Callable[[bytes], bytes]) -> Lie:
    """A lie that is told in one go; it is given the honest body."""
    return lambda connection, body, rng: connection.sendall(content(body))


def _drip(connection: socket.socket, content: bytes, seconds: float) -> None:
    end = time.monotonic() + seconds
    for byte in content:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)
        if time.monotonic() > end:
            return


def _endless(connection: socket.socket, head: bytes, piece: bytes) -> None:
    connection.sendall(head)
    end = time.monotonic() + 20.0
    while time.monotonic() < end:
        connection.sendall(piece)


def _quiet(connection: socket.socket, body: bytes, rng: random.Random) -> None:
    time.sleep(MOST_SECONDS)


_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_GZIP = "Content-Encoding: gzip\r\n"

# Told in place of any answer.
ANYWHERE: dict[str, Lie] = {
    "a redirect": _says(lambda body: reply(b"", "302 Found", f"Location: {FOLLOWED}\r\n")),
    "a redirect to another method": _says(lambda body: reply(b"", "307 Temporary", f"Location: {FOLLOWED}\r\n")),
    "headers byte by byte": lambda c, body, rng: _drip(c, reply(body), 25.0),
    "a body byte by byte": lambda c, body, rng: (c.sendall(reply(b"", length=9999)), _drip(c, b" " * 9999, 25.0))[1],
    "nothing": _quiet,
    "hanging up": lambda c, body, rng: None,
    "hanging up in the body": _says(lambda body: reply(body, length=len(body) + 100)),
    "half a body": _says(lambda body: reply(body[: len(body) // 2])),
    "not HTTP": lambda c, body, rng: c.sendall(rng.randbytes(2000)),
    "no headers at all": _says(lambda body: body),
    "endless headers": lambda c, body, rng: _endless(c, b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"b" * 990 + b"\r\n"),
    "a flood of 100 Continue": lambda c, body, rng: _endless(c, b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    "an endless body": lambda c, body, rng: _endless(c, reply(b"", length=1 << 40), b" " * 65536),
    "endless chunks": lambda c, body, rng: _endless(c, _CHUNKED, b"10000\r\n" + b" " * 65536 + b"\r\n"),
    "wrong sizes of chunks": _says(lambda body: _CHUNKED + b"zz\r\n" + body + b"\r\n0\r\n\r\n"),
    "much that is compressed": _says(lambda body: reply(gzip.compress(b" " * (96 << 20), 1), headers=_GZIP)),
    "what is said to be compressed": _says(lambda body: reply(body, headers=_GZIP)),
    "a web page": _says(lambda body: reply(b"<!DOCTYPE html><html>Welcome</html>")),
    "an error of many words": _says(
        lambda body: reply(json.dumps({"error": "\x1b[2J\r\n\x07" + "word " * 20000}).encode(), "400 Bad Request")
    ),
    "an error and a negative length": _says(lambda body: reply(b"{}", "500 Internal", length=-5)),
    "an unknown status": _says(lambda body: reply(body, "799 Whatever")),
    "an empty body": _says(lambda body: reply(b"")),
    "a list": _says(lambda body: reply(b"[]")),
    "null": _says(lambda body: reply(b"null")),
    "deep JSON": _says(lambda body: reply(b"[" * 900 + b"]" * 900)),
}
# Told in place of probabilities.
ANSWERS: dict[str, Lie] = {
    "NaN": _says(lambda body: reply(answer((float("nan"), 0.3, 0.2)))),
    "infinity": _says(lambda body: reply(answer((float("inf"), 0.3, 0.2)))),
    "1e400": _says(lambda body: reply(answer().replace(b"0.5", b"1e400"))),
    "more than 1": _says(lambda body: reply(answer((1.5, 0.3, 0.2)))),
    "less than 0": _says(lambda body: reply(answer((-0.5, 0.3, 0.2)))),
    "a class more": _says(lambda body: reply(answer((0.5, 0.3, 0.1, 0.1)))),
    "a class less": _says(lambda body: reply(answer((0.5, 0.3)))),
    "words": _says(lambda body: reply(answer(("much", "some", "none")))),
    "null for a number": _says(lambda body: reply(answer((None, 0.3, 0.2)))),
    "a negative duration": _says(lambda body: reply(answer(duration=-2.0))),
    "a duration of NaN": _says(lambda body: reply(answer(duration=float("nan")))),
    "no duration": _says(lambda body: reply(b'{"outputs": {"probabilities": [[0.5, 0.3, 0.2]]}}')),
    "an answer for two clips": _says(
        lambda body: reply(
            b'{"outputs": {"probabilities": [[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], "duration_seconds": [2, 2]}}'
        )
    ),
    "ragged rows": _says(lambda body: reply(b'{"outputs": {"probabilities": [[0.5], 1], "duration_seconds": [2]}}')),
}
# Told in place of a file.
FILES: dict[str, Lie] = {
    "other content of the same length": lambda c, body, rng: c.sendall(reply(rng.randbytes(len(body)))),
    "half of it, and said to be all": _says(lambda body: reply(body[: len(body) // 2])),
    "more than it": _says(lambda body: reply(body + b"more")),
    "hanging up in the middle": _says(lambda body: reply(body[: len(body) // 2], length=len(body))),
    "a web page": _says(lambda body: reply(b"<!DOCTYPE html><html>Welcome</html>")),
    "an error": _says(lambda body: reply(b"\x1b[2Jno", "404 Not\tFound")),
    "busy": _says(lambda body: reply(b"", "503 Unavailable", "Retry-After: 0\r\n")),
    "another range": _says(
        lambda body: reply(body[5:], "206 Partial Content", f"Content-Range: bytes 5-{len(body) - 1}/{len(body)}\r\n")
    ),
    "not HTTP": lambda c, body, rng: c.sendall(rng.randbytes(2000)),
    "an endless file": lambda c, body, rng: _endless(c, reply(b"", length=1 << 24), bytes(65536)),
    "what is compressed unasked": _says(lambda body: reply(gzip.compress(body), headers=_GZIP)),
    "no length": _says(lambda body: b"HTTP/1.1 200 OK\r\n\r\n" + body[: len(body) // 2]),
    "nothing": lambda c, body, rng: None,
}


class Liar:
    """A server in a process of its own.

    Args:
        lie: what it does in place of an honest answer.
        honest: body of the honest answer to each path that contains the key; other paths get the lie alone.
        lies_from: the lie is told to paths that contain this text; the others are answered honestly.
        marker: file that appears if somebody asks for `FOLLOWED`.
    """

    def __init__(self, lie: Lie, honest: dict[str, bytes], lies_from: str, seed: int, marker: Path) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self._pid = os.fork()
        if self._pid == 0:
            try:
                signal.signal(signal.SIGPIPE, signal.SIG_IGN)
                _serve(listener, lie, honest, lies_from, random.Random(seed), marker)
            finally:
                os._exit(0)
        listener.close()

    def close(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


@contextlib.contextmanager
def lying(lie: Lie, honest: dict[str, bytes], lies_from: str, seed: int, marker: Path) -> Iterator[int]:
    """Serve while the block runs; yields the port."""
    liar = Liar(lie, honest, lies_from, seed, marker)
    try:
        yield liar.port
    finally:
        liar.close()


def _serve(
    listener: socket.socket, lie: Lie, honest: dict[str, bytes], lies_from: str, rng: random.Random, marker: Path
) -> None:
    def talk(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(30)
            while request := _read_request(connection):
                if FOLLOWED in request:
                    marker.write_text("followed")
                body = next((content for key, content in honest.items() if key in request), b"{}")
                if lies_from in request:
                    lie(connection, body, rng)
                    return
                connection.sendall(reply(body))

    while True:
        threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()


def _read_request(connection: socket.socket) -> str:
    """Return the request's first line, after its body has come; empty if the other side has hung up."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (piece := connection.recv(65536)):
            return ""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    left = length - len(body)
    while left > 0:
        if not (piece := connection.recv(65536)):
            return ""
        left -= len(piece)
    return head.split(b"\r\n")[0].decode("latin-1")
