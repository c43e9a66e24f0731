"""The table of official counts agrees with itself."""

from __future__ import annotations

import re

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.datasets import irmas_counts as counts


def test_totals_are_the_sums():
    assert (
        tuple(counts.TRAINING_EXCERPTS) == tuple(counts.TRAINING_SONGS) == tuple(counts.TESTING_LABELS) == IRMAS_CODES
    )
    assert sum(counts.TRAINING_EXCERPTS.values()) == counts.TRAINING_TOTAL == 6705
    assert sum(counts.TRAINING_SONGS.values()) == 2261
    assert sum(counts.TESTING_CLIPS.values()) == counts.TESTING_TOTAL == 2874


def test_song_pairs_are_well_formed():
    pairs = counts.KNOWN_DUPLICATE_SONGS + counts.KNOWN_OVERLAPPING_SONGS
    assert len(set(pairs)) == len(pairs)
    for pair in pairs:
        assert len(set(pair)) == 2
        for song in pair:
            code, _, number = song.partition("/")
            assert code in IRMAS_CODES
            assert re.fullmatch(r"\d{4}", number)


def test_three_duplicate_pairs_contradict_each_other():
    clash = [pair for pair in counts.KNOWN_DUPLICATE_SONGS if pair[0][:3] != pair[1][:3]]
    assert {(a[:3], b[:3]) for a, b in clash} == {("gac", "gel")}
    assert len(clash) == 3


def test_archives_have_checksums_and_folders_of_their_own():
    assert list(counts.ARCHIVES) == ["train", "test1", "test2", "test3"]
    for part, archive in counts.ARCHIVES.items():
        assert archive.part == part
        assert re.fullmatch(r"[0-9a-f]{32}", archive.md5)
    assert len({a.md5 for a in counts.ARCHIVES.values()}) == len({a.folder for a in counts.ARCHIVES.values()}) == 4
