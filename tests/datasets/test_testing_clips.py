from __future__ import annotations

from pathlib import Path

from irmas_tf.config.labels import get_label_scheme
from irmas_tf.datasets import irmas_counts
from irmas_tf.datasets.irmas_records import TestClip
from irmas_tf.datasets.testing_clips import label_matrix, official_counts, part_sizes, select_clips


def _clip(name: str, content: str, codes: tuple[str, ...] = ("voi",), part: int = 1) -> TestClip:
    return TestClip(Path(name), codes, part, name, content)


def test_identical_clips_are_counted_once_on_demand_and_mentioned_anyway() -> None:
    clips = [_clip("a", "1"), _clip("b", "2"), _clip("c", "1"), _clip("d", "1", ("gel",))]
    chosen, notes = select_clips(clips, unique_clips=False)
    assert chosen == clips
    assert "2 clips are byte-identical to others, 1 of them with other labels: all are counted" in notes[-1]
    chosen, notes = select_clips(clips, unique_clips=True)
    assert [clip.path.name for clip in chosen] == ["a", "b"]
    assert "each set is counted once, by its first clip" in notes[-1]


def test_an_option_without_effect_is_mentioned() -> None:
    _, notes = select_clips([_clip("a", "1"), _clip("b", "2")], unique_clips=True)
    assert "--unique_clips changes nothing" in notes[-1]


def test_only_the_whole_test_set_goes_without_a_note() -> None:
    whole = [
        _clip(f"{part}/{k}", f"{part}/{k}", part=part)
        for part, n in irmas_counts.TESTING_CLIPS.items()
        for k in range(n)
    ]
    assert select_clips(whole, unique_clips=False)[1] == []
    assert "2873 clips are not the 2874" in select_clips(whole[1:], unique_clips=False)[1][0]


def test_part_sizes_count_every_part() -> None:
    assert part_sizes([_clip("a", "1"), _clip("b", "2", part=3), _clip("c", "3")]) == {1: 2, 3: 1}


def test_labels_follow_the_scheme() -> None:
    report, irmas = get_label_scheme("report"), get_label_scheme("irmas")
    found = label_matrix([("gel", "pia"), ("cel",)], report)
    assert [[report.codes[k] for k in row.nonzero()[0]] for row in found] == [["pia", "other"], ["cel"]]
    assert label_matrix([("gel", "pia")], irmas)[0].nonzero()[0].tolist() == [4, 6]
    assert official_counts(irmas).tolist() == list(irmas_counts.TRAINING_EXCERPTS.values())
    assert official_counts(report)[-1] == irmas_counts.TRAINING_EXCERPTS["gel"]
