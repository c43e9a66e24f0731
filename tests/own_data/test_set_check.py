"""The check of any data set."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest
import soundfile

from irmas_tf.config.data import DataConfig
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.own_data import set_check
from irmas_tf.own_data.manifest import read_manifest
from irmas_tf.own_data.set_check import check_dataset
from tests.helpers.documented import extension
from tests.helpers.own_files import RATE_HZ, noise, write_manifest, write_sounds

NAMES = [f"{code}/t{take}_{number}.wav" for code in ("oud", "tar") for take in range(3) for number in (1, 2)]


def checked(dataset: str, data_dir, **options):
    return check_dataset(DataConfig(dataset=dataset, data_dir=str(data_dir)), progress=False, **options)


def by_kind(report) -> dict[str, list]:
    found: dict[str, list] = {}
    for finding in report.findings:
        found.setdefault(finding.kind, []).append(finding)
    return found


@pytest.fixture
def folder(tmp_path):
    return write_sounds(tmp_path / "data", NAMES)


def test_a_folder_without_groups_is_told_what_its_names_propose(folder):
    report = checked("folder", folder).report
    assert report.is_usable and (report.files, report.groups, report.proposed_groups) == (12, 12, 6)
    assert [(c.name, c.heard, c.not_heard, c.unknown, c.groups) for c in report.classes] == [
        ("oud", 6, 6, 0, 6), ("tar", 6, 6, 0, 6),
    ]  # fmt: skip
    (finding,) = report.findings
    assert finding.kind == "no_groups" and finding.severity == "warning"
    assert "a split by single files flatters" in finding.message and "as 6 groups" in finding.message


def test_everything_that_can_be_wrong_is_found(folder):
    shutil.copy(folder / "oud/t0_1.wav", folder / "tar/copy.wav")
    shutil.copy(folder / "oud/t0_1.wav", folder / "oud/copy.wav")
    (folder / "tar/broken.wav").write_bytes(b"not audio")
    (folder / "-tar").mkdir()
    soundfile.write(folder / "-tar/loud.wav", 9 * noise(99), RATE_HZ)
    write_sounds(folder, ["nay/only.wav"])
    report = checked("folder", folder, deep=True).report
    found = by_kind(report)
    assert not report.is_usable and {kind for kind, f in found.items() if f[0].severity == "error"} == {"unreadable"}
    assert found["unreadable"][0].files == ("tar/broken.wav",)
    assert found["contradictory"][0].files == ("nay/only.wav = oud/copy.wav = oud/t0_1.wav = tar/copy.wav",)
    assert found["clipped"][0].files == ("-tar/loud.wav",)
    assert found["duplicate"][0].severity == "note"


def test_a_class_with_one_song_is_told(folder):
    rows = [f"{name},{name.split('/')[0]},{name.split('_')[0]}" for name in NAMES]
    write_sounds(folder, ["nay/a.wav"])
    soundfile.write(folder / "nay/a.wav", noise(77), RATE_HZ)
    path = write_manifest(folder / "m.csv", "path,labels,group", *rows, "nay/a.wav,nay,solo")
    report = checked("manifest", path).report
    assert (report.groups, report.group_source, report.proposed_groups) == (7, "the column group", 0)
    (finding,) = report.findings
    assert finding.message == (
        "class 'nay' is in one group only, 'solo': it is learnt and never validated; add another recording of it"
    )


def test_parts_are_counted_and_what_is_in_two_is_told(folder):
    shutil.copy(folder / "oud/t0_1.wav", folder / "oud/copy.wav")
    parts = {"t0": "train", "t1": "validation", "t2": "test"}
    rows = [f"{name},{name.split('/')[0]},{parts[name.split('/')[1][:2]]}" for name in NAMES]
    path = write_manifest(folder / "m.csv", "path,labels,split", *rows, "oud/copy.wav,oud;?tar,test")
    report = checked("manifest", path).report
    assert report.parts == {"train": 4, "validation": 4, "test": 5}
    assert {"in_two_parts", "contradictory"} <= set(by_kind(report))
    assert [c.unknown for c in report.classes] == [0, 1]


def test_faults_of_rows_are_findings_of_the_check(folder):
    path = write_manifest(folder / "m.csv", "path,labels", "oud/t0_1.wav,oud", "tar/t0_1.wav,tar", "gone.wav,tar", "x,")
    report = checked("manifest", path).report
    assert not report.is_usable and {"missing_file", "empty_label"} <= set(by_kind(report))
    with pytest.raises(DataError, match="no such file"):
        checked("manifest", folder / "no.csv")


def test_near_duplicates_are_found_by_decoding_and_joined(tmp_path):
    folder = write_sounds(tmp_path, [f"{code}/{n}.wav" for code in ("oud", "tar") for n in "abc"], seconds=1.5)
    samples, rate = soundfile.read(folder / "oud/a.wav")
    soundfile.write(folder / "tar/other.ogg", 0.3 * samples[1000:], rate)
    assert "near_duplicate" not in by_kind(checked("folder", folder).report)
    result = checked("folder", folder, deep=True)
    found = by_kind(result.report)
    assert found["near_duplicate"][0].files == found["near_contradictory"][0].files == ("oud/a.wav = tar/other.ogg",)
    groups = dict(zip((e.name for e in result.excerpts), result.proposal.groups, strict=True))
    assert groups["oud/a.wav"] == groups["tar/other.ogg"] and result.proposal.number == 6


def test_data_sets_of_other_packages_are_checked_as_well(tmp_path):
    folder = write_sounds(tmp_path / "data", ["low/1-1.wav", "low/1-2.wav", "mid/2-1.wav", "high/3-1.wav"])
    with extension(tmp_path / "tones", "tones"):
        report = checked("tones", folder).report
    assert (report.group_source, report.groups, [c.name for c in report.classes]) == (
        "the data set", 3, ["low", "mid", "high"],
    )  # fmt: skip
    assert {finding.kind for finding in report.findings} == {"single_group"}


@pytest.mark.slow
def test_work_grows_with_the_files_and_no_faster(tmp_path, monkeypatch):
    """5,000 files: each is opened for its header once and for its bytes once; a second check reads no bytes again."""
    sound, rows = noise(0, 0.01), []
    for number in range(5000):
        sound[0] = number / 10_000
        name = f"c{number % 20:02}/t{number // 40}_{number // 20 % 2}.wav"
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, sound, RATE_HZ)
        rows.append(f"{name},c{number % 20:02},{number // 40}")
    path = write_manifest(tmp_path / "m.csv", "path,labels,group", *rows)
    calls: Counter[str] = Counter()
    from irmas_tf.datasets import audio_check, content_ids

    for module, name in ((audio_check, "examine"), (audio_check, "_plain_facts"), (content_ids, "hash_file")):
        original = getattr(module, name)

        def counted(*args, original=original, name=name, **options):
            calls[name] += 1
            return original(*args, **options)

        monkeypatch.setattr(module, name, counted)
    listings = []
    monkeypatch.setattr(set_check, "join_identical", lambda *args: listings.append(1) or list(args[0]))
    assert checked("manifest", path).report.is_usable
    assert calls == {"examine": 5000, "_plain_facts": 5000, "hash_file": 5000} and len(listings) == 1
    checked("manifest", path)
    assert calls["hash_file"] == 5000
    assert len(read_manifest(path).entries) == 5000


@pytest.mark.parametrize("spelt", ["sounds", "./sounds", "sounds/", "../here/sounds", "{}/sounds"])
def test_names_and_groups_do_not_depend_on_how_the_folder_is_spelt(tmp_path, monkeypatch, spelt):
    """Nor on the script of the names: once all files of a class were one group where the path was relative."""
    names = [
        f"{code}/t{take}_{number}.wav" for code in ("oud", "تار", "尺八") for take in range(3) for number in (1, 2)
    ]
    here = tmp_path / "here"
    write_sounds(here / "sounds", names)
    monkeypatch.chdir(here)
    result = checked("folder", spelt.format(here))
    assert sorted(excerpt.name for excerpt in result.excerpts) == sorted(names)
    assert (result.report.proposed_groups, len(set(result.proposal.groups))) == (9, 9)
