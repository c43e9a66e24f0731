"""Equalisers do what their parameters say, rooms decay as long as asked, and the master never clips."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
from scipy.signal import sosfreqz

from irmas_tf.corpus.harmony import GENRES
from irmas_tf.corpus.studio import (
    LONGEST_ROOM,
    SAMPLE_RATE_HZ,
    Desk,
    Stem,
    draw_mix,
    impulse_response,
    peaking,
    shelf,
)


def gain_db(section: np.ndarray, frequency_hz: float) -> float:
    _, response = sosfreqz(section[None, :], [frequency_hz], fs=SAMPLE_RATE_HZ)
    return float(20 * np.log10(np.abs(response[0])))


@pytest.mark.parametrize("gain", [-9.0, 6.0])
def test_equalisers_have_the_gain_asked_for_where_it_is_asked_for(gain):
    bell, low, high = peaking(1000, gain, 1.0), shelf(300, gain, False), shelf(3000, gain, True)
    assert gain_db(bell, 1000) == pytest.approx(gain, abs=1e-6)
    assert gain_db(bell, 20) == pytest.approx(0, abs=0.1)
    assert gain_db(low, 10) == pytest.approx(gain, abs=0.2)
    assert gain_db(low, 300) == pytest.approx(gain / 2, abs=0.2)
    assert gain_db(low, 8000) == pytest.approx(0, abs=0.1)
    assert gain_db(high, 20) == pytest.approx(0, abs=0.1)
    assert gain_db(high, 18000) == pytest.approx(gain, abs=0.3)


def mix_of(seed: int, **changes: object):
    return dataclasses.replace(draw_mix(random.Random(seed), "cla"), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("rt60", [0.4, 0.9])
def test_a_room_decays_in_its_reverberation_time(rt60):
    room = impulse_response(mix_of(1, rt60_seconds=rt60, damping=0.3, predelay_seconds=0.0))
    np.testing.assert_allclose(np.sum(room**2, axis=1), 1.0, rtol=1e-3)
    energy = np.cumsum(room[0, ::-1].astype(np.float64) ** 2)[::-1]  # Schroeder integration
    level = 10 * np.log10(energy / energy[0] + 1e-12)
    five, thirty = (int(np.argmax(level <= -x)) for x in (5, 30))
    assert (thirty - five) / SAMPLE_RATE_HZ * 60 / 25 == pytest.approx(rt60, rel=0.2)
    assert abs(np.corrcoef(room)[0, 1]) < 0.2  # the ears hear different tails


@pytest.mark.parametrize("genre", sorted(GENRES))
def test_drawn_mixes_are_stable_and_fit(genre):
    for seed in range(12):
        mix = draw_mix(random.Random(seed), genre)
        for equaliser in (mix.lead_eq, mix.rest_eq, mix.master_eq):
            assert equaliser.shape[1] == 6
            poles = [np.abs(np.roots(section[3:])).max() for section in equaliser]
            assert max(poles) < 1
        assert impulse_response(mix).shape[1] <= LONGEST_ROOM
        assert -30 < mix.loudness_dbfs < -8


def test_the_desk_convolves_exactly_and_pans():
    rng = np.random.default_rng(0)
    desk = Desk(mix_of(2, rt60_seconds=0.2, predelay_seconds=0.0))
    stem = rng.standard_normal(desk.pre_roll + 5000, dtype=np.float32)
    out, ratio = desk.record([Stem(stem, 0.5, -1.0)], [], 1.0)
    assert out.shape == (2, 5000)
    assert ratio == np.inf
    response = desk._responses[0][0].astype(np.float64)
    exact = np.convolve(stem.astype(np.float64), response)[desk.pre_roll : len(stem)] * 0.5
    np.testing.assert_allclose(out[0], exact, atol=2e-4)
    assert np.abs(out[1]).max() < 1e-5  # panned hard left
    halves, _ = desk.record([Stem(stem, 0.25, -1.0), Stem(stem, 0.25, -1.0)], [], 1.0)
    np.testing.assert_allclose(halves, out, atol=1e-4)


def test_the_desk_tells_the_balance_and_rides_the_fader():
    rng = np.random.default_rng(0)
    desk = Desk(mix_of(2))
    lead, rest = (rng.standard_normal(desk.pre_roll + 20000, dtype=np.float32) for _ in range(2))

    def level(x: np.ndarray) -> float:
        return float(10 * np.log10(np.mean(x.astype(np.float64) ** 2)))

    alone, _ = desk.record([Stem(lead, 1.0, 0.2)], [], 1.0)
    quiet, ratio = desk.record([Stem(lead, 1.0, 0.2)], [Stem(rest, 0.2, -0.5), Stem(rest, 0.1, 0.5)], 1.0)
    assert ratio == pytest.approx(level(alone) - level(quiet - alone), abs=0.5)
    assert ratio > 3
    ridden, ratio = desk.record([Stem(lead, 1.0, 0.2)], [Stem(rest, 5.0, 0.0)], 1.0)
    assert ratio == 1.0
    assert level(alone) - level(ridden - alone) == pytest.approx(1.0, abs=0.5)


def test_the_master_sets_the_loudness_keeps_the_balance_and_never_clips():
    rng = np.random.default_rng(0)
    quiet = rng.standard_normal((2, 30000)).astype(np.float32) * 0.01
    desk = Desk(mix_of(3, loudness_dbfs=-18.0, noise_dbfs=None, mono=False))
    first, second = desk.master([quiet, quiet * 0.5])
    assert first.dtype == np.int16
    assert first.shape == (30000, 2)
    level = [20 * np.log10(np.sqrt(np.mean((x / 32768.0) ** 2))) for x in (first, second)]
    assert level[0] - level[1] == pytest.approx(6.02, abs=0.1)
    assert 10 * np.log10((10 ** (level[0] / 10) + 10 ** (level[1] / 10)) / 2) == pytest.approx(-18, abs=0.1)
    spiky = np.zeros((2, 30000), np.float32)
    spiky[:, ::1000] = 1.0
    loud = Desk(mix_of(3, loudness_dbfs=-8.0, noise_dbfs=None)).master([spiky])[0]
    assert 0.7 * 32767 < np.abs(loud.astype(int)).max() < 0.981 * 32767


def test_mono_and_noise():
    audio = np.stack([np.sin(np.arange(20000) / 20), np.zeros(20000)]).astype(np.float32) * 0.1
    mono = Desk(mix_of(4, mono=True, noise_dbfs=None)).master([audio])[0]
    np.testing.assert_array_equal(mono[:, 0], mono[:, 1])
    hiss = Desk(mix_of(4, mono=False, noise_dbfs=-50.0)).master([audio])[0]
    assert np.abs(hiss[:, 1]).max() > 20
