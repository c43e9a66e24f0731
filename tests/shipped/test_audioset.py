from __future__ import annotations

import pytest

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.config.settings import ConfigError
from irmas_tf.shipped.audioset import IRMAS_CLASSES, class_names, parse_classes, scheme_of


def test_the_list_is_audioset_s_and_the_eleven_are_in_it():
    names = class_names()
    assert len(names) == len(set(names)) == 527
    assert (names[0], names[137], names[500], names[526]) == ("Speech", "Music", "Silence", "Field recording")
    assert tuple(IRMAS_CLASSES) == IRMAS_CODES
    assert [names[place] for place in IRMAS_CLASSES.values()] == [
        "Cello", "Clarinet", "Flute", "Acoustic guitar", "Electric guitar", "Organ", "Piano", "Saxophone", "Trumpet",
        "Violin, fiddle", "Singing",
    ]  # fmt: skip
    scheme = scheme_of(range(527))
    assert len(set(scheme.codes)) == 527 and scheme.codes[191] == "violin_fiddle" and " " not in "".join(scheme.codes)


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("Drum,Accordion", ["Drum", "Accordion"]),
        (" accordion , DRUM kit", ["Accordion", "Drum kit"]),
        ("Violin, fiddle,Cello", ["Violin, fiddle", "Cello"]),
        ("violin,cello", ["Violin, fiddle", "Cello"]),
        ("Marimba,electric_guitar", ["Marimba, xylophone", "Electric guitar"]),
        ("Inside, large room or hall,Harp", ["Inside, large room or hall", "Harp"]),
    ],
)
def test_classes_go_by_name_commas_in_names_or_not(text, wanted):
    assert [class_names()[place] for place in parse_classes(text)] == wanted


@pytest.mark.parametrize(
    "text, words",
    [
        ("Drum,Acordion", "no class 'acordion'; did you mean accordion"),
        ("Drum,zzzzz", "irmas models mn04:audioset lists them"),
        ("Drum,drum", "'Drum' is named twice"),
        (" , ", "name classes of AudioSet"),
    ],
)
def test_a_name_that_is_none_is_a_line_with_others(text, words):
    with pytest.raises(ConfigError, match=words):
        parse_classes(text)
