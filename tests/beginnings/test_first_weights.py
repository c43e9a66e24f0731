from __future__ import annotations

import shutil

import keras
import numpy as np
import pytest

from irmas_tf.beginnings.first_weights import in_words, take_weights
from irmas_tf.beginnings.source import find_source
from irmas_tf.config.settings import ConfigError
from irmas_tf.models.factory import build_model
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training.sides import completed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def first(corpus, tiny, tmp_path_factory) -> RunDir:
    """A run with a model that has learnt nothing, but whose numbers are its own."""
    config = tiny(corpus, stage_channels=(4,))
    run = RunDir.create(tmp_path_factory.mktemp("runs") / "first", config)
    keras.utils.set_random_seed(5)
    model = build_model(config)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(
                [value + 0.1 + 0.01 * np.arange(value.size).reshape(value.shape) for value in layer.get_weights()]
            )
    model.save(run.model_path)
    return run


def test_the_body_is_taken_with_its_statistics_and_of_the_head_the_same_classes(first, corpus, tiny, tmp_path):
    data = corpus / "IRMAS-TrainingData"
    config = completed(tiny(data, init_from=str(first.path), stage_channels=(4,), dataset="folder"))
    keras.utils.set_random_seed(9)
    model = build_model(config)
    taken = take_weights(model, config, find_source(config, RunDir(tmp_path)))
    theirs = keras.models.load_model(first.model_path)
    for layer in model.layers:
        if layer.weights and layer.name != "logits":
            for own, other in zip(layer.get_weights(), theirs.get_layer(layer.name).get_weights(), strict=True):
                np.testing.assert_array_equal(own, other, err_msg=layer.name)
    kernel, bias = model.get_layer("logits").get_weights()
    their_kernel, their_bias = theirs.get_layer("logits").get_weights()
    assert taken["classes"] == {"cel": "cel", "flu": "flu", "pia": "pia"} and taken["new_classes"] == []
    others = [first.load_config().labels.codes.index(code) for code in config.labels.codes]
    np.testing.assert_array_equal(kernel, their_kernel[:, others])
    np.testing.assert_array_equal(bias, their_bias[others])
    assert "branch0_mel_normalization" in taken["layers"] and "rows of 3 of 3 classes" in in_words(taken)


@pytest.mark.parametrize("changes", [{"head_units": 16}, {"task": "multi_label", "label_smoothing": 0.0}])
def test_another_width_of_the_head_or_another_task_gives_a_new_last_layer(first, corpus, tiny, tmp_path, changes):
    config = tiny(corpus, init_from=str(first.path), stage_channels=(4,), **changes)
    model = build_model(config)
    before = model.get_layer("logits").get_weights()
    taken = take_weights(model, config, find_source(config, RunDir(tmp_path)))
    assert taken["classes"] == {} and taken["new_layers"] == (
        ["head_dense", "head_bn"] if "head_units" in changes else []
    )
    for own, other in zip(model.get_layer("logits").get_weights(), before, strict=True):
        np.testing.assert_array_equal(own, other)


def test_a_model_without_its_run_gives_its_body_and_is_checked_by_its_front_end(first, corpus, tiny, tmp_path):
    alone = shutil.copy(first.model_path, tmp_path / "alone.keras")
    config = tiny(corpus, init_from=str(alone), stage_channels=(4,))
    source = find_source(config, RunDir(tmp_path / "new"))
    taken = take_weights(build_model(config), config, source)
    assert taken["classes"] == {} and len(taken["new_classes"]) == 11 and "alone.keras" in taken["licences"][0]
    other = tiny(corpus, init_from=str(alone), stage_channels=(4,), log_offset=0.01)
    with pytest.raises(ConfigError, match="its weights are of another network: branch0_mel"):
        take_weights(build_model(other), other, source)
