from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.audio.envelope import FIRST_STRETCH, envelope_of


def _pieces(samples: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    return np.split(samples, np.sort(rng.integers(0, len(samples) + 1, 20)))


@pytest.mark.parametrize("count", [1, 15, 16, 17, 999, 10 * FIRST_STRETCH * 2, 12345, 100_000])
def test_every_stretch_has_its_own_extremes_however_the_clip_arrives(count: int) -> None:
    """The oracle looks at the whole clip at once."""
    rng = np.random.default_rng(count)
    samples = rng.standard_normal(count).astype(np.float32)
    envelope = envelope_of(_pieces(samples, rng), 1000, points=10)
    stretch = round(envelope.stretch_seconds * 1000)
    expected = [[p.min(), p.max()] for p in np.split(samples, range(stretch, count, stretch))]
    np.testing.assert_array_equal(envelope.extremes, np.array(expected, np.float32))
    assert envelope.duration_seconds == count / 1000
    assert envelope.peak == np.abs(samples).max()
    if count >= 10 * FIRST_STRETCH:
        assert 10 <= len(envelope.extremes) <= 21


def test_centers_lie_in_the_middle_of_stretches_and_inside_the_clip() -> None:
    envelope = envelope_of([np.ones(2 * FIRST_STRETCH + 4, np.float32)], FIRST_STRETCH, points=10)
    np.testing.assert_allclose(envelope.centers, [0.5, 1.5, 2 + 2 / FIRST_STRETCH])


def test_no_samples_have_no_envelope() -> None:
    envelope = envelope_of([], 8000, points=10)
    assert envelope.extremes.shape == (0, 2) and envelope.duration_seconds == 0 and envelope.peak == 0
