from __future__ import annotations

import keras
import numpy as np
import pytest

from irmas_tf.beginnings.published_head import AUDIOSET_NAMES, rows_of_classes
from irmas_tf.config.backbones import AUDIOSET_521, AUDIOSET_527, BACKBONES
from irmas_tf.config.labels import LabelScheme, get_label_scheme
from irmas_tf.config.stages import Stage
from irmas_tf.models.factory import build_model
from irmas_tf.models.pretrained import published_classifier
from irmas_tf.shipped.audioset import IRMAS_CLASSES, class_names
from irmas_tf.training.fine_tuning import load_pretrained_weights, set_learning
from irmas_tf.weights.loading import load_pretrained
from tests.helpers.tone_corpus import tiny_config

IRMAS = get_label_scheme("irmas")


def test_rows_are_those_of_the_published_lists():
    rows = rows_of_classes(IRMAS, AUDIOSET_527)
    assert {code: row for code, (row, _) in rows.items()} == IRMAS_CLASSES
    assert all(class_names()[row] == name == AUDIOSET_NAMES[code] for code, (row, name) in rows.items())
    # YAMNet's list is AudioSet's without these six.
    without = ("Male speech, man speaking", "Female speech, woman speaking", "Male singing", "Female singing",
               "Battle cry", "Funny music")  # fmt: skip
    shorter = [name for name in class_names() if name not in without]
    assert len(shorter) == 521
    assert {c: shorter[row] for c, (row, _) in rows_of_classes(IRMAS, AUDIOSET_521).items()} == AUDIOSET_NAMES


def test_own_classes_are_found_by_name_where_the_file_has_names():
    own = LabelScheme.of("folder", {name: name for name in ("Banjo", "violin", "voice", "oud", "cello")})
    found = rows_of_classes(own, AUDIOSET_527, class_names())
    assert {code: name for code, (_, name) in found.items()} == {
        "Banjo": "Banjo", "violin": "Violin, fiddle", "voice": "Singing", "cello": "Cello",
    }  # fmt: skip
    assert set(rows_of_classes(own, AUDIOSET_527)) == {"violin", "voice", "cello"}
    assert rows_of_classes(own, "5 labels of nothing") == {}


@pytest.mark.slow
def test_the_last_layer_begins_with_what_the_published_head_answers(mn01_weights):
    spec = BACKBONES.get("mn01")
    options = {"branches": ("mn01",), "sample_rate_hz": 32000, "head_units": 0, "task": "multi_label"}
    config = tiny_config(**options, head_from_pretrained=True, pretrained_weights=(str(mn01_weights),))
    keras.utils.set_random_seed(0)
    model = build_model(config)
    (loaded,) = load_pretrained_weights(model, config)
    assert loaded["head"]["classes"] == AUDIOSET_NAMES and loaded["head"]["new_classes"] == []
    published = published_classifier(spec)
    load_pretrained(published, spec, mn01_weights)
    waveform = np.random.default_rng(0).normal(0, 0.1, (2, 16000)).astype(np.float32)
    expected = published(waveform, training=False)["logits"].numpy()[:, list(IRMAS_CLASSES.values())]
    np.testing.assert_allclose(model(waveform, training=False), expected, rtol=1e-4, atol=1e-5)
    set_learning(model, config, Stage(blocks="0"))
    assert {v.path.split("/")[0] for v in model.trainable_variables} == {"logits"}
    set_learning(model, config, Stage(blocks="1"))
    assert {v.path.split("/")[0] for v in model.trainable_variables} == {"logits", "branch0_mn01_classifier_2"}
