from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.audio.envelope import Envelope
from irmas_tf.pictures import clip_timeline
from tests.helpers.pictures import of_class, points_of, texts_of


def test_activity_is_drawn_where_and_as_high_as_it_is() -> None:
    envelope = Envelope(np.array([[-0.5, 0.25], [-1.0, 1.0]], np.float32), 2.0, 4.0)
    row = clip_timeline.ActivityRow("flute", np.array([0.0, 1.0]), "right", 0.5)
    svg = clip_timeline.clip_timeline([row], np.array([0.0, 1.0, 4.0]), envelope, "words")
    (area,) = of_class(svg, "activity")
    points = points_of(area)
    span = clip_timeline.RIGHT - clip_timeline.LEFT
    base = points[0, 1]
    high = points[points[:, 1] < base - 1]
    np.testing.assert_allclose(high[:, 0], [clip_timeline.LEFT + span / 4, clip_timeline.RIGHT], atol=0.01)
    np.testing.assert_allclose(base - high[:, 1], clip_timeline.ROW_HEIGHT, atol=0.01)
    assert area["class"] == "activity right" and texts_of(svg, "row-name") == ["flute"]
    assert float(of_class(svg, "mark")[0]["y1"]) == pytest.approx(base - clip_timeline.ROW_HEIGHT / 2)
    outline = points_of(of_class(svg, "wave")[0])
    assert np.ptp(outline[[1, 2], 1]) > 3 * np.ptp(outline[[0, 3], 1]) / 2, "the louder half is higher"
    (head,) = of_class(svg, "playhead")
    assert (head["data-left"], head["data-right"], head["data-seconds"]) == ("106", "388", "4.000000")


def test_time_ticks_are_few_round_and_inside() -> None:
    for seconds in (0.0125, 3.0, 61.0, 7200.0, 90_000.0):
        ticks = clip_timeline.time_ticks(seconds)
        assert ticks[0] == 0 and ticks[-1] <= seconds * (1 + 1e-9) and 2 <= len(ticks) <= 8
        names = [clip_timeline.clock(tick, seconds) for tick in ticks]
        assert len(set(names)) == len(names)


def test_times_are_written_as_people_do() -> None:
    times = ((1.5, 20), (0, 3), (65, 80), (3725, 7200), (59.9, 120))
    assert [clip_timeline.clock(*time) for time in times] == ["1.5 s", "0 s", "1:05", "1:02:05", "1:00"]
