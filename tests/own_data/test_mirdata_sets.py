"""What tracks of mirdata's data sets say; with their own readers in test_mirdata_dataset.py."""

from __future__ import annotations

from types import SimpleNamespace

from irmas_tf.own_data.mirdata_sets import SETS, TrackFacts


def test_medley_solos_db_has_songs_and_three_parts():
    track = SimpleNamespace(instrument="flute", song_id=12, subset="training")
    assert SETS["medley_solos_db"].read(track) == TrackFacts(("flute",), None, "train 12", "train")


def test_openmic_says_what_is_known_and_keeps_artists_together():
    track = SimpleNamespace(
        instruments={"piano": 0.5, "voice": 0.1}, split="split01_test", artist=float("nan"), track_id="t"
    )
    assert SETS["openmic2018"].read(track) == TrackFacts(("piano",), ("voice",), "test t", "test")
