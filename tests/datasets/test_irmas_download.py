"""Downloads from a local server with small archives."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import threading
import zipfile

import pytest

from irmas_tf.datasets import irmas_counts
from irmas_tf.datasets.archive import ArchiveError
from irmas_tf.datasets.irmas import DataError, index_testing, index_training
from irmas_tf.datasets.irmas_counts import ARCHIVES, Archive
from irmas_tf.datasets.irmas_download import download, is_complete
from irmas_tf.downloads.http_download import DownloadError
from irmas_tf.process.locks import exclusive


def zipped(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


CONTENTS = {
    "train": {
        "IRMAS-TrainingData/cel/[cel][cla]0001__1.wav": b"a",
        "IRMAS-TrainingData/voi/[voi][pop_roc]2300__1.wav": b"b",
    },
    "test1": {"Part1/01 - Song-1.wav": b"c", "Part1/01 - Song-1.txt": b"voi\t\r\n"},
    "test2": {"IRTestingData-Part2/Caf\u00e9-1.wav": b"d", "IRTestingData-Part2/Caf\u00e9-1.txt": b"pia\n"},
    "test3": {"Part3/x-1.wav": b"e", "Part3/x-1.txt": b"sax\n"},
}


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.requests.append(self.path)
        super().do_GET()


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "www"
    folder.mkdir()
    for part, entries in CONTENTS.items():
        (folder / ARCHIVES[part].zip_name).write_bytes(zipped(entries))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder)) as server:
        server.folder, server.requests = folder, []
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def archives(server) -> dict[str, Archive]:
    sums = {part: hashlib.md5((server.folder / a.zip_name).read_bytes()).hexdigest() for part, a in ARCHIVES.items()}
    return {part: Archive(part, a.zip_name, sums[part], a.folder) for part, a in ARCHIVES.items()}


@pytest.fixture
def run(server, archives, tmp_path):
    options = {"base_url": server.url, "archives": archives, "progress": False, "sleep": lambda s: None}
    return lambda *parts, **more: download(tmp_path / "out", parts or tuple(ARCHIVES), **{**options, **more})


def test_all_parts_become_a_data_set(run, server, tmp_path):
    results = run()
    assert [(r.part, r.skipped) for r in results] == [(part, False) for part in ARCHIVES]
    out = tmp_path / "out"
    assert sorted(p.name for p in out.iterdir()) == sorted(a.folder for a in ARCHIVES.values())
    assert [e.name for e in index_training(out)] == ["cel/[cel][cla]0001__1.wav", "voi/[voi][pop_roc]2300__1.wav"]
    assert [(c.part, c.song_id, c.irmas_codes) for c in index_testing(out)] == [
        (1, "01 - Song", ("voi",)),
        (2, "Café", ("pia",)),
        (3, "x", ("sax",)),
    ]
    assert server.requests[0] == "/IRMAS-TrainingData.zip?download=1"


def test_complete_parts_are_skipped_without_a_request(run, server, tmp_path):
    run("train")
    server.requests.clear()
    assert run("train")[0].skipped
    assert server.requests == []
    (tmp_path / "out" / "IRMAS-TrainingData" / "cel" / "[cel][cla]0001__1.wav").unlink()
    assert not run("train", "train")[0].skipped
    assert len(server.requests) == 1
    assert len(index_training(tmp_path / "out")) == 2


def test_zips_can_be_kept_and_used_again(run, server, tmp_path):
    run("test1", keep_zips=True)
    zip_path = tmp_path / "out" / "IRMAS-TestingData-Part1.zip"
    assert zip_path.exists()
    server.requests.clear()
    (tmp_path / "out" / "IRMAS-TestingData-Part1" / "Part1" / "01 - Song-1.wav").unlink()
    run("test1", keep_zips=True)
    assert server.requests == []
    assert len(index_testing(tmp_path / "out")) == 1
    (tmp_path / "out" / "IRMAS-TestingData-Part1" / "Part1" / "01 - Song-1.wav").unlink()
    zip_path.write_bytes(b"damaged")
    run("test1")
    assert len(server.requests) == 1
    assert zip_path.with_name(zip_path.name + ".bad").read_bytes() == b"damaged"
    assert not zip_path.exists()


def test_wrong_checksum_unpacks_nothing(run, server, tmp_path):
    (server.folder / "IRMAS-TrainingData.zip").write_bytes(zipped({"x.wav": b"other"}))
    with pytest.raises(DownloadError, match=r"IRMAS-TrainingData\.zip: wrong checksum"):
        run("train")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["IRMAS-TrainingData.zip.part.bad"]


def test_evil_archive_with_the_right_checksum(run, server, archives, tmp_path):
    raw = zipped({"IRMAS-TrainingData/a.wav": b"a", "../evil.wav": b"evil"})
    (server.folder / "IRMAS-TrainingData.zip").write_bytes(raw)
    archives["train"] = Archive("train", "IRMAS-TrainingData.zip", hashlib.md5(raw).hexdigest(), "IRMAS-TrainingData")
    with pytest.raises(ArchiveError, match="leaves the target folder"):
        run("train")
    assert not (tmp_path / "evil.wav").exists()
    assert not (tmp_path / "out" / "IRMAS-TrainingData").exists()


def test_one_download_at_a_time(run, tmp_path):
    pytest.importorskip("fcntl")
    (tmp_path / "out").mkdir()
    with (
        exclusive(tmp_path / "out", RuntimeError()),
        pytest.raises(DownloadError, match="another download into this folder"),
    ):
        run("train")
    run("train")


def test_unusable_places_and_parts(run, server, archives, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match=r"--out=.*file.*cannot be made"):
        download(tmp_path / "file", ("train",), base_url=server.url)
    with pytest.raises(DataError, match="--parts=test4: unknown part; known: train, test1"):
        run("test4")


def test_copies_unpacked_by_hand_count_as_complete(tmp_path, monkeypatch):
    folder = tmp_path / "IRMAS-TrainingData" / "cel"
    folder.mkdir(parents=True)
    (folder / "[cel][cla]0001__1.wav").touch()
    archive = ARCHIVES["train"]
    assert not is_complete(tmp_path / "absent", archive)
    assert not is_complete(folder.parent, archive)
    monkeypatch.setattr(irmas_counts, "TRAINING_EXCERPTS", {"cel": 1})
    assert is_complete(folder.parent, archive)
    part = tmp_path / "IRMAS-TestingData-Part3" / "Part3"
    part.mkdir(parents=True)
    (part / "x-1.wav").touch()
    (part / "x-1.txt").write_text("sax")
    assert not is_complete(part.parent, ARCHIVES["test3"])
    monkeypatch.setattr(irmas_counts, "TESTING_CLIPS", {3: 1})
    assert is_complete(part.parent, ARCHIVES["test3"])
