"""OpenMIC-2018 from a local server, in a small archive of the published form."""

from __future__ import annotations

import functools
import hashlib
import http.server
import tarfile
import threading

import pytest

from irmas_tf.config.data import DataConfig
from irmas_tf.datasets.irmas_counts import Archive
from irmas_tf.download import cli
from irmas_tf.downloads.http_download import DownloadError
from irmas_tf.own_data import openmic_download
from irmas_tf.own_data.openmic import OpenMic
from irmas_tf.own_data.openmic_download import ARCHIVES, download_openmic, is_complete
from tests.helpers.openmic_copy import CLIPS, KEYS, TESTS, write_openmic

NAME = "openmic-2018-v1.0.0.tgz"


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        """Answer a request for a part of the file, as Zenodo does."""
        self.server.requests.append((self.path, self.headers.get("Range")))
        content = (self.server.folder / NAME).read_bytes()
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        self.wfile.write(content[start:])


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "www"
    folder.mkdir()
    root = write_openmic(tmp_path / "source", seconds=0.05) / "openmic-2018"
    (root / "._class-map.json").write_text("litter of an operating system")
    with tarfile.open(folder / NAME, "w:gz") as archive:
        archive.add(root, "openmic-2018")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder)) as server:
        server.folder, server.requests = folder, []
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def archives(server):
    md5 = hashlib.md5((server.folder / NAME).read_bytes()).hexdigest()
    return {"openmic": Archive("openmic", NAME, md5, "openmic-2018")}


def test_the_published_archive():
    (archive,) = ARCHIVES.values()
    assert (archive.zip_name, archive.md5) == (NAME, "e4ccf187e2bb5ab2e115416e8aafe7f4")


def test_an_interrupted_download_is_continued_and_becomes_the_data_set(server, archives, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(openmic_download, "ARCHIVES", archives)
    out = tmp_path / "out"
    out.mkdir()
    (out / f"{NAME}.part").write_bytes((server.folder / NAME).read_bytes()[:1000])
    assert cli(["openmic", f"--out={out}", f"--base_url={server.url}"]) == 0
    assert server.requests == [(f"/{NAME}?download=1", "bytes=1000-")]
    printed = capsys.readouterr().out
    assert printed.startswith("OpenMIC-2018") and "CC BY 4.0" in printed
    assert f"openmic: unpacked: {out / 'openmic-2018'}\n" in printed
    assert printed.endswith(f"Next: irmas check --dataset=openmic --data_dir={out}\n")
    assert [path.name for path in out.iterdir()] == ["openmic-2018"]
    dataset = OpenMic(DataConfig(dataset="openmic"))
    assert (len(dataset.training(out)), len(dataset.test_items(out))) == (CLIPS - TESTS, TESTS)
    assert not (out / "openmic-2018/._class-map.json").exists()
    assert cli(["openmic", f"--out={out}", f"--base_url={server.url}"]) == 0
    assert "already complete" in capsys.readouterr().out and len(server.requests) == 1


@pytest.mark.slow
def test_what_is_missing_is_fetched_again(server, archives, tmp_path):
    options = {"base_url": server.url, "archives": archives, "progress": False, "keep_zips": True}
    folder = download_openmic(tmp_path / "out", **options).folder
    lost = folder / f"audio/{KEYS[0][:3]}/{KEYS[0]}.ogg"
    lost.unlink()
    assert not is_complete(folder, archives["openmic"])
    assert not download_openmic(tmp_path / "out", **options).skipped and lost.is_file()
    assert len(server.requests) == 1, "the archive that was kept is used again"


def test_a_copy_that_was_unpacked_by_hand_is_complete_with_all_clips(server, archives, tmp_path, monkeypatch):
    folder = tmp_path / "source/openmic-2018"
    assert not is_complete(folder, archives["openmic"])
    monkeypatch.setattr(openmic_download, "CLIPS", CLIPS)
    assert is_complete(folder, archives["openmic"])


def test_another_archive_is_refused(server, archives, tmp_path):
    with pytest.raises(DownloadError, match="wrong checksum: MD5"):
        download_openmic(tmp_path / "out", base_url=server.url, progress=False)
    assert not (tmp_path / "out/openmic-2018").exists()
