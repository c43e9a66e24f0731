"""The command: an IRMAS-shaped data set, the same whatever the number of workers, and nobody else's folder touched."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
import soundfile

from irmas_tf import soundfont
from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.corpus.rendering import EXCERPT_FRAMES
from irmas_tf.corpus.sf2 import bundled_soundfont, file_sha256
from irmas_tf.datasets.irmas import index_testing, index_training
from irmas_tf.process.locks import exclusive
from irmas_tf.soundfont import MANIFEST, CorpusError, main, make_corpus

SIZE = ["--excerpts", "36", "--test_clips", "2"]


def files_of(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A corpus of 36 excerpts and 2 clips, made with two workers."""
    out = tmp_path_factory.mktemp("corpus") / "demo"
    assert main(["--out", str(out), *SIZE, "--workers", "2"]) == 0
    return out


def test_the_index_reads_it_as_irmas(corpus):
    excerpts = index_training(corpus, content_ids=False)
    assert len(excerpts) == 36
    assert {e.irmas_code for e in excerpts} == set(IRMAS_CODES)
    songs = {}
    for excerpt in excerpts:
        songs.setdefault(excerpt.song_id, []).append(excerpt)
    assert len(songs) == 12
    assert all(
        [e.excerpt_number for e in sorted(s, key=lambda e: e.excerpt_number)] == [1, 2, 3] for s in songs.values()
    )
    assert all(len({(e.irmas_code, e.genre) for e in s}) == 1 for s in songs.values())
    clips = index_testing(corpus)
    assert len(clips) == 2
    assert all(1 <= len(c.irmas_codes) <= 5 and c.part == 1 for c in clips)


def test_formats_are_exactly_the_official_ones(corpus):
    for excerpt in index_training(corpus, content_ids=False):
        info = soundfile.info(excerpt.path)
        assert (info.samplerate, info.channels, info.subtype, info.frames) == (44100, 2, "PCM_16", EXCERPT_FRAMES)
        assert info.format == "WAV"
    for clip in index_testing(corpus):
        info = soundfile.info(clip.path)
        assert (info.samplerate, info.channels, info.subtype) == (44100, 2, "PCM_16")
        assert 5 <= info.duration <= 20
        text = clip.path.with_suffix(".txt").read_bytes()
        assert text.endswith(b"\t\n")
        assert set(text.decode().split()) == set(clip.irmas_codes)


def test_the_manifest_says_what_it_is(corpus):
    manifest = json.loads((corpus / MANIFEST).read_text())
    assert manifest["complete"] is True
    assert manifest["excerpts"] == 36 == sum(manifest["excerpts_per_class"].values())
    assert manifest["test_clips"] == 2
    assert len(manifest["soundfont_sha256"]) == 64
    assert "GPL" in manifest["licence"]
    assert manifest["seed"] == 0


def test_one_worker_writes_the_same_bytes_as_two(corpus, tmp_path):
    assert main(["--out", str(tmp_path / "alone"), "--excerpts", "12", "--test_clips", "1", "--workers", "1"]) == 0
    two, one = files_of(corpus), files_of(tmp_path / "alone")
    del one[MANIFEST]
    assert len(one) == 12 + 2
    assert {name: two[name] for name in one} == one


def test_running_again_changes_nothing_and_litter_is_removed(corpus, capsys):
    before = files_of(corpus)
    litter = corpus / "IRMAS-TrainingData" / "cel" / ".x.wav.part"
    litter.write_bytes(b"half")
    assert main(["--out", str(corpus), *SIZE, "--workers", "1"]) == 0
    assert "38 were there already" in capsys.readouterr().out
    assert files_of(corpus) == before


def test_another_seed_gives_other_music(corpus, tmp_path):
    make_corpus(tmp_path / "other", excerpts=1, test_clips=0, seed=1, workers=1, progress=False)
    (other,) = [data for name, data in files_of(tmp_path / "other").items() if name.endswith(".wav")]
    assert other not in files_of(corpus).values()
    assert not (tmp_path / "other" / "IRMAS-TestingData-Part1").exists()


@pytest.mark.parametrize("change", ["foreign", "file", "damaged", "seed", "smaller"])
def test_folders_that_are_not_ours_are_refused_and_untouched(tmp_path, change, capsys):
    out = tmp_path / "out"
    identity = soundfont._identity(0, soundfont.Path("TimGM6mb.sf2"), "0" * 64)
    manifest = {**identity, "excerpts": 12, "test_clips": 0}
    out.mkdir()
    if change == "foreign":
        (out / "thesis.txt").write_text("mine")
    elif change == "file":
        out.rmdir()
        out.write_text("mine")
    elif change == "damaged":
        (out / MANIFEST).write_text('{"seed": ')
    elif change == "seed":
        (out / MANIFEST).write_text(json.dumps({**manifest, "seed": 5}))
    else:
        identity = soundfont._identity(0, bundled_soundfont(), file_sha256(bundled_soundfont()))
        (out / MANIFEST).write_text(json.dumps({**identity, "excerpts": 1200, "test_clips": 0}))
    before = files_of(tmp_path)
    assert main(["--out", str(out), "--excerpts", "3", "--test_clips", "0", "--workers", "1"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    assert str(out) in message
    assert message.count("\n") == 1
    assert files_of(tmp_path) == before


def test_the_command_itself_ends_with_one_line_and_status_2(tmp_path):
    (tmp_path / "mine.txt").touch()
    command = [sys.executable, "-m", "irmas_tf.soundfont", "--out", str(tmp_path), "--excerpts", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert re.fullmatch(r"error: --out=.*: not empty and not a corpus .*\n", done.stderr)


def test_a_corpus_is_written_by_one_process_at_a_time(tmp_path, capsys):
    with exclusive(tmp_path, RuntimeError()):
        assert main(["--out", str(tmp_path), "--excerpts", "3", "--test_clips", "0"]) == 2
    assert "another process is writing here" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_small_disk_is_noticed_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(soundfont.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10**6})())
    with pytest.raises(CorpusError, match=r"GB free"):
        make_corpus(tmp_path / "out", excerpts=30, test_clips=0, workers=1, progress=False)


@pytest.mark.parametrize("flags", [["--excerpts=0"], ["--test_clips=-1"], ["--workers=-2"], ["--seed=x"], ["extra"],
                                   ["--excerpts=3", "--songs_per_class=1"]])  # fmt: skip
def test_wrong_usage_is_status_2(tmp_path, flags, capsys):
    with pytest.raises(SystemExit) as end:
        main(["--out", str(tmp_path / "out"), *flags])
    assert end.value.code == 2
    assert flags[-1].split("=")[0].lstrip("-") in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_missing_soundfont_is_named(tmp_path, capsys):
    assert main(["--out", str(tmp_path / "out"), "--soundfont", str(tmp_path / "no.sf2")]) == 2
    assert "no.sf2" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
