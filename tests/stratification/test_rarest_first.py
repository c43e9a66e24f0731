from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irmas_tf.stratification.rarest_first import choose_rarest_first

FREQUENCY = {"drums": 0.5, "bass": 0.3, "voice": 0.2, "flute": 0.05, "mandolin": 0.01}


def clips(number: int, seed: int) -> dict[str, Counter[str]]:
    """Return groups of a clip each, with several classes, or with none as its own class."""
    rng = np.random.default_rng(seed)
    groups = {}
    for k in range(number):
        heard = [code for code, share in FREQUENCY.items() if rng.random() < share]
        groups[f"{k:05d}"] = Counter(heard or [""])
    return groups


def share_of(groups: dict[str, Counter[str]], chosen: set[str]) -> dict[str, float]:
    total, taken = Counter[str](), Counter[str]()
    for name, counts in groups.items():
        total.update(counts)
        if name in chosen:
            taken.update(counts)
    return {code: taken[code] / total[code] for code in total}


def test_every_class_has_its_share_the_rarest_too():
    for seed in range(3):
        groups = clips(3000, seed)
        shares = share_of(groups, choose_rarest_first(groups, 0.2, seed))
        assert set(shares) == {*FREQUENCY, ""}
        assert all(abs(share - 0.2) < 0.02 for share in shares.values()), shares


def test_groups_are_chosen_fairly_and_by_the_seed_alone():
    groups = clips(60, 0)
    times = Counter(name for seed in range(200) for name in choose_rarest_first(groups, 0.2, seed))
    # A draw at a fifth: 40 of 200. A group with much in it must not be chosen by that.
    rich = [times[name] for name, counts in groups.items() if len(counts) > 1]
    assert 25 < np.mean(rich) < 60 and max(times.values()) < 110, times
    again = dict(sorted(groups.items(), reverse=True))
    assert choose_rarest_first(again, 0.2, 7) == choose_rarest_first(groups, 0.2, 7)


def test_large_groups_stay_near_the_quota():
    rng = np.random.default_rng(0)
    groups = {
        f"{k}": Counter({code: int(rng.integers(1, 9)) for code in rng.choice(list("abcd"), 2)}) for k in range(80)
    }
    shares = share_of(groups, choose_rarest_first(groups, 0.25, 0))
    assert all(abs(share - 0.25) < 0.08 for share in shares.values()), shares


@pytest.mark.slow
@settings(max_examples=200)
@given(
    groups=st.lists(st.dictionaries(st.sampled_from("abcde"), st.integers(1, 5), min_size=1), min_size=2, max_size=25),
    fraction=st.floats(0.05, 0.95),
    seed=st.integers(0, 2**32),
)
def test_no_class_is_in_validation_alone(groups, fraction, seed):
    named = {str(k): Counter(counts) for k, counts in enumerate(groups)}
    chosen = choose_rarest_first(named, fraction, seed)
    for code in {code for counts in groups for code in counts}:
        having = [name for name, counts in named.items() if code in counts]
        in_training = [name for name in having if name not in chosen]
        assert in_training, (code, having, chosen)
