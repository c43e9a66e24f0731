from __future__ import annotations

import io
import json
import pickle
import zipfile

import numpy as np
import pytest

from irmas_tf.models.weight_table import WeightsError
from irmas_tf.weights.weight_file import read_weight_file, write_weight_file

METADATA = {
    "backbone": "mn04", "front_end": "some front-end", "labels": {"count": 2, "names": ["Cello", "Flöte"]},
    "source": {"file": "x.pt"}, "licence": "MIT",
}  # fmt: skip
TENSORS = {"a_conv/kernel": np.arange(6, dtype=np.float32).reshape(2, 3), "a_bn/beta": np.zeros(3)}


@pytest.fixture
def path(tmp_path):
    return write_weight_file(tmp_path / "new" / "w.npz", METADATA, TENSORS)


def test_round_trip(path):
    file = read_weight_file(path)
    assert {key: file.metadata[key] for key in METADATA} == METADATA
    assert list(file.tensors) == list(TENSORS)
    for key, value in TENSORS.items():
        assert file.tensors[key].dtype == np.float32
        np.testing.assert_array_equal(file.tensors[key], value)


def test_the_same_weights_give_the_same_bytes(path, tmp_path):
    again = write_weight_file(tmp_path / "again.npz", dict(reversed(METADATA.items())), TENSORS)
    assert again.read_bytes() == path.read_bytes()


def test_any_numpy_can_read_it_without_pickle(path):
    with np.load(path, allow_pickle=False) as file:
        assert json.loads(bytes(file["metadata"]))["licence"] == "MIT"
        assert file["weights/a_conv/kernel"].shape == (2, 3)


def test_name_and_missing_file(tmp_path):
    with pytest.raises(WeightsError, match=r"--out=.*\.npz"):
        write_weight_file(tmp_path / "w.h5", METADATA, TENSORS)
    with pytest.raises(WeightsError, match=r"irmas convert"):
        read_weight_file(tmp_path / "absent.npz")


def with_member(path, name, data, compression=zipfile.ZIP_STORED):
    """Replace a member of the archive."""
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    members[name] = data
    with zipfile.ZipFile(path, "w", compression) as archive:
        for member, content in members.items():
            archive.writestr(member, content)


def npy(value, **kwargs):
    stream = io.BytesIO()
    np.save(stream, value, **kwargs)
    return stream.getvalue()


def text(value):
    return npy(np.frombuffer(json.dumps(value).encode(), np.uint8))


@pytest.mark.parametrize(
    "metadata,message",
    [
        ({"format": "other"}, "not a weight file"),
        ({"format": "irmas_tf pretrained weights", "version": 2}, "version 2"),
        ({"format": "irmas_tf pretrained weights", "version": 1, "backbone": "mn04"}, "does not say its front_end"),
        ([1], "not a weight file"),
    ],
)
def test_metadata_of_other_files(path, metadata, message):
    with_member(path, "metadata.npy", text(metadata))
    with pytest.raises(WeightsError, match=message):
        read_weight_file(path)


def test_objects_are_refused_unread(path, tmp_path):
    target = tmp_path / "was_run"

    class Hostile:
        def __reduce__(self):
            return open, (str(target), "w")

    with_member(path, "weights/a_conv/kernel.npy", npy(np.array([Hostile()], dtype=object), allow_pickle=True))
    with pytest.raises(WeightsError, match="damaged or not a weight file"):
        read_weight_file(path)
    assert not target.exists()


def test_an_array_that_announces_more_than_it_holds(path):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (1 << 44,)})
    with_member(path, "weights/a_conv/kernel.npy", stream.getvalue() + bytes(24))
    with pytest.raises(WeightsError, match=r"damaged or not a weight file.*announces 70368744177664 bytes and has 24"):
        read_weight_file(path)


def test_metadata_nested_beyond_all_sense(path):
    with_member(path, "metadata.npy", npy(np.frombuffer(b"[" * 65 + b"]" * 65, np.uint8)))
    with pytest.raises(WeightsError, match=r"damaged or not a weight file.*65 levels"):
        read_weight_file(path)


@pytest.mark.parametrize("value", [np.array(["text"]), np.zeros(3, np.float64)], ids=["text", "float64"])
def test_what_is_not_float32_is_refused(path, value):
    with_member(path, "weights/a_bn/beta.npy", npy(value))
    with pytest.raises(WeightsError, match="a_bn/beta is not float32"):
        read_weight_file(path)


def test_damaged_and_foreign_files(path):
    content = path.read_bytes()
    for damaged in (b"", b"hello", content[:100], content[:-30], pickle.dumps({"a": 1})):
        path.write_bytes(damaged)
        with pytest.raises(WeightsError, match="weight file of irmas_tf"):
            read_weight_file(path)
    path.write_bytes(content)
    with_member(path, "x.npy", npy(np.zeros(3)), zipfile.ZIP_DEFLATED)
    with pytest.raises(WeightsError, match="not a weight file"):
        read_weight_file(path)
    np.savez(path, a=np.zeros(3))
    with pytest.raises(
        WeightsError, match=r"is a NumPy archive.*not converted.*--backbone=mn04 --weights=.*_converted\.npz"
    ):
        read_weight_file(path, "mn04")
