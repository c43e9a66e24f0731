from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from irmas_tf.config.labels import LabelScheme
from irmas_tf.datasets.dataset import LabelledExcerpt
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.datasets.split_sides import class_indices, group_numbers, split_sides
from irmas_tf.datasets.splits import Split

LABELS = LabelScheme.of("bells", {"han": "hand bell", "tub": "tubular bell"})
EXCERPTS = [
    LabelledExcerpt(Path(f"/data/{name}.wav"), code, group, f"{code}/{name}.wav")
    for name, code, group in (("a", "tub", "y"), ("b", "han", "x"), ("c", "tub", "y"), ("d", "han", ("z", 1)))
]


def test_columns_follow_the_split_and_groups_are_counted_over_all_excerpts():
    split = Split(("han/b.wav", "tub/c.wav"), ("han/d.wav", "tub/a.wav"), 0, "excerpt", 0.5)
    train, validation = split_sides(split, EXCERPTS, LABELS)
    assert (train.names, validation.names) == (split.train, split.validation)
    assert validation.paths == ("/data/d.wav", "/data/a.wav") and len(validation) == 2
    np.testing.assert_array_equal(train.labels, [0, 1])
    np.testing.assert_array_equal([*train.groups, *validation.groups], [1, 0, 2, 0])
    np.testing.assert_array_equal(group_numbers(EXCERPTS), [0, 1, 0, 2])


def test_an_unknown_class_is_named_with_its_file():
    stray = LabelledExcerpt(Path("/data/x.wav"), "gong", "w", "gong/x.wav")
    with pytest.raises(DataError, match=r"/data/x\.wav: unknown class code 'gong'; known codes: han, tub"):
        class_indices([*EXCERPTS, stray], LABELS)
