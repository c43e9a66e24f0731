from __future__ import annotations

import csv
import io
from pathlib import Path, PurePosixPath

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from irmas_tf.config.labels import IRMAS_CODES, LabelScheme, get_label_scheme
from irmas_tf.evaluation.score_file import (
    match_files,
    names_below,
    read_label_table,
    read_score_file,
    song_of,
)
from irmas_tf.evaluation.score_table import ScoreFileError, file_key
from irmas_tf.inference.answers import Answer, AnswerWriter
from irmas_tf.process.csv_cells import escaped_cell
from irmas_tf.reports.evaluate_scores import evaluate_scores

IRMAS = get_label_scheme("irmas")
HEADER = ["file", *IRMAS_CODES, "labels"]


def _row(name: str, labels: str = "voi", **scores: str) -> list[str]:
    return [name, *(scores.get(code, "0.25") for code in IRMAS_CODES), labels]


def _write(folder: Path, rows: list[list[str]], header: list[str] = HEADER, delimiter: str = ",") -> Path:
    path = folder / "scores.csv"
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def test_scores_labels_songs_and_parts(tmp_path: Path) -> None:
    header = ["song", *HEADER, "part"]
    rows = [
        ["x", *_row("Part2/01 - Song, live-3.wav", "gel  voi", pia="-1e3"), "2"],
        ["y", *_row("b", "CEL", cel="7"), "Part3"],
    ]
    found = read_score_file(_write(tmp_path, rows, header))
    assert found.files == ("Part2/01 - Song, live-3.wav", "b") and found.lines == (2, 3)
    assert found.scores[0, 6] == -1000 and found.scores[1, 0] == 7 and found.scores[0, 0] == 0.25
    assert found.labels is not None
    assert [[IRMAS.codes[k] for k in np.flatnonzero(row)] for row in found.labels] == [["gel", "voi"], ["cel"]]
    assert found.songs == ("x", "y") and found.parts == (2, 3)


def test_parts_are_in_the_folders_of_any_system(tmp_path: Path) -> None:
    rows = [_row("IRMAS-TestingData-Part2\\Part2\\a-1.wav"), _row("Part3/b-1.wav"), _row("part 1 of it.wav")]
    assert read_score_file(_write(tmp_path, rows)).parts == (2, 3, 0)


def test_columns_in_any_order_other_separators_windows_line_ends_blank_lines_and_a_mark(tmp_path: Path) -> None:
    header = ["labels", *reversed(IRMAS_CODES), "file"]
    row = ["voi", *(str(k) for k in range(11)), "a.wav"]
    for delimiter in ",;\t":
        path = _write(tmp_path, [row], header, delimiter)
        plain = path.read_bytes()
        path.write_bytes(b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n") + b"\r\n\r\n")
        found = read_score_file(path)
        np.testing.assert_array_equal(found.scores, [np.arange(11)[::-1]])
        assert found.files == ("a.wav",) and found.lines == (2,)


def test_the_reports_label_scheme_is_known_by_its_columns(tmp_path: Path) -> None:
    scheme = get_label_scheme("report")
    rows = [["a", *["0.5"] * 11, "gel pia"]]
    found = read_score_file(_write(tmp_path, rows, ["file", *scheme.codes, "labels"]))
    assert found.scheme == scheme and found.labels is not None
    assert [scheme.codes[k] for k in np.flatnonzero(found.labels[0])] == ["pia", "other"]


def test_what_predict_writes_has_no_labels(tmp_path: Path) -> None:
    header = ["file", "duration_seconds", "labels", *IRMAS_CODES]
    found = read_score_file(_write(tmp_path, [["a.wav", "3.0", "voi", *["0.1"] * 11]], header))
    assert found.labels is None, "its labels are answers"


@pytest.mark.parametrize(
    ("rows", "header", "words"),
    [
        ([_row("a", vio="nan")], HEADER, "line 2: column vio: 'nan' is not a number from -1e300"),
        ([_row("a"), _row("b", cel="inf")], HEADER, "line 3: column cel: 'inf' is not a number"),
        ([_row("a", cel="")], HEADER, "line 2: column cel: is empty"),
        ([_row("a", cel="0,5")], HEADER, "line 2: column cel: '0,5' is not a number"),
        ([_row("a", cel="1_0")], HEADER, "line 2: column cel: '1_0' is not a number"),
        ([_row("a", cel="-1.1e300")], HEADER, "line 2: column cel: '-1.1e300' is not a number from -1e300 to 1e300"),
        ([_row("a"), _row("b"), _row("a")], HEADER, "line 4: column file: a is already on line 2"),
        ([_row("d/a.wav"), _row("./d\\a.flac")], HEADER, r"line 3: column file: \./d.*a\.flac is already on line 2"),
        ([[*_row("a"), "1"], [*_row("b"), " "]], [*HEADER, "song"], "line 3: column song: is empty; name the song"),
        ([_row("")], HEADER, "line 2: column file: is empty"),
        ([_row("a", "voi xyz")], HEADER, "line 2: column labels: unknown code 'xyz'; known are cel"),
        ([_row("a", " ")], HEADER, "line 2: column labels: is empty"),
        ([_row("a")[:-1]], HEADER, "line 2: has 12 values, the header 13"),
        ([], HEADER, "no lines below its header"),
        ([["a"]], ["file"], "line 1: names 0 classes; needed is a column of scores for each of two classes or more"),
        ([[*_row("a"), "1"]], [*HEADER, "drums"], "line 1, column 14: unknown column 'drums'; known are file"),
        ([[*_row("a"), "1"]], [*HEADER, "voi"], "line 1: column 14: voi occurs twice"),
        ([[*_row("a"), "1"]], [*HEADER, " "], "line 1: column 14 has no name"),
        ([_row("a")], ["name", *HEADER[1:]], r"line 1: no column 'file' \(found name, cel"),
        ([[*_row("a"), "x"]], [*HEADER, "part"], "line 2: column part: 'x' is not a number"),
        ([_row("a")], [c for c in HEADER if c != "org"] + ["orgel"], "line 1: no column for org; needed"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, rows: list[list[str]], header: list[str], words: str
) -> None:
    path = _write(tmp_path, rows, header)
    with pytest.raises(ScoreFileError, match=words) as caught:
        read_score_file(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no lines"),
        (b"PK\x03\x04\0\0", "NUL bytes"),
        (b'file,"cel\n', "line 1: is not CSV"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "scores.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ScoreFileError, match=words):
        read_score_file(path)


# Names as they come: brackets, quotes, blanks inside, letters of any script, line breaks, what spreadsheets run.
_NAMES = st.lists(
    st.text(st.characters(blacklist_categories=("Cs", "Cc")) | st.sampled_from("\n'=-"), min_size=1, max_size=20)
    .map(str.strip)
    .filter(bool),
    min_size=1,
    max_size=6,
    unique_by=lambda name: PurePosixPath(file_key(name)),  # "a" and "a/" are one file
)


@pytest.mark.slow
@hypothesis.settings(max_examples=60)
@hypothesis.given(st.data())
def test_every_table_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    names = data.draw(_NAMES)
    finite = st.floats(-1e300, 1e300)
    scores = [data.draw(st.lists(finite, min_size=11, max_size=11)) for _ in names]
    labels = [data.draw(st.sets(st.sampled_from(IRMAS_CODES), min_size=1)) for _ in names]
    order = data.draw(st.permutations(range(13)))
    rows = [[escaped_cell(n), *map(repr, s), " ".join(la)] for n, s, la in zip(names, scores, labels, strict=True)]
    path = _write(
        tmp_path_factory.mktemp("scores"), [[row[k] for k in order] for row in rows], [HEADER[k] for k in order]
    )
    found = read_score_file(path)
    assert found.files == tuple(names)
    np.testing.assert_array_equal(found.scores, scores)
    assert found.labels is not None
    assert [{IRMAS_CODES[k] for k in np.flatnonzero(row)} for row in found.labels] == labels


def test_names_and_classes_that_a_spreadsheet_would_run_come_back_from_answers_and_reports(tmp_path: Path) -> None:
    codes = ("=oud", "'=oud", "+tar", "-1", "tar")
    scheme = LabelScheme.of("given", {code: code for code in codes})
    names = ("=1+2.wav", "'=1+2.wav", "-a.wav", "'tis.wav", "b.wav")
    stream = io.StringIO()
    writer = AnswerWriter(stream, "csv", scheme)
    for name in names:
        writer.write(Answer(name, 1.0, scheme, np.full(5, 0.5), ("=oud",)))
    (tmp_path / "answers.csv").write_text(stream.getvalue(), encoding="utf-8")
    (tmp_path / "labels.csv").write_text(
        "file,labels\n" + "".join(f"{escaped_cell(name)},=oud\n" for name in names), encoding="utf-8"
    )
    report = evaluate_scores(
        str(tmp_path / "answers.csv"), str(tmp_path / "labels.csv"), output=str(tmp_path / "report")
    )
    assert report.summary["clips"] == 5
    for table in ("answers.csv", "report/clips.csv"):
        with open(tmp_path / table, encoding="utf-8", newline="") as file:
            cells = {cell for row in csv.reader(file) for cell in row}
        assert {"'=oud", "''=oud", "'=1+2.wav", "''=1+2.wav", "'-a.wav", "-1"} <= cells
        assert not any(cell.startswith(("=", "+", "@")) for cell in cells)
        found = read_score_file(tmp_path / table)
        assert found.scheme.codes == codes and found.files == names
    assert found.labels is not None and found.labels[:, 0].all() and not found.labels[:, 1:].any()


def test_blank_lines_before_the_header_do_not_hide_its_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("\n \n" + ";".join(HEADER) + "\n" + ";".join(_row("a", "voi")) + "\n")
    assert read_score_file(path).files == ("a",)


@pytest.mark.slow
@hypothesis.settings(max_examples=150)
@hypothesis.given(
    content=st.binary(max_size=200) | st.text(st.sampled_from('file,cel;"\n\r\t \\0.5énan'), max_size=200)
)
def test_no_content_whatever_raises_anything_but_its_own_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes | str
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for read in (read_score_file, lambda p: read_label_table(p, IRMAS)):
        try:
            read(path)
        except ScoreFileError as error:
            assert str(path) in str(error)


@hypothesis.settings(max_examples=100)
@hypothesis.given(data=st.data())
def test_damage_to_a_good_table_is_found_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = _write(tmp_path_factory.mktemp("damaged"), [_row(f"clip {k}.wav", "voi gel") for k in range(3)])
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(whole))
    try:
        found = read_score_file(path)
    except ScoreFileError:
        return
    assert np.isfinite(found.scores).all() and len(set(found.files)) == len(found.files) == len(found.scores)


def test_labels_of_another_table(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("file,labels,song\na.wav,voi gel,1\nb.wav,pia,2\n")
    found = read_label_table(path, IRMAS)
    assert found.files == ("a.wav", "b.wav") and found.songs == ("1", "2")
    assert found.labels.sum(axis=1).tolist() == [2, 1]
    path.write_text("file,label\na.wav,voi\n")
    with pytest.raises(ScoreFileError, match="no column 'labels'"):
        read_label_table(path, IRMAS)


def _scores_of(folder: Path, names: list[str]):
    return read_score_file(_write(folder, [_row(name) for name in names]))


def test_files_match_by_the_end_of_their_names(tmp_path: Path) -> None:
    names = ["Part1/x-1.wav", "Part1/y-1.wav", "Part2/x-1.wav"]
    given = _scores_of(tmp_path, ["y-1", "/d/Part2/x-1.flac", "Part1/x-1"])
    assert match_files(given, names, "D") == [1, 2, 0]
    composed, decomposed = "caf\u00e9-1.wav", "cafe\u0301-1.wav"
    assert match_files(_scores_of(tmp_path, [composed]), [decomposed], "D") == [0]
    assert match_files(_scores_of(tmp_path, ["Part1\\x-1.wav"]), names[:1], "D") == [0]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["z"], "line 2, column file: z: has no labels in D"),
        (["x-1"], "line 2, column file: x-1: 2 files in D have this name; write folders too"),
        (["Part1/x-1", "y-1", "Part1/y-1.wav"], "line 4, column file: Part1/y-1.wav: is the file of line 3"),
        (["Part1/x-1", "y-1"], "1 of the 3 files in D have no line, the first: Part2/x-1.wav"),
    ],
)
def test_files_that_do_not_match_are_named(tmp_path: Path, files: list[str], words: str) -> None:
    with pytest.raises(ScoreFileError, match=words):
        match_files(_scores_of(tmp_path, files), ["Part1/x-1.wav", "Part1/y-1.wav", "Part2/x-1.wav"], "D")


def test_a_clip_of_another_part_is_another_clip(tmp_path: Path) -> None:
    with pytest.raises(ScoreFileError, match=r"Part2/x-1\.wav: has no labels in D"):
        match_files(_scores_of(tmp_path, ["Part2/x-1.wav"]), ["IRMAS-TestingData-Part1/Part1/x-1.wav"], "D")
    assert match_files(_scores_of(tmp_path, ["mine/x-1.wav"]), ["Part1/x-1.wav"], "D") == [0]


def test_songs_by_name() -> None:
    assert song_of("Part1/01 - Airdrop-9.wav") == song_of("01 - Airdrop-10") == "01 - Airdrop"
    assert song_of("v1.2 take") == "v1.2 take"


def test_names_below_a_folder_use_slashes(tmp_path: Path) -> None:
    from irmas_tf.datasets.irmas_records import TestClip

    clip = TestClip(tmp_path / "Part1" / "a-1.wav", ("voi",), 1, "a")
    assert names_below([clip], tmp_path) == ["Part1/a-1.wav"]


def test_columns_of_any_names_are_classes_and_labels_may_be_unknown(tmp_path: Path) -> None:
    header = ["file", "labels", "song", "low tone", "High", "بوق", "notes", "schema"]
    rows = [
        [f"{k}.wav", cell, "s", "0.1", "0.2", "0.3", "a note", "1"]
        for k, cell in enumerate(
            ["low tone", "high", "low tone;بوق", "High;?", "low tone;-بوق;?", "بوق;?high", "noise", "?"]
        )
    ]
    found = read_score_file(_write(tmp_path, rows, header))
    assert found.scheme.codes == found.scheme.names == ("low tone", "High", "بوق")
    assert found.labels is not None and found.labels.tolist() == [
        [1, 0, 0], [0, 1, 0], [1, 0, 1], [-1, 1, -1], [1, -1, 0], [0, -1, 1], [0, 0, 0], [-1, -1, -1],
    ]  # fmt: skip
    known = read_score_file(_write(tmp_path, rows[:3], header))
    assert known.labels is not None and known.labels.dtype == bool
    for cell, words in (
        ("High;ney", "unknown code 'ney'; known are low tone, High, بوق"),
        ("High;-بوق", "without"),
        ("High;", "empty label"),
        ("High;High", "twice"),
    ):
        with pytest.raises(ScoreFileError, match=f"line 2: column labels: .*{words}"):
            read_score_file(_write(tmp_path, [["a", cell, "s", "1", "2", "3", "", ""]], header))


def test_predictions_of_a_report_are_scores(tmp_path: Path) -> None:
    header = ["file", "song_group", "label", "label_name", "predicted", "predicted_name", *IRMAS_CODES]
    found = read_score_file(_write(tmp_path, [["a.wav", "4", "voi", "voice", "cel", "cello", *["0.5"] * 11]], header))
    assert found.songs == ("4",) and found.labels is not None
    assert [code for code, yes in zip(IRMAS_CODES, found.labels[0], strict=True) if yes] == ["voi"]


def test_a_table_of_200_000_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",".join(["file", *(f"c{number}" for number in range(200_000))]) + "\n")
    with pytest.raises(ScoreFileError, match=r"a\.csv: line 1: has 200001 columns, 10000 at most are read"):
        read_score_file(path)
