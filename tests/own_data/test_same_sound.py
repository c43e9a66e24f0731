"""Sets of files that hold the same sound, and what is said of them."""

from __future__ import annotations

from pathlib import Path

from irmas_tf.datasets.dataset import LabelledExcerpt
from irmas_tf.own_data.same_sound import SameSound, same_bytes, same_sound_findings, same_to_the_ear
from tests.helpers.own_files import write_sounds


def excerpt(name: str, present: tuple[str, ...] = ("x",), group: str = "g", part: str = "") -> LabelledExcerpt:
    return LabelledExcerpt(Path(name), name=name, present=present, group=group, part=part)


def kinds(same: SameSound, *items: LabelledExcerpt) -> list[str]:
    return [finding.kind for finding in same_sound_findings(same, items, str)]


def test_identifiers_make_sets():
    assert same_bytes(["p", None, "q", "p", None]).sets == ((0, 3),)


def test_labels_parts_and_groups_that_differ_are_told():
    pair = SameSound(((0, 1),), by_bytes=True)
    assert kinds(pair, excerpt("a"), excerpt("b")) == ["duplicate"]
    assert kinds(pair, excerpt("a"), excerpt("b", ("y",))) == ["contradictory", "duplicate"]
    assert kinds(pair, excerpt("a", part="train"), excerpt("b", part="test")) == ["in_two_parts", "duplicate"]
    near = SameSound(((0, 1),), by_bytes=False)
    assert kinds(near, excerpt("a"), excerpt("b")) == []
    assert kinds(near, excerpt("a"), excerpt("b", ("y",), "h")) == ["near_contradictory", "near_duplicate"]


def test_of_files_with_the_same_bytes_one_is_compared(tmp_path):
    write_sounds(tmp_path, ["a.wav", "b.wav"], seconds=1.0)
    paths = [tmp_path / "a.wav", tmp_path / "a.wav", tmp_path / "b.wav"]
    assert same_to_the_ear(paths, [0, 1, 2], ["p", "p", "q"], progress=False).sets == ()
    assert same_to_the_ear(paths, [0, 1, 2], ["p", "r", "q"], progress=False).sets == ((0, 1),)
