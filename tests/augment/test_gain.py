from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.augmenting import apply, drawn_over, noise_batch, several_labels


def test_it_is_what_the_numbers_say_and_changes_nothing_else():
    config = several_labels(random_gain_db=6.0)
    decibels = np.array([-6.0, 0.0, 6.0], np.float32)
    waveform = noise_batch(config, 3)
    out, targets = apply(config, waveform, {"gain": {"gain_db": decibels}})
    np.testing.assert_allclose(out, waveform * 10.0 ** (decibels[:, None] / 20.0), rtol=1e-6)
    np.testing.assert_array_equal(targets, np.eye(11)[:3])


def test_it_is_uniform_in_decibels():
    decibels = drawn_over(several_labels(random_gain_db=6.0), 100)["gain_db"]
    assert -6 <= decibels.min() < -5.9 and 5.9 < decibels.max() <= 6
    assert decibels.std() == pytest.approx(12 / np.sqrt(12), rel=0.02)
