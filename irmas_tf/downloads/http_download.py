"""Download of one file over HTTP: resumed where it stopped, retried politely, verified while it streams."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from irmas_tf.process.checksums import feed, new_digest
from irmas_tf.process.locks import exclusive
from irmas_tf.process.retry import Retry, TemporaryError, parse_retry_after

# A connection that breaks loses what it has of the current chunk, so these are small.
_CHUNK_BYTES = 1 << 15
_RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_MAX_WAIT_SECONDS = 3600.0
_RESERVE_BYTES = 64 << 20  # left free so that logs, caches and other programs still work


class DownloadError(RuntimeError):
    """A download failed for good; the message names the file or URL and the remedy."""


def format_bytes(count: float) -> str:
    """Return a byte count for people: "3.5 GB"."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(count) < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")


def require_space(folder: Path, needed_bytes: int, purpose: str) -> None:
    """Check the free space of the disk that ``folder`` is on.

    Raises:
        DownloadError: less than ``needed_bytes`` plus a small reserve is free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed_bytes + _RESERVE_BYTES:
        raise DownloadError(
            f"{folder}: not enough space for {purpose}: {format_bytes(needed_bytes)} needed, {format_bytes(free)} free;"
            " free some space or choose another --out, then run the same command again (what is there is kept)"
        )


def disk_full(path: Path) -> DownloadError:
    """Return the error for a write that ran out of space."""
    return DownloadError(
        f"{path}: the disk is full (or your quota is used up); free some space and run the same command again:"
        " it continues where it stopped"
    )


def set_aside(path: Path) -> Path:
    """Rename a file to a free name ending in ``.bad`` (``.bad2``...) and return the new path."""
    target, number = path.with_name(path.name + ".bad"), 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.bad{number}")
    os.replace(path, target)
    return target


class _Part:
    """The unfinished file beside the target, held by this process, with the checksum of what it holds."""

    def __init__(self, target: Path, algorithm: str = "md5") -> None:
        self.path = target.with_name(target.name + ".part")
        self.algorithm = algorithm
        self.digest = new_digest(algorithm)
        with contextlib.ExitStack() as stack:
            self.file = stack.enter_context(open(self.path, "ab"))
            refusal = DownloadError(f"{self.path}: another download is writing this file; wait for it")
            stack.enter_context(exclusive(self.path, refusal))
            self.size = self.file.tell()
            with open(self.path, "rb") as file:
                feed(self.digest, file, self.size)
            self.close = stack.pop_all().close

    def restart(self) -> None:
        self.file.truncate(0)
        self.file.seek(0)
        self.size = 0
        self.digest = new_digest(self.algorithm)

    def write(self, chunk: bytes) -> None:
        self.file.write(chunk)
        self.digest.update(chunk)
        self.size += len(chunk)


def _total_size(response: Any, offset: int) -> int | None:
    """Return the size of the whole file as a 200 or 206 response tells it, or None."""
    if response.status_code == 206:
        ranges = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
        if not ranges or int(ranges[1]) != offset:
            raise TemporaryError("the server answered with another range than asked for")
        return int(ranges[2]) if ranges[2] != "*" else None
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _attempt(
    session: Any,
    url: str,
    part: _Part,
    timeout: tuple[float, float],
    extra_bytes: Callable[[int], int],
    by_hand: str,
    bar: Any,
) -> None:
    """Request what is missing and append it to ``part``; returns when the file is complete."""
    offset = part.size
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={offset}-"} if offset else {})
    with session.get(url, headers=headers, stream=True, timeout=timeout) as response:
        status = response.status_code
        if status == 416:  # nothing from here on: complete, or the partial file is too long to be this one
            whole = re.fullmatch(r"bytes \*/(\d+)", response.headers.get("Content-Range", "").strip())
            if whole and int(whole[1]) == offset:
                return
            if not offset:
                raise TemporaryError("the server answered with another range than asked for")
            part.restart()
            return _attempt(session, url, part, timeout, extra_bytes, by_hand, bar)
        if status in _RETRY_STATUS:
            seconds = parse_retry_after(response.headers.get("Retry-After"))
            raise TemporaryError(f"the server answered {status} {response.reason}", seconds)
        if status not in (200, 206):
            raise DownloadError(f"{url}: the server answered {status} {response.reason}; {by_hand}")
        total = _total_size(response, offset)
        if status == 200 and offset:  # a server without ranges sends everything again
            part.restart()
        if total is not None:
            require_space(part.path.parent, total - part.size + extra_bytes(total), "the download and its contents")
            bar.total = total
        bar.n = part.size
        bar.refresh()
        for chunk in response.iter_content(_CHUNK_BYTES):
            part.write(chunk)
            bar.update(len(chunk))
        part.file.flush()
        if total is not None and part.size < total:
            raise TemporaryError(f"the connection closed after {format_bytes(part.size)} of {format_bytes(total)}")


def download_file(
    url: str,
    target: Path,
    *,
    md5: str | None = None,
    sha256: str | None = None,
    by_hand: str = "check --base_url, or download the file in a browser into the --out folder and run the same command"
    " again",
    retries: int = 8,
    backoff_seconds: float = 2.0,
    timeout_seconds: tuple[float, float] = (20.0, 60.0),
    extra_bytes: Callable[[int], int] = lambda total: 0,
    sleep: Callable[[float], None] = time.sleep,
    progress: bool = True,
) -> Path:
    """Download ``url`` to ``target`` and return ``target``.

    Bytes go to ``<target>.part``; an earlier part is continued with a range request (a server without ranges sends
    everything again). The target appears only when complete and verified.

    Args:
        url: HTTP or HTTPS address.
        target: file to make; its folder must exist.
        md5, sha256: expected checksum in hexadecimal, of either kind; without one it is not checked.
        by_hand: what is to be done where the server refuses, for the message.
        retries: failures in a row, without a byte received in between, after which it gives up.
        backoff_seconds: wait before the first retry; doubled each time, or longer if a Retry-After header asks for it.
        timeout_seconds: (connect, read between two chunks).
        extra_bytes: total size -> bytes that must be free beyond the file itself.
        sleep: replaced in tests.
        progress: show a bar on stderr.

    Raises:
        DownloadError: wrong checksum (the file is set aside as ``.bad``), disk full, refused, or retries exhausted.
    """
    import requests
    from tqdm import tqdm

    bad_url = tuple(getattr(requests.exceptions, n) for n in ("InvalidURL", "InvalidSchema", "MissingSchema"))
    try:
        part = _Part(target, "sha256" if sha256 else "md5")
    except OSError as error:
        raise DownloadError(f"{target}: cannot be written ({error.strerror or error}); check the folder") from error
    bar = tqdm(desc=target.name, initial=part.size, unit="B", unit_scale=True, disable=None if progress else True)
    retry = Retry(retries, backoff_seconds, _MAX_WAIT_SECONDS, shortest_part=1.0, pause=sleep)

    def report(error: TemporaryError, seconds: float) -> None:
        tqdm.write(f"{target.name}: {error}; next try in {seconds:.0f} s", file=sys.stderr)

    try:
        with requests.Session() as session:

            def attempt() -> None:
                try:
                    _attempt(session, url, part, timeout_seconds, extra_bytes, by_hand, bar)
                except bad_url as error:
                    raise DownloadError(f"{url}: not a web address that can be downloaded; check --base_url") from error
                except (requests.RequestException, ConnectionError, TimeoutError) as error:
                    raise TemporaryError(f"{type(error).__name__}: {error}") from error

            retry.call(attempt, progress=lambda: part.size, report=report)
    except TemporaryError as error:
        raise DownloadError(
            f"{url}: gave up: {error}; check the connection and run the same command again: it continues where it"
            " stopped"
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(part.path) from error
        raise DownloadError(f"{part.path}: cannot be written ({error.strerror or error}); check the folder") from error
    finally:
        bar.close()
        with contextlib.suppress(OSError):  # the last flush on a full disk; the error above says so
            part.close()
    checksum, expected = part.digest.hexdigest(), (sha256 or md5 or "").lower()
    if expected and checksum != expected:
        bad, kind = set_aside(part.path), "SHA-256" if sha256 else "MD5"
        raise DownloadError(
            f"{target.name}: wrong checksum: {kind} {checksum}, expected {expected}; the file was damaged on the way or"
            f" changed at the source. It was set aside as {bad}; run the same command again to fetch it anew"
        )
    os.replace(part.path, target)
    return target
