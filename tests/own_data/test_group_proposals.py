"""Groups by names and by sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from irmas_tf.datasets.dataset import LabelledExcerpt
from irmas_tf.own_data.group_proposals import prefix_of, propose_groups


def excerpts(*names: str, group: str | None = None, part: str = "") -> list[LabelledExcerpt]:
    return [LabelledExcerpt(Path(name), name=name, present=("x",), group=group, part=part) for name in names]


@pytest.mark.parametrize(
    "stem, prefix",
    [
        ("take1_03", "take1"), ("0058__1", "0058"), ("01 - Airdrop-9", "01 - Airdrop"), ("a (3)", "a"),
        ("solo.007", "solo"), ("نوا_2", "نوا"), ("violin", ""), ("violin1", ""), ("2024", ""), ("_1", ""),
    ],
)  # fmt: skip
def test_prefixes(stem, prefix):
    assert prefix_of(stem) == prefix


def test_names_that_differ_in_a_number_are_a_group_in_their_folder():
    items = excerpts("v/take1_1.wav", "v/take1_2.wav", "v/take2_1.wav", "o/take1_1.wav", "o/b.wav")
    proposal = propose_groups(items)
    assert proposal.groups == ("v/take1", "v/take1", "v/take2_1.wav", "o/take1_1.wav", "o/b.wav")
    assert proposal.reasons == {"the same name but for a number": 2} and proposal.number == 4


def test_plain_numbering_says_nothing():
    items = excerpts(*(f"v/violin_{n}.wav" for n in range(5)))
    assert propose_groups(items).number == 5 and propose_groups(items).reasons == {}


def test_folders_below_a_class_are_groups_if_there_are_several():
    items = excerpts("v/s1/a.wav", "v/s1/b.wav", "v/s2/a.wav", "v/s2/b.wav", "o/one/a.wav", "o/one/b.wav")
    assert propose_groups(items).groups == ("v/s1", "v/s1", "v/s2", "v/s2", "o/one/a.wav", "o/one/b.wav")


def test_the_same_sound_joins_whatever_it_is_called():
    items = excerpts("v/take1_1.wav", "v/take1_2.wav", "o/b.wav", "o/c.wav", "v/x.wav")
    assert propose_groups(items, [(0, 2)]).groups == ("v/take1", "v/take1", "v/take1", "o/c.wav", "v/x.wav")


def test_groups_of_the_data_set_are_kept_and_joined_by_sound_alone():
    items = (
        excerpts("v/take_1.wav", "v/b.wav", group="g")
        + excerpts("v/take_2.wav", group="h")
        + excerpts("v/c.wav", group="i")
    )
    assert propose_groups(items, has_groups=True).groups == ("g", "g", "h", "i")
    assert propose_groups(items, [(1, 3)], has_groups=True).groups == ("g", "g", "h", "g")


def test_no_group_is_in_two_parts():
    items = excerpts("v/t_1.wav", "v/t_2.wav", part="train") + excerpts("v/t_3.wav", "v/a.wav", part="test")
    groups = propose_groups(items, [(0, 2)]).groups
    assert groups[0] == groups[1] != groups[2]
