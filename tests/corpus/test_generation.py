"""An IRMAS-shaped data set, the same whatever the number of workers, and nobody else's folder touched."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import pytest
import soundfile

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.corpus import generation
from irmas_tf.corpus.generation import MANIFEST, TESTING_FOLDER, TRAINING_FOLDER, CorpusError, make_corpus
from irmas_tf.corpus.rendering import EXCERPT_FRAMES
from irmas_tf.datasets.irmas import index_testing, index_training
from irmas_tf.process.checksums import checksum_of
from irmas_tf.process.locks import exclusive
from irmas_tf.randomization.ingredients import Randomization
from irmas_tf.timbres.sf2 import bundled_soundfont
from irmas_tf.timbres.sources import parse_sounds

pytestmark = pytest.mark.slow

SIZE = {"excerpts": 6, "test_clips": 1, "progress": False}


def files_of(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A corpus of 6 excerpts and a clip, made with two workers."""
    out = tmp_path_factory.mktemp("corpus") / "demo"
    make_corpus(out, **SIZE, workers=2)
    return out


def test_the_index_reads_it_as_irmas(corpus):
    excerpts = index_training(corpus, content_ids=False)
    assert len(excerpts) == 6
    assert {e.irmas_code for e in excerpts} <= set(IRMAS_CODES)
    songs = {}
    for excerpt in excerpts:
        songs.setdefault(excerpt.song_id, []).append(excerpt)
    assert len(songs) == len({e.irmas_code for e in excerpts}) == 2
    assert all(
        [e.excerpt_number for e in sorted(s, key=lambda e: e.excerpt_number)] == [1, 2, 3] for s in songs.values()
    )
    assert all(len({(e.irmas_code, e.genre) for e in s}) == 1 for s in songs.values())
    clips = index_testing(corpus)
    assert len(clips) == 1
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
    assert manifest["excerpts"] == 6 == sum(manifest["excerpts_per_class"].values())
    assert manifest["test_clips"] == 1
    assert len(manifest["soundfont_sha256"]) == 64
    assert "GPL" in manifest["licence"]
    assert manifest["seed"] == 0


def test_one_worker_writes_the_same_bytes_as_two(corpus, tmp_path):
    make_corpus(tmp_path / "alone", excerpts=3, test_clips=1, workers=1, progress=False)
    by_two, by_one = files_of(corpus), files_of(tmp_path / "alone")
    del by_one[MANIFEST]
    assert len(by_one) == 3 + 2
    assert {name: by_two[name] for name in by_one} == by_one


def test_running_again_changes_nothing_and_litter_is_removed(corpus):
    before = files_of(corpus)
    litter = corpus / "IRMAS-TrainingData" / "cel" / ".tmp-irmas-0a1b2c3d.wav"
    litter.write_bytes(b"half")
    tally = make_corpus(corpus, **SIZE, workers=1)
    assert (tally.rendered, tally.kept) == (0, 7)
    assert files_of(corpus) == before


def test_another_seed_gives_other_music(corpus, tmp_path):
    make_corpus(tmp_path / "other", excerpts=1, test_clips=0, seed=1, workers=1, progress=False)
    (other,) = [data for name, data in files_of(tmp_path / "other").items() if name.endswith(".wav")]
    assert other not in files_of(corpus).values()
    assert not (tmp_path / "other" / "IRMAS-TestingData-Part1").exists()


@pytest.mark.parametrize("change", ["foreign", "file", "damaged", "seed", "smaller"])
def test_folders_that_are_not_ours_are_refused_and_untouched(tmp_path, change):
    out = tmp_path / "out"
    identity = generation._identity(0, Path("TimGM6mb.sf2"), "0" * 64)
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
        identity = generation._identity(0, bundled_soundfont(), checksum_of(bundled_soundfont()))
        (out / MANIFEST).write_text(json.dumps({**identity, "excerpts": 1200, "test_clips": 0}))
    before = files_of(tmp_path)
    with pytest.raises(CorpusError) as caught:
        make_corpus(out, excerpts=3, test_clips=0, workers=1, progress=False)
    assert str(out) in str(caught.value)
    assert files_of(tmp_path) == before


def test_randomisation_is_part_of_what_a_corpus_is(corpus, tmp_path):
    hard = Randomization.parse("all")
    for workers, name in ((1, "alone"), (2, "together")):
        make_corpus(tmp_path / name, **SIZE, workers=workers, randomization=hard)
    assert {n: b for n, b in files_of(tmp_path / "alone").items() if n != MANIFEST} == {
        n: b for n, b in files_of(tmp_path / "together").items() if n != MANIFEST
    }
    assert files_of(tmp_path / "alone").keys() != files_of(corpus).keys() or files_of(tmp_path / "alone") != files_of(
        corpus
    )
    for excerpt in index_training(tmp_path / "alone", content_ids=False):
        assert soundfile.info(excerpt.path).frames == EXCERPT_FRAMES
    with pytest.raises(CorpusError, match=r"randomization v1 backing.* instead of none"):
        make_corpus(tmp_path / "alone", **SIZE, workers=1)


def test_corpora_of_versions_without_randomisation_are_gone_on_with(corpus, tmp_path):
    shutil.copytree(corpus, tmp_path / "old")
    manifest = json.loads((tmp_path / "old" / MANIFEST).read_text())
    del manifest["randomization"]
    (tmp_path / "old" / MANIFEST).write_text(json.dumps(manifest))
    assert make_corpus(tmp_path / "old", **SIZE, workers=1).rendered == 0
    with pytest.raises(CorpusError, match="randomization none instead of v1 eq"):
        make_corpus(tmp_path / "old", **SIZE, workers=1, randomization=Randomization.parse("eq"))


def test_corpora_of_earlier_sounds_are_not_gone_on_with(tmp_path):
    sounds = parse_sounds("timgm6mb")
    make_corpus(tmp_path, excerpts=3, test_clips=0, workers=1, progress=False, sounds=sounds)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    del manifest["sounds_version"]  # as the first version wrote it
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(CorpusError, match="sounds_version 1 instead of 2"):
        make_corpus(tmp_path, excerpts=3, test_clips=0, workers=1, progress=False, sounds=sounds)


def test_a_corpus_is_written_by_one_process_at_a_time(tmp_path):
    with exclusive(tmp_path, RuntimeError()), pytest.raises(CorpusError, match="another process is writing here"):
        make_corpus(tmp_path, excerpts=3, test_clips=0, progress=False)
    assert not list(tmp_path.iterdir())


def test_a_small_disk_is_noticed_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(generation.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10**6})())
    with pytest.raises(CorpusError, match=r"GB free"):
        make_corpus(tmp_path / "out", excerpts=30, test_clips=0, workers=1, progress=False)


def test_a_folder_that_was_begun_on_a_full_disk_or_by_a_killed_process_is_gone_on_with(tmp_path, monkeypatch):
    def full(path, value):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    (tmp_path / ".tmp-irmas-0123abcd-corpus.json").write_text("{")
    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space"):
        patched.setattr(generation, "write_json_atomic", full)
        make_corpus(tmp_path, excerpts=11, test_clips=1, workers=1, progress=False)
    assert make_corpus(tmp_path, excerpts=11, test_clips=1, workers=1, progress=False).rendered == 12
    mine = [MANIFEST, TESTING_FOLDER.partition("/")[0], TRAINING_FOLDER]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(mine)


def test_a_missing_soundfont_is_named(tmp_path):
    with pytest.raises((ValueError, OSError), match=r"no\.sf2"):
        make_corpus(tmp_path / "out", soundfont=tmp_path / "no.sf2", progress=False)
    assert not (tmp_path / "out").exists()
