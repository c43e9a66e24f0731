from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from irmas_tf.audio.wav_upload import float_wav
from irmas_tf.client.model_address import ModelAddress
from irmas_tf.client.rest_transport import RestTransport
from irmas_tf.client.server_errors import RefusedError, ServerError, UnavailableError
from irmas_tf.deploy.session_model import SessionModel

RNG = np.random.default_rng(5)
CLIPS = [float_wav(RNG.normal(0, 0.2, samples), 8000) for samples in (3000, 9001)]


def transport(url: str, timeout_seconds: float = 20.0, **choice: Any) -> RestTransport:
    return RestTransport(ModelAddress(url, **{"model": "irmas", **choice}), timeout_seconds)


@pytest.mark.slow
def test_answers_are_those_of_the_signature(fake_serving: Any, tiny_export: Path) -> None:
    model = SessionModel(tiny_export)
    wanted = model("classify_audio", np.array(CLIPS, object))
    model.close()
    for choice in ({}, {"version": 1}, {"label": "stable"}):
        rest = transport(fake_serving.http, **choice)
        assert rest.num_classes() == 11
        found = rest.classify(CLIPS)
        np.testing.assert_allclose(found.probabilities, wanted["probabilities"], atol=1e-7)
        np.testing.assert_allclose(found.duration_seconds, [3000 / 8000, 9001 / 8000], rtol=1e-6)
        rest.close()
    assert fake_serving.core.requests == [2, 2, 2]


def test_a_refusal_is_the_graphs_sentence(fake_serving: Any) -> None:
    with pytest.raises(RefusedError) as caught:
        transport(fake_serving.http).classify([CLIPS[0], b"OggS" + bytes(100)])
    assert str(caught.value) == "is not a RIFF WAV file; convert it to WAV"


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"model": "other"}, "Servable not found for request: Latest(other)"),
        ({"version": 7}, "Specific(irmas, 7)"),
        ({"label": "beta"}, "Unrecognized servable version label: beta"),
    ],
)
def test_what_is_not_served_is_named(fake_serving: Any, choice: dict[str, Any], words: str) -> None:
    with pytest.raises(ServerError) as caught:
        transport(fake_serving.http, **choice).num_classes()
    assert words in str(caught.value) and fake_serving.http in str(caught.value)
    assert not isinstance(caught.value, UnavailableError)


def test_a_model_of_others_is_named(fake_serving: Any) -> None:
    fake_serving.core.hidden.add("classify_audio")
    with pytest.raises(ServerError, match=r"no signature classify_audio \(found: .*activity, serving_default\)"):
        transport(fake_serving.http).num_classes()


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_a_busy_server_may_be_asked_again(fake_serving: Any, status: int) -> None:
    fake_serving.core.faults[:] = [status]
    rest = transport(fake_serving.http)
    with pytest.raises(UnavailableError, match=f"HTTP {status}"):
        rest.classify(CLIPS[:1])
    assert rest.classify(CLIPS[:1]).clips == 1


@pytest.mark.slow
def test_a_dropped_connection_and_a_slow_answer_may_be_asked_again(fake_serving: Any) -> None:
    fake_serving.core.faults[:] = ["drop", 1.5]
    rest = transport(fake_serving.http, timeout_seconds=0.3)
    with pytest.raises(UnavailableError, match="cannot be reached"):
        rest.classify(CLIPS[:1])
    with pytest.raises(UnavailableError, match=r"no answer within 0\.3 s"):
        rest.classify(CLIPS[:1])


def test_no_server_and_the_wrong_port(fake_serving: Any) -> None:
    with pytest.raises(UnavailableError, match=r"cannot be reached .*refused.*REST port"):
        transport("http://127.0.0.1:9").num_classes()
    with pytest.raises(UnavailableError, match=r"REST port"):
        transport(fake_serving.grpc.replace("grpc", "http")).num_classes()


@pytest.fixture
def other() -> Iterator[Any]:
    """Return a web server that is no TensorFlow Serving; set `status`, `body` and `headers`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        status, body, headers_sent = 200, b"<html>", ()

        def do_GET(self) -> None:
            self.send_response(self.status)
            for name, value in self.headers_sent:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(self.body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    Handler.url = f"http://127.0.0.1:{server.server_port}"
    yield Handler
    server.shutdown()
    server.server_close()


def test_another_web_server_is_recognised(other: Any) -> None:
    with pytest.raises(ServerError, match="does not answer in JSON"):
        transport(other.url).num_classes()
    for content in ([], {"metadata": {}}, {"metadata": {"signature_def": {"signature_def": []}}}):
        other.body = json.dumps(content).encode()
        with pytest.raises(ServerError, match="metadata is not that of"):
            transport(other.url).num_classes()
        with pytest.raises(ServerError, match="its answer has no"):
            transport(other.url).classify(CLIPS)


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405])
def test_other_statuses_end_it_with_the_status(other: Any, status: int) -> None:
    other.status = status
    with pytest.raises(ServerError, match=f"HTTP {status}") as caught:
        transport(other.url).classify(CLIPS)
    assert not isinstance(caught.value, UnavailableError)


def test_a_pause_is_asked_for(other: Any) -> None:
    other.status = 429
    for value, seconds in (("7", 7.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)):
        other.headers_sent = (("Retry-After", value),)
        with pytest.raises(UnavailableError) as caught:
            transport(other.url).classify(CLIPS)
        assert caught.value.retry_after_seconds == seconds


def test_a_request_that_is_too_large_for_a_proxy_is_refused(other: Any) -> None:
    other.status = 413
    with pytest.raises(RefusedError, match="HTTP 413"):
        transport(other.url).classify(CLIPS)


def test_the_api_takes_rows_and_columns(fake_serving: Any) -> None:
    """The forms of docs/serving.md, sent as any HTTP client does."""
    url = f"{fake_serving.http}/v1/models/irmas:predict"
    wave = [0.1, -0.2, 0.3, 0.0]
    column = requests.post(url, json={"inputs": {"waveform": [wave]}}, timeout=20).json()["outputs"]
    row = requests.post(url, json={"instances": [wave]}, timeout=20).json()["predictions"][0]
    assert set(row) == {"probabilities", "logits", "embedding", "silent"} and row["silent"] is False
    assert row["probabilities"] == column["probabilities"][0] and sum(row["probabilities"]) == pytest.approx(1)
    refused = requests.post(url, json={"instances": [[]]}, timeout=20)
    assert refused.status_code == 400 and "holds no samples" in refused.json()["error"]
