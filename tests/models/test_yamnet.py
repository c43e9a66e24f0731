from __future__ import annotations

import csv

import keras
import numpy as np
import pytest

from irmas_tf.config.backbones import BACKBONES
from irmas_tf.models import yamnet
from irmas_tf.models.pretrained import front_end_of, published_classifier
from irmas_tf.weights.loading import assign_tensors, turned_tensors
from irmas_tf.weights.weight_sources import PublishedWeights, read_published
from tests.helpers.lite_model import LiteModel

SPEC = BACKBONES.get("yamnet")

PATCH = 15600


def signals(samples=PATCH):
    time = np.arange(samples) / 16000
    return {
        "silence": np.zeros(samples),
        "noise": 0.1 * np.random.default_rng(0).standard_normal(samples),
        "click": (np.arange(samples) == 8000) * 1.0,
        "chirp": 0.5 * np.sin(2 * np.pi * (100.0 * time + 2000.0 * time**2)),
    }


@pytest.fixture(scope="module")
def weights_dir(shared_dir):
    path = shared_dir / "weights"
    if not (path / "yamnet_classification.tflite").exists():
        pytest.skip(f"no published YAMNet in {path}")
    return path


@pytest.fixture(scope="module")
def pretrained(weights_dir):
    model = published_classifier(SPEC)
    published = read_published(SPEC, weights_dir / "yamnet_float32_from_tflite.npz")
    assign_tensors(model, SPEC, turned_tensors(SPEC, published), published.source)
    return model


@pytest.fixture(scope="module")
def excerpts(shared_dir):
    from irmas_tf.audio.decode import decode_file

    paths = sorted((shared_dir / "irmas" / "real" / "train").glob("*/*.wav"))[::4]
    if not paths:
        pytest.skip("no real excerpts")
    return {path.name: decode_file(path, 16000) for path in paths}


class PublishedLite:
    """The published on-device network, and its own weights as numbers."""

    def __init__(self, path):
        interpreter = pytest.importorskip("ai_edge_litert.interpreter")
        self.interpreter = interpreter.Interpreter(str(path), num_threads=1)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]["index"]
        self.output = self.interpreter.get_output_details()[0]["index"]

    def __call__(self, waveform):
        self.interpreter.set_tensor(self.input, waveform.astype(np.float32))
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output)[0]

    def _numbers(self, detail):
        scales = detail["quantization_parameters"]["scales"]
        values = self.interpreter.get_tensor(detail["index"]).astype(np.float32)
        shape = [1] * values.ndim
        shape[detail["quantization_parameters"]["quantized_dimension"]] = -1
        return values * scales.reshape(shape if len(scales) > 1 else [1] * values.ndim)

    def folded_tensors(self):
        """Return its weights under the keys of a folded .npz, from int8 numbers and their scales."""
        constants = [d for d in self.interpreter.get_tensor_details() if len(d["quantization_parameters"]["scales"])]
        kernels = [d for d in constants if "Conv2D" in d["name"] or "depthwise" in d["name"] or "MatMul" in d["name"]]
        biases = [d for d in constants if d["dtype"] == np.int32]
        # A kernel stands right before its bias.
        before = {d["index"] + 1: d for d in kernels if d["dtype"] == np.int8}
        tensors = {}
        layers = [name for name in yamnet.weight_layers() if not name.endswith("/bn")]
        for layer, bias in zip(layers, sorted(biases, key=lambda d: d["index"]), strict=True):
            kernel = self._numbers(before[bias["index"]])
            kernel = kernel.transpose(1, 2, 3, 0) if kernel.ndim == 4 else kernel.T
            name = "depthwise_kernel" if layer.endswith("depthwise_conv") else "kernel"
            tensors[f"{layer}/{name}"], tensors[f"{layer}/bias"] = kernel, self._numbers(bias)
        return tensors


@pytest.fixture(scope="module")
def untrained():
    keras.utils.set_random_seed(0)
    return published_classifier(SPEC)


@pytest.mark.slow
def test_shapes_and_counts(untrained):
    model = untrained
    # 3,729,481 with batch normalisation folded: a variance and a mean less for each of 10,944 channels.
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == 3_729_481
    for samples, patches in ((400, 1), (PATCH, 1), (PATCH + 1, 2)):
        outputs = model(np.zeros((2, samples), np.float32))
        assert outputs["patch_logits"].shape == (2, patches, 521)
        assert outputs["embedding"].shape == (2, 1024)
    waveform = keras.Input((None,))
    assert SPEC.features(waveform).shape == (None, None, 1, 1024)


@pytest.mark.slow
def test_short_clips_are_padded_and_clips_are_means_of_patches(untrained):
    model = untrained
    x = signals(PATCH + 7680)["noise"][None].astype(np.float32)
    np.testing.assert_allclose(
        model(x[:, :9000])["embedding"], model(np.pad(x[:, :9000], ((0, 0), (0, 6600))))["embedding"], atol=1e-5
    )
    both, first, second = (model(part) for part in (x, x[:, :PATCH], x[:, 7680:]))
    for key in ("embedding", "probabilities"):
        np.testing.assert_allclose(both[key], (first[key] + second[key]) / 2, atol=1e-4)


@pytest.mark.slow
def test_the_published_device_model_with_its_own_weights(weights_dir, excerpts):
    """Architecture and front-end: the same scores within the rounding of its int8 activations."""
    published = PublishedLite(weights_dir / "yamnet_classification.tflite")
    waveform = keras.Input((None,), name="waveform")
    # It was trained with activations limited to 6, unlike the network of yamnet.h5.
    model = keras.Model(waveform, SPEC.outputs(SPEC.features(waveform, relu_max=6.0)))
    weights = PublishedWeights(yamnet.unfold_batch_norms(published.folded_tensors()), "lite", "folded_npz", "")
    assign_tensors(model, SPEC, turned_tensors(SPEC, weights), "lite")
    tests = signals() | {name: waveform[16000 : 16000 + PATCH] for name, waveform in excerpts.items()}
    for name, x in tests.items():
        ours = model(x[None].astype(np.float32))["probabilities"].numpy()[0]
        theirs = published(x)
        assert np.abs(ours - theirs).mean() < 0.001, name
        # Its last activations are int8: logits in steps of .35, so that classes often tie and no order is certain.
        clear = (theirs > 0.05) & (theirs < 0.99)
        np.testing.assert_allclose(logits(ours[clear]), logits(theirs[clear]), rtol=0, atol=0.52, err_msg=name)
        assert ours[theirs >= 0.99].min(initial=1.0) > 0.98, name
        assert ours[theirs <= 0.05].max(initial=0.0) < 0.08, name


def logits(probabilities):
    return np.log(probabilities / (1.0 - probabilities))


@pytest.mark.slow
def test_the_float_weights_name_real_instruments(weights_dir, pretrained, excerpts):
    """The .npz is another training than the device model, so only what they say can agree, not the scores."""
    with (weights_dir / "yamnet_class_map.csv").open(encoding="utf-8") as stream:
        names = [row["display_name"] for row in csv.DictReader(stream)]
    wanted = {"cel": "Cello", "flu": "Flute", "pia": "Piano", "sax": "Saxophone", "tru": "Trumpet"}
    wanted["vio"] = "Violin, fiddle"
    published = PublishedLite(weights_dir / "yamnet_classification.tflite")
    hits, shared = [], []
    for name, x in excerpts.items():
        best = [names[i] for i in np.argsort(-pretrained(x[None])["probabilities"][0].numpy())]
        assert "Music" in best[:3], name
        hits.append(next(wanted[code] for code in wanted if f"[{code}]" in name) in best[:6])
        patch = x[16000 : 16000 + PATCH]
        ours, theirs = pretrained(patch[None])["probabilities"][0].numpy(), published(patch)
        assert np.corrcoef(ours, theirs)[0, 1] > 0.7, name
        shared.append(len(set(np.argsort(-ours)[:5]) & set(np.argsort(-theirs, kind="stable")[:5])))
    assert np.mean(hits) >= 0.7
    assert np.mean(shared) >= 3.5


def test_front_end_of_the_published_device_model(weights_dir, untrained):
    published = PublishedLite(weights_dir / "yamnet_classification.tflite")
    filters = [
        published.interpreter.get_tensor(d["index"])
        for d in published.interpreter.get_tensor_details()
        if tuple(d["shape"]) == (64, 257)
    ]
    layer = front_end_of(untrained, SPEC)
    np.testing.assert_allclose(layer.filters, filters[0].T, atol=1e-6)


def test_unfolded_batch_norms_add_the_bias():
    bias = np.array([0.5, -1.0], np.float32)
    tensors = yamnet.unfold_batch_norms({"layer1/conv/bias": bias, "dense/bias": bias, "layer1/conv/kernel": bias})
    assert set(tensors) == {
        "layer1/conv/bn/beta", "layer1/conv/bn/moving_mean", "layer1/conv/bn/moving_variance",
        "layer1/conv/kernel", "logits/bias",
    }  # fmt: skip
    np.testing.assert_allclose(tensors["layer1/conv/bn/moving_variance"] + yamnet.EPSILON, 1.0, atol=1e-7)


@pytest.mark.slow
def test_tflite_with_built_in_operations(monkeypatch, tmp_path):
    """The network with the front-end, the patches and four of its layers, which the others repeat."""
    monkeypatch.setattr(yamnet, "_LAYERS", (*yamnet._LAYERS[:3], yamnet._LAYERS[-1]))
    monkeypatch.setattr(yamnet, "BLOCKS", yamnet.BLOCKS[:4])
    keras.utils.set_random_seed(0)
    model = published_classifier(SPEC)
    lite = LiteModel(model, (None, None), tmp_path)
    for name, x in signals(20000).items():
        x = x[None].astype(np.float32)
        expected = model(x)
        for key, value in lite(x).items():
            np.testing.assert_allclose(value, expected[key], rtol=1e-3, atol=1e-3, err_msg=f"{name} {key}")
