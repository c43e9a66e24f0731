"""Downloads over a real connection to a server that misbehaves on demand."""

from __future__ import annotations

import collections
import errno
import gzip
import hashlib
import http.server
import random
import re
import shutil
import threading
import time

import pytest

from irmas_tf.downloads import http_download
from irmas_tf.downloads.http_download import DownloadError, download_file
from tests.helpers.lying_server import answer, lying_server

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


DRIPS = {
    "status": lambda line: line.drip(answer(CONTENT)),
    "headers": lambda line: [line.send(b"HTTP/1.1 200 OK\r\n"), line.drip(b"X-Slow: " + b"a" * 2000)],
    "body": lambda line: [line.send(answer(b"", length=len(CONTENT))), line.drip(CONTENT)],
    "body without a length": lambda line: [line.send(b"HTTP/1.1 200 OK\r\n\r\n"), line.drip(CONTENT)],
    "redirect": lambda line: line.drip(answer(CONTENT, "302 Away", b"Location: /x")),
    "nothing": lambda line: time.sleep(20),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", DRIPS)
def test_a_dripping_server_is_given_up(kind, tmp_path):
    """A byte every 50 ms would take hours, and no read ever waits long."""
    with lying_server(DRIPS[kind]) as server, pytest.raises(DownloadError, match=r"gave up: .*\(3 attempts\)"):
        options = {"retries": 2, "timeout_seconds": (0.1, 0.3), "sleep": lambda s: None, "progress": False}
        download_file(server.url, tmp_path / "x", **options)
    assert server.requests == 3 and not (tmp_path / "x").exists()


@pytest.mark.slow
def test_the_time_for_all_of_it_is_limited(tmp_path):
    def script(line):
        line.send(answer(b"", length=len(CONTENT)))
        for start in range(0, len(CONTENT), 40_000):
            line.send(CONTENT[start : start + 40_000])
            time.sleep(0.3)

    with lying_server(script) as server:
        with pytest.raises(DownloadError, match=r"not complete within 1 s; .* it continues where it stopped"):
            download_file(server.url, tmp_path / "x", limit_seconds=1.0, progress=False)
        assert (tmp_path / "x.part").stat().st_size < len(CONTENT)
    busy = answer(b"", "503 Busy", b"Retry-After: 3600")
    with lying_server(lambda line: line.send(busy)) as server, pytest.raises(DownloadError, match=r"within 0\.5 s"):
        download_file(server.url, tmp_path / "x", limit_seconds=0.5, progress=False)


def flood(line):
    line.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    for _ in range(1000):
        line.send(bytes(65536))


@pytest.mark.parametrize(
    "script, size",
    [(lambda line: line.send(answer(b"x", length=10**15)), "1000000.0 GB"), (flood, "more than 1.0 MB")],
    ids=["announced", "sent"],
)
def test_what_is_larger_than_expected_stops_at_once(script, size, tmp_path):
    with lying_server(script) as server, pytest.raises(DownloadError, match=f"sends {size}, where at most 1.0 MB"):
        download_file(server.url, tmp_path / "x", most_bytes=1 << 20, progress=False)
    assert server.sent < 32 << 20, "what the sockets hold, and not all 64 MB"
    assert (tmp_path / "x.part").stat().st_size == 0 and server.requests == 1


def test_a_range_with_more_than_is_missing_is_not_believed(tmp_path):
    (tmp_path / "x.part").write_bytes(CONTENT[:1000])
    head = f"Content-Range: bytes 1000-{len(CONTENT) - 1}/{len(CONTENT)}".encode()
    with lying_server(lambda line: line.send(bodies.pop(0))) as server:
        bodies = [answer(CONTENT[1000:] + bytes(70_000), "206 Partial", head), answer(CONTENT)]
        download_file(server.url, tmp_path / "x", md5=MD5, sleep=lambda s: None, progress=False)
    assert (tmp_path / "x").read_bytes() == CONTENT


@pytest.mark.parametrize("length", [b"\xb2", b"9" * 5000, b"-1", b"many"])
def test_a_length_that_is_no_number_is_none(length, tmp_path):
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + length + b"\r\n\r\n"
    with lying_server(lambda line: line.send(head + CONTENT)) as server:
        download_file(server.url, tmp_path / "x", md5=MD5, progress=False, retries=0)


def test_a_file_that_is_called_compressed_on_the_way_is_left_as_it_is(tmp_path):
    packed = gzip.compress(CONTENT)
    with lying_server(lambda line: line.send(answer(packed, "200 OK", b"Content-Encoding: gzip"))) as server:
        download_file(server.url, tmp_path / "x.tgz", sha256=hashlib.sha256(packed).hexdigest(), progress=False)


def test_redirects_are_followed_by_the_rules(tmp_path):
    places = [b"/y?sig=secret", b"//localhost:%d/z", b"/last"]
    with lying_server(lambda line: line.send(answers.pop(0))) as server:
        port = int(server.url.rpartition(":")[2])
        answers = [answer(b"away", "302 Away", b"Location: " + place.replace(b"%d", b"%d" % port)) for place in places]
        answers.append(answer(CONTENT))
        download_file(server.url, tmp_path / "x", md5=MD5, progress=False, retries=0)
        assert server.requests == 4
        answers = [answer(b"", "302 Away", b"Location: /?sig=secret")] * 6
        with pytest.raises(DownloadError, match=r"sends to http://127.*/\?sig=\.\.\., after 5 redirects, which is not"):
            download_file(server.url, tmp_path / "y", progress=False)
        answers = [answer(b"", "302 Away", b"Location: file:///etc/passwd")]
        with pytest.raises(DownloadError, match="no web address, which is not followed"):
            download_file(server.url, tmp_path / "y", progress=False)


SECRET = "http://me:secret@{}/x?token=secret#secret"


@pytest.mark.parametrize(
    "reply",
    [
        answer(b"", "404 \x1b[2JNo" + "x" * 5000),
        answer(b"", "503 Busy"),
        answer(b"x", length=10**15),
        answer(b"", "302 Away", b"Location: ftp://x/?secret"),
        b"\x1b[2J" + b"x" * 5000 + b"\r\n\r\n",
        b"",
    ],
    ids=["refused", "busy", "too large", "sent away", "no HTTP", "closed"],
)
def test_errors_show_no_secrets_and_what_strangers_say_is_short(reply, tmp_path, capsys):
    with lying_server(lambda line: line.send(reply)) as server, pytest.raises(DownloadError) as caught:
        url = SECRET.format(server.url.removeprefix("http://"))
        download_file(url, tmp_path / "x", retries=1, sleep=lambda s: None)
    for text in (str(caught.value), capsys.readouterr().err.replace("\n", "").replace("\r", "")):
        assert "secret" not in text and text.isprintable() and len(text) < 600
    with pytest.raises(DownloadError) as caught:
        download_file(SECRET.format("host:port"), tmp_path / "x", retries=0, progress=False)
    assert "secret" not in str(caught.value)


def test_nobody_listening(tmp_path):
    with pytest.raises(DownloadError, match=r"gave up: ConnectionError: .*\(2 attempts\)"):
        download_file("http://127.0.0.1:9/x", tmp_path / "x", md5=None, retries=1, sleep=lambda s: None, progress=False)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "x", "http://", "file:///etc/passwd"])
def test_other_addresses(url, tmp_path):
    with pytest.raises(DownloadError, match="--base_url"):
        download_file(url, tmp_path / "x", md5=None, sleep=lambda s: None, progress=False)


@pytest.mark.slow
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
