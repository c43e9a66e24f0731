from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.evaluation.score_table import FILE, LABELS, MODEL, SONG, ScoreFileError, ScoreTable, file_key


def _table(folder: Path, text: str) -> ScoreTable:
    path = folder / "scores.csv"
    path.write_text(text)
    return ScoreTable(path)


def test_numbers_are_in_the_order_asked_for_and_texts_beside_them(tmp_path: Path) -> None:
    table = _table(tmp_path, "b;file;a;labels;notes\n\n.5;x.wav;1e-3;vio;quiet\n 1 ;y.wav;-2;'=vio;\n")
    assert table.columns == ["b", "file", "a", "labels", "notes"] and not table.lines
    table.read(["a", "b"])
    assert list(table.scores) == [1e-3, 0.5, -2.0, 1.0]
    assert table.lines == [3, 4] and table.files == ("x.wav", "y.wav") and table.column(LABELS) == ("vio", "=vio")
    assert table.column(SONG) is table.column(MODEL) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nan", "'nan' is not a number"),
        ("inf", "'inf' is not a number"),
        ("-2e300", "'-2e300' is not a number"),
        ("1_0", "'1_0' is not a number"),
        ("", "is empty"),
    ],
)
def test_what_is_no_score_is_told_with_line_and_column(tmp_path: Path, text: str, words: str) -> None:
    table = _table(tmp_path, f"file,a,b\nx_1.wav,1e300,-1e300\ny.wav,0.5,{text}\n")
    with pytest.raises(ScoreFileError, match=f"line 3: column b: {words}"):
        table.read(["a", "b"])
    assert list(table.scores)[:2] == [1e300, -1e300]


@pytest.mark.slow
def test_a_row_leaves_its_numbers_its_name_and_little_else(tmp_path: Path) -> None:
    rows, classes = 5000, [f"c{number}" for number in range(20)]
    numbers = ",".join(["0.123456789"] * len(classes))
    lines = (f"folder/clip {row}.wav,song {row % 10},{numbers}" for row in range(rows))
    tracemalloc.start()
    try:
        table = _table(tmp_path, "\n".join([",".join([FILE, SONG, *classes]), *lines]))
        table.read(classes)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert np.frombuffer(table.scores).shape == (rows * len(classes),)
    assert held < rows * (8 * len(classes) + 300) + (table_bytes := (tmp_path / "scores.csv").stat().st_size), (
        table_bytes
    )


@pytest.mark.parametrize("name", ["Part1\\e\u0301.WAV", "Part1/\u00e9.flac", "Part1/\u00e9"])
def test_one_file_has_one_key_however_it_is_spelt(name: str) -> None:
    assert file_key(name) == "Part1/\u00e9"


def test_a_dot_within_a_name_is_no_suffix() -> None:
    assert file_key("a.b") == "a.b"
