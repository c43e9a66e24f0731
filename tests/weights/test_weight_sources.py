from __future__ import annotations

import dataclasses
import sys
import types

import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.config.backbones import BACKBONES
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.weights.weight_sources import is_handle, read_published, where_published
from tests.helpers import torch_files

YAMNET, MN04 = BACKBONES.get("yamnet"), BACKBONES.get("mn04")


def test_saved_model_by_handle_is_resolved_and_its_graph_not_loaded(tmp_path, monkeypatch):
    folder, asked = tmp_path / "model", []
    module = tf.Module()
    module.kernel = tf.Variable(tf.ones([3, 3, 1, 32]), name="layer1/conv/kernel")
    tf.saved_model.save(module, str(folder))
    (folder / "saved_model.pb").write_bytes(b"never parsed")
    hub = types.SimpleNamespace(resolve=lambda handle: asked.append(handle) or str(folder))
    monkeypatch.setitem(sys.modules, "tensorflow_hub", hub)
    published = read_published(YAMNET, "https://tfhub.dev/google/yamnet/1")
    assert asked == [published.source] == ["https://tfhub.dev/google/yamnet/1"]
    assert list(published.tensors) == ["layer1/conv/kernel"]


def test_handles_that_cannot_be_fetched(monkeypatch):
    def fail(handle):
        raise OSError("no route to host")

    monkeypatch.setitem(sys.modules, "tensorflow_hub", types.SimpleNamespace(resolve=fail))
    with pytest.raises(WeightsError, match=r"cannot be fetched \(no route to host\)") as caught:
        read_published(YAMNET, "https://tfhub.dev/google/yamnet/1")
    for fact in (YAMNET.url, YAMNET.sha256, YAMNET.published_file, "--weights"):
        assert fact in str(caught.value)
    with pytest.raises(WeightsError, match=r"has no mn04.*releases/download"):
        read_published(MN04, "https://tfhub.dev/google/mn04")
    monkeypatch.setitem(sys.modules, "tensorflow_hub", None)
    with pytest.raises(WeightsError, match=r"pip install 'irmas_tf\[hub\]'"):
        read_published(YAMNET, "https://tfhub.dev/google/yamnet/1")
    assert is_handle("https://tfhub.dev/x")
    assert not is_handle("weights/yamnet.h5")


def test_missing_file_says_where_it_is_published(tmp_path):
    path = tmp_path / "weights" / "absent.pt"
    with pytest.raises(WeightsError) as caught:
        read_published(MN04, path)
    for fact in (str(path), MN04.url, MN04.sha256, MN04.licence, MN04.published_file, "--weights"):
        assert fact in str(caught.value)
    assert "no checksum is known" in where_published(dataclasses.replace(MN04, sha256=None), path)


def test_the_name_of_a_file_and_of_what_a_link_points_to_are_looked_at(tmp_path):
    path = torch_files.write_zip(tmp_path / "mn04_as_hop_5.pt", {"a": np.zeros(3, np.float32)})
    (tmp_path / "mn04.pt").symlink_to(path)
    (tmp_path / "blob").write_bytes(path.read_bytes())
    (tmp_path / "mn04_as_mels_64.pt").symlink_to(tmp_path / "blob")
    for name in ("mn04_as_hop_5.pt", "mn04.pt", "mn04_as_mels_64.pt"):
        with pytest.raises(WeightsError, match="another front-end, by their name"):
            read_published(MN04, tmp_path / name)
    assert list(read_published(MN04, tmp_path / "blob").tensors) == ["a"]


def test_formats_of_other_networks(tmp_path):
    np.savez(tmp_path / "folded.npz", a=np.zeros(3))
    with pytest.raises(WeightsError, match=r"is a NumPy archive.*mn04 come as a PyTorch checkpoint"):
        read_published(MN04, tmp_path / "folded.npz")
    path = torch_files.write_zip(tmp_path / "x.pt", {"a": np.zeros(3, np.float32)})
    with pytest.raises(WeightsError, match=r"is a PyTorch checkpoint.*yamnet come as a Keras 2 weight file"):
        read_published(YAMNET, path)
