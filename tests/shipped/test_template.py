"""A file filled without TensorFlow gives what Keras does with the same weights."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from irmas_tf.deploy.lite_interpreter import LiteInterpreter
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.shipped import template
from irmas_tf.shipped.template import SHIPPED_TEMPLATE, Slot, read_template
from tests.helpers.stand_in_mn04 import random_head, random_state


@pytest.fixture(scope="module")
def blank():
    return read_template()


def test_the_package_brings_no_weight_of_mn04(blank):
    assert SHIPPED_TEMPLATE.stat().st_size < 100_000
    numbers = 0
    for slot in blank.slots:
        assert not any(blank.content[slot.offset : slot.end]), slot
        numbers += int(np.prod(slot.shape))
    assert numbers > 950_000
    places = sorted((slot.offset, slot.end) for slot in blank.slots)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(places))


@pytest.mark.slow
def test_keras_gives_the_same_numbers_with_the_same_random_weights(blank):
    from irmas_tf.shipped.template_build import build_network, set_published

    state, head = random_state(blank), random_head(blank)
    network = build_network()
    set_published(network, state)
    network.get_layer("head").set_weights([head[template.HEAD].T, head[template.OFFSET]])
    rng = np.random.default_rng(3)
    windows = np.stack([template.check_signal(32000, 3.0), 0.1 * rng.standard_normal(96000)]).astype(np.float32)
    expected = network.predict_on_batch(windows)
    ours = LiteInterpreter(blank.fill({**state, **head})).values(windows, template.OUTPUTS)
    assert np.ptp(expected["logits"]) > 1 and np.ptp(expected["logits"], axis=0).max() > 0.1, "it must tell them apart"
    for name in template.OUTPUTS:
        np.testing.assert_allclose(ours[name], expected[name], atol=1e-4, rtol=1e-5, err_msg=name)


def test_the_published_weights_give_the_original_s_numbers(blank, shared_dir):
    path, golden = (shared_dir / "weights" / name for name in ("mn04_as_mAP_432.pt", "mn04_golden.npz"))
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    from irmas_tf.weights.torch_checkpoint import read_torch_checkpoint

    model = LiteInterpreter(blank.fill({**read_torch_checkpoint(path), **random_head(blank)}))
    with np.load(golden) as arrays:
        for signal in ("silence", "sine440", "noise", "chirp"):
            answer = model.values(arrays[f"{signal}/waveform"][None], [template.AUDIOSET, "embedding"])
            np.testing.assert_allclose(answer[template.AUDIOSET][0], arrays[f"{signal}/logits"], atol=1e-4)
            np.testing.assert_allclose(answer["embedding"][0], arrays[f"{signal}/embedding"], atol=1e-4)


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda x: x.pop("features.3.block.1.0.weight"), "features.3.block.1.0.weight is missing"),
        (lambda x: x.update({"classifier.5.bias": np.zeros(521)}), r"classifier.5.bias has the shape \(521,\)"),
        (lambda x: x.update({"classifier.5.weight": np.zeros(521)}), "classifier.5.weight has 1 axes, not 2"),
        (
            lambda x: x["classifier.2.bias"].__setitem__(0, np.nan),
            "classifier.2.bias holds numbers that are not finite",
        ),
        (lambda x: x["features.0.1.running_var"].__setitem__(0, -1), "features.0.* not finite"),
    ],
)
def test_what_is_not_the_published_network_is_refused(blank, change, words):
    state = {**random_state(blank), **random_head(blank)}
    change(state)
    with pytest.raises(WeightsError, match=words):
        blank.fill(state)


def test_a_norm_is_part_of_its_convolution():
    arrays = {
        "c": np.arange(8.0).reshape(2, 1, 2, 2),
        "n.weight": np.array([2.0, 3.0]),
        "n.bias": np.array([1.0, 1.0]),
        "n.running_mean": np.array([0.5, 0.0]),
        "n.running_var": np.array([4.0, 9.0]) - template.EPSILON,
    }
    kernel = Slot(0, (2, 2, 2, 1), "c", (0, 3, 2, 1), "n").value(arrays)
    np.testing.assert_allclose(kernel[:, :, :, 0], [[[0, 2], [1, 3]], [[4, 6], [5, 7]]], rtol=1e-6)  # factors are 1
    shift = dataclasses.replace(Slot(0, (2,), "", (0,), "n")).value(arrays)
    np.testing.assert_allclose(shift, [0.5, 1.0], rtol=1e-6)


def test_a_template_that_is_missing_or_damaged_is_a_line(blank, tmp_path):
    blank.write(tmp_path / "a.zip")
    again = read_template(tmp_path / "a.zip")
    assert again == blank
    (tmp_path / "b.zip").write_bytes((tmp_path / "a.zip").read_bytes()[:5000])
    for name in ("b.zip", "none.zip"):
        with pytest.raises(WeightsError, match=f"{name}: is missing or damaged .*; install the package again"):
            read_template(tmp_path / name)
