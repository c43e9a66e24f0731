from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.augmenting import apply, draw, drawn_over, several_labels

SETTINGS = {"silence_probability": 0.5, "silence_seconds": 0.2}


def test_the_silence_is_where_the_numbers_say():
    numbers = {"silence": {"silence_seconds": [0.1, 0.0], "silence_place": [0.5, 0.5]}}
    out, _ = apply(several_labels(**SETTINGS), np.ones([2, 4000], np.float32), numbers)
    silent = np.flatnonzero(out[0] == 0)
    assert silent[0] == pytest.approx(1600, abs=1) and silent[-1] - silent[0] == 799
    assert np.all(out[0, :1500] == 1) and np.all(out[0, 2500:] == 1) and np.all(out[1] == 1)


def test_every_silence_lies_in_the_window_with_its_whole_length():
    config = several_labels(**SETTINGS)
    numbers = draw(config)
    out, _ = apply(config, np.ones([64, 4000], np.float32), numbers)
    np.testing.assert_array_equal((out == 0).sum(axis=1), np.round(numbers["silence"]["silence_seconds"] * 8000))


def test_the_probability_and_the_longest_are_those_of_the_flags():
    seconds = drawn_over(several_labels(**SETTINGS), 100)["silence_seconds"]
    assert np.mean(seconds > 0) == pytest.approx(0.5, abs=0.02)
    assert 0.195 < seconds.max() <= 0.2
