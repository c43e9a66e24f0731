"""The page's tables are written by the package's rules; run by Node, for they need no browser."""

from __future__ import annotations

import io
import json
import shutil
import subprocess

import pytest

from irmas_tf.browser.page_export import SOURCES
from irmas_tf.process.csv_cells import CsvWriter

SCRIPT = """
import {csvText} from '%s';
process.stdout.write(csvText(JSON.parse(process.argv[1])));
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_cells_that_spreadsheets_would_run_are_marked_as_the_package_marks_them():
    rows = [
        ["file", "=class", "class:notes"],
        ["=1+2.wav", "-0.5", "+3"],
        ['-"quoted", x', "'=x", "@home"],
        ["\tx", "'tis.wav", "\uff0dx"],
        ["two\nlines", "-1e-07", "-oud;?"],
        ["\u0663", "-\u0663", "-1\n"],
    ]
    script = SCRIPT % (SOURCES / "engine" / "formats.js").as_uri()
    command = ["node", "--input-type=module", "-e", script, json.dumps(rows)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=60)
    expected = io.StringIO()
    CsvWriter(expected).writerows(rows)
    assert done.stdout == expected.getvalue()
