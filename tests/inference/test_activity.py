from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from irmas_tf.audio.windows import window_starts
from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.labels import LabelScheme
from irmas_tf.inference.activity import Activity, Segment, activity_of, segments
from irmas_tf.inference.clip_windows import ClipWindows


def _activity(probabilities: list[list[float]], duration: float = 5.0) -> Activity:
    """Windows of 2 s every second, the last aligned to the end."""
    starts = np.minimum(np.arange(float(len(probabilities))), max(0.0, duration - 2.0))
    return Activity("x.wav", duration, 2.0, starts, np.array(probabilities))


def test_a_moment_belongs_to_the_window_whose_centre_is_nearest() -> None:
    activity = _activity([[0.0]] * 4, duration=4.6)
    np.testing.assert_allclose(activity.starts, [0, 1, 2, 2.6])
    np.testing.assert_allclose(activity.edges, [0, 1.5, 2.5, 3.3, 4.6])
    np.testing.assert_allclose(activity.ends, [2, 3, 4, 4.6])


def test_a_clip_shorter_than_the_window_is_one_interval() -> None:
    activity = _activity([[0.7]], duration=0.3)
    np.testing.assert_allclose(activity.edges, [0, 0.3])
    np.testing.assert_allclose(activity.ends, [0.3])
    assert segments(activity, np.array([0.5])) == [Segment(0.0, 0.3, 0)]


def test_segments_of_levels_are_merged_and_classes_may_overlap() -> None:
    activity = _activity([[0.9, 0.1], [0.5, 0.6], [0.4, 0.6], [0.5, 0.0]])
    assert segments(activity, np.array([0.5, 0.6])) == [
        Segment(0.0, 2.5, 0),
        Segment(1.5, 3.5, 1),
        Segment(3.5, 5.0, 0),
    ]
    assert segments(activity, np.array([0.95, 0.95])) == []


def test_without_levels_the_most_probable_class_fills_the_clip() -> None:
    activity = _activity([[0.6, 0.4], [0.6, 0.4], [0.1, 0.9], [0.6, 0.4]])
    assert segments(activity, None) == [Segment(0.0, 2.5, 0), Segment(2.5, 3.5, 1), Segment(3.5, 5.0, 0)]


@given(st.integers(1, 5000), st.integers(1, 400), st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_segments_say_what_the_windows_say(samples: int, window: int, hop: int, seed: int) -> None:
    """Oracle: look at single moments, and ask the nearest window."""
    rng = np.random.default_rng(seed)
    starts = np.array(window_starts(samples, window, hop), float)
    activity = Activity("x", float(samples), float(window), starts, rng.random([len(starts), 3]))
    levels = rng.random(3)
    assert (np.diff(activity.edges) >= 0).all() and activity.edges[-1] == samples
    for thresholds in (levels, None):
        found = segments(activity, thresholds)
        for k in range(3):
            mine = [s for s in found if s.class_index == k]
            assert all(a.end < b.start for a, b in itertools.pairwise(mine)), "segments of a class never touch"
        for moment in rng.random(10) * samples:
            distance = np.abs(starts + window / 2 - moment)
            if np.ptp(np.sort(distance)[:2]) < 1e-6 and len(starts) > 1:
                continue  # just between two windows
            of_window = activity.probabilities[distance.argmin()]
            wanted = set(np.flatnonzero(of_window >= levels)) if thresholds is not None else {of_window.argmax()}
            assert {s.class_index for s in found if s.start <= moment < s.end} == wanted


def test_in_silence_no_class_is_active() -> None:
    activity = dataclasses.replace(_activity([[0.9, 0.1]] * 4), silent=np.array([False, True, True, False]))
    for thresholds in (None, np.array([0.5, 0.05])):
        assert activity.active(thresholds)[:, 0].tolist() == [True, False, False, True]
        assert not activity.active(thresholds)[1:3].any()
    assert [(piece.start, piece.end) for piece in segments(activity, None)] == [(0.0, 1.5), (3.5, 5.0)]


def test_the_windows_of_a_clip_become_activity() -> None:
    clip = ClipWindows("a.wav", 4.0, np.array([0.0, 1.0]), np.ones([2, 3], np.float32), np.array([True, False]))
    activity = activity_of(clip, AudioConfig(window_seconds=3.0))
    assert (activity.path, activity.duration_seconds, activity.window_seconds) == ("a.wav", 4.0, 3.0)
    assert activity.ends.tolist() == pytest.approx([3.0, 4.0]) and activity.silence.tolist() == [True, False]


def test_a_timeline_names_the_classes_by_the_activitys_own_levels() -> None:
    scheme = LabelScheme("two", ("a", "b"), ("first", "second"), {})
    activity = _activity([[0.9, 0.1], [0.5, 0.6], [0.4, 0.6], [0.5, 0.0]])
    with pytest.raises(ValueError, match="does not say which classes"):
        activity.timeline()
    named = dataclasses.replace(activity, scheme=scheme, thresholds=np.array([0.5, 0.6]))
    assert named.timeline() == [(0.0, 2.5, "a"), (1.5, 3.5, "b"), (3.5, 5.0, "a")]
    assert named.classes == ("a", "b") and repr(named) == "Activity('x.wav', 5.0 s, 4 windows)"
