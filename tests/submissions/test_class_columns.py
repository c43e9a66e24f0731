"""Which classes go into which columns."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.config.labels import LabelScheme, get_label_scheme
from irmas_tf.config.settings import ConfigError
from irmas_tf.own_data.openmic_classes import CLASSES, LABELS
from irmas_tf.submissions.class_columns import class_columns, meaning_of, parse_mapping


def test_the_classes_of_openmic_are_its_columns():
    columns = class_columns(LABELS, CLASSES)
    assert columns.sources == tuple((k,) for k in range(20)) and columns.missing == columns.unused == ()
    values = np.linspace(0, 1, 20)
    assert np.array_equal(columns.scores(values), values)


def test_the_eleven_of_irmas_go_into_ten_columns():
    scheme = get_label_scheme("irmas")
    columns = class_columns(scheme, CLASSES)
    went = {CLASSES[k]: [scheme.codes[j] for j in indices] for k, indices in enumerate(columns.sources) if indices}
    assert went == {
        "cello": ["cel"], "clarinet": ["cla"], "flute": ["flu"], "guitar": ["gac", "gel"], "organ": ["org"],
        "piano": ["pia"], "saxophone": ["sax"], "trumpet": ["tru"], "violin": ["vio"], "voice": ["voi"],
    }  # fmt: skip
    assert set(columns.missing) == set(CLASSES) - set(went) and columns.unused == ()
    probabilities = np.full(11, 0.05)
    probabilities[3:5] = 0.5, 0.7
    guitar = CLASSES.index("guitar")
    assert columns.scores(probabilities)[guitar] == 0.7
    assert columns.scores(probabilities, combine="sum")[guitar] == 1.0, "at most 1"
    assert columns.scores(probabilities, missing=0.25)[CLASSES.index("banjo")] == 0.25


def test_names_mean_what_they_usually_mean_on_both_sides():
    scheme = LabelScheme.of(
        "mine", {"kit": "Drum kit", "HH": "Hi-Hat", "vib": "Vibraphone", "synth": "x", "saz": "saz"}
    )
    columns = class_columns(scheme, ("drum set", "Mallet-Percussion", "cymbals", "synthesizer"))
    assert columns.sources == ((0,), (2,), (1,), (3,)) and columns.unused == ("saz",)
    assert {meaning_of(name) for name in CLASSES} == {name.replace("_", " ") for name in CLASSES}


def test_a_mapping_goes_before_names():
    scheme = LabelScheme.of("mine", {"a": "piano", "b": "saz", "c": "violin"})
    mapping = parse_mapping(["saz = guitar", "a=organ"])
    columns = class_columns(scheme, ("guitar", "organ", "piano"), mapping)
    assert columns.sources == ((1,), (0,), ()) and columns.missing == ("piano",) and columns.unused == ("violin",)


@pytest.mark.parametrize(
    "columns, pairs, message",
    [
        (("drums", "Drum kit"), [], "'drums' and 'Drum kit' mean the same"),
        ((), [], "--columns: is empty"),
        (("oud", "saz"), [], "no class of the model is one of the columns oud, saz; name others"),
        (("piano",), ["oud=piano"], "the model has no class 'oud'"),
        (("piano",), ["cel=cello"], "there is no column 'cello'"),
        (("piano",), ["cel"], "--mapping=cel: write CLASS=COLUMN"),
        (("piano", "voice"), ["cel=piano", "cel=voice"], "names 'cel' twice"),
    ],
)
def test_what_cannot_be_meant_is_a_line(columns, pairs, message):
    with pytest.raises(ConfigError, match=message):
        class_columns(get_label_scheme("irmas"), columns, parse_mapping(pairs))
