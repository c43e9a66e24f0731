from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from irmas_tf.metrics.thresholds import best_per_class
from irmas_tf.runs.thresholds import Thresholds, ThresholdsError

CODES = ("cel", "pia", "voi")
GOOD = Thresholds({"pia": 0.25, "cel": 1.0, "voi": 0.5}, 0.3, "mixtures")


def test_they_come_back_in_the_order_asked_for(tmp_path: Path) -> None:
    GOOD.save(tmp_path / "thresholds.json")
    found = Thresholds.load(tmp_path / "thresholds.json", CODES)
    assert found == GOOD
    np.testing.assert_array_equal(found.vector(CODES), [1.0, 0.25, 0.5])
    assert [p.name for p in tmp_path.iterdir()] == ["thresholds.json"]


def test_the_lowest_level_a_search_can_give_is_read_again(tmp_path: Path) -> None:
    levels = best_per_class([[1, 0, 1], [1, 1, 0]], [[0.0, 0.2, 0.6], [0.9, 0.8, 0.1]])
    Thresholds(dict(zip(CODES, levels.tolist(), strict=True)), 0.5, "mixtures").save(tmp_path / "thresholds.json")
    assert Thresholds.load(tmp_path / "thresholds.json", CODES).vector(CODES)[0] == 0.0


def _with(**changes: Any) -> str:
    return json.dumps({**GOOD.to_dict(), **changes})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"overall": 1}', "is damaged"),
        (_with(more=1), "is damaged"),
        (_with(per_class={"cel": 0.5, "pia": 0.5}), "is for the classes cel, pia"),
        (_with(overall=-0.1), "from 0 to 1"),
        (_with(overall=None), "from 0 to 1"),
        (_with(overall=True), "from 0 to 1"),
        (_with(chosen_on=None), "chosen_on must be a text"),
        (_with(per_class={"cel": 0.5, "pia": 1.5, "voi": 0.5}), "from 0 to 1"),
        (_with(per_class=[0.5]), "is damaged"),
    ],
)
def test_what_is_wrong_is_named_with_the_remedy(tmp_path: Path, content: str | None, words: str) -> None:
    path = tmp_path / "thresholds.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ThresholdsError, match=words) as caught:
        Thresholds.load(path, CODES)
    assert str(path) in str(caught.value) and "train the run again" in str(caught.value)
