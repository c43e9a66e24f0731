"""Download of one file over HTTP: resumed where it stopped, retried politely, verified while it streams.

The server is a stranger: what it sends is bounded in size and time, where it sends is looked at, and what it says is
shown short and escaped.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import math
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from irmas_tf.downloads.web_address import RedirectError, Redirects, shown_url
from irmas_tf.process.checksums import feed, new_digest
from irmas_tf.process.full_disks import bytes_in_words
from irmas_tf.process.locks import exclusive
from irmas_tf.process.printable import shortened
from irmas_tf.process.retry import Retry, TemporaryError, parse_retry_after

# A connection that breaks loses what it has of the current chunk, so these are small.
_CHUNK_BYTES = 1 << 15
# Bytes per second of an attempt that got on, after which failures are counted anew.
_LEAST_PACE = 10_000.0
MOST_BYTES = 16 << 30
"""Of a file; the data sets that are fetched here have archives of up to 3.5 GB."""
_RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_MAX_WAIT_SECONDS = 3600.0
_RESERVE_BYTES = 64 << 20  # left free so that logs, caches and other programs still work


class DownloadError(RuntimeError):
    """A download failed for good; the message names the file or URL and the remedy."""


@dataclasses.dataclass(frozen=True)
class _Bounds:
    """What a server may take.

    Attributes:
        connect_seconds: until there is a connection.
        chunk_seconds: until a chunk is there, and until the headers are.
        most_bytes: of the file.
        end: of it all, by the monotonic clock.
    """

    connect_seconds: float
    chunk_seconds: float
    most_bytes: int
    end: float

    def left(self) -> float:
        """Return the seconds until the end, at least 0."""
        return max(0.0, self.end - time.monotonic())

    def of_chunk(self) -> float:
        """Return the seconds that the next chunk may take."""
        return min(self.chunk_seconds, self.left())


def require_space(folder: Path, needed_bytes: int, purpose: str) -> None:
    """Check the free space of the disk that ``folder`` is on.

    Raises:
        DownloadError: less than ``needed_bytes`` plus a small reserve is free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed_bytes + _RESERVE_BYTES:
        raise DownloadError(
            f"{folder}: not enough space for {purpose}: {bytes_in_words(needed_bytes)} needed,"
            f" {bytes_in_words(free)} free; free some space or choose another --out, then run the same command again"
            " (what is there is kept)"
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
    from irmas_tf.downloads.watched_session import announced_bytes

    if response.status_code == 206:
        ranges = re.fullmatch(r"bytes (\d{1,18})-\d+/(\d{1,18}|\*)", response.headers.get("Content-Range", "").strip())
        if not ranges or int(ranges[1]) != offset:
            raise TemporaryError("the server answered with another range than asked for")
        return int(ranges[2]) if ranges[2] != "*" else None
    return announced_bytes(response.headers)


@contextlib.contextmanager
def _request(session: Any, url: str, offset: int, bounds: _Bounds) -> Iterator[tuple[Any, Any]]:
    """Yield (the call, the answer) to a request for what follows ``offset`` bytes; redirects are followed by the rules.

    Raises:
        RedirectError: they are not.
    """
    from requests import RequestException
    from urllib3.exceptions import HTTPError

    from irmas_tf.downloads.watched_session import REDIRECTS, Call

    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={offset}-"} if offset else {})
    redirects = Redirects(url)
    seconds = min(bounds.connect_seconds + bounds.chunk_seconds, bounds.left())
    with Call(seconds) as call:
        while True:
            timeout = (bounds.connect_seconds, bounds.chunk_seconds)
            try:
                with session.get(redirects.url, headers=headers, stream=True, timeout=timeout) as response:
                    if response.status_code not in REDIRECTS:
                        yield call, response
                        return
                    location = response.headers.get("Location", "")
            except (RequestException, HTTPError, ConnectionError, TimeoutError) as error:
                if call.is_over:
                    raise _slow(bounds) from error
                raise
            redirects.follow(location)
            call.extend(min(seconds, bounds.left()))


def _slow(bounds: _Bounds) -> TemporaryError:
    return TemporaryError(f"less than {bytes_in_words(_CHUNK_BYTES)} came within {bounds.chunk_seconds:g} s")


def _attempt(
    session: Any,
    url: str,
    part: _Part,
    bounds: _Bounds,
    extra_bytes: Callable[[int], int],
    by_hand: str,
    bar: Any,
) -> None:
    """Request what is missing and append it to ``part``; returns when the file is complete."""
    offset = part.size
    with _request(session, url, offset, bounds) as (call, response):
        status = response.status_code
        if status == 416:  # nothing from here on: complete, or the partial file is too long to be this one
            whole = re.fullmatch(r"bytes \*/(\d{1,18})", response.headers.get("Content-Range", "").strip())
            if whole and int(whole[1]) == offset:
                return
            if not offset:
                raise TemporaryError("the server answered with another range than asked for")
            part.restart()
            return _attempt(session, url, part, bounds, extra_bytes, by_hand, bar)
        said = f"the server answered {status} {shortened(response.reason or '')}"
        if status in _RETRY_STATUS:
            raise TemporaryError(said, parse_retry_after(response.headers.get("Retry-After")))
        if status not in (200, 206):
            raise DownloadError(f"{shown_url(url)}: {said}; {by_hand}")
        total = _total_size(response, offset)
        if status == 200 and offset:  # a server without ranges sends everything again
            part.restart()
        if total is not None:
            if total > bounds.most_bytes:
                raise _too_large(url, bytes_in_words(total), bounds, by_hand)
            require_space(part.path.parent, total - part.size + extra_bytes(total), "the download and its contents")
            bar.total = total
        bar.n = part.size
        bar.refresh()
        # As it comes over the line: what is called compressed on the way may be the compressed file itself.
        while chunk := response.raw.read(_CHUNK_BYTES, decode_content=False):
            call.extend(bounds.of_chunk())
            if total is not None and part.size + len(chunk) > total:
                part.restart()
                raise TemporaryError(f"the server sends more than the {bytes_in_words(total)} that it announced")
            if part.size + len(chunk) > bounds.most_bytes:
                part.restart()
                raise _too_large(url, f"more than {bytes_in_words(bounds.most_bytes)}", bounds, by_hand)
            part.write(chunk)
            bar.update(len(chunk))
        part.file.flush()
        if call.is_over:  # which looks like an end, where nothing says how long it is
            raise _slow(bounds)
        if total is not None and part.size < total:
            raise TemporaryError(f"the connection closed after {bytes_in_words(part.size)} of {bytes_in_words(total)}")


def _too_large(url: str, size: str, bounds: _Bounds, by_hand: str) -> DownloadError:
    return DownloadError(
        f"{shown_url(url)}: the server sends {size}, where at most {bytes_in_words(bounds.most_bytes)} are expected;"
        f" {by_hand}"
    )


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
    limit_seconds: float = math.inf,
    most_bytes: int = MOST_BYTES,
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
        timeout_seconds: (until there is a connection, and until the next 32 kB are there, however they drip in).
        limit_seconds: for all of it, with all attempts and the pauses between them.
        most_bytes: of the file; a server that announces or sends more is refused at once.
        extra_bytes: total size -> bytes that must be free beyond the file itself.
        sleep: replaced in tests.
        progress: show a bar on stderr.

    Raises:
        DownloadError: wrong checksum (the file is set aside as ``.bad``), disk full, refused, or retries or time
            exhausted. It never shows what of an address may be secret.
    """
    import requests
    from tqdm import tqdm
    from urllib3.exceptions import HTTPError

    from irmas_tf.downloads.watched_session import WatchedSession, cause_of

    place, bounds = shown_url(url), _Bounds(*timeout_seconds, most_bytes, time.monotonic() + limit_seconds)
    bad_url = tuple(getattr(requests.exceptions, n) for n in ("InvalidURL", "InvalidSchema", "MissingSchema"))
    try:
        part = _Part(target, "sha256" if sha256 else "md5")
    except OSError as error:
        raise DownloadError(f"{target}: cannot be written ({error.strerror or error}); check the folder") from error
    bar = tqdm(desc=target.name, initial=part.size, unit="B", unit_scale=True, disable=None if progress else True)
    retry = Retry(
        retries,
        backoff_seconds,
        _MAX_WAIT_SECONDS,
        shortest_part=1.0,
        pause=lambda seconds: sleep(min(seconds, bounds.left())),
    )
    headway = 0

    def report(error: TemporaryError, seconds: float) -> None:
        tqdm.write(f"{target.name}: {error}; next try in {seconds:.0f} s", file=sys.stderr)

    def attempt() -> None:
        nonlocal headway
        began, start = part.size, time.monotonic()
        try:
            if not bounds.left():
                raise _slow(bounds)
            _attempt(session, url, part, bounds, extra_bytes, by_hand, bar)
        except bad_url as error:
            raise DownloadError(f"{place}: not a web address that can be downloaded; check --base_url") from error
        except RedirectError as error:
            raise DownloadError(f"{place}: {error}, which is not followed; {by_hand}") from error
        except (TemporaryError, requests.RequestException, HTTPError, ConnectionError, TimeoutError) as error:
            if not bounds.left():
                raise DownloadError(
                    f"{place}: not complete within {limit_seconds:g} s; run the same command again: it continues where"
                    " it stopped"
                ) from error
            pace = (part.size - began) / max(1.0, time.monotonic() - start)
            headway += pace >= _LEAST_PACE
            if isinstance(error, TemporaryError):
                raise
            raise TemporaryError(f"{type(error).__name__}: {cause_of(error)}") from error

    try:
        with WatchedSession(url) as session:
            retry.call(attempt, progress=lambda: headway, report=report)
    except TemporaryError as error:
        raise DownloadError(
            f"{place}: gave up: {error}; check the connection and run the same command again: it continues where it"
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
