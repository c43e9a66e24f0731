"""The index of both splits, and groups between which nothing leaks."""

from __future__ import annotations

import csv
import dataclasses
import random
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from irmas_tf.datasets import irmas_counts
from irmas_tf.datasets.irmas import (
    DataError,
    Excerpt,
    TestClip,
    connected_components,
    contradictory_sets,
    count_differences,
    group_clips,
    group_excerpts,
    identical_sets,
    index_testing,
    index_training,
    parse_training_name,
)


def excerpt(name: str, content: str | None = None) -> Excerpt:
    return Excerpt(Path("/data") / name, *parse_training_name(name), content)


def write(path: Path, content: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


@pytest.fixture
def data_dir(tmp_path):
    root = tmp_path / "IRMAS-TrainingData"
    write(root / "gac" / "[gac][cou_fol]0901__1.wav", "A")
    write(root / "gel" / "[gel][cou_fol]0902__1.wav", "A")
    write(root / "gel" / "[gel][cou_fol]0902__2.wav", "B")
    write(root / "cel" / "031__[cel][nod][cla]0020__1.wav", "C")
    return tmp_path


def test_index_is_sorted_and_complete(data_dir):
    index = index_training(data_dir)
    assert [e.name for e in index] == sorted(e.name for e in index)
    assert index == index_training(data_dir / "IRMAS-TrainingData")
    first = index[0]
    assert (first.irmas_code, first.genre, first.drums, first.song_id, first.prefix) == (
        "cel",
        "cla",
        False,
        "0020",
        "031",
    )
    assert first.path.read_text() == "C"
    assert [e.content_id for e in index_training(data_dir, content_ids=False)] == [None] * 4
    assert index[1].content_id == index[2].content_id != index[3].content_id


def test_surplus_audio_is_left_out_and_reported(data_dir, capsys):
    write(data_dir / "IRMAS-TrainingData" / "gel" / "take 5.wav")
    write(data_dir / "IRMAS-TrainingData" / "gel" / "notes.md")
    assert len(index_training(data_dir)) == 4
    assert "1 audio files left out" in (err := capsys.readouterr().err)
    assert "take 5.wav" in err


def test_wrong_class_folder_is_an_error_that_names_file_and_remedy(data_dir):
    write(data_dir / "IRMAS-TrainingData" / "gel" / "[gac][cou_fol]0903__1.wav")
    with pytest.raises(DataError, match=r"0903__1\.wav: the name says gac, the folder gel; move the file"):
        index_training(data_dir)


def test_incomplete_copies_can_be_refused(data_dir):
    with pytest.raises(DataError, match=r"cel: 387 of 388 missing; .*voi: 778 of 778 missing"):
        index_training(data_dir, require_official=True)
    write(data_dir / "Part1" / "a-1.wav")
    write(data_dir / "Part1" / "a-1.txt", "voi")
    with pytest.raises(DataError, match="Part1: 806 of 807 missing; Part2: 1301 of 1301 missing"):
        index_testing(data_dir, require_official=True)
    assert len(index_testing(data_dir)) == 1


def test_count_differences():
    assert count_differences({"a": 3, "b": 2}, {"a": 3, "b": 2}) == []
    assert count_differences({"a": 4}, {"a": 3, "b": 2}) == ["a: 1 more than the official 3", "b: 2 of 2 missing"]


def test_testing_errors(data_dir):
    with pytest.raises(DataError, match=r"no IRMAS test clips.*irmas download"):
        index_testing(data_dir)
    write(data_dir / "Part1" / "a-1.wav")
    with pytest.raises(DataError, match=r"a-1\.wav: has no label file"):
        index_testing(data_dir)
    write(data_dir / "Part1" / "b-1.wav")
    with pytest.raises(DataError, match="1 more such files"):
        index_testing(data_dir)


def test_connected_components():
    assert connected_components([]) == []
    assert connected_components([[], [], []]) == [0, 1, 2]
    # 0-2 by "a", 2-4 by "c", so 0, 2 and 4 are one although 0 and 4 share nothing.
    assert connected_components([["a"], ["b"], ["a", "c"], ["d"], ["c"], ["d", "b"]]) == [0, 1, 0, 1, 0, 1]


def test_groups_join_songs_and_identical_content_transitively():
    items = [
        excerpt("[gac][cou_fol]0901__1.wav", "x"),
        excerpt("[gel][cou_fol]0902__1.wav", "x"),  # same bytes, other song, other label
        excerpt("[gel][cou_fol]0902__2.wav", "y"),
        excerpt("[gel][cou_fol]0904__2.wav", "y"),
        excerpt("[gel][cou_fol]0905__1.wav", "z"),
        excerpt("017__[gel][dru][cou_fol]0905__1.wav", "w"),  # same song with a prefix
    ]
    assert group_excerpts(items) == [0, 0, 0, 0, 1, 1]
    assert [len(s) for s in identical_sets(items)] == [2, 2]
    assert contradictory_sets(items) == [items[:2]]


def test_excerpts_without_content_are_not_taken_for_identical():
    items = [excerpt("[gac][cou_fol]0901__1.wav"), excerpt("[gac][cou_fol]0902__1.wav")]
    assert group_excerpts(items) == [0, 1]
    assert identical_sets(items) == []


def test_known_duplicates_are_joined_even_if_the_bytes_differ():
    items = [
        excerpt("080__[gac][dru][cou_fol]0672__1.wav", "1"),
        excerpt("080__[gac][dru][cou_fol]0672__2.wav", "2"),
        excerpt("209__[gel][nod][cou_fol]0757__1.wav", "3"),
        excerpt("001__[org][dru][jaz_blu]1123__3.wav", "4"),
        excerpt("238__[org][dru][jaz_blu]1125__2.wav", "5"),
        excerpt("[pia][jaz_blu]1340__2.wav", "6"),
        excerpt("[pia][jaz_blu]0672__1.wav", "7"),
    ]
    # The last has a song number of the table under another class: only its own number joins it.
    assert group_excerpts(items) == [0, 0, 0, 1, 1, 1, 0]
    assert contradictory_sets(items) == [[items[0], items[2]]]


def test_groups_do_not_depend_on_the_order():
    items = [excerpt(f"[cel][cla]{n // 3:04d}__{n % 3 + 1}.wav", str(n % 17)) for n in range(120)]
    partition = {
        frozenset(e.name for e, g in zip(items, group_excerpts(items), strict=True) if g == n) for n in range(120)
    }
    shuffled = items[:]
    random.Random(1).shuffle(shuffled)
    numbers = group_excerpts(shuffled)
    assert {
        frozenset(e.name for e, g in zip(shuffled, numbers, strict=True) if g == n) for n in range(120)
    } == partition


def test_clip_groups():
    clips = [
        TestClip(Path("a-1.wav"), ("voi",), 1, "a", "x"),
        TestClip(Path("b-1.wav"), ("voi",), 1, "b", "y"),
        TestClip(Path("a-2.wav"), ("voi",), 1, "a", "y"),
        TestClip(Path("c-1.wav"), ("voi",), 2, "c", None),
    ]
    assert group_clips(clips) == [0, 0, 0, 1]
    assert group_clips([dataclasses.replace(c, content_id=None) for c in clips]) == [0, 1, 0, 2]


@pytest.fixture(scope="module")
def official(shared_dir) -> list[tuple[Excerpt, dict[str, str]]]:
    path = shared_dir / "irmas" / "index.csv"
    if not path.is_file():
        pytest.skip(f"no {path}")
    with open(path, newline="") as file:
        return [(excerpt(row["file"]), row) for row in csv.DictReader(file)]


def test_official_names_parse_to_class_and_song(official):
    assert len(official) == 5349
    for item, row in official:
        assert (item.irmas_code, item.song_id) == (row["class"], row["song_id"])
    assert len({e.name for e, _ in official}) == 5349
    assert Counter(e.drums for e, _ in official).keys() == {True, False, None}


def test_song_numbers_are_global(official):
    classes = defaultdict(set)
    for item, _ in official:
        classes[item.song_id].add(item.irmas_code)
    assert len(classes) == 1807
    assert all(len(c) == 1 for c in classes.values())


def test_no_official_group_is_cut(official):
    numbers = group_excerpts([e for e, _ in official])
    ours, theirs = defaultdict(set), defaultdict(set)
    for (_, row), number in zip(official, numbers, strict=True):
        ours[row["group"]].add(number)
        theirs[number].add(row["group"])
    assert all(len(n) == 1 for n in ours.values())
    # Beyond the reference we join songs that hold overlapping cuts of one recording, and nothing else.
    joined = {g for groups in theirs.values() if len(groups) > 1 for g in groups}
    songs = {f"{row['class']}/{row['song_id']}" for _, row in official if row["group"] in joined}
    assert songs == {song for pair in irmas_counts.KNOWN_OVERLAPPING_SONGS for song in pair}


def test_official_contradictory_pairs(official):
    sets = contradictory_sets([e for e, _ in official])
    assert len(sets) == 9
    assert all({e.irmas_code for e in same} == {"gac", "gel"} for same in sets)


def test_real_test_clips(shared_dir):
    folder = shared_dir / "irmas" / "real" / "test"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    clips = index_testing(folder)
    assert len(clips) == 10
    assert len({c.song_id for c in clips}) == 4
    assert all(1 <= len(c.irmas_codes) <= 5 for c in clips)
