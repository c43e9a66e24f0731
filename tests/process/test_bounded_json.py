from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from irmas_tf.process.bounded_json import (
    MOST_BYTES,
    MOST_ITEMS,
    MOST_WIDE_BYTES,
    BoundedJsonError,
    parse_json,
    read_json,
)
from tests.helpers import ROOT

BACKSLASHES = "\\" * 3


def test_what_the_standard_library_writes_is_read_back(tmp_path):
    value = {
        "a": [1, -0.5, 1e300, None, True, 'ü\n"[{,\\'],
        "": {},
        "日本": BACKSLASHES,
        "pair": "\U0001f3bb",
        "n": 10**300,
    }
    path = tmp_path / "a.json"
    for ascii_only in (True, False):
        path.write_text(json.dumps(value, ensure_ascii=ascii_only), encoding="utf-8")
        assert read_json(path) == value
    path.write_bytes(b"\xef\xbb\xbf[1]")
    assert read_json(path) == [1], "Windows' editors put a mark before it"


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "is no JSON"),
        ("{", "is no JSON"),
        ('{"a": 1}}', "is no JSON"),
        ('"\x01"', "is no JSON"),
        ("[NaN]", "has NaN for a number"),
        ("[-Infinity]", "has -Infinity for a number"),
        ("[1e400]", "has the number 1e400, which is beyond"),
        ("[" + "1" * 401 + "]", "has a number of 401 digits"),
        ('{"a": 1, "b": 2, "a": 3}', "has the key 'a' twice"),
        ('{"a\\u0007": 1}', "has a control character in the key 'a\\\\x07'"),
        ('["\\ud83c"]', "has half a surrogate pair"),
        ("[" * 65 + "]" * 65, "has 65 levels"),
        ("[" * 66, "has 66 levels"),
        ('{"a":' * 100 + "1" + "}" * 100, "has 100 levels"),
    ],
)
def test_what_is_refused_is_said_in_one_line_with_the_file(tmp_path, text, reason):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BoundedJsonError) as refusal:
        read_json(path)
    assert str(refusal.value).startswith(f"{path}: {reason}") and "\n" not in str(refusal.value)
    assert f"{path}: {refusal.value.reason}" == str(refusal.value)


def test_nan_is_read_where_it_is_expected():
    assert str(parse_json(b"[NaN, -Infinity]", "a", with_nan=True)) == "[nan, -inf]"
    with pytest.raises(BoundedJsonError, match="1e400"):
        parse_json(b"[1e400]", "a", with_nan=True)


def test_brackets_commas_and_quotes_in_texts_do_not_count():
    assert parse_json(json.dumps(["[" * 500, ',"' * 500, BACKSLASHES, "]" * 500]).encode(), "a", most_items=5)
    with pytest.raises(BoundedJsonError, match="more than 5 values"):
        parse_json(b"[1,2,3,4,5]", "a", most_items=5)
    with pytest.raises(BoundedJsonError, match="more than 5 values"):
        parse_json(b'""' * 20, "a", most_items=5)


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(BoundedJsonError, match="a: is not UTF-8 \\(byte 2\\)"):
        parse_json(b'["\xff"]', "a")


def test_a_file_that_is_too_large_is_not_opened(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # no disk is needed for what was never written
    start = time.process_time()
    with pytest.raises(BoundedJsonError, match="has 1099511627776 bytes, 41943040 at most"):
        read_json(path)
    assert time.process_time() - start < 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(BoundedJsonError, match="is a pipe or a device"):
        read_json(tmp_path / "a.json")


def test_the_system_says_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "gone")
    with pytest.raises(IsADirectoryError):
        read_json(tmp_path)


@pytest.mark.parametrize("letter", ["\U0001f3b5", "\\ud83c\\udfb5"])
def test_emoji_are_read_in_half_as_much(letter):
    raw = f'["{letter}{"a" * MOST_WIDE_BYTES}"]'.encode()
    with pytest.raises(BoundedJsonError, match=r"a: has 209.* bytes; with letters beyond 16 bits 20971520 at most"):
        parse_json(raw, "a")


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no peak of memory to read")
@pytest.mark.parametrize(
    "text",
    [
        '["\U0001f3b5' + "a" * (MOST_WIDE_BYTES - 100) + '"]',
        '["\u65e5' + "a" * (MOST_BYTES - 100) + '"]',
        "{" + ",".join(f'"{k:020d}":{k}' for k in range(MOST_ITEMS // 2 - 1)) + "}",
    ],
    ids=["emoji", "Japanese", "many keys"],
)
def test_the_largest_that_is_read_takes_less_than_200_mb_beyond_its_size(text, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    code = f"""
import resource
from irmas_tf.process.bounded_json import read_json
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert len(read_json({str(path)!r})) > 0
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    # Started by a small process: Linux counts the memory of who forks as the child's own.
    launched = ["sh", "-c", '"$0" -c "$1"; exit $?', sys.executable, code]
    peak = int(subprocess.run(launched, capture_output=True, text=True, check=True, cwd=ROOT).stdout)
    assert peak * 1024 - path.stat().st_size < 200e6
