"""Browsers on this machine, started without a window for one page, with a profile that is thrown away."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from irmas_tf.config.settings import ConfigError
from irmas_tf.process.held_temporary import temporary_folder

COMMANDS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"),
    "firefox": ("firefox", "firefox-esr"),
}
_FIREFOX_SETTINGS = {
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
_END_SECONDS = 5.0
_GROUP_SECONDS = 1.0


def find_browser(kind: str) -> str | None:
    """Return the path of a browser of a kind (a key of `COMMANDS`), or None if there is none."""
    return next((path for name in COMMANDS[kind] if (path := shutil.which(name))), None)


def require_browser(kind: str) -> str:
    """Return the path of a browser of a kind.

    Raises:
        ConfigError: there is none.
    """
    if path := find_browser(kind):
        return path
    package = "firefox-esr" if kind == "firefox" else "chromium"
    raise ConfigError(
        f"--check={kind}: none of {', '.join(COMMANDS[kind])} is installed; on Debian: sudo apt-get install {package}"
    )


def version_of(kind: str) -> str:
    """Return what a browser calls itself, such as "Chromium 150.0.7871.100"."""
    path = require_browser(kind)
    answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=False)
    words = next((line for line in answer.stdout.splitlines() if line.strip()), kind)
    return words.partition(" built on")[0].strip()


@contextlib.contextmanager
def open_in_browser(
    kind: str, url: str, arguments: Sequence[str] = (), settings: Mapping[str, object] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Yield the process of a browser that shows a page; it is ended with the block.

    Args:
        kind: a key of `COMMANDS`.
        url: of the page.
        arguments: more of the browser's own.
        settings: of Firefox (about:config), beside those that keep it quiet.

    Raises:
        ConfigError: there is no such browser.
    """
    path = require_browser(kind)
    with temporary_folder() as profile:
        command = [path, *_own_arguments(kind, profile, settings or {}), *arguments, url]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "MOZ_HEADLESS": "1", "HOME": str(profile)},
        )
        try:
            yield process
        finally:
            _end(process)


def _own_arguments(kind: str, profile: Path, settings: Mapping[str, object]) -> list[str]:
    if kind == "firefox":
        all_of = {**_FIREFOX_SETTINGS, **settings}
        lines = (f"user_pref({_quoted(name)}, {_quoted(value)});\n" for name, value in all_of.items())
        (profile / "user.js").write_text("".join(lines), encoding="utf-8")
        return ["--headless", "--no-remote", "--profile", str(profile)]
    # Its sandbox does not run as root, as in containers; the page is our own.
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [
        "--headless=new",
        *sandbox,
        f"--user-data-dir={profile}",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--mute-audio",
    ]


def _quoted(value: object) -> str:
    if isinstance(value, int):  # or bool
        return str(value).lower()
    return f'"{value}"'


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a browser and what it started: its helpers outlive it by a moment, and write to its profile until then."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
            if _group_ends(process.pid):
                return


def _group_ends(group: int) -> bool:
    """Wait a little for the last process of a group; False if there is one still (or one that nobody waits for)."""
    end = time.monotonic() + _GROUP_SECONDS
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False
