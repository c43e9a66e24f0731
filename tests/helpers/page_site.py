"""The page as tests meet it: with the stand-in for its engine, sounds to give to it, and what it shows."""

from __future__ import annotations

import shutil
import time
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.helpers import ROOT

PAGE = ROOT / "irmas_tf" / "browser" / "page"
STAND_IN = ROOT / "tests" / "browser" / "stand_in" / "engine.js"
PATIENCE_SECONDS = 60.0  # of machines that do much else

# What changes is drawn with the next frame; another size first has to be noticed, which takes one more.
_FRAMES = """
return new Promise((done) => {
  let left = 3;
  const count = () => (left-- ? requestAnimationFrame(count) : done(true));
  count();
});
"""

# Runs before any script of the page: what breaks the policy, and what nobody caught.
WATCH = """
window.faults = [];
addEventListener('securitypolicyviolation', (event) => faults.push(`policy: ${event.violatedDirective}`));
addEventListener('error', (event) => faults.push(`error: ${event.message}`));
addEventListener('unhandledrejection', (event) => faults.push(`rejection: ${event.reason}`));
"""

_DROP = """
const fileOf = async (name) => new File([await (await fetch(name)).blob()], name);
return Promise.all(arguments[0].map(fileOf)).then((files) => {
  const dataTransfer = new DataTransfer();
  files.forEach((file) => dataTransfer.items.add(file));
  const fire = (type) => document.querySelector('footer').dispatchEvent(
    new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true}));
  fire('dragenter');
  fire('dragover');
  const veil = document.getElementById('veil');
  const isVeiled = !veil.hidden;
  fire('drop');
  return [isVeiled, veil.hidden];
});
"""

_TOO_WIDE = """
const isCut = (e) => e.offsetParent && !e.closest('.scroll, .hidden')
  && e.getBoundingClientRect().right > innerWidth + 1;
return [document.scrollingElement, ...document.querySelectorAll('body *')]
  .filter((e) => isCut(e) || (e === document.scrollingElement && e.scrollWidth > innerWidth))
  .map((e) => `${e.tagName}#${e.id}.${e.className}`);
"""


def make_site(folder: Path) -> Path:
    """Copy the page into a folder, its engine exchanged for the stand-in."""
    shutil.copytree(PAGE, folder)
    shutil.copy(STAND_IN, folder / "engine" / "engine.js")
    return folder


def write_tones(path: Path, parts: Sequence[tuple[float, float]], rate_hz: int = 22050) -> Path:
    """Write (frequency in Hz, length in s) one after the other as a 16-bit WAV file; frequency 0 is silence."""
    pieces = [
        0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate_hz)) / rate_hz) for hertz, seconds in parts
    ]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.concatenate(pieces) * 32767).astype("<i2").tobytes())
    return path


class OpenPage:
    """A page in a browser, ready to answer."""

    def __init__(self, driver: Any, address: str, ready: str = "Ready.") -> None:
        self.driver = driver
        self.open(address)
        self.wait(lambda: ready in self.text("status"), f"status {ready!r}")

    def open(self, address: str) -> None:
        """Load a page; the console is that of this page alone."""
        self.driver.get_log("browser")  # of pages before
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        self.driver.get(address)

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until a condition holds, at most so long.

        Raises:
            AssertionError: it does not; the message has what the page shows.
        """
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, (
                f"no {what}: {self.text('status')} | {self.text('clips')} | {self.text('alerts')}"
            )
            time.sleep(0.05)

    def text(self, name: str) -> str:
        """Return the text that an element shows."""
        return str(self.run("return document.getElementById(arguments[0]).innerText", name))

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page."""
        return self.driver.execute_script(script, *arguments)

    def click(self, name: str) -> None:
        """Click an element as a person does."""
        self.driver.find_element("id", name).click()

    def choose(self, *paths: Path) -> None:
        """Give files to the page's file dialog."""
        self.driver.find_element("id", "files").send_keys("\n".join(map(str, paths)))

    def drop(self, *names: str) -> list[bool]:
        """Drop files that lie beside the page; return whether it was veiled while they hung over it, and bare after."""
        return list(self.run(_DROP, names))

    def settle(self) -> None:
        """Wait until the page has drawn what changed last."""
        assert self.run(_FRAMES)

    def rows(self) -> list[str]:
        """Return what the list says of each file: its name and its state, a line each."""
        self.settle()
        return [
            str(name)
            for name in self.run("return [...document.querySelectorAll('#clips .name')].map((b) => b.innerText)")
        ]

    def answer(self, *paths: Path) -> None:
        """Give files to the page, and wait until it is done with all."""
        self.choose(*paths)
        self.wait(lambda: len(self.rows()) >= len(paths), "row per file")
        busy = ("waits", "is read", "is analysed")
        self.wait(lambda: not any(row.endswith(busy) for row in self.rows()), "answers")

    def too_wide(self, width: int) -> list[str]:
        """Return what is cut off, or has to be moved sideways, on a phone so many CSS pixels wide."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 700, "deviceScaleFactor": 2, "mobile": True},
        )
        try:
            assert self.run("return innerWidth") == width
            self.settle()
            return list(self.run(_TOO_WIDE))
        finally:
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def faults(self) -> list[str]:
        """Return violations of the policy, uncaught errors and lines in the console."""
        lines = [entry["message"] for entry in self.driver.get_log("browser")]
        return [*self.run("return window.faults"), *lines]
