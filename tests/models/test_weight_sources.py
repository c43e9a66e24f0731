from __future__ import annotations

import dataclasses
import hashlib
import io
import re
import runpy
import shutil
import sys
import types
from pathlib import Path

import h5py
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.models import yamnet
from irmas_tf.models.backbone import BACKBONES
from irmas_tf.models.pretrained import published_classifier
from irmas_tf.models.weight_sources import is_handle, read_published, sha256_of, where_published
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.models.weights import assign_tensors, turned_tensors

YAMNET, MN04 = BACKBONES.get("yamnet"), BACKBONES.get("mn04")
_here = Path(__file__).parent
_files = runpy.run_path(str(_here / "torch_files.py"))
_keras2 = runpy.run_path(str(_here / "keras2_yamnet.py"))


@pytest.fixture(scope="module")
def original():
    """Return YAMNet in Keras 2, and what it answers to 1.455 s of noise."""
    pytest.importorskip("tf_keras")
    network = _keras2["build"]()
    waveform = (0.1 * np.random.default_rng(1).standard_normal(15600 + 7680)).astype(np.float32)
    scores, embeddings = _keras2["answers"](network, waveform)
    return network, waveform, scores.numpy(), embeddings.numpy()


@pytest.fixture(scope="module")
def ours():
    return published_classifier(YAMNET)


def check_answers(model, original, published):
    _, waveform, scores, embeddings = original
    assert len(published.tensors) == len(YAMNET.weight_table())
    for variable in model.variables:
        variable.assign(tf.zeros_like(variable))
    assign_tensors(model, YAMNET, turned_tensors(YAMNET, published), "file")
    outputs = model(waveform[None])
    np.testing.assert_allclose(tf.sigmoid(outputs["patch_logits"])[0], scores, atol=1e-4)
    np.testing.assert_allclose(outputs["embedding"][0], embeddings.mean(axis=0), rtol=1e-4, atol=1e-4)
    assert np.ptp(scores) > 0.1


def test_keras_2_weight_file(original, ours, tmp_path):
    path = tmp_path / "yamnet.h5"
    original[0].save_weights(path)
    published = read_published(YAMNET, path)
    assert (published.format, published.source) == ("keras_h5", "yamnet.h5")
    assert published.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    check_answers(ours, original, published)


@pytest.fixture(scope="module")
def hub_folder(original, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub") / "yamnet"
    tf.saved_model.save(_keras2["hub_module"](original[0]), str(folder))
    (folder / "assets").mkdir(exist_ok=True)
    (folder / "assets" / "yamnet_class_map.csv").write_text("index,mid,display_name\n")
    return folder


def test_saved_model_as_on_tensorflow_hub(original, ours, hub_folder):
    published = read_published(YAMNET, hub_folder)
    assert published.format == "saved_model"
    assert published.class_map == hub_folder / "assets" / "yamnet_class_map.csv"
    check_answers(ours, original, published)


def test_saved_model_by_handle_is_resolved_and_its_graph_not_loaded(hub_folder, tmp_path, monkeypatch):
    folder, asked = tmp_path / "copy", []
    shutil.copytree(hub_folder, folder)
    (folder / "saved_model.pb").write_bytes(b"never parsed")
    hub = types.SimpleNamespace(resolve=lambda handle: asked.append(handle) or str(folder))
    monkeypatch.setitem(sys.modules, "tensorflow_hub", hub)
    published = read_published(YAMNET, "https://tfhub.dev/google/yamnet/1")
    assert asked == [published.source] == ["https://tfhub.dev/google/yamnet/1"]
    assert len(published.tensors) == len(YAMNET.weight_table())


def test_variables_without_names_are_told_by_their_layers_order(monkeypatch, hub_folder):
    monkeypatch.setattr("irmas_tf.models.weight_sources._YAMNET_VARIABLE", re.compile("never^"))
    by_order = read_published(YAMNET, hub_folder).tensors
    monkeypatch.undo()
    by_name = read_published(YAMNET, hub_folder).tensors
    assert set(by_order) == set(by_name)
    for key, value in by_name.items():
        np.testing.assert_array_equal(by_order[key], value)


def test_handles_that_cannot_be_fetched(monkeypatch):
    def fail(handle):
        raise OSError("no route to host")

    monkeypatch.setitem(sys.modules, "tensorflow_hub", types.SimpleNamespace(resolve=fail))
    with pytest.raises(WeightsError, match=r"cannot be fetched \(no route to host\)"):
        read_published(YAMNET, "https://tfhub.dev/google/yamnet/1")
    with pytest.raises(WeightsError, match=r"has no mn04.*releases/download"):
        read_published(MN04, "https://tfhub.dev/google/mn04")
    monkeypatch.setitem(sys.modules, "tensorflow_hub", None)
    with pytest.raises(WeightsError, match=r"pip install 'irmas_tf\[hub\]'"):
        read_published(YAMNET, "https://tfhub.dev/google/yamnet/1")
    assert is_handle("https://tfhub.dev/x")
    assert not is_handle("weights/yamnet.h5")


def folded_tensors():
    """Return weights like those of a folded YAMNet."""
    random, tensors, channels = np.random.default_rng(0), {}, 1
    for layer in yamnet.weight_layers():
        if layer.endswith("/bn") or layer == "logits":
            continue
        number = int(layer.split("/")[0].removeprefix("layer")) - 1
        out = channels if layer.endswith("depthwise_conv") else yamnet._LAYERS[number][1]
        shapes = {"depthwise_conv": (3, 3, channels, 1), "conv": (3, 3, 1, out)}
        shape = shapes.get(layer.split("/")[1], (1, 1, channels, out))
        name = "depthwise_kernel" if layer.endswith("depthwise_conv") else "kernel"
        tensors[f"{layer}/{name}"] = random.normal(0, 0.1, shape).astype(np.float32)
        tensors[f"{layer}/bias"] = random.normal(0, 0.1, out).astype(np.float32)
        channels = out
    tensors["dense/kernel"], tensors["dense/bias"] = np.zeros((1024, 521), np.float32), np.zeros(521, np.float32)
    return tensors


def test_folded_npz(ours, tmp_path):
    np.savez(tmp_path / "folded.npz", **folded_tensors())
    published = read_published(YAMNET, tmp_path / "folded.npz")
    assert published.format == "folded_npz"
    numbers = assign_tensors(ours, YAMNET, turned_tensors(YAMNET, published), "file")
    assert numbers == sum(int(np.prod(w.shape)) for w in ours.weights)


def test_missing_file_says_where_it_is_published(tmp_path):
    path = tmp_path / "weights" / "absent.pt"
    with pytest.raises(WeightsError) as caught:
        read_published(MN04, path)
    for fact in (str(path), MN04.url, MN04.sha256, MN04.licence, MN04.published_file, "--weights"):
        assert fact in str(caught.value)
    assert "no checksum is known" in where_published(dataclasses.replace(MN04, sha256=None), path)


def test_formats_of_other_networks(tmp_path):
    np.savez(tmp_path / "folded.npz", a=np.zeros(3))
    with pytest.raises(WeightsError, match=r"is an \.npz.*mn04 come as a PyTorch checkpoint"):
        read_published(MN04, tmp_path / "folded.npz")
    path = _files["write_zip"](tmp_path / "x.pt", {"a": np.zeros(3, np.float32)})
    with pytest.raises(WeightsError, match=r"is a PyTorch checkpoint.*yamnet come as a Keras 2 weight file"):
        read_published(YAMNET, path)
    np.savez(tmp_path / "ours.npz", metadata=np.zeros(3, np.uint8))
    with pytest.raises(WeightsError, match="converted already"):
        read_published(YAMNET, tmp_path / "ours.npz")


def test_damaged_files(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["layer1/conv/layer1/conv/kernel:0"] = np.zeros((3, 3, 1, 32))
    content = (tmp_path / "x.h5").read_bytes()
    assert list(read_published(YAMNET, tmp_path / "x.h5").tensors) == ["layer1/conv/kernel"]
    (tmp_path / "x.h5").write_bytes(content[:100])
    with pytest.raises(WeightsError, match="damaged HDF5"):
        read_published(YAMNET, tmp_path / "x.h5")
    stream = io.BytesIO()
    np.savez(stream, a=np.array([object()], dtype=object))
    (tmp_path / "x.npz").write_bytes(stream.getvalue())
    with pytest.raises(WeightsError, match="holds objects"):
        read_published(YAMNET, tmp_path / "x.npz")
    (tmp_path / "folder").mkdir()
    with pytest.raises(WeightsError, match="not a SavedModel"):
        read_published(YAMNET, tmp_path / "folder")
    (tmp_path / "folder" / "variables").mkdir()
    (tmp_path / "folder" / "saved_model.pb").write_bytes(b"x")
    (tmp_path / "folder" / "variables" / "variables.index").write_bytes(b"x")
    with pytest.raises(WeightsError, match="cannot be read"):
        read_published(YAMNET, tmp_path / "folder")


def test_checksum_of_a_folder_sees_names_and_contents(tmp_path):
    (tmp_path / "a").write_text("1")
    first = sha256_of(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    second = sha256_of(tmp_path)
    (tmp_path / "b").write_text("2")
    assert len({first, second, sha256_of(tmp_path)}) == 3
