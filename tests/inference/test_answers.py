from __future__ import annotations

import csv
import io
import json
import os

import numpy as np
import pytest

from irmas_tf.config.labels import IRMAS_CODES, IRMAS_NAMES, LabelScheme, get_label_scheme
from irmas_tf.inference.answers import FORMATS, SCHEMA, Answer, AnswerWriter, answer_object, printable
from irmas_tf.inference.notes import Note

SCHEME = get_label_scheme("irmas")
NOT_UTF8 = os.fsdecode(b"\xff\xfe.wav")
ODD_NAMES = ["plain.wav", 'a "quoted", name.wav', "line\nbreak\t.wav", NOT_UTF8, "Ünï\u2028.wav", ""]


def _answer(path: str) -> Answer:
    probabilities = np.arange(1.0, 12.0) / 66
    return Answer(path, 3.14159, SCHEME, probabilities, ("voi",))


def _written(format: str, paths: list[str], top_k: int = 3) -> str:
    stream = io.StringIO()
    writer = AnswerWriter(stream, format, SCHEME, top_k)
    for path in paths:
        writer.write(_answer(path))
    return stream.getvalue()


def test_json_is_one_object_a_line_and_names_come_back() -> None:
    text = _written("json", ODD_NAMES)
    text.encode("ascii")
    lines = text.split("\n")
    assert lines.pop() == "" and len(lines) == len(ODD_NAMES)
    for line, path in zip(lines, ODD_NAMES, strict=True):
        item = json.loads(line)
        assert list(item) == [
            "file", "duration_seconds", "probabilities", "labels", "notes", "schema", "label_names", "class_names",
        ]  # fmt: skip
        assert item["label_names"] == ["voice"] and item["class_names"] == IRMAS_NAMES
        assert item["file"] == path and os.fsencode(item["file"]) == os.fsencode(path)
        assert tuple(item["probabilities"]) == IRMAS_CODES
        assert sum(item["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert item["duration_seconds"] == 3.142 and item["labels"] == ["voi"]


def test_csv_keeps_the_bytes_of_odd_names() -> None:
    raw = _written("csv", ODD_NAMES).encode("utf-8", "surrogateescape")
    header, *rows = csv.reader(io.StringIO(raw.decode("utf-8", "surrogateescape"), newline=""))
    assert header == ["file", "duration_seconds", "labels", *IRMAS_CODES, "notes", "schema", "label_names"]
    assert [row[0] for row in rows] == ODD_NAMES
    assert all(float(row[-4]) == pytest.approx(1 / 6, abs=1e-6) and row[2] == "voi" for row in rows)
    assert all(row[-3:] == ["", str(SCHEMA), "voice"] for row in rows)


def test_codes_with_blanks_stay_apart_and_names_that_are_codes_are_not_told_twice() -> None:
    scheme = LabelScheme.of("own", {"low tone": "low tone", "high": "high"})
    answer = Answer("x.wav", 1.0, scheme, np.array([0.9, 0.8]), ("low tone", "high"))
    stream = io.StringIO()
    AnswerWriter(stream, "csv", scheme).write(answer)
    assert next(csv.DictReader(io.StringIO(stream.getvalue())))["labels"] == "low tone;high"
    assert answer_object(answer)["class_names"] == {}


def test_table_ranks_classes_and_keeps_one_line_a_file() -> None:
    lines = _written("table", ODD_NAMES, top_k=2).splitlines()
    assert len(lines) == 1 + len(ODD_NAMES)
    assert lines[1].split() == ["3.1", "voice", "16.7", "%", "violin", "15.2", "%", "plain.wav"]
    assert lines[0].index("file") == lines[1].index("plain.wav"), "columns must be aligned"
    assert "line\\nbreak\\t.wav" in lines[3]


def test_top_k_beyond_the_classes_shows_them_all() -> None:
    assert _written("table", ["x"], top_k=99).count("%") == 11


def test_a_table_can_show_which_classes_are_named() -> None:
    stream = io.StringIO()
    writer = AnswerWriter(stream, "table", SCHEME, top_k=2, mark_named=True)
    probabilities = np.arange(11.0, 0.0, -1.0) / 100
    for labels in ((), ("cla",), ("voi", "cel")):
        writer.write(Answer("x.wav", 1.0, SCHEME, probabilities, labels))
    header, none, second, far = stream.getvalue().splitlines()
    assert header.endswith("file (* named)")
    assert none.split() == ["1.0", "cello", "11.0", "%", "clarinet", "10.0", "%", "x.wav"]
    assert second.split() == ["1.0", "cello", "11.0", "%", "clarinet", "10.0", "%*", "x.wav"]
    assert far.split() == ["1.0", "cello", "11.0", "%*", "clarinet", "10.0", "%", "voice", "1.0", "%*", "x.wav"]
    assert header.index("file") == none.index("x.wav") == second.index("x.wav"), "columns must be aligned"


def test_csv_names_the_model_where_it_is_known() -> None:
    for sha256, end in (("d" * 64, ("model_sha256", "d" * 64)), (None, ("label_names", "voice"))):
        stream = io.StringIO()
        AnswerWriter(stream, "csv", SCHEME, origin={"model_sha256": sha256}).write(_answer("a.wav"))
        header, row = csv.reader(io.StringIO(stream.getvalue()))
        assert (header[-1], row[-1]) == end


def test_without_an_answer_a_table_has_no_heading_and_csv_has() -> None:
    assert _written("table", []) == ""
    assert _written("csv", []).startswith("file,duration_seconds,labels,cel")


NOTES = (Note("silent", "is silent, so no class is named"), Note("incomplete", "stops after 1 s\x1b[31m"))


def test_notes_stand_in_every_format_and_silence_has_no_classes_in_the_table() -> None:
    silent = Answer("x.wav", 1.0, SCHEME, np.arange(1.0, 12.0) / 66, (), notes=NOTES)
    texts = {}
    for format in FORMATS:
        stream = io.StringIO()
        writer = AnswerWriter(stream, format, SCHEME, top_k=2)
        writer.write(silent)
        writer.write(_answer("sound.wav"))
        texts[format] = stream.getvalue().splitlines()
    heading, row, first, second, other = texts["table"]
    assert row.split() == ["1.0", "(silence)", "x.wav"] and first.split(maxsplit=1)[0] == "note:"
    assert row.index("x.wav") == other.index("sound.wav") == heading.index("file"), "columns must be aligned"
    assert second.strip() == "note: stops after 1 s\\x1b[31m"
    item, plain = map(json.loads, texts["json"])
    assert item["notes"] == [{"code": note.code, "text": note.text} for note in NOTES] and item["labels"] == []
    assert item["probabilities"]["voi"] == pytest.approx(1 / 6, abs=1e-6) and plain["notes"] == []
    rows = list(csv.reader(texts["csv"]))
    assert rows[1][-3] == " | ".join(f"{note.code}: {note.text}" for note in NOTES) and rows[2][-3] == ""
    assert silent.is_silent and silent.names == () and "silent: is silent" in repr(silent)


def test_printable_escapes_what_moves_a_cursor() -> None:
    assert printable("é\x1b[31m\r" + os.fsdecode(b"\xff")) == "é\\x1b[31m\\r\\udcff"


def test_each_answer_is_flushed() -> None:
    flushed: list[str] = []

    class Stream(io.StringIO):
        def flush(self) -> None:
            flushed.append(self.getvalue())

    writer = AnswerWriter(Stream(), "json", SCHEME)
    writer.write(_answer("a"))
    assert flushed and '"a"' in flushed[-1]


def test_an_answer_reads_well() -> None:
    answer = Answer("song.mp3", 61.25, SCHEME, np.arange(1.0, 12.0) / 66, ("pia", "voi"))
    assert answer.probabilities["cel"] == pytest.approx(1 / 66) and tuple(answer.probabilities) == IRMAS_CODES
    assert answer.names == ("piano", "voice") and answer.top(1) == [("voi", pytest.approx(1 / 6))]
    assert repr(answer) == "Answer('song.mp3', 61.2 s, names piano, voice; voice 0.17, violin 0.15, trumpet 0.14)"
    assert repr(Answer("", 1.0, SCHEME, np.zeros(11), ())).startswith("Answer(1.0 s, names nothing; ")
