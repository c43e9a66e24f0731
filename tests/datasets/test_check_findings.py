"""Conclusions from facts, without files where none are needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from irmas_tf.datasets import check_findings as findings
from irmas_tf.datasets import irmas_counts
from irmas_tf.datasets.audio_check import AudioFacts, AudioIssue
from irmas_tf.datasets.irmas_layout import MANIFEST_NAME
from irmas_tf.datasets.irmas_records import Excerpt, TestClip, TestingScan, TrainingScan, parse_training_name

OFFICIAL = AudioFacts(44100, 2, "PCM_16", 132299)


def excerpt(name: str, content: str | None = None) -> Excerpt:
    return Excerpt(Path(name), *parse_training_name(name), content)


def clip(name: str, codes: tuple[str, ...] = ("voi",), part: int = 1, content: str | None = None) -> TestClip:
    return TestClip(Path(name), codes, part, name, content)


def kinds(found) -> list[str]:
    return [f.kind for f in found]


def test_audio_issues_are_gathered_by_kind():
    bad = [AudioIssue("unreadable", True, "is broken")]
    dull = [AudioIssue("silent", False, "is silent")]
    found = findings.audio_findings(
        {Path("a"): (None, bad), Path("b"): (OFFICIAL, dull), Path("c"): (None, bad), Path("d"): (OFFICIAL, [])}, str
    )
    assert [(f.severity, f.kind, f.files) for f in found] == [
        ("error", "unreadable", ("a", "c")),
        ("warning", "silent", ("b",)),
    ]
    assert found[0].message.startswith("2 audio files cannot be read")


def test_odd_formats():
    mono = AudioFacts(22050, 1, "PCM_16", 66150)
    assert findings.odd_formats({}, "excerpts", str) == []
    assert findings.odd_formats({Path("a"): OFFICIAL}, "excerpts", str) == []
    mixed = findings.odd_formats({Path("a"): OFFICIAL, Path("b"): OFFICIAL, Path("c"): mono}, "excerpts", str)
    assert [(f.severity, f.kind, f.files) for f in mixed] == [("warning", "odd_format", ("c",))]
    converted = findings.odd_formats({Path("a"): mono, Path("b"): mono}, "excerpts", str)
    assert [(f.severity, f.kind) for f in converted] == [("note", "unofficial_format")]
    assert "22050 Hz, 1 channels" in converted[0].message


def test_odd_lengths():
    short = AudioFacts(44100, 2, "PCM_16", 44100)
    found = findings.odd_lengths({Path("a"): OFFICIAL, Path("b"): short}, 2.99, 3.01, "excerpts", str)
    assert [f.files for f in found] == [("b",)]
    assert "1.00 s" in found[0].message


def test_holes_in_the_numbering_name_missing_files():
    names = ["[cel][cla]0001__1.wav", "[cel][cla]0001__3.wav", "008__[cel][nod][cla]0002__2.wav"]
    names += ["[cel][cla]0003__1.wav", "009__[cel][dru][cla]0003__2.wav", "010__[cel][dru][cla]0003__3.wav"]
    scan = TrainingScan(Path("."), tuple(map(excerpt, names)), (), ())
    found = findings.count_findings(scan, TestingScan((), (), ()))
    holes = next(f for f in found if "between others" in f.message)
    assert holes.files == ("cel/[cel][cla]0001__2.wav", "cel/008__[cel][nod][cla]0002__1.wav")


def test_counts():
    scan = TrainingScan(Path("."), (excerpt("[cel][cla]0001__1.wav"),), (), ())
    found = findings.count_findings(scan, TestingScan((), (clip("a", part=0),), ()))
    assert kinds(found) == ["missing", "absent_class", "single_song", "missing", "unknown_part"]
    assert "cel: 387 of 388 missing" in found[0].message
    assert "Part3: 766 of 766 missing" in found[3].message
    assert kinds(findings.count_findings(None, TestingScan((), (), ()))) == ["no_test_set"]
    assert all(f.severity != "error" for f in found)


@pytest.mark.slow
def test_a_complete_copy_has_nothing_missing():
    items = []
    for k, (code, count) in enumerate(irmas_counts.TRAINING_EXCERPTS.items()):
        items += [excerpt(f"[{code}][cla]{3000 + 1000 * k + n}__1.wav") for n in range(count)]
    clips = [clip(str(n), part=part) for part, count in irmas_counts.TESTING_CLIPS.items() for n in range(count)]
    assert (
        findings.count_findings(TrainingScan(Path("."), tuple(items), (), ()), TestingScan((), tuple(clips), ())) == []
    )
    more = (*items, excerpt("[cel][cla]0001__1.wav"))
    found = findings.count_findings(TrainingScan(Path("."), more, (), ()), TestingScan((), tuple(clips), ()))
    assert [(f.kind, "cel: 1 more" in f.message) for f in found] == [("surplus", True)]


def test_duplicates_contradictions_and_leaks_into_the_test_set():
    items = [
        excerpt("[gac][cou_fol]9000__1.wav", "x"),
        excerpt("[gel][cou_fol]9001__1.wav", "x"),
        excerpt("[gel][cou_fol]9002__1.wav", "y"),
        excerpt("[gel][cou_fol]9003__1.wav", "y"),
        excerpt("[gel][cou_fol]9004__1.wav", "z"),
        excerpt("[gel][cou_fol]9005__1.wav"),
    ]
    clips = [
        clip("a", content="p"),
        clip("b", content="p"),
        clip("c", ("pia",), content="q"),
        clip("d", content="q"),
        clip("e", content="z"),
        clip("f"),
    ]
    found = findings.duplicate_findings(items, clips, str)
    assert kinds(found) == ["duplicate", "contradictory", "duplicate_clips", "contradictory_clips", "train_in_test"]
    assert found[0].message.startswith("2 training excerpts")
    assert found[1].files == ("[gac][cou_fol]9000__1.wav = [gel][cou_fol]9001__1.wav",)
    assert found[3].files == ("c = d",)
    assert found[4].files == ("[gel][cou_fol]9004__1.wav = e",)
    assert findings.duplicate_findings(items[2:3], clips[:1], str) == []


def test_manifest(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"1")
    (tmp_path / "b.wav").write_bytes(b"1")
    assert findings.manifest_findings([tmp_path], str) == []
    (tmp_path / MANIFEST_NAME).write_text('{"files": {"a.wav": 1, "c.wav": 1}}')
    found = findings.manifest_findings([tmp_path], lambda p: p.name)
    assert [(f.kind, f.files) for f in found] == [("missing", ("c.wav",)), ("surplus", ("b.wav",))]
