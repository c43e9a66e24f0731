"""The check on good, odd and broken copies."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.datasets.irmas import DataError
from irmas_tf.datasets.irmas_check import check

FRAMES = 132299


def write(path: Path, seed: int = 0, frames: int = FRAMES, rate: int = 44100, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = np.random.default_rng(seed).uniform(-0.3, 0.3, (frames, 2)).astype("float32")
    soundfile.write(path, data, rate, **options)
    return path


@pytest.fixture
def data_dir(tmp_path):
    root = tmp_path / "IRMAS-TrainingData"
    for k, code in enumerate(("cel", "gac", "gel")):
        for song in range(2):
            write(root / code / f"[{code}][cou_fol]{9000 + 10 * k + song}__1.wav", seed=10 * k + song)
    part = tmp_path / "IRMAS-TestingData-Part1" / "Part1"
    write(part / "01 - Caf\u00e9, [live]-1.wav", seed=99, frames=5 * 44100)
    (part / "01 - Caf\u00e9, [live]-1.txt").write_bytes(b"voi\t\r\n\r\n")
    return tmp_path


def by_kind(report) -> dict[str, list]:
    found: dict[str, list] = {}
    for finding in report.findings:
        found.setdefault(finding.kind, []).append(finding)
    return found


def test_a_good_small_copy(data_dir):
    report = check(data_dir, deep=True, progress=False)
    assert report.is_usable
    assert report.excerpts == 6
    assert report.groups == 6
    assert report.files_checked == 7
    assert [(p.part, p.clips) for p in report.parts] == [(1, 1), (2, 0), (3, 0)]
    assert report.test_labels["voi"] == 1
    assert report.formats == {"44100 Hz, 2 channels, PCM_16, wav": 7}
    assert set(by_kind(report)) == {"missing", "absent_class"}


def test_everything_that_can_be_wrong_is_found(data_dir):
    root = data_dir / "IRMAS-TrainingData"
    (root / "cel" / "[cel][cou_fol]9100__1.wav").write_bytes(b"not audio")
    (root / "cel" / "[cel][cou_fol]9101__1.wav").touch()
    (root / "cel" / "[cel][cou_fol]9102__1.wav").symlink_to(root / "gone.wav")
    write(root / "cel" / "[cel][cou_fol]9103__1.wav", seed=1, frames=30000)
    write(root / "cel" / "[cel][cou_fol]9104__1.wav", seed=2, rate=22050)
    write(root / "cel" / "[gac][cou_fol]9105__1.wav", seed=3)
    write(root / "cel" / "holiday.wav", seed=4)
    shutil.copy(root / "gac" / "[gac][cou_fol]9010__1.wav", root / "gel" / "[gel][cou_fol]9106__1.wav")
    shutil.copy(root / "gac" / "[gac][cou_fol]9011__1.wav", root / "gac" / "[gac][cou_fol]9107__1.wav")
    nan = np.full((FRAMES, 2), np.nan, "float32")
    soundfile.write(root / "gel" / "[gel][cou_fol]9108__1.wav", nan, 44100, subtype="FLOAT")
    soundfile.write(root / "gel" / "[gel][cou_fol]9109__1.wav", 0 * np.nan_to_num(nan), 44100)
    write(root / "gel" / "[gel][cou_fol]9110__1.wav", seed=6, rate=384000)
    (root / "notes.pdf").touch()
    (root / ".DS_Store").touch()
    part = data_dir / "IRMAS-TestingData-Part1" / "Part1"
    write(part / "lonely-1.wav", seed=5, frames=5 * 44100)
    shutil.copy(root / "gac" / "[gac][cou_fol]9010__1.wav", part / "copy-1.wav")
    (part / "copy-1.txt").write_text("gac\nbanjo\n")
    report = check(data_dir, deep=True, progress=False)
    found = by_kind(report)
    assert not report.is_usable
    errors = {kind for kind, group in found.items() if group[0].severity == "error"}
    assert errors == {
        "unreadable", "empty", "non_finite", "unsupported_rate", "label_mismatch", "missing_labels", "bad_labels",
    }  # fmt: skip
    assert {Path(f).name for f in found["unreadable"][0].files} == {
        "[cel][cou_fol]9100__1.wav",
        "[cel][cou_fol]9102__1.wav",
    }
    assert found["label_mismatch"][0].files == ("IRMAS-TrainingData/cel/[gac][cou_fol]9105__1.wav",)
    assert "'banjo'" in found["bad_labels"][0].message
    assert [Path(f).name for f in found["surplus"][0].files] == ["holiday.wav"]
    assert len(found["odd_format"][0].files) == 2  # 22,050 Hz, and the float file
    assert {Path(f).name[14:18] for f in found["odd_length"][0].files} == {"9103", "9104"}
    assert [Path(f).name for f in found["silent"][0].files] == ["[gel][cou_fol]9109__1.wav"]
    assert found["duplicate"][0].message.startswith("2 training excerpts")
    assert len(found["contradictory"][0].files) == 1
    assert found["other_files"][0].files == ("IRMAS-TrainingData/notes.pdf",)
    assert found["other_files"][0].message == "the training folder holds 1 PDF document beside the excerpts; ignored"
    severities = [f.severity for f in report.findings]
    assert severities == sorted(severities, key=("error", "warning", "note").index)


def test_what_training_refuses_is_found_without_decoding_everything(data_dir):
    root = data_dir / "IRMAS-TrainingData" / "cel"
    assert "result: usable (headers only; --deep decodes everything)" in check(data_dir, progress=False).to_table()
    write(root / "[cel][cou_fol]9103__1.wav", seed=1, rate=7000)
    nan = np.full((FRAMES, 2), np.nan, "float32")
    soundfile.write(root / "[cel][cou_fol]9104__1.wav", nan, 44100, subtype="FLOAT")
    found = by_kind(check(data_dir, progress=False))
    assert {kind for kind, group in found.items() if group[0].severity == "error"} == {"unsupported_rate", "non_finite"}
    assert "7,000 Hz" in found["unsupported_rate"][0].message


def test_training_audio_in_the_test_set(data_dir):
    source = data_dir / "IRMAS-TrainingData" / "gac" / "[gac][cou_fol]9010__1.wav"
    part = data_dir / "IRMAS-TestingData-Part1" / "Part1"
    shutil.copy(source, part / "copy-1.wav")
    (part / "copy-1.txt").write_text("gac")
    assert by_kind(check(data_dir, progress=False))["train_in_test"][0].severity == "warning"


def test_folders_without_training_data(tmp_path, data_dir):
    shutil.rmtree(data_dir / "IRMAS-TrainingData")
    report = check(data_dir, progress=False)
    assert report.is_usable  # a test set alone can be evaluated on
    assert by_kind(report)["no_training_set"][0].severity == "note"
    shutil.rmtree(data_dir / "IRMAS-TestingData-Part1")
    assert not check(data_dir, progress=False).is_usable
    with pytest.raises(DataError, match="no such folder"):
        check(data_dir / "absent")


def test_nothing_is_written_into_the_data(data_dir):
    before = sorted(data_dir.rglob("*"))
    check(data_dir, progress=False)
    assert sorted(data_dir.rglob("*")) == before
