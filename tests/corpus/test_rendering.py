"""Excerpts are of the official format, from different places, with an audible lead; test clips carry what is heard."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.corpus.composition import compose_song, compose_test_song
from irmas_tf.corpus.rendering import (
    EXCERPT_FRAMES,
    LEAST_LEAD_OVER_REST_DB,
    Coverage,
    SongRenderer,
    choose_starts,
    render_test_song,
    render_training_song,
)
from irmas_tf.corpus.studio import SAMPLE_RATE_HZ
from irmas_tf.timbres.notes import Note
from irmas_tf.timbres.sampler import Sampler
from irmas_tf.timbres.sf2 import SoundFont, bundled_soundfont


@pytest.fixture(scope="module")
def sampler():
    return Sampler(SoundFont(bundled_soundfont()))


def rms_db(x: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.asarray(x, np.float64) ** 2) + 1e-12))


def test_a_song_whose_singer_no_source_has_is_silent_there(sampler):
    class Mute(Sampler):
        def play(self, bank, program, note, *args, **options):
            return np.zeros(0, np.float32) if note.vowel else super().play(bank, program, note, *args, **options)

    song = compose_song("voi", "mute", 20.0)
    (lead,) = song.leads
    assert any(note.vowel for note in lead.notes)
    stem = SongRenderer(Mute(sampler.soundfont), song).stem(lead, 2.0, SAMPLE_RATE_HZ)
    sung = SongRenderer(sampler, song).stem(lead, 2.0, SAMPLE_RATE_HZ)
    # What is left are the consonants, which the renderer makes itself.
    assert rms_db(stem) < rms_db(sung) - 6


def test_coverage_counts_time_not_notes():
    notes = [Note(0.0, 1.0, 60, 90), Note(0.5, 1.0, 64, 90), Note(3.0, 9.0, 60, 90)]
    cover = Coverage(notes, ring=1.5)
    assert cover.seconds(0.0, 10.0) == pytest.approx(3.0)  # 0 to 1.5, and 1.5 of the last note
    assert cover.seconds(1.0, 3.5) == pytest.approx(1.0)
    assert cover.seconds(5.0, 9.0) == 0
    assert Coverage([]).seconds(0, 5) == 0


@pytest.mark.parametrize("code", IRMAS_CODES)
def test_places_are_apart_and_the_lead_plays_there(code):
    song = compose_song(code, "1", seconds=36)
    starts = choose_starts(song, 3, 3.0, random.Random(1))
    assert starts == sorted(starts)
    assert all(b - a >= 3.0 for a, b in itertools.pairwise(starts))
    assert starts[-1] + 3.0 <= song.seconds
    cover = Coverage(song.leads[0].notes)
    assert all(cover.seconds(s, s + 3.0) >= 0.9 for s in starts)


def test_a_song_that_is_too_short_is_refused():
    song = compose_song("pia", "1", seconds=10)
    with pytest.raises(ValueError, match="no room for 40 excerpts"):
        choose_starts(song, 40, 3.0, random.Random(0))


@pytest.mark.slow
@pytest.mark.parametrize("code", ["gel", "org", "tru", "voi"])
def test_excerpts_have_the_official_format_and_an_audible_lead(sampler, code):
    accompanied = next(
        s for seed in range(50) if len((s := compose_song(code, f"r{seed}", seconds=24)).parts) >= 3
    )  # fmt: skip
    excerpts = render_training_song(sampler, accompanied, 2)
    assert len(excerpts) == 2
    for excerpt in excerpts:
        assert excerpt.audio.shape == (EXCERPT_FRAMES, 2)
        assert excerpt.audio.dtype == np.int16
        assert excerpt.codes == (code,)
        assert np.abs(excerpt.audio.astype(int)).max() < 0.981 * 32767
        assert excerpt.lead_over_rest_db >= LEAST_LEAD_OVER_REST_DB - 1e-6
        assert excerpt.lead_share >= 0.3
        signal = excerpt.audio.mean(axis=1) / 32768
        blocks = [rms_db(b) for b in np.array_split(signal, 30)]
        assert sum(b < -60 for b in blocks) <= 15, "mostly silent"
        assert rms_db(signal) > -45
        assert abs(signal.mean()) < 0.003, "DC offset"
    assert not np.array_equal(excerpts[0].audio, excerpts[1].audio)


def test_the_lead_is_measured_against_the_rest(sampler):
    song = next(s for seed in range(50) if len((s := compose_song("flu", f"m{seed}", seconds=20)).parts) >= 2)
    renderer = SongRenderer(sampler, song)
    renderer.mix.noise_dbfs = None
    start, frames = 4.0, 2 * SAMPLE_RATE_HZ
    whole = renderer.render([start], [frames])[0]
    song.parts = song.leads
    alone = SongRenderer(sampler, song, renderer.mix).render([start], [frames])[0]
    assert alone.lead_over_rest_db == np.inf
    # Loudness is normalised, so compare by projection: what the solo explains of the whole is the lead.
    a, b = (x.audio.astype(np.float64).ravel() for x in (alone, whole))
    lead = a * (a @ b) / (a @ a)
    measured = rms_db(lead) - rms_db(b - lead)
    assert measured == pytest.approx(whole.lead_over_rest_db, abs=1.5)


def test_a_stem_does_not_depend_on_where_rendering_begins(sampler):
    song = compose_song("pia", "x", seconds=20)
    renderer = SongRenderer(sampler, song)
    roll = renderer.desk.pre_roll
    long = renderer.stem(song.parts[0], 4.0, SAMPLE_RATE_HZ * 2)
    late = renderer.stem(song.parts[0], 5.0, SAMPLE_RATE_HZ)
    np.testing.assert_allclose(long[roll + SAMPLE_RATE_HZ :], late[roll:], atol=1e-4)


@pytest.mark.slow
def test_test_clips_are_labelled_with_what_is_heard(sampler):
    song = compose_test_song(["voi", "pia", "sax"], "t", seconds=40)
    clips = render_test_song(sampler, song, 2)
    for clip in clips:
        assert 5 * SAMPLE_RATE_HZ <= len(clip.audio) <= 20 * SAMPLE_RATE_HZ
        assert clip.codes == tuple(sorted(set(clip.codes)))
        assert 1 <= len(clip.codes) <= 3
        assert set(clip.codes) <= {"voi", "pia", "sax"}
        seconds = len(clip.audio) / SAMPLE_RATE_HZ
        for part in song.leads:
            held = Coverage(part.notes).seconds(clip.start_seconds, clip.start_seconds + seconds)
            if part.code in clip.codes and len(clip.codes) > 1:
                assert held >= 1.5


@pytest.mark.slow
def test_a_lead_that_hardly_plays_is_neither_heard_nor_labelled(sampler):
    song = compose_test_song(["flu", "gac"], "q", seconds=30)
    second = song.leads[1]
    second.notes = [n for n in second.notes if n.start < 1.0]
    clip = SongRenderer(sampler, song).render([0.5], [12 * SAMPLE_RATE_HZ])[0]
    assert clip.codes == ("flu",)
    second.notes = []
    silent = SongRenderer(sampler, song).render([0.5], [12 * SAMPLE_RATE_HZ])[0]
    # Only the balance may have changed a little: it is struck over all leads.
    assert np.corrcoef(clip.audio[:, 0], silent.audio[:, 0])[0, 1] > 0.9
