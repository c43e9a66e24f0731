"""``irmas download mn04`` over a real connection to a local server."""

from __future__ import annotations

import collections
import http.server
import os
import threading

import numpy as np
import pytest
import soundfile

from irmas_tf.download import cli as download
from irmas_tf.predict import cli as predict
from irmas_tf.shipped import mn04
from tests.helpers.stand_in_mn04 import make_stand_in

NAME = "mn04_as_mAP_432.pt"


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves ``server.content``; ``server.script`` holds one status for each coming request, 0 cuts the file."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.paths.append(self.path)
        status = self.server.script.popleft() if self.server.script else 200
        body = self.server.content if status in (0, 200) else b""
        self.send_response(status or 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if status == 0 else body)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve mn04 with random weights, and let nothing of it be in the cache folder."""
    monkeypatch.setenv("IRMAS_TF_CACHE", str(tmp_path / "cache"))
    stand_in = make_stand_in(tmp_path, tmp_path / "cache")
    monkeypatch.setattr(mn04.MN04, "__dict__", stand_in.__dict__)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.content = mn04.weights_path().read_bytes()
        mn04.weights_path().unlink()
        made.script, made.paths, made.url = collections.deque(), [], f"http://127.0.0.1:{made.server_port}/v0.0.1"
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.mark.slow
def test_it_is_fetched_verified_made_and_answers(server, tmp_path, capsys):
    sound = tmp_path / "a.wav"
    soundfile.write(sound, 0.1 * np.sin(np.arange(32000) / 9), 32000)
    assert predict(["--model=mn04", str(sound)]) == 2
    assert "irmas download mn04" in capsys.readouterr().err
    server.script.extend([503, 0, 200])  # away, cut, whole
    assert download(["mn04", f"--base_url={server.url}/"]) == 0
    assert server.paths == 3 * [f"/v0.0.1/{NAME}"]
    out = capsys.readouterr().out
    assert "MIT" in out and f"fetched: {mn04.weights_path()}" in out
    assert out.endswith("Next: irmas predict --model=mn04 FILES_OR_FOLDERS...\n")
    assert os.listdir(mn04.weights_path().parent) == [NAME]
    assert len(list((tmp_path / "cache" / "models").glob("mn04*.tflite"))) == 2
    assert predict(["--model=mn04", str(sound)]) == 0
    assert capsys.readouterr().out.startswith("model mn04: right for all that a test made up\n")
    assert download(["mn04", "--base_url=http://127.0.0.1:9"]) == 0, "what is here is not fetched again"
    assert "already here" in capsys.readouterr().out


@pytest.mark.slow
def test_what_fails_says_where_to_put_the_file_by_hand(server, capsys):
    server.script.extend([404])
    assert download(["mn04", f"--base_url={server.url}"]) == 1
    error = capsys.readouterr().err
    assert "404" in error and error.count("by hand") <= 1
    for text in (NAME, mn04.SPEC.url, str(mn04.weights_path().parent), "run the same command again"):
        assert text in error
    assert not mn04.weights_path().exists()
    assert download(["mn04", "--base_url=http://127.0.0.1:9", "--retries=0"]) == 1
    error = capsys.readouterr().err
    assert "gave up" in error and mn04.SPEC.url in error and str(mn04.weights_path().parent) in error


@pytest.mark.slow
def test_another_file_under_the_name_is_not_taken(server, capsys):
    server.content = server.content[:-1] + b"?"
    assert download(["mn04", f"--base_url={server.url}"]) == 1
    assert "wrong checksum: SHA-256" in capsys.readouterr().err
    assert not mn04.weights_path().exists()


def test_a_cache_folder_that_cannot_be_made_is_a_line(server, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("IRMAS_TF_CACHE", str(tmp_path / "file"))
    assert download(["mn04", f"--base_url={server.url}"]) == 1
    assert "cannot be made" in capsys.readouterr().err and not server.paths
