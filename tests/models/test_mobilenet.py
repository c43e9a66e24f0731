from __future__ import annotations

import keras
import numpy as np
import pytest

from irmas_tf.config.backbones import BACKBONES
from irmas_tf.models import mobilenet
from irmas_tf.models.pretrained import front_end_of, published_classifier
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.weights.loading import assign_tensors, turned_tensors
from irmas_tf.weights.weight_sources import read_published
from tests.helpers.lite_model import LiteModel

SPEC = BACKBONES.get("mn04")

SIGNALS = ("silence", "sine440", "noise", "chirp")


@pytest.fixture(scope="module")
def golden(shared_dir):
    path = shared_dir / "weights" / "mn04_golden.npz"
    if not path.exists():
        pytest.skip(f"no {path}")
    with np.load(path, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


@pytest.fixture(scope="module")
def mn04():
    return published_classifier(SPEC)


@pytest.fixture(scope="module")
def pretrained(golden, mn04, shared_dir):
    published = read_published(SPEC, shared_dir / "weights" / SPEC.published_file)
    assign_tensors(mn04, SPEC, turned_tensors(SPEC, published), published.source)
    assert published.sha256 == SPEC.sha256
    return mn04


@pytest.mark.slow
@pytest.mark.parametrize("signal", SIGNALS)
def test_equals_the_original(signal, golden, pretrained):
    x = golden[f"{signal}/waveform"][None]
    log_mel = front_end_of(pretrained, SPEC)(x)[0]
    np.testing.assert_allclose(log_mel, golden[f"{signal}/log_mel"].T, atol=5e-4)
    outputs = pretrained(x)
    np.testing.assert_allclose(outputs["logits"][0], golden[f"{signal}/logits"], atol=1e-4)
    np.testing.assert_allclose(outputs["embedding"][0], golden[f"{signal}/embedding"], atol=1e-4)


@pytest.mark.slow
def test_tflite_with_built_in_operations(golden, pretrained, tmp_path):
    """The front-end and the first five blocks, which hold every kind of layer that the others repeat."""
    features = pretrained.get_layer("mn04_features_5_add").output
    model = keras.Model(pretrained.input, SPEC.outputs(features, "lite"))
    lite = LiteModel(model, (1, 96000), tmp_path)
    for signal in SIGNALS:
        x = golden[f"{signal}/waveform"][None]
        expected = model(x)
        for key, value in lite(x).items():
            np.testing.assert_allclose(value, expected[key], atol=1e-3, err_msg=f"{signal} {key}")


@pytest.mark.slow
def test_size_and_shapes(mn04):
    assert sum(int(np.prod(v.shape)) for v in mn04.trainable_variables) == 983_599
    waveform = keras.Input((None,))
    assert SPEC.features(waveform).shape == (None, None, 4, 384)
    static = keras.Input((96000,))
    assert SPEC.features(static, "static").shape == (None, 10, 4, 384)
    for samples in (1, 402, 5000):
        assert np.all(np.isfinite(mn04(np.zeros((1, samples), np.float32))["logits"]))


@pytest.mark.slow
def test_size_at_full_width():
    """The feature extractor of MobileNetV3-Large: torchvision's has 2,971,952 parameters with three input channels."""
    waveform = keras.Input((None,))
    model = keras.Model(waveform, BACKBONES.get("mn10").features(waveform))
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == 2_971_952 - 2 * 9 * 16


def test_rounding_of_channels():
    scaled = [mobilenet.rounded_channels(n * 0.4) for n in (16, 64, 72, 120, 240, 184, 672, 960, 1280)]
    assert scaled == [8, 24, 32, 48, 96, 72, 272, 384, 512]
    assert mobilenet.rounded_channels(11.9) == 16  # 8 would be more than 10 % below


def test_kernels_are_turned():
    """A kernel that looks at the past in time must not look down in frequency."""
    entry = next(e for e in mobilenet.weight_table(width=0.4) if e.key == "features_0_conv/kernel")
    stored = np.zeros((8, 1, 3, 3))  # out, in, frequency, time
    stored[:, :, 1, 0] = 1
    assert entry.turn(stored)[0, 1].all()


OTHER_NAMES = [
    *(f"mn10_as_mels_{bands}_mAP_474.pt" for bands in (40, 64, 256)),
    *(f"mn10_as_hop_{hop}_mAP_475.pt" for hop in (5, 15, 20, 25)),
    "MN10_AS_HOP_5.pt",
    "hop_20.pt",
    "mn10_as_hop_10_mels_64.pt",
]


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_networks_for_other_front_ends_are_refused_by_their_names(name):
    with pytest.raises(WeightsError, match=rf"{name}: .*another front-end.*the network here has (a hop of 10|128 mel)"):
        BACKBONES.get("mn10").check_file_name(name)


@pytest.mark.parametrize(
    "name",
    ["mn10_as_mAP_471.pt", "mn10_as_hop_10.pt", "mn10_mels_128_hop_10.pt", "shop_5.pt", "mn40_as_ext_mAP_487.pt"],
)
def test_other_names_say_nothing(name):
    BACKBONES.get("mn10").check_file_name(name)
