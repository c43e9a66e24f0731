from __future__ import annotations

import pytest
import requests

from irmas_tf.browser.page_headers import HEADERS
from irmas_tf.browser.page_server import PageServer
from irmas_tf.config.settings import ConfigError


@pytest.fixture
def folder(tmp_path):
    page = tmp_path / "page"
    (page / "engine").mkdir(parents=True)
    (page / "page.json").write_text("{}")
    (page / "index.html").write_text("<!doctype html>")
    (page / "engine" / "a.js").write_text("export {};")
    (tmp_path / "secret.txt").write_text("secret")
    return page


def test_types_and_headers_are_those_of_the_page_whatever_the_system_says(folder):
    with PageServer(folder) as server:
        script = requests.get(f"{server.url}engine/a.js", timeout=10)
        assert script.text == "export {};" and script.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert all(script.headers[name] == value for name, value in HEADERS.items())
        assert requests.get(server.url, timeout=10).text == "<!doctype html>"
        assert requests.get(f"{server.url}engine/", timeout=10).status_code == 404
        assert requests.get(f"{server.url}..%2fsecret.txt", timeout=10).status_code == 404


def test_it_answers_this_machine_alone_under_its_own_names(folder):
    with PageServer(folder) as server:
        assert server.server_address[0] == "127.0.0.1"
        port = server.server_port
        answers = [
            requests.get(server.url, headers={"Host": f"{name}:{port}"}, timeout=10).status_code
            for name in ("localhost", "127.0.0.1", "evil.example")
        ]
        assert answers == [200, 200, 421]


def test_what_cannot_be_served_is_refused(folder, tmp_path):
    with pytest.raises(ConfigError, match="holds no exported page"):
        PageServer(tmp_path)
    with PageServer(folder) as server, pytest.raises(ConfigError, match=f"--port={server.server_port}: cannot be used"):
        PageServer(folder, server.server_port)
