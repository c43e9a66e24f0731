from __future__ import annotations

import hashlib
import io
import zipfile

import h5py
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.config.backbones import BACKBONES
from irmas_tf.models import yamnet
from irmas_tf.models.pretrained import published_classifier
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.weights.loading import assign_tensors, turned_tensors
from irmas_tf.weights.weight_sources import read_published
from irmas_tf.weights.yamnet_files import read_folded_npz, read_keras_h5, read_saved_model
from tests.helpers import keras2_yamnet

pytestmark = pytest.mark.slow

SPEC = BACKBONES.get("yamnet")
SOURCES = {entry.source for entry in SPEC.weight_table()}


# As Google's code calls the last layer, and a name that only the order of the layers can explain.
@pytest.fixture(scope="module", params=[None, "predictions"], ids=str)
def original(request):
    """Return YAMNet in Keras 2, and what it answers to 1.455 s of noise."""
    tf_keras = pytest.importorskip("tf_keras")
    tf_keras.backend.reset_uids()
    network = keras2_yamnet.build(head=request.param)
    assert network.layers[-2].name == (request.param or "dense")
    waveform = (0.1 * np.random.default_rng(1).standard_normal(15600 + 7680)).astype(np.float32)
    scores, embeddings = keras2_yamnet.answers(network, waveform)
    return network, waveform, scores.numpy(), embeddings.numpy()


@pytest.fixture(scope="module")
def ours():
    return published_classifier(SPEC)


def check_answers(model, original, published):
    _, waveform, scores, embeddings = original
    assert set(published.tensors) == SOURCES
    for variable in model.variables:
        variable.assign(tf.zeros_like(variable))
    assign_tensors(model, SPEC, turned_tensors(SPEC, published), "file")
    outputs = model(waveform[None])
    np.testing.assert_allclose(tf.sigmoid(outputs["patch_logits"])[0], scores, atol=1e-4)
    np.testing.assert_allclose(outputs["embedding"][0], embeddings.mean(axis=0), rtol=1e-4, atol=1e-4)
    assert np.ptp(scores) > 0.1


def test_keras_2_weight_file(original, ours, tmp_path):
    path = tmp_path / "yamnet.h5"
    original[0].save_weights(path)
    published = read_published(SPEC, path)
    assert (published.format, published.source) == ("keras_h5", "yamnet.h5")
    assert published.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    check_answers(ours, original, published)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_keras_2_file_of_a_whole_model(original, ours, tmp_path):
    original[0].save(tmp_path / "yamnet.h5", include_optimizer=False)
    check_answers(ours, original, read_published(SPEC, tmp_path / "yamnet.h5"))


@pytest.fixture(scope="module")
def hub_folder(original, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub") / "yamnet"
    tf.saved_model.save(keras2_yamnet.hub_module(original[0]), str(folder))
    (folder / "assets").mkdir(exist_ok=True)
    (folder / "assets" / "yamnet_class_map.csv").write_text("index,mid,display_name\n")
    return folder


def test_saved_model_as_on_tensorflow_hub(original, ours, hub_folder):
    published = read_published(SPEC, hub_folder)
    assert published.format == "saved_model"
    assert published.class_map == hub_folder / "assets" / "yamnet_class_map.csv"
    check_answers(ours, original, published)


def saved(folder, **variables):
    """Save variables given as attribute=(name, value)."""
    module = tf.Module()
    for attribute, (name, value) in variables.items():
        setattr(module, attribute, tf.Variable(value, name=name))
    tf.saved_model.save(module, str(folder))
    return folder


def test_some_variables_of_a_saved_model_are_better_than_none(tmp_path):
    few = saved(tmp_path / "a", x=("layer1/conv/kernel", 1.0), y=("dense/bias", 2.0), z=("step", 3.0))
    assert read_saved_model(few) == {"layer1/conv/kernel": 1.0, "logits/bias": 2.0}  # the rest is missed by name
    twice = saved(tmp_path / "b", x=("dense/bias", 1.0), y=("dense_1/bias", 2.0))
    with pytest.raises(WeightsError, match="two variables 'logits/bias'"):
        read_saved_model(twice)


def test_numbers_of_layers_that_stand_for_two_say_nothing(tmp_path):
    folder = tmp_path / "a"
    module = tf.Module()
    for model in ("one", "two"):
        node = tf.Module()
        node.kernel = tf.Variable(1.0, name="k")
        part = tf.Module()
        setattr(part, "layer_with_weights-0", node)
        setattr(module, model, part)
    tf.saved_model.save(module, str(folder))
    assert read_saved_model(folder) == {}


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


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_folded_npz(ours, tmp_path, save):
    save(tmp_path / "folded.npz", **folded_tensors())
    published = read_published(SPEC, tmp_path / "folded.npz")
    assert published.format == "folded_npz"
    numbers = assign_tensors(ours, SPEC, turned_tensors(SPEC, published), "file")
    assert numbers == sum(int(np.prod(w.shape)) for w in ours.weights)


def test_an_npz_that_announces_more_than_it_holds(tmp_path):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (1 << 44,)})
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("dense/kernel.npy", stream.getvalue() + bytes(100))
    with pytest.raises(WeightsError, match=r"x\.npz: .* announces 70368744177664 bytes and has 100"):
        read_folded_npz(tmp_path / "x.npz")


def test_a_converted_file_is_named_as_such(tmp_path):
    np.savez(tmp_path / "ours.npz", metadata=np.zeros(3, np.uint8))
    with pytest.raises(WeightsError, match="converted already"):
        read_folded_npz(tmp_path / "ours.npz")


KERNEL = "layer1/conv/layer1/conv/kernel:0"


@pytest.fixture
def numbers(tmp_path):
    """Return a file with numbers that are nobody's business, of the right size."""
    path = tmp_path / "private.bin"
    path.write_bytes(np.arange(288, dtype=np.float32).tobytes())
    with h5py.File(tmp_path / "private.h5", "w") as file:
        file["kernel"] = np.arange(288, dtype=np.float32).reshape(3, 3, 1, 32)
    return path


def test_numbers_in_other_files_are_not_read(numbers, tmp_path):
    with h5py.File(tmp_path / "external.h5", "w") as file:
        file.create_dataset(KERNEL, (3, 3, 1, 32), "<f4", external=[(str(numbers), 0, h5py.h5f.UNLIMITED)])
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        layout = h5py.VirtualLayout((3, 3, 1, 32), "<f4")
        layout[:] = h5py.VirtualSource(str(tmp_path / "private.h5"), "kernel", (3, 3, 1, 32))
        file.create_virtual_dataset(KERNEL, layout)
    for name in ("external.h5", "virtual.h5"):
        with h5py.File(tmp_path / name) as file:
            assert file[KERNEL][0, 0, 0, 1] == 1.0  # HDF5 itself reads them
        with pytest.raises(WeightsError, match=rf"{name}: .* takes its numbers from another file"):
            read_keras_h5(tmp_path / name)


def test_links_are_not_followed(numbers, tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["dense/dense/bias:0"] = np.ones(521)
        file[KERNEL] = h5py.ExternalLink(str(tmp_path / "private.h5"), "kernel")
        file["layer2"] = h5py.ExternalLink(str(tmp_path / "private.h5"), "/")
        file.attrs["layer_names"] = [b"layer1/conv", b"layer2", b"dense"]
        for layer, variable in (("layer1/conv", "layer1/conv/kernel:0"), ("dense", "dense/bias:0")):
            file[layer].attrs["weight_names"] = [variable.encode()]
    assert list(read_keras_h5(tmp_path / "x.h5")) == ["logits/bias"]


def test_an_h5_file_that_announces_more_than_weights(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset(KERNEL, (1 << 44,), "<f4", chunks=(1 << 20,))
    with pytest.raises(WeightsError, match="70368744177664 bytes of weights, 134217728 at most"):
        read_keras_h5(tmp_path / "x.h5")


def test_damaged_files(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file[KERNEL] = np.zeros((3, 3, 1, 32))
    content = (tmp_path / "x.h5").read_bytes()
    assert list(read_keras_h5(tmp_path / "x.h5")) == ["layer1/conv/kernel"]
    (tmp_path / "x.h5").write_bytes(content[:100])
    with pytest.raises(WeightsError, match="damaged HDF5"):
        read_keras_h5(tmp_path / "x.h5")
    with h5py.File(tmp_path / "y.h5", "w") as file:
        file["a"] = h5py.Empty("f4")
        file[KERNEL] = h5py.Empty("f4")
        file.attrs["layer_names"] = 3
    with pytest.raises(WeightsError, match="damaged HDF5"):
        read_keras_h5(tmp_path / "y.h5")
    np.savez(tmp_path / "x.npz", a=np.array([object()], dtype=object))
    with pytest.raises(WeightsError, match="holds objects"):
        read_folded_npz(tmp_path / "x.npz")
    (tmp_path / "folder").mkdir()
    with pytest.raises(WeightsError, match="not a SavedModel"):
        read_saved_model(tmp_path / "folder")
    (tmp_path / "folder" / "variables").mkdir()
    (tmp_path / "folder" / "saved_model.pb").write_bytes(b"x")
    (tmp_path / "folder" / "variables" / "variables.index").write_bytes(b"x")
    with pytest.raises(WeightsError, match="cannot be read"):
        read_saved_model(tmp_path / "folder")
