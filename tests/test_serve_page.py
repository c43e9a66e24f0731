"""The command's flags and errors; tests/browser/test_page_server.py covers its work."""

from __future__ import annotations

import subprocess
import sys

import pytest
import requests

from irmas_tf.serve_page import cli


@pytest.mark.slow
def test_it_serves_until_it_is_interrupted(tmp_path):
    (tmp_path / "page.json").write_text("{}")
    (tmp_path / "index.html").write_text("<!doctype html>")
    command = [sys.executable, "-m", "irmas_tf.serve_page", str(tmp_path), "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().split()[0]
            assert requests.get(url, timeout=10).text == "<!doctype html>"
        finally:
            process.terminate()


@pytest.mark.parametrize("arguments, words", [([], "name the folder"), (["."], "holds no exported page")])
def test_errors_are_one_line(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli(arguments) == 2
    assert words in capsys.readouterr().err
