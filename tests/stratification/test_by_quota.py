"""What a split is like is in tests/datasets/test_splits.py; here, that many classes cost no more than few."""

from __future__ import annotations

from collections import Counter

import pytest

from irmas_tf.stratification.by_quota import choose_by_quota, random_keys


class Counting(Counter):
    """Counts how often anybody asks for what it holds."""

    looks = 0

    def items(self):
        Counting.looks += 1
        return super().items()


@pytest.mark.slow
def test_the_work_grows_with_the_groups_not_with_groups_times_classes():
    groups = {f"{k:05d}": Counting({f"class {k % 1000}": 1}) for k in range(5000)}
    chosen = choose_by_quota(groups, 0.2, 0)
    assert len(chosen) == 1000 and Counting.looks <= 4 * len(groups)
    assert {k for name in chosen for k in groups[name]} == {f"class {k}" for k in range(1000)}


def test_a_key_depends_on_the_seed_and_the_name_alone():
    assert random_keys(3, ["b", "a"]) == {name: random_keys(3, [name])[name] for name in "ab"}
    assert random_keys(3, ["a"]) != random_keys(4, ["a"])
