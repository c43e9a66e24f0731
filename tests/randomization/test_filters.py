"""Band limits cut where they say, and no draw is unstable."""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy.signal import sosfreqz

from irmas_tf.randomization.filters import (
    SAMPLE_RATE_HZ,
    draw_bandwidth,
    draw_equaliser,
    draw_microphone,
    draw_passes,
)


def gains_db(sections: np.ndarray, frequencies_hz: list[float]) -> np.ndarray:
    _, response = sosfreqz(sections, frequencies_hz, fs=SAMPLE_RATE_HZ)
    return 20 * np.log10(np.abs(response) + 1e-12)


def test_passes_are_always_there_and_leave_the_middle():
    for seed in range(40):
        low, middle, high = gains_db(draw_passes(random.Random(seed), 1.0), [3, 900, 21900])
        assert low < -12 and high < -6  # at least a first-order slope outside 20 Hz to 18 kHz
        assert middle > -1.5


def test_strength_widens_the_passes():
    weak = [gains_db(draw_passes(random.Random(seed), 0.1), [100, 8000]).min() for seed in range(40)]
    strong = [gains_db(draw_passes(random.Random(seed), 1.0), [100, 8000]).min() for seed in range(40)]
    assert np.mean(strong) < np.mean(weak) - 2


def test_a_lower_sample_rate_leaves_nothing_far_above_half_of_it():
    for seed in range(40):
        below, above = gains_db(draw_bandwidth(random.Random(seed)), [2000, 20000])
        assert below > -1 and above < -20


@pytest.mark.slow
def test_every_draw_is_stable():
    for seed in range(200):
        rng = random.Random(seed)
        microphone, taps = draw_microphone(rng, 2.0)
        for sections in (draw_equaliser(rng, 8.0), draw_passes(rng, 2.0), draw_bandwidth(rng), microphone):
            assert sections.shape[1] == 6
            assert all(np.abs(np.roots(section[3:])).max() < 1 for section in sections)
        assert all(0 < delay < 400 and abs(gain) < 1 for delay, gain in taps)
