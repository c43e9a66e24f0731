from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.config.backbones import BACKBONES
from irmas_tf.models import pann
from irmas_tf.models.pretrained import published_classifier
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.weights.loading import assign_tensors, turned_tensors
from irmas_tf.weights.weight_sources import read_published
from tests.helpers import DEEP, make_pann_golden, torch_files
from tests.helpers.lite_model import LiteModel

_here = Path(__file__).parent

NAMES, LABELS, NARROW = make_pann_golden.NAMES, make_pann_golden.LABELS, make_pann_golden.NARROW


def front_end_tensors(name):
    """Return the constants that a published checkpoint holds beside the weights."""
    layer = pann.front_end(BACKBONES.get(name).sample_rate_hz)
    points = layer.fft_length
    turns = np.exp(-2j * np.pi * np.outer(np.arange(points // 2 + 1), np.arange(points) / points))
    transform = (turns * layer.window)[:, np.newaxis, :]
    return {
        "spectrogram_extractor.stft.conv_real.weight": transform.real.astype(np.float32),
        "spectrogram_extractor.stft.conv_imag.weight": transform.imag.astype(np.float32),
        "logmel_extractor.melW": layer.filters,
    }


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    """Return a function that builds a narrow network from a checkpoint file with generated weights."""
    models = {}

    def build(name):
        if name not in models:
            spec = make_pann_golden.narrow_spec(name)
            state = {**front_end_tensors(name), **make_pann_golden.generated_state_dict(NARROW, LABELS)}
            path = torch_files.write_zip(tmp_path_factory.mktemp("pann") / "narrow.pth", state, wrapped=True)
            models[name] = published_classifier(spec)
            published = read_published(spec, path)
            assign_tensors(models[name], spec, turned_tensors(spec, published), published.source)
        return models[name]

    return build


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_answers_are_those_of_the_pytorch_implementation(name, narrow):
    golden = json.loads(make_pann_golden.GOLDEN.read_text())[name]
    outputs = narrow(name)(make_pann_golden.signals(BACKBONES.get(name).sample_rate_hz))
    for key in ("embedding", "probabilities"):
        np.testing.assert_allclose(outputs[key], golden[key], atol=1e-4)
    assert np.ptp(golden["embedding"], axis=0).max() > 0.1  # the golden answers differ between signals


@pytest.mark.parametrize("samples", [1, 9919, 9920, 40000])
def test_any_length(samples, narrow):
    x = np.random.default_rng(0).standard_normal((1, samples)).astype(np.float32)
    assert np.all(np.isfinite(narrow("pann_cnn14")(x)["embedding"]))


@pytest.mark.parametrize("name,other", [NAMES, NAMES[::-1]])
def test_the_other_sample_rate_is_refused(name, other):
    with pytest.raises(WeightsError, match="trained with another front-end"):
        BACKBONES.get(name).take_front_end(front_end_tensors(other))
    tensors = front_end_tensors(name)
    BACKBONES.get(name).take_front_end(tensors)
    assert not tensors
    changed = front_end_tensors(name)
    changed["logmel_extractor.melW"] = np.roll(changed["logmel_extractor.melW"], 1, axis=0)
    with pytest.raises(WeightsError, match=r"another front-end.*melW"):
        BACKBONES.get(name).take_front_end(changed)


def test_the_published_size():
    """All 80,753,615 parameters have a place; counted without making them."""
    shapes, table = published_shapes(), pann.weight_table()
    assert {entry.source for entry in table} == set(shapes)
    trainable = [entry for entry in table if not entry.variable.startswith("moving")]
    assert sum(math.prod(shapes[entry.source]) for entry in trainable) == 80_753_615


def published_shapes():
    shapes, inputs = {}, 1

    def norm(key, channels):
        shapes.update({f"{key}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")})

    norm("bn0", 64)
    for number, channels in enumerate((64, 128, 256, 512, 1024, 2048), start=1):
        for part, before in ((1, inputs), (2, channels)):
            shapes[f"conv_block{number}.conv{part}.weight"] = (channels, before, 3, 3)
            norm(f"conv_block{number}.bn{part}", channels)
        inputs = channels
    for key, outputs in (("fc1", 2048), ("fc_audioset", 527)):
        shapes[f"{key}.weight"], shapes[f"{key}.bias"] = (outputs, 2048), (outputs,)
    return shapes


@pytest.mark.slow
@pytest.mark.skipif(not DEEP, reason="its front-end and kinds of layers are those of YAMNet and MobileNet")
def test_tflite_with_built_in_operations(narrow, tmp_path):
    model = narrow("pann_cnn14")
    x = make_pann_golden.signals(32000)
    lite = LiteModel(model, x.shape, tmp_path)(x)
    for key, expected in model(x).items():
        np.testing.assert_allclose(lite[key], expected, atol=1e-3)
