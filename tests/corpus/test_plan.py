"""The plan: balanced, extendable, in names that the index reads back."""

from __future__ import annotations

from collections import Counter

import pytest

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.corpus import plan
from irmas_tf.corpus.plan import TRAINING_FOLDER, TestSong, training_songs
from irmas_tf.datasets.irmas import parse_training_name
from irmas_tf.datasets.irmas_counts import KNOWN_DUPLICATE_SONGS
from irmas_tf.datasets.irmas_records import clip_song_id


@pytest.mark.parametrize("excerpts", [1, 5, 66, 100, 1980])
def test_the_number_asked_for_is_spread_evenly(excerpts):
    counts = Counter()
    for song in training_songs(excerpts):
        counts[song.code] += song.count
    assert counts.total() == excerpts
    assert excerpts < 33 or max(counts.values()) - min(counts.values()) <= 3


def test_a_larger_corpus_begins_with_a_smaller_one():
    small, large = list(training_songs(50)), list(training_songs(500))
    assert [(s.index, s.code) for s in small] == [(s.index, s.code) for s in large[: len(small)]]
    assert small[:-1] == large[: len(small) - 1]
    clips = list(plan.test_songs(31))
    assert sum(s.count for s in clips) == 31
    assert [s.index for s in clips] == list(range(len(clips)))


def test_names_are_read_back_as_they_were_meant():
    styles = Counter()
    for song in training_songs(3000):
        for excerpt in range(song.count):
            path = song.path(7, excerpt, "pop_roc", drums=song.index % 2 == 0)
            folder, name = path.rsplit("/", 1)
            assert folder == f"{TRAINING_FOLDER}/{song.code}"
            parsed = parse_training_name(name)
            assert parsed.irmas_code == song.code
            assert parsed.genre == "pop_roc"
            assert int(parsed.song_id) == song.number
            assert parsed.excerpt_number == excerpt + 1
            assert parsed.drums in (None, song.index % 2 == 0)
            styles[parsed.prefix is not None, parsed.drums is None, "[---]" in name] += 1
    assert len(styles) == 4  # prefix and tag, tag alone, no tag, unknown tag


def test_song_numbers_are_global_and_never_official_duplicates():
    numbers = [song.number for song in training_songs(9000)]
    assert len(set(numbers)) == len(numbers)
    assert not {int(song.split("/")[1]) for pair in KNOWN_DUPLICATE_SONGS for song in pair} & set(numbers)


def test_clips_of_a_song_share_a_title_and_songs_do_not():
    titles = set()
    for song in plan.test_songs(300):
        stems = [
            song.path(1, clip).rsplit("/", 1)[1].removesuffix(".wav") for clip in range(TestSong(song.index, 0).clips)
        ]
        ids = {clip_song_id(stem) for stem in stems}
        assert len(ids) == 1
        assert len(set(stems)) == len(stems)
        assert not ids & titles
        titles |= ids


def test_the_first_test_songs_go_through_the_classes():
    firsts = [TestSong(index, 1).first_code(4) for index in range(20)]
    assert set(firsts[:11]) == set(IRMAS_CODES)
    assert set(firsts[11:]) == {None}
    assert firsts[:11] != [TestSong(index, 1).first_code(5) for index in range(11)]
