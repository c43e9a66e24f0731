"""Data sets of mirdata, in generated copies of their layout with an index of their own; nothing is downloaded."""

from __future__ import annotations

import json

import pytest

from irmas_tf.config.data import DataConfig
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.own_data.mirdata_dataset import Mirdata
from irmas_tf.process.optional_packages import MissingPackageError, is_installed
from tests.helpers.own_files import write_sounds

needs_mirdata = pytest.mark.skipif(not is_installed("mirdata"), reason="mirdata is in the extra `mirdata`")


def write_index(folder, name: str, paths: dict[str, str]) -> None:
    tracks = {track: {"audio": [path, "0" * 32]} for track, path in paths.items()}
    (folder / name).write_text(json.dumps({"version": "1", "tracks": tracks}))


def write_medley(folder):
    """Write a copy of Medley-solos-DB: two clips of each of four songs, in three parts."""
    rows, paths = ["subset,instrument,instrument_id,song_id,uuid4"], {}
    for song, (subset, instrument) in enumerate(
        [("training", "flute"), ("training", "violin"), ("validation", "flute"), ("test", "violin")]
    ):
        for clip in range(2):
            track = f"{song}-{clip}"
            number = 3 if instrument == "flute" else 7
            paths[track] = f"audio/Medley-solos-DB_{subset}-{number}_{track}.wav"
            rows.append(f"{subset},{instrument},{number},{song},{track}")
    write_sounds(folder, paths.values())
    (folder / "annotation").mkdir()
    (folder / "annotation" / "Medley-solos-DB_metadata.csv").write_text("\n".join(rows) + "\n")
    write_index(folder, "medley_solos_db_index_1.2.json", paths)
    return folder


def mirdata(name: str, **settings) -> Mirdata:
    return Mirdata(DataConfig(dataset=f"mirdata:{name}", **settings))


@needs_mirdata
def test_medley_solos_db(tmp_path):
    folder = write_medley(tmp_path)
    dataset = mirdata("medley_solos_db")
    settings = dataset.describe(folder)
    assert settings.classes == ("flute", "violin") and "CC BY 4.0" in dataset.licence
    training, test = Mirdata(settings).training(folder), Mirdata(settings).test_items(folder)
    assert [(e.present, e.group, e.part) for e in training[:3]] == [
        (("flute",), "train 0", "train"), (("flute",), "train 0", "train"), (("violin",), "train 1", "train"),
    ]  # fmt: skip
    assert {e.part for e in training} == {"train", "validation"} and [e.present for e in test] == [("violin",)] * 2


@needs_mirdata
def test_tinysol(tmp_path):
    header = "Path,Fold,Family,Instrument (abbr.),Instrument (in full),Technique (abbr.),Technique (in full),Pitch"
    header += ",Pitch ID,Dynamics,Dynamics ID,Instance ID,String ID (if applicable),Needed digital retuning"
    paths = {f"{short}-ord-A{n}-mf-N-N": f"audio/Winds/{full}/ordinario/{short}-ord-A{n}-mf-N-N.wav"
             for short, full in (("Fl", "Flute"), ("Ob", "Oboe")) for n in range(3)}  # fmt: skip
    rows = [
        f"{path[6:]},{n % 2},Winds,{track[:2]},{path.split('/')[2]},ord,ordinario,A4,69,mf,2,0,,FALSE"
        for n, (track, path) in enumerate(paths.items())
    ]
    write_sounds(tmp_path, paths.values())
    (tmp_path / "annotation").mkdir()
    (tmp_path / "annotation" / "TinySOL_metadata.csv").write_text("\n".join([header, *rows]) + "\n")
    write_index(tmp_path, "tinysol_index_6.0.json", paths)
    listed = mirdata("tinysol").listing(tmp_path)
    assert listed.errors == [] and listed.classes == ("Flute", "Oboe")
    assert {e.group for e in listed.entries} == {
        f"{name}, fold {fold}" for name in ("Flute", "Oboe") for fold in (0, 1)
    }


@needs_mirdata
def test_good_sounds(tmp_path):
    paths = {str(n): f"good-sounds/sound_files/x/{n}.flac" for n in range(4)}
    write_sounds(tmp_path, paths.values())
    sounds = {
        str(n): {"instrument": ("flute", "oboe")[n % 2], "pack_id": n // 2, "klass": "good-sound"} for n in range(4)
    }
    takes = {str(n): {"sound_id": n, "microphone": "akg"} for n in range(4)}
    for name, content in (("sounds", sounds), ("takes", takes), ("packs", {}), ("ratings", {})):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    write_index(tmp_path, "good_sounds_index_1.0.json", paths)
    listed = mirdata("good_sounds").listing(tmp_path)
    assert [(e.labels.present, e.group) for e in listed.entries] == [
        (("flute",), "pack 0"), (("oboe",), "pack 0"), (("flute",), "pack 1"), (("oboe",), "pack 1"),
    ]  # fmt: skip


@needs_mirdata
def test_what_is_missing_is_named(tmp_path):
    folder = write_medley(tmp_path)
    gone = sorted((folder / "audio").iterdir())[0]
    gone.unlink()
    metadata = folder / "annotation" / "Medley-solos-DB_metadata.csv"
    metadata.write_text("\n".join(metadata.read_text().splitlines()[:-1]) + "\n")
    listed = mirdata("medley_solos_db").listing(folder)
    found = {finding.kind: finding for finding in listed.findings}
    assert set(found) == {"missing", "no_metadata"} and len(listed.entries) == 6
    assert found["missing"].files == (f"audio/{gone.name}",) and "download" in found["missing"].message
    (folder / "medley_solos_db_index_1.2.json").unlink()
    with pytest.raises(DataError, match=r"no index of medley_solos_db yet; download it with: python -c"):
        mirdata("medley_solos_db").listing(folder)
    with pytest.raises(DataError, match="no such folder; download it"):
        mirdata("medley_solos_db").listing(folder / "no")


def test_names_are_checked_without_mirdata(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="write mirdata:NAME with one of good_sounds, medley_solos_db"):
        mirdata("beatles")
    with pytest.raises(ConfigError, match="--dataset=irmas"):
        mirdata("irmas")
    monkeypatch.setitem(__import__("sys").modules, "mirdata", None)
    with pytest.raises(MissingPackageError, match=r"--dataset=mirdata:tinysol needs mirdata: pip install"):
        mirdata("tinysol").listing(tmp_path)
