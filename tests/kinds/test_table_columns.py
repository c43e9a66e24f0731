"""Classes called as columns are: no table has two columns of one name, and what is read is what was written."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from pathlib import Path

import numpy as np

from irmas_tf.config.labels import IRMAS_CODES, LabelScheme
from irmas_tf.evaluation.score_file import read_score_file
from irmas_tf.inference.activity import Activity
from irmas_tf.inference.answers import Answer, AnswerWriter
from irmas_tf.kinds.table_columns import FIXED, PREFIX, class_of, column_of
from irmas_tf.reports.activity_files import ActivityFiles
from irmas_tf.reports.csv_tables import multi_label_tables, single_label_tables, write_csv
from irmas_tf.reports.report import summarize
from tests.helpers import ROOT
from tests.helpers.made_evaluation import multi_label_evaluation, single_label_evaluation

CLASSES = (*sorted(FIXED), "class:notes", "class:violin", "violin", "File", "تار")
ELEVEN = ("file", "labels", "notes", "schema", "song", "part", "label", "name", "predicted", "path", "class:x")


def test_every_class_has_a_column_of_its_own_and_comes_back() -> None:
    columns = [column_of(code) for code in CLASSES]
    assert len({*columns, *FIXED}) == len(columns) + len(FIXED)
    assert [class_of(column) for column in columns] == list(CLASSES)
    assert class_of("class:oud") == "class:oud" and [*map(column_of, IRMAS_CODES)] == list(IRMAS_CODES)


def test_answers_and_what_reads_them(tmp_path: Path) -> None:
    scheme = LabelScheme.of("given", {code: code for code in CLASSES})
    stream, vector = io.StringIO(), np.linspace(0.0, 1.0, len(CLASSES))
    writer = AnswerWriter(stream, "csv", scheme, origin={"model_sha256": "0" * 64})
    writer.write(Answer("a.wav", 1.0, scheme, vector, ("notes",)))
    header, row = csv.reader(io.StringIO(stream.getvalue()))
    assert len(set(header)) == len(header) == len(row)
    (tmp_path / "answers.csv").write_text(stream.getvalue(), encoding="utf-8")
    given = read_score_file(tmp_path / "answers.csv")
    assert given.scheme.codes == CLASSES and given.labels is None
    np.testing.assert_allclose(given.scores[0], vector, atol=1e-6)


def test_a_fixed_column_is_no_class(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("file,notes,oud,tar\na.wav,fine,.5,.5\n", encoding="utf-8")
    assert read_score_file(tmp_path / "s.csv").scheme.codes == ("oud", "tar")


def test_activity(tmp_path: Path) -> None:
    scheme = LabelScheme.of("given", {code: code for code in CLASSES})
    probabilities = np.tile(np.linspace(0.0, 1.0, len(CLASSES), dtype=np.float32), [2, 1])
    activity = Activity("a.wav", 2.5, 1.5, np.arange(2.0), probabilities)
    answer = Answer("a.wav", 2.5, scheme, probabilities[0].astype(float), ("notes",), activity)
    (path,) = ActivityFiles(tmp_path / "out", ("csv",), scheme, None).write(answer)
    header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    assert len(set(header)) == len(header) == len(CLASSES) + 4


def test_tables_of_evaluations(tmp_path: Path) -> None:
    several, single = multi_label_evaluation(), single_label_evaluation()
    clips = dataclasses.replace(several.clips, codes=ELEVEN, names=ELEVEN)
    renamed = {"classes": list(ELEVEN), "names": list(ELEVEN)}
    tables = [
        *multi_label_tables(dataclasses.replace(several, clips=clips), summarize(several)),
        *single_label_tables(single, {**summarize(single), **renamed}),
    ]
    assert len(tables) > 8
    for name, header, rows in tables:
        assert len(set(header)) == len(header), name
        write_csv(tmp_path / name, header, rows)
    for name in ("clips.csv", "predictions.csv"):
        assert read_score_file(tmp_path / name).scheme.codes == ELEVEN
    read = read_score_file(tmp_path / "clips.csv")
    np.testing.assert_array_equal(read.scores, clips.scores["mean"])
    np.testing.assert_array_equal(read.labels, clips.labels)


def test_the_page_in_a_browser_calls_them_the_same() -> None:
    script = (ROOT / "irmas_tf/browser/page/engine/formats.js").read_text(encoding="utf-8")
    listed = re.search(r"const FIXED = new Set\(\[(.*?)\]\)", script, re.DOTALL)
    assert listed and set(re.findall(r"'(\w+)'", listed[1])) == FIXED
    assert f"`{PREFIX}${{code}}`" in script and f"startsWith('{PREFIX}')" in script
