from __future__ import annotations

import io
import zipfile

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from irmas_tf.process.bounded_npz import BoundedNpzError, read_npz

ARRAYS = {
    "a/b": np.arange(6, dtype=np.float32).reshape(2, 3), "turned": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "text": np.array(["Cello", "Flöte"]), "scalar": np.array(3), "empty": np.zeros((0, 4), np.int64),
    "big_endian": np.arange(3, dtype=">i2"),
}  # fmt: skip


@pytest.fixture
def path(tmp_path):
    np.savez(tmp_path / "x.npz", **ARRAYS)
    return tmp_path / "x.npz"


def archive_of(path, compression=zipfile.ZIP_STORED, **members):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return path


def header(descr="<f4", shape=(3,)):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    return stream.getvalue()


def test_what_numpy_writes(path):
    found = read_npz(path)
    assert list(found) == list(ARRAYS)
    for name, expected in ARRAYS.items():
        assert found[name].dtype == expected.dtype
        np.testing.assert_array_equal(found[name], expected)


def test_compressed_archives_need_a_limit(path):
    np.savez_compressed(path, a=np.zeros(10_000, np.float32))
    with pytest.raises(BoundedNpzError, match="compressed"):
        read_npz(path)
    assert read_npz(path, max_bytes=50_000)["a"].shape == (10_000,)
    with pytest.raises(BoundedNpzError, match="holds 40128 bytes, 40000 at most"):
        read_npz(path, max_bytes=40_000)


@pytest.mark.parametrize(
    "data, message",
    [
        (header(shape=(1 << 44,)) + bytes(12), "announces 70368744177664 bytes and has 12"),
        (header(shape=(1 << 40, 1 << 40)) + bytes(12), "bytes and has 12"),  # more than 64 bits
        (header(shape=(2,)) + bytes(12), "announces 8 bytes and has 12"),
        (header(shape=(-1, -3)) + bytes(12), "."),
        (header("|O") + bytes(24), "holds objects"),
        (header().replace(b"NUMPY\x01", b"NUMPY\x03") + bytes(12), r"version \(3, 0\)"),
        (b"\x93NUMPY\x01\x00\x10\x00" + b"(" * 16, "."),
        (b"\x93NUMPY\x01\x00\x10\x00" + b"{'a': '''\n      ", "."),
        (b"hello", "."),
    ],
    ids=["large", "huge", "long", "negative", "objects", "version", "parentheses", "quotes", "foreign"],
)
def test_entries_that_are_not_what_they_announce(tmp_path, data, message):
    with pytest.raises(BoundedNpzError, match=message):
        read_npz(archive_of(tmp_path / "x.npz", a=data))


def test_entries_that_lie_over_one_another(tmp_path):
    """The directory of an archive can name the same bytes many times."""
    path = archive_of(tmp_path / "x.npz", a=header(shape=(250,)) + bytes(1000))
    with zipfile.ZipFile(path, "a") as archive:
        archive.filelist *= 100
        archive._didModify = True
    with pytest.raises(BoundedNpzError, match="at most are read"):
        read_npz(path)


def test_other_entries_and_other_files(path):
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(BoundedNpzError, match=r"readme\.txt is not an array"):
        read_npz(path)
    path.write_bytes(b"hello")
    with pytest.raises(BoundedNpzError, match="zip"):
        read_npz(path)


@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture], deadline=None)
@hypothesis.given(st.integers(0, 100_000), st.integers(0, 255), st.booleans())
def test_changed_bytes_raise_nothing_else(tmp_path, position, byte, compressed):
    (np.savez_compressed if compressed else np.savez)(tmp_path / "x.npz", **ARRAYS)
    data = bytearray((tmp_path / "x.npz").read_bytes())
    data[position % len(data)] = byte
    (tmp_path / "x.npz").write_bytes(data)
    try:
        read_npz(tmp_path / "x.npz", max_bytes=1_000_000)
    except BoundedNpzError:
        pass
