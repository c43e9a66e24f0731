"""Downloads over a real connection to a server that misbehaves on demand."""

from __future__ import annotations

import collections
import errno
import hashlib
import http.server
import random
import re
import shutil
import threading
import time

import pytest

from irmas_tf.downloads import http_download
from irmas_tf.downloads.http_download import DownloadError, download_file, format_bytes

CONTENT = random.Random(0).randbytes(600_000)
MD5 = hashlib.md5(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT; ``server.script`` holds one behaviour for each coming request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        server.requests.append(asked)
        kind, value = server.script.popleft() if server.script else ("ok", None)
        start = 0
        if asked and server.ranges:
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
        if kind == "status":
            self.send_response(value[0])
            for name, text in value[1].items():
                self.send_header(name, text)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if start >= len(CONTENT):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = CONTENT[start:]
        if kind == "wrong_range":
            start += 1
        self.send_response(206 if asked and server.ranges else 200)
        if asked and server.ranges:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        if kind != "no_length":
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body[:value] if kind in ("cut", "stall") else body)
        if kind == "stall":
            self.wfile.flush()
            server.release.wait(10)
        if kind != "ok":
            self.close_connection = True


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.script, server.requests, server.ranges = collections.deque(), [], True
        server.release = threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}/file.zip"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.release.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def fetch(server, tmp_path):
    waits: list[float] = []

    def run(**options):
        options = {"md5": MD5, "progress": False, "sleep": waits.append, **options}
        return download_file(server.url, tmp_path / "file.zip", **options)

    run.waits, run.target, run.part = waits, tmp_path / "file.zip", tmp_path / "file.zip.part"
    return run


def test_plain(server, fetch):
    assert fetch() == fetch.target
    assert fetch.target.read_bytes() == CONTENT
    assert not fetch.part.exists()
    assert server.requests == [None]
    assert fetch.waits == []


def test_sha256_is_checked_as_well(server, fetch):
    assert fetch(md5=None, sha256=hashlib.sha256(CONTENT).hexdigest()).read_bytes() == CONTENT
    fetch.target.unlink()
    with pytest.raises(DownloadError, match=r"wrong checksum: SHA-256 [0-9a-f]{64}, expected 0{64};.* set aside as"):
        fetch(md5=None, sha256="0" * 64)
    assert not fetch.target.exists()


def test_truncated_transfers_continue_where_they_stopped(server, fetch):
    server.script.extend([("cut", 100_000), ("cut", 50_000), ("cut", 0), ("ok", None)])
    fetch()
    assert fetch.target.read_bytes() == CONTENT
    assert server.requests[0] is None
    starts = [int(r[6:-1]) for r in server.requests[1:]]
    # At most one chunk of what had arrived is asked for again.
    assert 100_000 - 2**15 < starts[0] <= 100_000
    assert 50_000 - 2**15 < starts[1] - starts[0] <= 50_000
    assert starts[2] == starts[1]
    assert fetch.waits == [2.0, 2.0, 4.0]  # progress in between starts the back-off over


def test_an_earlier_part_is_continued_and_its_prefix_verified(server, fetch):
    fetch.part.write_bytes(CONTENT[:123_456])
    fetch()
    assert server.requests == ["bytes=123456-"]
    assert fetch.target.read_bytes() == CONTENT


def test_a_complete_part_is_only_verified(server, fetch):
    fetch.part.write_bytes(CONTENT)
    fetch()
    assert fetch.target.read_bytes() == CONTENT


def test_a_part_that_is_too_long_starts_over(server, fetch):
    fetch.part.write_bytes(CONTENT + b"x")
    fetch()
    assert fetch.target.read_bytes() == CONTENT
    assert fetch.waits == []


def test_server_without_ranges_restarts(server, fetch):
    server.ranges = False
    fetch.part.write_bytes(b"\0" * 200_000)
    fetch()
    assert fetch.target.read_bytes() == CONTENT
    server.script.extend([("cut", 300_000), ("ok", None)])
    fetch.target.unlink()
    fetch()
    assert fetch.target.read_bytes() == CONTENT


def test_wrong_range_is_not_believed(server, fetch):
    fetch.part.write_bytes(CONTENT[:1000])
    server.script.append(("wrong_range", None))
    fetch()
    assert fetch.target.read_bytes() == CONTENT


def test_response_without_length(server, fetch):
    server.script.append(("no_length", None))
    fetch()
    assert fetch.target.read_bytes() == CONTENT


def test_busy_server_is_obeyed(server, fetch):
    server.script.extend(
        [("status", (429, {"Retry-After": "7"})), ("status", (503, {})), ("status", (500, {"Retry-After": "soon"}))]
    )
    fetch()
    assert fetch.waits == [7.0, 4.0, 8.0]
    assert fetch.target.read_bytes() == CONTENT


def test_retries_end(server, fetch):
    server.script.extend([("status", (503, {}))] * 4)
    with pytest.raises(DownloadError, match=r"gave up: .*503.*\(4 attempts\).*continues where it stopped"):
        fetch(retries=3)
    assert fetch.waits == [2.0, 4.0, 8.0]
    assert not fetch.target.exists()


def test_nobody_listening(tmp_path):
    with pytest.raises(DownloadError, match=r"gave up: ConnectionError: .*\(2 attempts\)"):
        download_file("http://127.0.0.1:9/x", tmp_path / "x", md5=None, retries=1, sleep=lambda s: None, progress=False)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "x", "http://", "file:///etc/passwd"])
def test_other_addresses(url, tmp_path):
    with pytest.raises(DownloadError, match="--base_url"):
        download_file(url, tmp_path / "x", md5=None, sleep=lambda s: None, progress=False)


def test_stalled_connection_times_out_and_continues(server, fetch):
    server.script.append(("stall", 300_000))
    started = time.monotonic()
    fetch(timeout_seconds=(1.0, 0.3))
    assert time.monotonic() - started < 5
    assert fetch.target.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [404, 403, 410])
def test_refusal_is_final(server, fetch, status):
    server.script.append(("status", (status, {})))
    with pytest.raises(DownloadError, match=rf"file\.zip: the server answered {status}.*--base_url"):
        fetch()
    assert len(server.requests) == 1


def test_wrong_checksum_sets_the_file_aside(server, fetch):
    with pytest.raises(DownloadError, match=r"wrong checksum: MD5 [0-9a-f]{32}, expected 0{32}.*set aside"):
        fetch(md5="0" * 32)
    assert not fetch.target.exists()
    assert not fetch.part.exists()
    assert fetch.target.with_name("file.zip.part.bad").read_bytes() == CONTENT
    with pytest.raises(DownloadError, match=r"file\.zip\.part\.bad2"):
        fetch(md5="0" * 32)
    fetch()  # and the next run fetches it anew
    assert fetch.target.read_bytes() == CONTENT


def test_damaged_prefix_is_found_by_the_checksum(server, fetch):
    fetch.part.write_bytes(b"\0" * 5000)
    with pytest.raises(DownloadError, match="wrong checksum"):
        fetch()


def test_too_little_space_is_refused_before_anything_is_written(server, fetch, monkeypatch):
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 0, 64 * 2**20 + 700_000))
    with pytest.raises(DownloadError, match=r"not enough space.*1\.2 MB needed.*67\.8 MB free"):
        fetch(extra_bytes=lambda total: total)
    assert fetch.part.stat().st_size == 0
    fetch()


def test_full_disk(server, fetch, monkeypatch):
    original = http_download._Part.write

    def write(self, chunk):
        if self.size > 200_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        original(self, chunk)

    with monkeypatch.context() as patch:
        patch.setattr(http_download._Part, "write", write)
        with pytest.raises(DownloadError, match=r"file\.zip\.part: the disk is full.*continues where it stopped"):
            fetch()
    assert 200_000 < fetch.part.stat().st_size < len(CONTENT)
    fetch()
    assert server.requests[-1] == "bytes=229376-"
    assert fetch.target.read_bytes() == CONTENT


def test_two_downloads_of_one_file_do_not_mix(server, fetch):
    pytest.importorskip("fcntl")
    other = http_download._Part(fetch.target)
    try:
        with pytest.raises(DownloadError, match="another download is writing"):
            fetch()
    finally:
        other.close()
    fetch()


def test_unwritable_place(server, tmp_path):
    with pytest.raises(DownloadError, match="cannot be written"):
        download_file(server.url, tmp_path / "absent" / "file.zip", md5=MD5, progress=False)


@pytest.mark.parametrize(
    "count, text", [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (3.5e9, "3.5 GB"), (2e13, "20000.0 GB")]
)
def test_format_bytes(count, text):
    assert format_bytes(count) == text
