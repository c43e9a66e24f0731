from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.augmenting import apply, drawn_over, noise_batch, several_labels


def test_an_empty_example_is_silent_and_has_no_label():
    config = several_labels(empty_probability=0.2)
    waveform = noise_batch(config, 3)
    out, targets = apply(config, waveform, {"emptying": {"is_empty": [1.0, 0.0, 0.0]}})
    assert not np.any(out[0]) and not np.any(targets[0])
    np.testing.assert_array_equal(out[1:], waveform[1:])
    np.testing.assert_array_equal(targets[1:], np.eye(11)[1:3])


def test_as_many_are_empty_as_the_flag_says():
    assert drawn_over(several_labels(empty_probability=0.2), 100)["is_empty"].mean() == pytest.approx(0.2, abs=0.02)
