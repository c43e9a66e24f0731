from __future__ import annotations

import gzip
import time

import pytest
import requests

from irmas_tf.downloads.watched_session import Call, WatchedSession, announced_bytes, cause_of
from tests.helpers.lying_server import answer, lying_server


@pytest.mark.slow
def test_a_call_is_cut_when_its_time_is_over_unless_it_is_given_more() -> None:
    with lying_server(lambda line: [line.send(answer(b"", length=20)), line.drip(b"x" * 20)]) as server:
        session = WatchedSession(server.url)
        with Call(0.5) as call, pytest.raises(requests.RequestException):
            session.get(server.url)
        assert call.is_over
        with Call(0.5) as call, session.get(server.url, stream=True) as found:
            call.extend(60.0)
            assert found.content == b"x" * 20 and not call.is_over
        assert server.requests == 2


def test_a_call_that_is_over_before_it_has_a_connection_gets_none() -> None:
    with lying_server(lambda line: line.send(answer(b"x"))) as server, Call(0.0) as call:
        while not call.is_over:
            time.sleep(0.01)
        with pytest.raises(requests.ConnectionError):
            WatchedSession(server.url).get(server.url)


@pytest.mark.parametrize("body", [bytes(1 << 20), gzip.compress(b"x" * 1000)[:-4]], ids=["no gzip", "cut gzip"])
def test_the_body_of_a_redirect_is_left_alone(body: bytes) -> None:
    away = answer(body, "302 Away", b"Location: /x", b"Content-Encoding: gzip", length=64 << 20)
    with lying_server(lambda line: line.send(away)) as server, Call(20.0):
        with WatchedSession(server.url).get(server.url, stream=True) as found:
            assert found.status_code == 302 and found.headers["Location"] == "/x" and not found.history


@pytest.mark.parametrize(
    ("text", "count"),
    [("12", 12), (" 0 ", 0), ("", None), ("-1", None), ("1e3", None), ("\xb2", None), ("9" * 5000, None)],
)
def test_an_announced_size_is_a_number_or_none(text: str, count: int | None) -> None:
    assert announced_bytes({"Content-Length": text}) == count


def test_a_failure_is_told_without_the_address_and_what_is_no_http_is_quoted_short() -> None:
    with lying_server(lambda line: line.send(b"\x1b[2J" + b"x" * 10_000 + b"\r\n\r\n")) as server:
        with pytest.raises(requests.ConnectionError) as caught:
            WatchedSession(server.url).get(f"{server.url}/?token=secret")
    text = cause_of(caught.value)
    assert text.isprintable() and len(text) < 250 and r"\x1b[2J" in text
    with pytest.raises(requests.ConnectionError) as caught:
        WatchedSession("http://127.0.0.1:9").get("http://127.0.0.1:9/?token=secret")
    assert "refused" in cause_of(caught.value) and "secret" not in cause_of(caught.value)
