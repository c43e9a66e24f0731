from __future__ import annotations

import io
import json
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from irmas_tf.config.backbones import BACKBONES
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.weights.loading import read_class_names
from irmas_tf.weights.model_files import describe, kind_of_model
from irmas_tf.weights.weight_file import read_weight_file
from irmas_tf.weights.weight_sources import read_published
from tests.helpers import torch_files

MN04, YAMNET = BACKBONES.get("mn04"), BACKBONES.get("yamnet")
HTML = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>"
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"


def protobuf(*fields: int | bytes, numbers: tuple[int, ...]) -> bytes:
    """Return a protocol buffer of small numbers and texts."""
    parts = [
        bytes([number << 3, value]) if isinstance(value, int) else bytes([number << 3 | 2, len(value)]) + value
        for number, value in zip(numbers, fields, strict=True)
    ]
    return b"".join(parts)


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("x.pt"))
    return stream.getvalue()


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)


ONNX = protobuf(9, b"pytorch", b"2.9", b"graph" * 20, b"\x10\x12", numbers=(1, 2, 3, 7, 8))
# Content -> words, parted by semicolons, that must be in the message, wherever weights are read.
FILES = {
    "empty": (b"", "is empty; its download did not end"),
    "zeros": (bytes(9000), "file of zeros"),
    "web page": (HTML.encode(), "is an HTML page; a page was saved"),
    "web page in UTF-16": (HTML.encode("utf-16"), "is an HTML page"),
    "server's error": (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "server's error"),
    "server's answer": (b'{"error": "Entry not found"}', "is a JSON document"),
    "pointer": (LFS.encode(), "git lfs pull"),
    "gzip": (b"\x1f\x8b\x08" + bytes(40), "unpack it: gunzip "),
    "zip": (zipped(mn04__pt=b"x"), "is a zip archive; unpack it: unzip "),
    "cut zip": (zipped(mn04__pt=b"x" * 99)[:60], "cut off or damaged; its download did not end"),
    "tar": (tarred(), "unpack it: tar -xf "),
    "safetensors": (safetensors(), "is a safetensors file"),
    "tflite": (b"\x1c\0\0\0TFL3" + bytes(40), "is a .tflite model"),
    "keras": (zipped(config__json=b"{}", metadata__json=b"{}", model__weights__h5=b""), "is a Keras model (.keras)"),
    "onnx": (ONNX, "is an ONNX model"),
    "graph": (protobuf(1, b"g" * 100, numbers=(1, 2)), "the graph of a TensorFlow SavedModel; name the folder"),
    "array": (b"\x93NUMPY\x01\0" + bytes(80), "is a NumPy array (.npy)"),
    "pickle": (pickle.dumps({"a": 1}), "is a Python pickle"),
    "TensorFlow": (bytes(60) + b"\x57\xfb\x80\x8b\x24\x75\x47\xdb", "a part of a TensorFlow checkpoint"),
    "song": (b"fLaC" + bytes(60), "is a FLAC file"),
    "text": (b"see the releases page\n", "is a text file"),
    "unknown": (bytes(range(250, 0, -1)), "of an unknown kind"),
}  # fmt: skip


@pytest.mark.parametrize("content, words", FILES.values(), ids=FILES)
def test_other_files_are_named_wherever_weights_are_read(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "it's weights.pt"
    path.write_bytes(content)
    for read in (
        lambda: read_published(MN04, path),
        lambda: read_published(YAMNET, path),
        lambda: read_weight_file(path),
    ):
        with pytest.raises(WeightsError) as caught:
            read()
        message = str(caught.value)
        assert (
            message.startswith(f"{path}: is ")
            and all(part in message for part in words.split("; "))
            and "\n" not in message
        )
        assert "come as" in message or "irmas convert" in message or "--run_dir" in message
    with pytest.raises(WeightsError, match="not a list of classes"):
        read_class_names(path, 3)


def test_what_is_not_converted_says_how_and_what_is_converted_too(tmp_path: Path) -> None:
    path = torch_files.write_zip(tmp_path / "x.pt", {"a": np.zeros(3, np.float32)})
    torch_files.write_legacy(tmp_path / "old.pt", {"a": np.zeros(3, np.float32)})
    for checkpoint in (path, tmp_path / "old.pt"):
        with pytest.raises(WeightsError, match=r"PyTorch checkpoint.*irmas convert --backbone=mn04 --weights=.*\.pt"):
            read_weight_file(checkpoint, "mn04")
    np.savez(tmp_path / "ours.npz", allow_pickle=True, **{"metadata": np.zeros(3), "weights/a": np.zeros(3)})
    for spec in (MN04, YAMNET):
        with pytest.raises(WeightsError, match=r"converted already.*irmas embed --backbone=\w+ --weights="):
            read_published(spec, tmp_path / "ours.npz")


def test_a_safetensors_file_comes_with_the_command_that_turns_it(tmp_path: Path) -> None:
    path = tmp_path / "mn04.safetensors"
    path.write_bytes(safetensors())
    with pytest.raises(WeightsError, match=r"python -c .*torch\.save\(safetensors\.torch\.load_file\(.*mn04\.pt"):
        read_published(MN04, path)


def test_keras_2_and_3_are_told_apart(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "2.h5", "w") as file:
        file.attrs["layer_names"] = ["a"]
    with h5py.File(tmp_path / "3.h5", "w") as file:
        file.create_group("layers/dense/vars")
    assert kind_of_model(tmp_path / "2.h5").name == "keras_h5"
    assert "Keras 3" in describe(tmp_path / "3.h5")
    (tmp_path / "cut.h5").write_bytes((tmp_path / "3.h5").read_bytes()[:100])
    assert kind_of_model(tmp_path / "cut.h5").name == "keras_h5"  # its reader says that it is damaged


@pytest.mark.parametrize(
    "name, words",
    [
        ("saved_model.pb", "TensorFlow SavedModel"),
        ("data.pkl", "unpacked PyTorch checkpoint"),
        ("model.index", "folder with a TensorFlow checkpoint"),
        ("other", "is a folder; name the file"),
    ],
)
def test_folders(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(WeightsError, match=words):
        read_published(MN04, tmp_path)
