"""What is said of the names and classes of a listing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from irmas_tf.own_data.label_grammar import parse_cell
from irmas_tf.own_data.listing import Entry, counted_readings, gathered, listing, relative_name


def entry(name: str, labels: str, place: str = "row 2") -> Entry:
    return Entry(f"/data/{name}", name, parse_cell(labels), place)


def test_entries_are_in_the_order_of_their_names_whatever_the_order_of_the_rows():
    listed = listing(Path("/data"), [entry("b", "x"), entry("a", "y")], ())
    assert [e.name for e in listed.entries] == ["a", "b"] and listed.classes == ("x", "y")


def test_names_that_a_split_cannot_save_are_errors():
    entries = [entry("a\udce9", "x", "row 2"), entry("b", "y", "row 3"), entry("b", "x", "row 4")]
    listed = listing(Path("/data"), entries, ())
    assert [(f.kind, f.severity) for f in listed.findings] == [("bad_name", "error"), ("repeated_name", "error")]
    assert "row 4: /data/b = /data/b" in listed.findings[1].message


def test_classes_keep_the_order_that_is_asked_for():
    assert listing(Path("/"), [entry("a", "x;y")], (), ("y", "x")).classes == ("y", "x")


def test_names_are_relative_and_portable():
    assert relative_name("./a//b.wav", "/data") == "a/b.wav"
    assert relative_name("/data/a/b.wav", "/data") == "a/b.wav"
    assert relative_name("../x/b.wav", "/data") == "up/x/b.wav"


def test_readings_and_cases_are_counted():
    labels = parse_cell("x")
    readings = counted_readings(Counter({"x": 1, "y": 2}), {"x": labels, "y": labels})
    assert readings[0] == ("y", "x heard, no other heard", 2)
    assert gathered("error", "k", ["a", "b"], "are odd", "mend").message == "2 are odd; the first is a: mend"
