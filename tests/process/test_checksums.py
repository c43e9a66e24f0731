from __future__ import annotations

import hashlib
import io

import pytest

from irmas_tf.process import checksums
from irmas_tf.process.checksums import checksum_of, feed, new_digest


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_a_file_in_several_pieces(tmp_path, monkeypatch, algorithm):
    monkeypatch.setattr(checksums, "_PIECE_BYTES", 1000)
    content = bytes(range(256)) * 10
    path = tmp_path / "x"
    path.write_bytes(content)
    assert checksum_of(path, algorithm) == hashlib.new(algorithm, content).hexdigest()


def test_the_beginning_of_a_file(monkeypatch):
    monkeypatch.setattr(checksums, "_PIECE_BYTES", 4)
    for length, content in ((0, b""), (6, b"abcdef"), (99, b"abcdefgh")):
        digest = new_digest("sha256")
        feed(digest, io.BytesIO(b"abcdefgh"), length)
        assert digest.hexdigest() == hashlib.sha256(content).hexdigest()


def test_a_folder_by_names_and_contents(tmp_path):
    (tmp_path / "a").write_text("1")
    first = checksum_of(tmp_path)
    assert first == hashlib.sha256(b"a\x001").hexdigest()
    (tmp_path / "a").rename(tmp_path / "b")
    second = checksum_of(tmp_path)
    (tmp_path / "b").write_text("2")
    assert len({first, second, checksum_of(tmp_path)}) == 3


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        checksum_of(tmp_path / "absent")
