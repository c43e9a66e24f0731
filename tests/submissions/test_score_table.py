"""The formats of a table of scores."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from irmas_tf.submissions.score_table import ScoreTable, id_of, write_arrays, write_text_table

TABLE = ScoreTable(('a,"b".wav', "ç\t.wav"), ("drum kit", "voice"), np.array([[0.0, 1.0], [1 / 3, 0.5]]))


def written(format: str, **options) -> str:
    stream = io.StringIO()
    write_text_table(stream, TABLE, format, **options)
    return stream.getvalue()


@pytest.mark.parametrize("format, separator", [("csv", ","), ("tsv", "\t")])
def test_text_comes_back(format, separator):
    rows = list(csv.reader(io.StringIO(written(format)), delimiter=separator))
    assert rows == [
        ["file", "drum kit", "voice"], [TABLE.ids[0], "0.000000", "1.000000"], [TABLE.ids[1], "0.333333", "0.500000"]
    ]  # fmt: skip
    rows = list(csv.reader(io.StringIO(written(format, header=False, decimals=2)), delimiter=separator))
    assert rows == [[TABLE.ids[0], "0.00", "1.00"], [TABLE.ids[1], "0.33", "0.50"]]
    assert written(format, id_column="id").startswith(f"id{separator}")


def test_json_and_arrays_come_back(tmp_path):
    document = json.loads(written("json"))
    assert document["columns"] == list(TABLE.columns)
    assert document["clips"][1] == {"id": TABLE.ids[1], "scores": [0.333333, 0.5]}
    write_arrays(str(tmp_path / "x"), TABLE)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    with np.load(tmp_path / "x", allow_pickle=False) as arrays:
        assert tuple(arrays["ids"]) == TABLE.ids and tuple(arrays["columns"]) == TABLE.columns
        assert np.array_equal(arrays["scores"], TABLE.scores.astype(np.float32))


@pytest.mark.parametrize(
    "path, name, stem",
    [
        ("a/b.c.wav", "b.c.wav", "b.c"),
        ("x", "x", "x"),
        ("d/.hidden", ".hidden", ".hidden"),
        ("C:\\y\\z.ogg", "z.ogg", "z"),
    ],
)
def test_what_a_clip_is_called(path, name, stem):
    assert [id_of(path, kind) for kind in ("path", "name", "stem")] == [path, name, stem]
