"""The report says the same in both formats."""

from __future__ import annotations

import json

from irmas_tf.datasets.check_report import Finding
from irmas_tf.own_data.set_report import LabelCount, SetReport


def report(**changes) -> SetReport:
    values = {
        "dataset": "folder", "data_dir": "/data", "files": 5, "none_of_them": 1, "parts": {"drawn": 5}, "groups": 5,
        "classes": (LabelCount("oud", 2, 1, 2, 2), LabelCount("سه‌تار", 1, 4, 0, 1)), "group_source": "",
        "readings": (("oud", "oud heard, no other heard", 2), ("-oud", "oud not heard, the rest unknown", 1)),
        "proposed_groups": 3, "formats": {"8000 Hz, 1 channels, PCM_16, wav": 5}, "findings": (), "files_checked": 5,
        "deep": False, "seconds": 0.5,
    }  # fmt: skip
    return SetReport(**{**values, **changes})


def test_table():
    lines = report(findings=(Finding("error", "x", "bad", ("a.wav",)),)).to_table().splitlines()
    assert lines[0] == "/data (--dataset=folder)"
    assert ["oud", "2", "1", "2", "2"] in [line.split() for line in lines]
    assert "5 files, 5 drawn, 1 with none of the classes" in lines and "groups: none" in lines
    assert [line for line in lines if line.startswith("read:")] == [
        "read: '-oud' as oud not heard, the rest unknown: 1 files"
    ]
    assert lines[-3:-1] == ["error: bad", "    a.wav"] and lines[-1].startswith("result: NOT usable")
    assert "groups: 4, of the column group" in report(groups=4, group_source="the column group").to_table()
    assert not report(classes=()).to_table().startswith("class")


def test_json():
    document = json.loads(report().to_json())
    assert document["usable"] and document["classes"][0] == {
        "name": "oud", "heard": 2, "not_heard": 1, "unknown": 2, "groups": 2,
    }  # fmt: skip
    assert document["readings"][1] == {"text": "-oud", "read_as": "oud not heard, the rest unknown", "files": 1}
