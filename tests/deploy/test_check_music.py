from __future__ import annotations

import itertools

import numpy as np
import pytest

from irmas_tf.deploy.check_music import SECONDS, check_music

RATE = 16000


@pytest.fixture(scope="module")
def music() -> dict[str, np.ndarray]:
    return check_music(RATE)


def band_levels(sound: np.ndarray) -> np.ndarray:
    """Return the levels of seven octave bands (62.5 Hz to 8 kHz) over time, dB [frames, bands]."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, 1024)[::512] * np.hanning(1024)
    powers = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    bands = np.stack([powers[:, 4 << k : 8 << k].sum(axis=1) for k in range(7)], axis=1)
    return 10 * np.log10(bands + 1e-12)


@pytest.mark.slow
def test_it_is_the_same_every_time_and_within_full_scale(music):
    assert list(music) == ["music (band)", "music (song)"]
    for name, sound in check_music(RATE).items():
        assert sound.dtype == np.float32 and len(sound) == SECONDS * RATE
        assert np.abs(sound).max() == pytest.approx(0.8) and sound.std() > 0.1
        np.testing.assert_array_equal(sound, music[name])


def test_every_band_of_every_piece_is_excited_and_moves(music):
    for sound in music.values():
        levels = band_levels(sound[: 2 * RATE])
        assert (levels.max(axis=0) > -10).all(), "each band is far above what 16 bits would round away"
        # A tone or steady noise would stay where it is, and bands that moved together would be one.
        assert (np.ptp(levels, axis=0) > 15).all()
        assert np.abs(np.corrcoef(levels.T)[np.triu_indices(7, 1)]).mean() < 0.8


def test_the_pieces_differ_and_pause(music):
    band, song = music.values()
    assert np.abs(np.corrcoef(band, song)[0, 1]) < 0.2
    for sound in music.values():
        rests = np.abs(sound).reshape(-1, RATE // 50).max(axis=1) == 0
        assert 1 <= rests.sum() < 20
        assert not rests[: 2 * 50].any(), "short windows are cut from the beginning"


@pytest.mark.slow
@pytest.mark.parametrize("rate_hz", [8000, 22050])
def test_another_rate_leaves_the_lower_bands_as_they_are(music, rate_hz):
    def levels(sound: np.ndarray) -> np.ndarray:
        powers = np.abs(np.fft.rfft(sound.astype(np.float64)) / len(sound)) ** 2
        edges = (SECONDS * np.array([60, 125, 250, 500, 1000, 2000])).astype(int)
        return 10 * np.log10([powers[low:high].sum() for low, high in itertools.pairwise(edges)])

    for name, sound in check_music(rate_hz).items():
        assert len(sound) == SECONDS * rate_hz
        np.testing.assert_allclose(levels(sound), levels(music[name]), atol=3.0)
