from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.augmenting import apply, drawn_over, several_labels


@pytest.mark.parametrize("fill", ["circular", "silence"])
def test_the_waveform_moves_by_the_time_drawn(fill):
    config = several_labels(random_shift_seconds=0.1, shift_fill=fill)
    ramp = np.tile(np.arange(4000, dtype=np.float32), [2, 1])
    out, _ = apply(config, ramp, {"time_shift": {"shift_seconds": [0.05, -0.05]}})
    np.testing.assert_array_equal(out[0, 400:], ramp[0, :-400])
    np.testing.assert_array_equal(out[1, :-400], ramp[1, 400:])
    np.testing.assert_array_equal(out[0, :400], ramp[0, -400:] if fill == "circular" else np.zeros(400))


def test_it_is_uniform_in_seconds():
    seconds = drawn_over(several_labels(random_shift_seconds=0.1), 100)["shift_seconds"]
    assert -0.1 <= seconds.min() < -0.098 and 0.098 < seconds.max() <= 0.1
    assert seconds.mean() == pytest.approx(0.0, abs=0.003)
