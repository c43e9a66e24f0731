"""CSV as spreadsheets write it."""

from __future__ import annotations

import pytest

from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.own_data.csv_rows import read_csv

TEXT = 'path,labels\r\na.wav,violin;oud\r\n\r\n"b, c.wav",سه‌تار\r\n'
ROWS = [(2, ["a.wav", "violin;oud"]), (4, ["b, c.wav", "سه‌تار"])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_encodings_and_line_ends(tmp_path, encoding, line_end):
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.replace("\r\n", line_end).encode(encoding))
    table = read_csv(path, ("path", "labels"))
    assert (table.header, table.separator, list(table.rows)) == (("path", "labels"), ",", ROWS)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_separators_of_spreadsheets_elsewhere(tmp_path, separator):
    path = tmp_path / "a.csv"
    path.write_text(f'Labels{separator} PATH{separator}\n"violin;oud"{separator}a.wav{separator}\nx{separator}y\n')
    table = read_csv(path, ("path", "labels"))
    assert (table.header, table.separator) == (("labels", "path", ""), separator)
    assert list(table.rows) == [(2, ["violin;oud", "a.wav", ""]), (3, ["x", "y", ""])]


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "has no header in its first row; write path,labels"),
        (b"\n\n", "has no header"),
        (b"file,labels\na,b\n", "row 1 has no column path .it has 'file', 'labels'.; name the columns path,labels"),
        (b"path;labels", "at all"),
        (b"path,labels,Path\na,b,c\n", "names the column 'path' twice"),
        (b"path,labels\na,b\nc,d,e\n", "row 3 has 3 cells, and the header has 2"),
        (b"path;labels\na;b;c\n", "cell that holds ';' in quotation marks"),
        (b'path,labels\na,b\nc,"d\ne,f\n', "row 3 cannot be read"),
        (b"path,labels\na,b\nc,caf\xe9\n", "row 3 is not UTF-8, .*save it as CSV UTF-8"),
        ("path,labels\n".encode("utf-16-le"), "null characters"),
        (b"PK\x03\x04 and more", "is a spreadsheet"),
    ],
)
def test_what_cannot_be_read_is_a_line_with_row_and_remedy(tmp_path, content, message):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    if message == "at all":
        assert list(read_csv(path, ("path", "labels")).rows) == []
        return
    with pytest.raises(DataError, match=message) as error:
        list(read_csv(path, ("path", "labels")).rows)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_an_absent_file(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_csv(tmp_path / "no.csv", ("path",))


def test_a_table_of_200_000_columns_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(",".join(["path", "labels", *(f"c{number}" for number in range(200_000))]) + "\n")
    with pytest.raises(DataError, match=r"a\.csv: row 1 has 200002 columns, 10000 at most are read; is it a table\?"):
        read_csv(path, ("path", "labels"))
