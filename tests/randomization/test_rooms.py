"""Reflections lie where mirrors say, and tails decay."""

from __future__ import annotations

import random

import numpy as np
import pytest

from irmas_tf.randomization.rooms import SPEED_OF_SOUND_M_PER_S, draw_room, shoebox_reflections


def test_first_reflections_are_those_of_six_mirrors():
    size, source, listener = (5.0, 4.0, 3.0), (1.0, 1.5, 1.2), (3.0, 2.5, 1.6)
    mirrors = []
    for axis in range(3):
        for wall in (0.0, size[axis]):
            image = list(source)
            image[axis] = 2 * wall - image[axis]
            mirrors.append(np.linalg.norm(np.subtract(image, listener)))
    direct = np.linalg.norm(np.subtract(source, listener))
    rows = shoebox_reflections(size, source, listener, order=1)
    assert len(rows) == 6
    np.testing.assert_allclose(sorted(rows[:, 0]), sorted((np.array(mirrors) - direct) / SPEED_OF_SOUND_M_PER_S))
    np.testing.assert_allclose(rows[:, 1], 1 + rows[:, 0] * SPEED_OF_SOUND_M_PER_S / direct)
    assert len(shoebox_reflections(size, source, listener, order=2)) == 24  # 6 and 18


@pytest.mark.parametrize("seed", range(8))
def test_rooms_fit_and_decay(seed):
    room = draw_room(random.Random(seed), 1.0, 20000)
    assert room.dtype == np.float32 and room.shape[0] == 2 and room.shape[1] <= 20000
    np.testing.assert_allclose(np.sum(room**2, axis=1), 1, rtol=1e-3)
    quarters = [np.sum(part**2) for part in np.array_split(room, 4, axis=1)]
    assert quarters[0] > quarters[1] > quarters[3]
    assert np.abs(room[:, -1]).max() < 1e-6
    assert np.array_equal(room, draw_room(random.Random(seed), 1.0, 20000))
