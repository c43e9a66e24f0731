from __future__ import annotations

import io
import os

import pytest

from irmas_tf.audio.standard_input import StandardInput
from irmas_tf.kinds.file_kinds import EMPTY

NAMES = ["a.wav", "b c.mp3", "Grüße/Ω.flac"]


class Pipe(io.BytesIO):
    """Gives what it holds in pieces of any size, and cannot seek."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self._size = size

    def read1(self, count: int | None = -1) -> bytes:
        return super().read1(min(self._size, count or self._size) if count != -1 else self._size)

    def seek(self, *_: int) -> int:
        raise OSError("not a file")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("size", [1, 5, 10_000])
@pytest.mark.parametrize(
    "encoding, mark", [("utf-8", ""), ("utf-8", "\ufeff"), ("utf-16-le", "\ufeff"), ("utf-16-be", "\ufeff")]
)
def test_lists_of_names_in_any_usual_encoding(encoding, mark, end, size):
    text = mark + end.join(["", *NAMES, "", NAMES[0]])
    source = StandardInput(Pipe(text.encode(encoding), size))
    assert source.is_list
    assert list(source.names()) == [*NAMES, NAMES[0]]


def test_utf16_without_a_mark_latin1_and_nulls(tmp_path):
    assert list(StandardInput(io.BytesIO("a.wav\r\nb.wav\r\n".encode("utf-16-le"))).names()) == ["a.wav", "b.wav"]
    raw = b"caf\xe9.wav\n"
    assert [os.fsencode(name) for name in StandardInput(io.BytesIO(raw)).names()] == [raw[:-1]]
    names = [str(tmp_path / "a\nb.wav"), str(tmp_path / "c.wav")]
    (tmp_path / "a\nb.wav").touch()
    source = StandardInput(io.BytesIO(b"".join(os.fsencode(name) + b"\0" for name in names)))
    assert source.is_list and list(source.names()) == names


def test_names_are_passed_on_as_they_come():
    pieces = iter([b"a.wav\n", b"b.wav\nc.w", b"av"])

    class Slow(io.BytesIO):
        def read1(self, count=-1):
            return next(pieces, b"")

    names = StandardInput(Slow()).names()
    assert next(names) == "a.wav" and len(list(pieces)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 100, 1 << 20])
def test_a_sound_is_stored_whole(size):
    content = b"ID3\3\0\0\0\0\1\0" + bytes(range(256)) * 100
    source = StandardInput(Pipe(content, size))
    assert not source.is_list
    path = source.store()
    with open(path, "rb") as file:
        assert file.read() == content
    folder = os.path.dirname(path)
    del path, file
    assert not os.path.exists(folder)


def test_nothing_is_empty():
    source = StandardInput(io.BytesIO())
    assert source.kind is EMPTY and not source.is_list
