"""A server for one exported page, for this machine alone: the right types and headers, one request per thread."""

from __future__ import annotations

import http.server
import os
import sys
import threading
from http import HTTPStatus
from pathlib import Path
from typing import Any

from irmas_tf.browser.page_export import PAGE_FILE
from irmas_tf.browser.page_headers import HEADERS, TYPES
from irmas_tf.config.settings import ConfigError

HOST = "127.0.0.1"
_HOST_NAMES = ("127.0.0.1", "localhost", "[::1]")


class PageHandler(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, with the headers that the page asks for."""

    protocol_version = "HTTP/1.1"
    extensions_map = {**TYPES, "": "application/octet-stream"}  # noqa: RUF012 - as its base declares it

    def send_head(self) -> Any:
        """Refuse what another site asks for by a name that it gave this machine; else send the file's headers."""
        name = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if name not in _HOST_NAMES:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "this server answers for localhost alone")
            return None
        return super().send_head()

    def list_directory(self, path: str | os.PathLike[str]) -> None:
        """Show no folders."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        """Return a type of ours: what the system has registered for .js may be wrong."""
        return TYPES.get(Path(path).suffix, "application/octet-stream")

    def end_headers(self) -> None:
        """Add the page's headers."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet; errors go to stderr."""
        if args and str(args[1] if len(args) > 1 else "")[:1] in ("4", "5"):
            sys.stderr.write(f"{format % args}\n")


class PageServer(http.server.ThreadingHTTPServer):
    """Serves a folder on loopback.

    Args:
        folder: of an exported page.
        port: 0 is any free one.

    Raises:
        ConfigError: the folder holds no page, or the port is taken.
    """

    daemon_threads = True
    handler = PageHandler

    def __init__(self, folder: str | os.PathLike[str], port: int = 0) -> None:
        self.folder = Path(folder).expanduser()
        if not (self.folder / PAGE_FILE).is_file():
            raise ConfigError(f"{folder}: holds no exported page; make one: irmas export-page --out={folder}")
        try:
            super().__init__((HOST, port), self.handler)
        except OSError as error:
            raise ConfigError(f"--port={port}: cannot be used ({error.strerror}); name another") from error

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer a request from the folder."""
        self.handler(request, client_address, self, directory=str(self.folder))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that a browser drops."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self.server_port}/"

    def __enter__(self) -> PageServer:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
