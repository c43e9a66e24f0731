"""Names of folders and cells of manifests: what each says, what is refused, and that writing and reading agree."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irmas_tf.own_data.label_grammar import (
    NONE_OF_THEM,
    LabelError,
    Labels,
    format_cell,
    labels_of,
    parse_cell,
    parse_folder_name,
)

# Any script; the marks of the grammar elsewhere than in front are parts of a name.
NAMES = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters=",;"), min_size=1, max_size=8).filter(
    lambda name: (
        name == unicodedata.normalize("NFC", name) and name[0] not in "-?" and name.casefold() not in NONE_OF_THEM
    )
)


@st.composite
def some_labels(draw) -> Labels:
    names = draw(st.lists(NAMES, unique=True, max_size=6))
    cuts = sorted(draw(st.tuples(*[st.integers(0, len(names))] * 2)))
    present, others, left = names[: cuts[0]], names[cuts[0] : cuts[1]], names[cuts[1] :]
    if draw(st.booleans()):
        return Labels(tuple(present), tuple(others + left), (), True)
    return Labels(tuple(present), (), tuple(others))


@given(some_labels())
def test_what_is_written_is_read_again(labels):
    assert parse_cell(format_cell(labels)) == labels


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_with_a_reason(text):
    try:
        labels = parse_cell(text)
    except LabelError as error:
        assert error.kind in ("empty_label", "repeated_label", "bad_label") and "\n" not in str(error)
    else:
        assert parse_cell(format_cell(labels)) == labels
        assert len(set(labels.named)) == len(labels.named)


@given(some_labels(), st.lists(NAMES, unique=True, max_size=4))
def test_what_is_known_does_not_change_when_excerpts_are_written_as_a_manifest(labels, more):
    classes = sorted({*labels.named, *more})
    absent = labels.known_absent(classes)
    again = parse_cell(format_cell(labels_of(labels.present, absent, classes)))

    def known(said: Labels) -> tuple[set[str], set[str]]:
        not_heard = said.known_absent(classes)
        return set(said.present), set(classes) - set(said.present) if not_heard is None else set(not_heard)

    assert known(again) == known(labels)


@pytest.mark.parametrize(
    "cell, present, absent",
    [
        ("violin", ("violin",), None),
        (" violin ; oud ", ("violin", "oud"), None),
        ("violin;?", ("violin",), ()),
        ("violin;?oud", ("violin",), ("tar",)),
        ("?oud", (), ("violin", "tar")),
        ("violin;-oud;?", ("violin",), ("oud",)),
        ("-oud;?", (), ("oud",)),
        ("?", (), ()),
        ("NOISE", (), None),
    ],
)
def test_cells(cell, present, absent):
    labels = parse_cell(cell)
    assert (labels.present, labels.known_absent(("violin", "oud", "tar"))) == (present, absent)


@pytest.mark.parametrize(
    "cell, kind, message",
    [
        ("", "empty_label", "write noise if no class is heard"),
        ("violin;;oud", "empty_label", "an empty label in 'violin;;oud'"),
        ("violin;violin", "repeated_label", "names 'violin' twice"),
        ("violin;?violin", "repeated_label", "contradict"),
        ("violin;-oud", "bad_label", "'-oud' without '?'"),
        ("violin;?oud;?", "bad_label", "'?oud' beside '?'"),
        ("?;?", "repeated_label", "'?' twice"),
        ("violin;noise", "bad_label", "'noise' beside others"),
        ("violin,oud", "bad_label", "separates classes by ','"),
        ("vio\nlin", "bad_label", "cannot be printed"),
    ],
)
def test_cells_that_are_refused(cell, kind, message):
    with pytest.raises(LabelError, match=message.replace("?", r"\?")) as error:
        parse_cell(cell)
    assert error.value.kind == kind


@pytest.mark.parametrize(
    "name, labels",
    [
        ("violin", Labels(("violin",))),
        ("سه\u200cتار", Labels(("سه\u200cتار",))),  # with the joiner that Persian is written with
        ("violin, oud", Labels(("violin", "oud"))),
        ("-violin", Labels((), ("violin",), (), True)),
        ("oud,-violin", Labels(("oud",), ("violin",), (), True)),
        ("Background", Labels()),
        ("Cafe\u0301", Labels(("Caf\u00e9",))),
    ],
)
def test_names_of_folders(name, labels):
    assert parse_folder_name(name) == labels


@pytest.mark.parametrize(
    "name", ["violin,", "-", "violin,violin", "violin,-violin", "noise,violin", "-noise", "?", "a;b"]
)
def test_names_of_folders_that_are_refused(name):
    with pytest.raises(LabelError, match=r"folder|remove one"):
        parse_folder_name(name)


def test_a_class_may_be_called_other_if_it_is_named():
    assert (
        parse_folder_name("other", ("violin", "other"))
        == parse_cell("other", ("violin", "other"))
        == Labels(("other",))
    )
    assert parse_cell("other", ("violin", "Other")) == Labels()


def test_words():
    assert parse_cell("a;b;-c;?").described == "a and b heard, c not heard, the rest unknown"
    assert parse_cell("?").described == "nothing known" and parse_cell("silence").described == "none of the classes"
