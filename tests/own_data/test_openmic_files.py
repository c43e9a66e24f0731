"""The files of OpenMIC-2018, in a generated copy: what is read, and what damaged or hostile ones are told."""

from __future__ import annotations

import json
import shutil
import zipfile

import numpy as np
import pytest

from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.own_data.openmic_classes import CLASSES
from irmas_tf.own_data.openmic_files import (
    ARRAYS,
    TABLE,
    check_class_map,
    find_root,
    read_arrays,
    read_parts,
    read_recordings,
    read_relevance,
    read_table,
)
from tests.helpers.openmic_copy import CLIPS, KEYS, TESTS, artist_of, known_labels, write_openmic


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return write_openmic(tmp_path_factory.mktemp("openmic")) / "openmic-2018"


@pytest.fixture
def root(original, tmp_path):
    return shutil.copytree(original, tmp_path / "openmic-2018", ignore=shutil.ignore_patterns("audio"))


def test_arrays_and_table_say_the_same(original):
    arrays, table = read_relevance(original), read_table(original / TABLE)
    assert (arrays.source, table.source) == (ARRAYS, TABLE) and arrays.keys == table.keys == tuple(sorted(KEYS))
    assert np.array_equal(arrays.known, table.known) and np.array_equal(arrays.values, table.values)
    row = arrays.keys.index(KEYS[3])
    said = {CLASSES[k]: arrays.values[row, k] for k in np.flatnonzero(arrays.known[row])}
    assert said == known_labels(3) and (arrays.values[~arrays.known] == 0.5).all()


def test_keys_that_are_no_objects_are_read_too(root):
    values, known = np.full([2, 20], 0.5), np.zeros([2, 20], bool)
    np.savez_compressed(root / "new.npz", Y_true=values, Y_mask=known, sample_key=np.array(["000001_2", "000003_4"]))
    assert read_arrays(root / "new.npz").keys == ("000001_2", "000003_4")


def rewritten(root, **arrays):
    """Write the arrays again, with others in place of some, and return the file."""
    arrays = {"Y_true": np.full([CLIPS, 20], 0.5), "Y_mask": np.ones([CLIPS, 20], bool), **arrays}
    arrays.setdefault("sample_key", np.array(KEYS, object))
    np.savez(root / ARRAYS, **{name: array for name, array in arrays.items() if array is not None})
    return root / ARRAYS


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("name, shape", [("sample_key", [CLIPS]), ("Y_true", [CLIPS, 20]), ("Y_mask", [CLIPS, 20])])
def test_a_hostile_pickle_in_the_arrays_is_refused_and_not_run(root, tmp_path, name, shape):
    path = rewritten(root, **{name: np.full(shape, Hostile(tmp_path / "made"), object)})
    with pytest.raises(DataError, match=rf"{ARRAYS}: cannot be used: .*; unpack the archive again"):
        read_arrays(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"Y_true": np.zeros([CLIPS, 19])}, r"has Y_true float64 \[60, 19\] and Y_mask bool \[60, 20\] for 60 keys"),
        ({"Y_mask": np.zeros([CLIPS, 20])}, "Y_mask float64"),
        ({"sample_key": np.array(["../x"] * CLIPS)}, "'../x' is no clip, such as 000046_3840"),
        ({"Y_true": np.full([CLIPS, 20], 1.5)}, r"relevances that are not in 0 \.\.\. 1"),
        ({"Y_true": np.full([CLIPS, 20], np.nan)}, r"relevances that are not in 0 \.\.\. 1"),
        ({"Y_mask": None}, "it has no array Y_mask"),
    ],
)
def test_other_arrays_are_refused(root, arrays, message):
    with pytest.raises(DataError, match=message):
        read_arrays(rewritten(root, **arrays))


def test_a_header_that_announces_too_much_asks_for_no_memory(root):
    path = root / ARRAYS
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    # Of a header, which blanks fill up, the first few make room for the digits.
    entries["Y_true.npy"] = entries["Y_true.npy"].replace(b"(60, 20), }          ", b"(6000000000, 20), }  ")
    assert b"6000000000" in entries["Y_true.npy"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    with pytest.raises(DataError, match=r"Y_true announces float64 \[6000000000, 20\] and has 9600 bytes"):
        read_arrays(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match="cannot be used"):
        read_arrays(path)


@pytest.mark.parametrize(
    "row, message",
    [
        ("000046_3840,kazoo,0.5,3", "row 2 names the class 'kazoo'"),
        ("000046_3840,flute,yes,3", "row 2 has the relevance 'yes'"),
        ("flute,flute,1,3", "'flute' is no clip"),
    ],
)
def test_other_tables_are_refused(root, row, message):
    (root / TABLE).write_text(f"sample_key,instrument,relevance,num_responses\n{row}\n")
    with pytest.raises(DataError, match=message):
        read_table(root / TABLE)


def test_of_a_pair_that_is_named_twice_the_later_row_holds_and_blanks_may_stand_for_underscores(root):
    rows = ["000046_3840,mallet percussion,0.2,3", "000046_3840,mallet_percussion,0.9,3"]
    (root / TABLE).write_text("\n".join(["sample_key,instrument,relevance,num_responses", *rows]) + "\n")
    labels = read_table(root / TABLE)
    assert labels.values[0, 9] == 0.9 and labels.known.sum() == 1


def test_partitions_of_the_archive_and_of_its_readme(root):
    parts = read_parts(root)
    assert [parts[key] for key in KEYS] == ["train"] * (CLIPS - TESTS) + ["test"] * TESTS
    for part in ("train", "test"):
        (root / f"partitions/split01_{part}.csv").rename(root / f"partitions/{part}01.txt")
    assert read_parts(root) == parts
    (root / "partitions/test01.txt").write_text(f"{KEYS[0]}\n")
    with pytest.raises(DataError, match=f"{KEYS[0]}, is in both partitions"):
        read_parts(root)
    (root / "partitions/test01.txt").write_text("sample_key\nnonsense\n")
    with pytest.raises(DataError, match="row 2 is 'nonsense', not a clip"):
        read_parts(root)
    (root / "partitions/test01.txt").unlink()
    with pytest.raises(DataError, match=r"holds no partitions/split01_test.csv or partitions/test01.txt"):
        read_parts(root)


def test_metadata_is_read_whatever_its_column_of_genres_holds(original):
    recordings = read_recordings(original)
    assert recordings[KEYS[5]] == (type(recordings[KEYS[5]]))(
        str(artist_of(5)), f"Band {artist_of(5)}, The", "Attribution-NonCommercial 3.0 International"
    )
    assert len(recordings) == CLIPS


def test_classes_in_another_order_are_refused(root):
    check_class_map(root)
    (root / "class-map.json").write_text(json.dumps({code: 19 - k for k, code in enumerate(CLASSES)}))
    with pytest.raises(DataError, match="names other classes than those of OpenMIC-2018, or another order"):
        check_class_map(root)


def test_the_folder_may_be_the_one_that_the_archive_was_unpacked_into(root, tmp_path):
    assert find_root(root) == find_root(tmp_path) == root
    shutil.copy(root / TABLE, tmp_path)
    with pytest.raises(DataError, match="holds OpenMIC-2018, and so does openmic-2018 in it; name one of the two"):
        find_root(tmp_path)
    with pytest.raises(DataError, match="irmas download openmic"):
        find_root(tmp_path / "nothing")
    (tmp_path / "folder/a").mkdir(parents=True)
    with pytest.raises(DataError, match=f"holds neither {ARRAYS} nor {TABLE}"):
        find_root(tmp_path / "folder")
