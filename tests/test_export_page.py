"""The command's flags and errors; tests/browser covers its work."""

from __future__ import annotations

import pytest

from irmas_tf.export_page import cli
from tests.helpers.litert_package import model_with_facts, stand_in_package


def test_it_writes_the_page_and_says_what_comes_next(tmp_path, monkeypatch, capsys):
    package = stand_in_package(tmp_path / "made.tgz", monkeypatch)
    model = model_with_facts(tmp_path / "a.tflite")
    assert cli([f"--model={model}", f"--out={tmp_path}/page", f"--litert_js={package}"]) == 0
    printed = capsys.readouterr().out
    assert "model/a.tflite" in printed and printed.endswith(f"Next: irmas serve-page {tmp_path}/page\n")
    assert (tmp_path / "page" / "index.html").is_file()
    assert cli([f"--model={model}", f"--out={tmp_path}/page", f"--litert_js={package}"]) == 2
    assert "holds a page already; give --overwrite" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "--out is required"),
        (["--out=page", "--model=foreign.tflite"], "foreign.tflite: is not a .tflite file exported by irmas_tf"),
        (["--out=page", "--model=nosuch.tflite"], "nosuch.tflite"),
        (["--out=page", "--check=safari"], "--check=safari"),
    ],
)
def test_errors_are_one_line_and_leave_nothing(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "foreign.tflite").write_bytes(b"TFL3")
    assert cli(arguments) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ") and words in printed and printed.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["foreign.tflite"]
