"""Firefox for tests of the page, over WebDriver BiDi, which it speaks itself; without Firefox those skip and say why.

Not through Selenium: that needs geckodriver, which Debian does not have.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from irmas_tf.browser.browsers import find_browser, open_in_browser
from tests.helpers.page_site import PATIENCE_SECONDS, WATCH, OpenPage


class Firefox:
    """A Firefox without a window that shows one tab.

    Args:
        connection: a WebSocket to it.
        downloads: where files go that the page saves.
    """

    def __init__(self, connection: Any, downloads: Path) -> None:
        self._connection = connection
        self._last = 0
        self.lines: list[str] = []  # of the console
        self.send("session.new", capabilities={})
        self.send("session.subscribe", events=["log.entryAdded"])
        folder = {"type": "allowed", "destinationFolder": str(downloads)}
        self.send("browser.setDownloadBehavior", downloadBehavior=folder)
        self.send("script.addPreloadScript", functionDeclaration=f"() => {{ {WATCH} }}")
        (tab,) = self.send("browsingContext.getTree")["contexts"]
        self.tab = tab["context"]

    def send(self, method: str, **parameters: Any) -> Any:
        """Send a command of WebDriver BiDi; return its result.

        Raises:
            AssertionError: it was refused.
        """
        self._last += 1
        self._connection.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._connection.recv())
            if told.get("method") == "log.entryAdded":
                self.lines.append(f"{told['params']['level']}: {told['params']['text']}")
            elif told.get("id") == self._last:
                assert told["type"] == "success", f"{method}: {told['message']}"
                return told["result"]

    def call(self, script: str, *arguments: Any) -> Any:
        """Run a script as a person's doing; return what it returns, awaited. JSON alone goes in and comes out."""
        function = f"(function() {{ {script} }})"
        answer = self.send(
            "script.callFunction",
            functionDeclaration=f"async (given) => JSON.stringify(await {function}(...JSON.parse(given)))",
            arguments=[{"type": "string", "value": json.dumps(arguments)}],
            target={"context": self.tab},
            awaitPromise=True,
            userActivation=True,
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return json.loads(answer["result"].get("value", "null"))


@contextlib.contextmanager
def firefox(downloads: Path, settings: Mapping[str, object] | None = None) -> Iterator[Firefox]:
    """Start Firefox; it ends with the block.

    Args:
        downloads: where files go that the page saves.
        settings: of about:config.
    """
    if find_browser("firefox") is None:
        pytest.skip("no Firefox here (apt-get install firefox-esr)")
    websocket = pytest.importorskip("websocket", reason="websocket-client is not installed; selenium brings it")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    end = time.monotonic() + PATIENCE_SECONDS
    with open_in_browser("firefox", "about:blank", ["--remote-debugging-port", str(port)], settings):
        while True:
            try:
                # Without an Origin, as Firefox takes one for a page that wants to steer it.
                connection = websocket.create_connection(
                    f"ws://127.0.0.1:{port}/session", suppress_origin=True, timeout=PATIENCE_SECONDS
                )
                break
            except OSError:
                assert time.monotonic() < end, "Firefox does not answer"
                time.sleep(0.1)
        with contextlib.closing(connection):
            yield Firefox(connection, downloads)


class FirefoxPage(OpenPage):
    """A page in Firefox, ready to answer."""

    driver: Firefox

    def open(self, address: str) -> None:
        """Load a page; the console is that of this page alone."""
        self.driver.lines.clear()
        self.driver.send("browsingContext.navigate", context=self.driver.tab, url=address, wait="complete")

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page."""
        return self.driver.call(script, *arguments)

    def click(self, name: str) -> None:
        """Click an element, by its id."""
        self.run("document.getElementById(arguments[0]).click()", name)

    def choose(self, *paths: Path) -> None:
        """Give files to the page's file dialog."""
        locator = {"type": "css", "value": "#files"}
        (box,) = self.driver.send("browsingContext.locateNodes", context=self.driver.tab, locator=locator)["nodes"]
        element = {"sharedId": box["sharedId"]}
        self.driver.send("input.setFiles", context=self.driver.tab, element=element, files=[*map(str, paths)])

    def faults(self) -> list[str]:
        """Return violations of the policy, uncaught errors and lines in the console."""
        return [*self.run("return window.faults"), *self.driver.lines]
