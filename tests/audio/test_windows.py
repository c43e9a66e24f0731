from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.audio.windows import iter_windows, window_starts


@pytest.mark.parametrize("samples, expected", [
    (1, [0]), (9, [0]), (10, [0]), (11, [0, 1]), (14, [0, 4]), (15, [0, 4, 5]), (18, [0, 4, 8]),
])  # fmt: skip
def test_the_last_window_is_aligned_to_the_end(samples, expected):
    assert window_starts(samples, 10, 4) == expected


@pytest.mark.parametrize("samples, hop, size", [
    (1, 4, 1), (9, 1, 7), (10, 10, 1000),  # a window or less
    (11, 4, 1), (37, 1, 7), (37, 10, 1000),  # overlapping and adjoining windows, a last one aligned to the end
    (100, 23, 7), (100, 23, 1000), (100, 10, 1),  # gaps between windows; whole windows only
])  # fmt: skip
def test_streaming_gives_the_windows_of_the_whole_clip(samples, hop, size):
    clip = np.arange(1, samples + 1, dtype=np.float32)
    blocks = [clip[i : i + size] for i in range(0, samples, size)]
    got = list(iter_windows(blocks, 10, hop, 3))
    assert all(1 <= len(windows) <= 3 for windows in got)
    padded = np.pad(clip, (0, 10))
    expected = np.stack([padded[start : start + 10] for start in window_starts(samples, 10, hop)])
    np.testing.assert_array_equal(np.concatenate(got), expected)


def test_nothing_gives_nothing():
    assert list(iter_windows([], 10, 4, 3)) == []
