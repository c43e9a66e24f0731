"""What a copy of OpenMIC-2018 holds, and what is said about copies that lack something."""

from __future__ import annotations

import shutil

import pytest

from irmas_tf.config.data import DataConfig
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.split_sides import label_matrix
from irmas_tf.datasets.splits import leaks, make_split
from irmas_tf.own_data.openmic import OpenMic
from irmas_tf.own_data.openmic_classes import CLASSES, LABELS
from irmas_tf.own_data.openmic_files import ARRAYS, METADATA, TABLE, Recording
from irmas_tf.own_data.openmic_listing import artist_groups, read_openmic
from irmas_tf.own_data.set_check import check_dataset
from tests.helpers.openmic_copy import CLIPS, KEYS, TESTS, artist_of, known_labels, write_openmic

USUAL = {"undecided", "not_complete", "licences"}
"""Notes on the whole generated copy."""


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return write_openmic(tmp_path_factory.mktemp("openmic"), seconds=0.05)


@pytest.fixture
def copy(original, tmp_path):
    return shutil.copytree(original / "openmic-2018", tmp_path / "openmic-2018")


def findings(data_dir):
    return {finding.kind: finding for finding in read_openmic(data_dir).findings if finding.kind not in USUAL}


def test_labels_are_heard_not_heard_or_unknown_and_artists_stay_together(original):
    dataset = OpenMic(DataConfig(dataset="openmic"))
    training, test = dataset.training(original), dataset.test_items(original)
    assert (len(training), len(test)) == (CLIPS - TESTS, TESTS)
    number = {f"audio/{key[:3]}/{key}.ogg": index for index, key in enumerate(KEYS)}
    for item, row in zip(training, label_matrix(training, LABELS), strict=True):
        relevance = known_labels(number[item.name])
        expected = [int(relevance[code] >= 0.5) if code in relevance else -1 for code in CLASSES]
        assert row.tolist() == expected and item.group == f"artist {artist_of(number[item.name])}"
        assert item.path.is_file() and item.part == "train"
    split = make_split(training, validation_fraction=0.25)
    assert leaks(split, training) == [] and 0 < len(split.validation) < len(split.train) + 1


def test_the_check_counts_known_and_unknown_labels(original):
    report = check_dataset(DataConfig(dataset="openmic", data_dir=str(original)), progress=False).report
    assert report.is_usable and report.parts == {"train": CLIPS - TESTS, "test": TESTS} and report.groups == CLIPS // 2
    known = [known_labels(number) for number in range(CLIPS)]
    for row in report.classes:
        heard = sum(labels.get(row.name, 0.0) >= 0.5 for labels in known)
        said = sum(row.name in labels for labels in known)
        assert (row.heard, row.not_heard, row.unknown) == (heard, said - heard, CLIPS - said)
    notes = {finding.kind: finding.message for finding in report.findings}
    assert set(notes) == USUAL
    assert "40 of 14,915 to train, 20 of 5,085 to test" in notes["not_complete"]
    assert f"{CLIPS // 2} of {CLIPS} recordings are licensed for non-commercial use" in notes["licences"]


def test_the_table_of_labels_will_do_and_a_converted_copy_too(copy):
    before = [(e.name, e.labels, e.group, e.part) for e in read_openmic(copy).entries]
    (copy / ARRAYS).unlink()
    assert [(e.name, e.labels, e.group, e.part) for e in read_openmic(copy).entries] == before
    first = copy / before[0][0]
    shutil.move(first, first.with_suffix(".flac"))
    assert read_openmic(copy).entries[0].name == before[0][0].replace(".ogg", ".flac")


def test_what_is_left_out_is_named(copy):
    (copy / f"audio/{KEYS[0][:3]}/{KEYS[0]}.ogg").unlink()
    with open(copy / "partitions/split01_train.csv", "a") as file:
        file.write("000001_0\n")
    test = copy / "partitions/split01_test.csv"
    test.write_text("\n".join(KEYS[-TESTS + 1 :]) + "\n")
    told = findings(copy)
    assert {kind: finding.files for kind, finding in told.items()} == {
        "missing": (KEYS[0],), "no_partition": (KEYS[-TESTS],), "no_labels": ("000001_0",),
    }  # fmt: skip
    assert len(read_openmic(copy).entries) == CLIPS - 2
    shutil.rmtree(copy / "audio")
    with pytest.raises(DataError, match="has no folder audio"):
        read_openmic(copy)


def test_artists_who_are_missing_or_on_both_sides_are_told(copy):
    metadata = copy / METADATA
    rows = metadata.read_text().splitlines()
    test_artist = f",{artist_of(CLIPS - 1)},"
    metadata.write_text("\n".join(row.replace(test_artist, f",{artist_of(0)},") for row in rows) + "\n")
    told = findings(copy)
    assert set(told) == {"artist_in_both"} and told["artist_in_both"].files == (KEYS[-2], KEYS[-1])
    metadata.unlink()
    told = findings(copy)
    assert set(told) == {"no_artist"} and len(told["no_artist"].files) == CLIPS
    assert {entry.group for entry in read_openmic(copy).entries} == {f"track {key.split('_')[0]}" for key in KEYS}


def test_an_artist_of_two_numbers_or_names_is_one_group():
    recordings = {
        "000001_0": Recording("1", "A", ""), "000002_0": Recording("2", "a", ""), "000003_0": Recording("2", "b", ""),
        "000004_0": Recording("", "", ""), "000004_9": Recording("", "", ""), "000005_0": Recording("3", "c", ""),
    }  # fmt: skip
    groups = artist_groups(sorted(recordings), recordings)
    assert list(groups.values()) == ["artist 1"] * 3 + ["track 000004"] * 2 + ["artist 3"]


def test_labels_of_the_errata_and_files_that_disagree_are_told(copy):
    rows = [f"{key},{code},0.0,3" for key, code in (("095253_134400", "piano"), (KEYS[1], "flute"))]
    with open(copy / TABLE, "a") as file:
        file.write("\n".join(rows) + "\n")
    assert findings(copy)["two_sources"].files == (f"{KEYS[1]} flute", "095253_134400 piano")
    (copy / ARRAYS).unlink()
    with open(copy / "partitions/split01_train.csv", "a") as file:
        file.write("095253_134400\n")
    (copy / "audio/095").mkdir()
    shutil.copy(copy / f"audio/{KEYS[0][:3]}/{KEYS[0]}.ogg", copy / "audio/095/095253_134400.ogg")
    told = findings(copy)
    assert told["errata"].files == ("095253_134400 piano",) and told["corrupt_track"].files == ("095253_134400",)
