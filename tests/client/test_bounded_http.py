"""Servers that lie, drip, flood and send elsewhere. What is refused by size or time is harmless and small here."""

from __future__ import annotations

import gzip
import json
import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irmas_tf.client import rest_transport
from irmas_tf.client.bounded_http import HttpAnswer
from irmas_tf.client.model_address import ModelAddress
from irmas_tf.client.rest_transport import RestTransport
from irmas_tf.client.server_errors import RefusedError, ServerError, UnavailableError
from tests.helpers.lying_server import answer, lying_server

GOOD = json.dumps({"outputs": {"probabilities": [[0.25, 0.75]], "duration_seconds": [3.0], "silent": [False]}}).encode()


def classify(url, seconds=20.0):
    return RestTransport(ModelAddress(url, "irmas"), seconds).classify([b"RIFF"])


def test_a_good_answer_is_taken():
    with lying_server(lambda line: line.send(answer(GOOD))) as server:
        found = classify(server.url)
    np.testing.assert_array_equal(found.probabilities, [[0.25, 0.75]])
    assert not found.silent[0] and found.duration_seconds[0] == 3.0


DRIPS = {
    "status": lambda line: line.drip(answer(GOOD)),
    "headers": lambda line: [line.send(b"HTTP/1.1 200 OK\r\n"), line.drip(b"X-Slow: " + b"a" * 2000)],
    "body": lambda line: [line.send(answer(b"", length=5000)), line.drip(b" " * 5000)],
    "chunks": lambda line: [
        line.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        line.drip(b"1\r\n \r\n" * 1000),
    ],
    "interim answers": lambda line: [
        (line.send(b"HTTP/1.1 100 Continue\r\n\r\n"), time.sleep(0.05)) for _ in range(1000)
    ],
    "nothing": lambda line: time.sleep(20),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", DRIPS)
def test_the_time_is_for_the_whole_call(kind):
    """A byte every 50 ms would take minutes; the limit is .5 s, and half a minute of load is forgiven."""
    with lying_server(DRIPS[kind]) as server:
        started = time.monotonic()
        with pytest.raises(UnavailableError, match=r"no answer within 0\.5 s"):
            classify(server.url, 0.5)
    assert time.monotonic() - started < 15


@pytest.mark.slow
def test_a_server_that_was_slow_is_asked_again_over_a_new_connection():
    slow = [True, False]

    def script(line):
        if slow.pop(0):
            line.drip(answer(GOOD))
        line.send(answer(GOOD))

    with lying_server(script) as server:
        transport = RestTransport(ModelAddress(server.url, "irmas"), 0.5)
        with pytest.raises(UnavailableError):
            transport.classify([b"RIFF"])
        assert transport.classify([b"RIFF"]).clips == 1 and server.requests == 2


def test_a_body_is_read_up_to_a_size(monkeypatch):
    monkeypatch.setattr(rest_transport, "MOST_BYTES", 1 << 20)

    def flood(line):
        line.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(1000):
            line.send(b" " * 65536)

    with lying_server(flood) as server, pytest.raises(ServerError, match="more than 1,048,576 bytes"):
        classify(server.url)
    assert server.sent < 32 << 20, "what the sockets hold, and not all 64 MB"


@pytest.mark.parametrize("coding, pack", [(b"gzip", gzip.compress), (b"deflate", zlib.compress), (b"br", bytes)])
def test_a_compressed_body_is_refused_unread(coding, pack):
    content = answer(pack(GOOD), "200 OK", b"Content-Encoding: " + coding)
    with lying_server(lambda line: line.send(content)) as server, pytest.raises(ServerError, match="is compressed"):
        classify(server.url)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_sent_elsewhere(status):
    with lying_server(lambda line: line.send(answer(GOOD))) as other:
        away = answer(b"", f"{status} Away", b"Location: " + other.url.encode() + b"/v1/models/irmas:predict")
        with lying_server(lambda line: line.send(away)) as server:
            with pytest.raises(ServerError, match=f"HTTP {status} Away: it sends elsewhere, to {other.url}.*--url"):
                classify(server.url)
        assert other.requests == 0


def test_the_body_of_a_redirect_is_not_even_read(monkeypatch):
    monkeypatch.setattr(rest_transport, "MOST_BYTES", 1 << 20)
    head = b"HTTP/1.1 302 Away\r\nLocation: http://127.0.0.1:9/\r\nConnection: close\r\n\r\n"
    with lying_server(lambda line: [line.send(head), [line.send(b" " * 65536) for _ in range(1000)]]) as server:
        with pytest.raises(ServerError, match="more than 1,048,576 bytes"):
            classify(server.url)
    assert server.sent < 32 << 20, "what the sockets hold, and not all 64 MB"


def test_words_of_a_server_are_escaped_and_cut():
    said = "\x1b[2J\x07red\u202e" + "x" * 5000
    for status, kind in (("400 No", RefusedError), ("503 \x1b[31mbusy", UnavailableError), ("404 No", ServerError)):
        body = json.dumps({"error": said}).encode()
        with lying_server(lambda line, s=status, b=body: line.send(answer(b, s))) as server:
            with pytest.raises(kind) as caught:
                classify(server.url)
        text = str(caught.value)
        assert text.isprintable() and r"\x1b[2J\x07red\u202e" in text and len(text) < 800


CUT = {
    "ends early": answer(GOOD, length=len(GOOD) + 10),
    "no status": b"\x00\x01\x02\r\n\r\n",
    "closed": b"",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a length that is no number": b"HTTP/1.1 503 Busy\r\nContent-Length: \xb2\r\n\r\n",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"".join(b"X%d: 1\r\n" % i for i in range(500)) + b"\r\n",
}


@pytest.mark.parametrize("kind", CUT)
def test_what_is_no_whole_answer_is_a_line(kind):
    with lying_server(lambda line: line.send(CUT[kind])) as server, pytest.raises(ServerError) as caught:
        classify(server.url)
    assert server.url in str(caught.value) and str(caught.value).isprintable()


BODIES = {
    "another width": {"probabilities": [[[0.5]]], "duration_seconds": [1.0]},
    "above 1": {"probabilities": [[1.5, 0.0]], "duration_seconds": [1.0]},
    "below 0": {"probabilities": [[-0.5, 0.0]], "duration_seconds": [1.0]},
    "texts": {"probabilities": [["0.5", "0.5"]], "duration_seconds": [1.0]},
    "ragged": {"probabilities": [[0.5], [0.5, 0.5]], "duration_seconds": [1.0]},
    "huge": {"probabilities": [[10**400, 0.0]], "duration_seconds": [1.0]},
    "lasts minus a second": {"probabilities": [[0.5, 0.5]], "duration_seconds": [-1.0]},
    "lasts for ever": {"probabilities": [[0.5, 0.5]], "duration_seconds": [float("inf")]},
    "silence is a text": {"probabilities": [[0.5, 0.5]], "duration_seconds": [1.0], "silent": ["no"]},
}


@pytest.mark.parametrize("kind", BODIES)
def test_numbers_that_cannot_be_are_refused(kind):
    body = json.dumps({"outputs": BODIES[kind]}).encode()
    with lying_server(lambda line: line.send(answer(body))) as server, pytest.raises(ServerError):
        classify(server.url)


def test_a_deeply_nested_answer_is_a_line():
    body = b"[" * 65 + b"]" * 65
    with lying_server(lambda line: line.send(answer(body))) as server, pytest.raises(ServerError, match="65 levels"):
        classify(server.url)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["outputs", "probabilities", "duration_seconds", "silent", "error", "metadata", "signature_def", "dim"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, derandomize=True)
@given(value=VALUES, place=st.sampled_from(["", "outputs", "metadata"]), status=st.sampled_from([200, 400, 503, 404]))
def test_any_answer_is_taken_or_a_line(value, place, status):
    content = json.dumps({place: value} if place else value).encode()
    transport = RestTransport(ModelAddress("http://127.0.0.1:1", "irmas"), 1.0)
    transport._local.session = type("", (), {"request": lambda *_, **__: HttpAnswer(status, "", {}, content)})()
    for ask in (transport.num_classes, lambda: transport.classify([b"RIFF"])):
        try:
            ask()
        except (ServerError, RefusedError) as error:
            assert str(error).isprintable() and len(str(error)) < 1500


def test_a_password_is_never_shown():
    address = ModelAddress("http://me:secret@host:8501/proxy", "irmas")
    assert str(address) == "http://host:8501/proxy (model irmas)"
