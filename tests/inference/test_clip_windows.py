"""What a model says about every window; that the machine is fast, fair and bounded is seen in test_clip_means.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.walk import Failure
from irmas_tf.inference.clip_windows import ClipWindows, ReducedClip, clip_reductions, clip_windows
from tests.helpers import tiny_run

RATE, WINDOW, HOP = tiny_run.RATE_HZ, tiny_run.WINDOW_SAMPLES, tiny_run.HOP_SAMPLES


class FirstSamples:
    """Stands in for a model: the first sample of a window, and its last."""

    audio = tiny_run.make_config().audio

    def values(self, windows: np.ndarray, output: str = "") -> np.ndarray:
        return windows[:, [0, -1]]


def _ramp(folder: Path, samples: int) -> str:
    """Write a file whose k-th sample is k / 32768, so that a window's values say where it was cut."""
    path = folder / f"{samples}.wav"
    soundfile.write(path, (np.arange(samples) / 32768).astype(np.float32), RATE, "FLOAT")
    return str(path)


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_values_and_times_belong_to_the_same_windows(tmp_path: Path, batch_size: int) -> None:
    lengths = [WINDOW, 5500, 7, WINDOW + HOP, 20_001]
    results = list(clip_windows(FirstSamples(), [_ramp(tmp_path, n) for n in lengths], batch_size=batch_size))
    for result, samples in zip(results, lengths, strict=True):
        assert isinstance(result, ClipWindows)
        assert result.duration_seconds == samples / RATE
        assert len(result.start_seconds) == len(result.values)
        first = np.rint(result.values[:, 0] * 32768).astype(int)
        np.testing.assert_array_equal(first, np.rint(result.start_seconds * RATE))
        if samples >= WINDOW:
            last = np.rint(result.values[:, 1] * 32768).astype(int)
            np.testing.assert_array_equal(last, first + WINDOW - 1)
            assert last[-1] == samples - 1, "the last window ends with the clip"


def test_a_clip_shorter_than_a_window_is_one_window_padded_with_silence(tmp_path: Path) -> None:
    (result,) = clip_windows(FirstSamples(), [_ramp(tmp_path, 7)])
    assert isinstance(result, ClipWindows)
    assert result.start_seconds.tolist() == [0.0] and result.values.tolist() == [[0.0, 0.0]]


def test_failures_keep_their_place(tmp_path: Path) -> None:
    good = _ramp(tmp_path, 3000)
    results = list(clip_windows(FirstSamples(), [Failure("x", "gone"), good, str(tmp_path / "none.wav"), good]))
    assert [type(r) for r in results] == [Failure, ClipWindows, Failure, ClipWindows]


def test_values_that_are_no_numbers_are_a_failure(tmp_path: Path) -> None:
    class Broken(FirstSamples):
        def values(self, windows: np.ndarray, output: str = "") -> np.ndarray:
            values = super().values(windows)
            values[windows[:, 0] > 0.1] = np.inf
            return values

    short, long = _ramp(tmp_path, 3000), _ramp(tmp_path, 9000)
    first, second = clip_windows(Broken(), [short, long])
    assert isinstance(first, ClipWindows)
    assert isinstance(second, Failure) and second.path == long and "not a number" in second.reason


def test_a_reduction_sees_the_windows_of_its_own_file_in_order(tmp_path: Path) -> None:
    class Firsts:
        def __init__(self) -> None:
            self.seen: list[int] = []

        def add(self, values: np.ndarray, is_silent: bool) -> None:
            self.seen.append(round(float(values[0]) * 32768))

    paths = [_ramp(tmp_path, n) for n in (4000, 2000, 12_000)]
    results = list(clip_reductions(FirstSamples(), paths, Firsts, batch_size=4))
    assert [r.samples for r in results if isinstance(r, ReducedClip)] == [4000, 2000, 12_000]
    assert [r.reduction.seen for r in results if isinstance(r, ReducedClip)] == [
        list(range(0, n - WINDOW + 1, HOP)) for n in (4000, 2000, 12_000)
    ]


def test_leaving_early_closes_the_machine(tmp_path: Path) -> None:
    import threading

    before = threading.active_count()
    results = clip_windows(FirstSamples(), [_ramp(tmp_path, 50_000)] * 50, batch_size=2)
    next(results)
    results.close()
    assert threading.active_count() == before
