from __future__ import annotations

import pytest

from irmas_tf.pictures.class_names import ends_of, several, shortened, width_of
from tests.helpers.many_classes import ODD_NAMES


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("letters", [4, 10, 30])
def test_names_of_any_script_fit(name, letters):
    text = shortened(name, letters)
    assert width_of(text) <= letters
    assert text == name or (text.endswith("…") and name.startswith(text[:-1]) and width_of(name) > letters)


def test_marks_and_joiners_take_no_room_and_wide_letters_more():
    assert width_of("cello") == 5
    assert width_of("e\u0301") == width_of("é") == 1
    assert width_of("سه\u200cتار") == 5
    assert width_of("尺八") == 3.8


def test_many_names_are_some_and_a_number():
    assert several(["a"]) == "a"
    assert several(list("abcde")) == "a, b, c, d, e", "one name is no longer than the words in its place"
    assert several(list("abcdef")) == "a, b, c, d and 2 more"


@pytest.mark.parametrize("letters", [3, 9, 10])
def test_the_ends_of_a_name_fit_and_tell_numbered_ones_apart(letters):
    for name in (*ODD_NAMES, "instrument 12", "नादस्वरम् नादस्वरम्"):
        short = ends_of(name, letters)
        assert width_of(short) <= letters and (short == name or "…" in short)
    assert ends_of("instrument 12", 9) == "inst…t 12" and ends_of("cello", 9) == "cello"
    assert len({ends_of(f"instrument {k}", 9) for k in range(300)}) == 300
