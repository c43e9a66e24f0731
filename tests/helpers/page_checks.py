"""What every report page must fulfil, whatever it shows."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from html import escape
from html.parser import HTMLParser
from pathlib import Path

VOID = {"br", "hr", "img", "meta", "link", "input", "source"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class PageReader(HTMLParser):
    """Reads a page strictly: every tag closed in order, every attribute once."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f"<{tag}> has an attribute twice"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> at line {self.getpos()[0]} closes another tag"

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def check_page(html: str) -> PageReader:
    """Check a page's structure; return what was read."""
    html.encode("utf-8")
    assert html.startswith("<!DOCTYPE html>\n")
    reader = PageReader()
    reader.feed(html)
    reader.close()
    assert not reader.open, f"never closed: {reader.open}"
    ids = [a["id"] for _, a in reader.tags if "id" in a]
    assert len(set(ids)) == len(ids)
    for tag, attributes in reader.tags:
        for name in ("href", "src", "action", "data", "poster", "srcset"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#")), f"<{tag} {name}> loads {value[:80]}"
            if name == "href" and value is not None:
                assert value[1:] in ids, f"{value} leads nowhere"
        assert not any(name.startswith("on") for name in attributes), f"<{tag}> has a handler"
        for name in ("aria-labelledby", "aria-describedby", "for"):
            assert attributes.get(name) is None or attributes[name] in ids
    # Neither in the style nor in a script is there anything to load.
    assert not re.search(r"url\(|@import|https?:|fetch\(|XMLHttpRequest", html)
    (policy,) = [a["content"] for a in reader.of("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None and policy.startswith("default-src 'none';") and "http" not in policy.replace("-", "")
    assert len(reader.of("h1")) == 1 and len(reader.of("main")) == 1
    assert [a.get("lang") for a in reader.of("html")] == ["en"]
    for attributes in reader.of("svg"):
        assert attributes.get("aria-hidden") == "true" or attributes["aria-label"]
        assert attributes.get("role") in ("img", "table", "none")
    assert all(a.get("aria-label") for a in reader.of("audio"))
    assert all(a.get("scope") in ("row", "col") for a in reader.of("th"))
    assert len(reader.of("caption")) == len(reader.of("table"))
    assert "nan" not in re.findall(r"[a-z]+", " ".join(str(a) for t, a in reader.tags if t in ("path", "rect", "line")))
    return reader


def find_browser() -> str | None:
    """Return a Chromium on the PATH, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def console_of(browser: str, page: Path, profile: Path, *flags: str) -> list[str]:
    """Return what a headless browser writes to its console while it renders the page."""
    done = _browse(browser, page, profile, "--enable-logging=stderr", *flags)
    return [line for line in done.stderr.decode(errors="replace").splitlines() if "CONSOLE" in line]


def width_within(browser: str, html: str, width: int, folder: Path) -> int:
    """Return how wide a page is, px, in a window of a width; more than that if it must be moved sideways.

    The window is a frame, because Chromium lays nothing out narrower than 500 px whatever ``--window-size`` says.
    """
    outer = folder / "outer.html"
    frame = f'<iframe width="{width}" height="800" style="border: 0" srcdoc="{escape(html)}"></iframe>'
    measure = "document.title = document.querySelector('iframe').contentDocument.scrollingElement.scrollWidth"
    outer.write_text(f"{frame}<script>onload = () => {{ {measure}; }}</script>", encoding="utf-8")
    done = _browse(browser, outer, folder / "profile", "--hide-scrollbars", "--dump-dom")
    title = re.search(r"<title>(\d+)</title>", done.stdout.decode())
    assert title is not None, done.stdout.decode()[:500]
    return int(title[1])


def _browse(browser: str, page: Path, profile: Path, *flags: str) -> subprocess.CompletedProcess[bytes]:
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", f"--user-data-dir={profile}", *flags, page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return done


def wait_for(path: Path, seconds: float = 10.0) -> None:
    """Wait until a file is there; some browsers write it after they have returned."""
    end = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.1)
