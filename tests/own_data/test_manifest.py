"""What a manifest lists, and each way in which it can be wrong."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.own_data.label_grammar import Labels, format_cell
from irmas_tf.own_data.manifest import read_manifest
from tests.helpers.own_files import write_manifest, write_sounds
from tests.own_data.test_label_grammar import some_labels

FILES = ("a.wav", "b/c.flac", "b/d.ogg", "e.wav")


@pytest.fixture
def folder(tmp_path):
    return write_sounds(tmp_path / "data", FILES)


def kinds(listed) -> list[str]:
    return [finding.kind for finding in listed.findings]


def test_a_good_manifest(folder):
    path = write_manifest(
        folder / "m.csv",
        "labels,path,group,split,comment",
        "violin,a.wav,one,train,x",
        "oud;violin,./b/c.flac,one,Train,",
        "oud;?,b/d.ogg,two,test,",
        "noise,e.wav,,,",
    )
    listed = read_manifest(path)
    assert kinds(listed) == ["other_columns"] and "comment" in listed.findings[0].message
    assert (listed.classes, listed.group_source) == (("oud", "violin"), "the column group")
    rows = [(e.name, e.present, e.absent, e.group, e.part) for e in listed.excerpts()]
    assert rows == [
        ("a.wav", ("violin",), None, "one", "train"),
        ("b/c.flac", ("oud", "violin"), None, "one", "train"),
        ("b/d.ogg", ("oud",), (), "two", "test"),
        ("e.wav", (), None, "e.wav", ""),
    ]
    assert all(excerpt.path.is_file() for excerpt in listed.excerpts())
    assert ("oud;?", "oud heard, the rest unknown", 1) in listed.readings


@pytest.mark.parametrize(
    "row, kind, detail",
    [
        (",violin", "empty_path", "row 4: no path"),
        ("gone.wav,violin", "missing_file", "row 4: gone.wav"),
        ("A.WAV,violin", "missing_file", "row 4: A.WAV (there is a.wav)"),
        ("b,violin", "not_a_file", "row 4: b"),
        ("./a.wav,violin", "duplicate_path", "row 4: ./a.wav, as row 2"),
        ("C:\\x\\e.wav,violin", "windows_path", "row 4: C:\\x\\e.wav"),
        ("b\\d.ogg,violin", "windows_path", "row 4: b\\d.ogg"),
        ("e.wav,", "empty_label", "row 4: has no label; write noise"),
        ("e.wav,violin;violin", "repeated_label", "row 4: names 'violin' twice"),
        ("e.wav,violin;-oud", "bad_label", "row 4: has '-oud' without '?'"),
        ("e.wav,violin,,dev", "unknown_split", "row 4: 'dev'"),
        ("e.wav,violin,g1,test", "group_in_two_parts", "row 4: 'g1' has train in row 2 and test in row 4"),
        ("e.wav,violin,g1", "group_in_two_parts", "row 4: 'g1' has train in row 2 and no split in row 4"),
    ],
)
def test_a_bad_row_is_an_error_with_its_number_and_the_remedy(folder, row, kind, detail):
    rows = ("path,labels,group,split", "a.wav,violin,g1,train", "b/c.flac,oud,g2,train", row)
    listed = read_manifest(write_manifest(folder / "m.csv", *rows))
    (finding,) = listed.errors
    assert (finding.kind, len(listed.entries)) == (kind, 2)
    assert detail in finding.message and finding.message.startswith("1 rows ") and ": " in finding.message
    assert detail in finding.files[0]


def test_faults_of_a_kind_are_told_together(folder):
    rows = [f"gone{n}.wav,violin" for n in range(50)]
    (finding, *_) = read_manifest(write_manifest(folder / "m.csv", "path,labels", "a.wav,oud", *rows)).errors
    assert finding.message.startswith("50 rows name files that are not there; the first is row 3: gone0.wav")
    assert len(finding.files) == 50


def test_a_class_that_is_heard_nowhere_is_a_slip_unless_it_is_named(folder):
    path = write_manifest(folder / "m.csv", "path,labels", "a.wav,violin", "e.wav,oud;?voilin")
    (finding,) = read_manifest(path).errors
    assert finding.kind == "absent_class" and finding.message.startswith("row 3: 'voilin' is only named as not heard")
    listed = read_manifest(path, ("oud", "violin", "voilin"))
    assert listed.errors == [] and kinds(listed) == ["absent_class"]
    assert listed.excerpts()[1].absent == ("violin",)


@pytest.mark.parametrize("labels, shown", [("violin", "only 'violin'"), ("noise", "none")])
def test_one_class_is_not_enough(folder, labels, shown):
    (finding,) = read_manifest(write_manifest(folder / "m.csv", "path,labels", f"a.wav,{labels}")).errors
    assert finding.kind == "one_class" and shown in finding.message


def test_classes_that_are_named_are_all_there_is(folder):
    path = write_manifest(folder / "m.csv", "path,labels", "a.wav,violin", "e.wav,oud", "b/c.flac,Oud")
    listed = read_manifest(path)
    assert kinds(listed) == ["similar_names"] and "'Oud' and 'oud'" in listed.findings[0].message
    (finding,) = read_manifest(path, ("violin", "oud")).errors
    assert finding.message == "row 4: 'Oud' is not in --classes; add it there, or leave its files out"


def test_paths_elsewhere_have_portable_names(folder, tmp_path):
    (tmp_path / "lists").mkdir()
    path = write_manifest(
        tmp_path / "lists" / "m.csv", "path,labels", "../data/a.wav,violin", f"{folder / 'e.wav'},oud"
    )
    listed = read_manifest(path)
    assert [entry.name for entry in listed.entries] == ["up/data/a.wav", "up/data/e.wav"]


def test_composed_and_decomposed_letters_are_the_same_file(tmp_path):
    folder = write_sounds(tmp_path, [unicodedata.normalize("NFD", "Café.wav"), "b.wav"])
    rows = "path,labels", f"{unicodedata.normalize('NFC', 'Café.wav')},violin", "b.wav,oud"
    listed = read_manifest(write_manifest(folder / "m.csv", *rows))
    assert listed.errors == [] and listed.entries[0].name == unicodedata.normalize("NFC", "Café.wav")


def test_places_that_are_no_manifest_are_told_what_to_give(tmp_path, folder):
    def message(place) -> str:
        with pytest.raises(DataError) as error:
            read_manifest(place)
        return str(error.value)

    assert "no such file" in message(tmp_path / "no.csv")
    assert "--data_dir is empty" in message("")
    write_sounds(tmp_path / "classes", ["violin/a.wav", "oud/b.wav"])
    assert message(tmp_path / "classes").endswith("it is a folder of classes: use --dataset=folder")
    write_manifest(folder / "m.csv", "labels,path", "x,y")
    assert message(folder).endswith(f"give the manifest itself: --data_dir={folder / 'm.csv'}")
    assert "lists no file below its header" in message(write_manifest(folder / "m.csv", "labels,path"))


CELLS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.sampled_from([*FILES, "gone.wav", "b"]), some_labels(), CELLS), max_size=5))
def test_any_rows_are_read_as_written_or_named(folder, rows):
    """Written by Python's csv, read by us: each row is an entry with its labels and group, or in a finding."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("path", "labels", "group"), *((p, format_cell(x), g) for p, x, g in rows)])
    path = folder / "m.csv"
    path.write_bytes(text.getvalue().encode())
    try:
        listed = read_manifest(path)
    except DataError as error:
        assert not rows or any("\0" in group for _, _, group in rows), error
        return
    read = {entry.place: entry for entry in listed.entries}
    faulty = {case.split(":")[0] for finding in listed.errors for case in finding.files}
    seen = set()
    for number, (name, labels, group) in enumerate(rows, start=2):
        if name not in FILES or name in seen:
            assert f"row {number}" in faulty
            continue
        seen.add(name)
        assert read[f"row {number}"].labels == labels
        group = group.replace("\r\n", "\n").replace("\r", "\n").strip()
        assert read[f"row {number}"].group == unicodedata.normalize("NFC", group)
    assert len(read) == len(seen)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_listing_or_a_line(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("bytes") / "m.csv"
    path.write_bytes(b"path,labels\n" + content)
    try:
        read_manifest(path)
    except DataError as error:
        assert "\n" not in str(error)


def test_labels_of_a_row_are_those_of_its_cell():
    assert format_cell(Labels(("a",), ("b",), (), True)) == "a;-b;?"


@pytest.mark.parametrize("control", ["\x1b[2J", "\x07", "\u2028", "\n"], ids=ascii)
def test_labels_with_control_characters_are_refused_by_row(folder, control):
    path = write_manifest(folder / "m.csv", "path,labels", "a.wav,cello", f'b/c.flac,"vio{control}lin"')
    error, *_ = read_manifest(path).errors
    assert error.kind == "bad_label" and "cannot be printed" in error.message and error.message.isprintable()
    assert "row 3" in error.message
