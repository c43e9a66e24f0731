"""A real browser and a server of static files, for tests of the page; without a browser those skip and say why."""

from __future__ import annotations

import contextlib
import functools
import http.server
import shutil
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
TYPES = {".js": "text/javascript", ".wasm": "application/wasm", ".tflite": "application/octet-stream"}


class _Handler(http.server.SimpleHTTPRequestHandler):
    def guess_type(self, path: Any) -> str:
        """Return the type; that of scripts is on some systems one that browsers refuse."""
        return TYPES.get(Path(path).suffix) or super().guess_type(path)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine alone; yield its address, which ends in a slash."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def chromium(downloads: Path | None = None, arguments: Sequence[str] = ()) -> Iterator[Any]:
    """Start Chromium without a window; yield its Selenium driver.

    Args:
        downloads: where files go that the page saves.
        arguments: further ones for the browser.
    """
    selenium = pytest.importorskip("selenium.webdriver", reason="selenium is not installed (requirements/test.txt)")
    binary = next(filter(None, map(shutil.which, CHROMIUM)), None)
    program = shutil.which("chromedriver")
    if binary is None or program is None:
        pytest.skip("no Chromium here, or no chromedriver (apt-get install chromium chromium-driver)")
    options = selenium.ChromeOptions()
    options.binary_location = binary
    # Not the old headless mode: that has no microphone. No sandbox: containers that run as root have none.
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio",
                     "--autoplay-policy=no-user-gesture-required", "--window-size=1200,1000", *arguments):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if downloads is not None:
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    driver = selenium.Chrome(options=options, service=selenium.ChromeService(executable_path=program))
    try:
        yield driver
    finally:
        driver.quit()
