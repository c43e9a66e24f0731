from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irmas_tf.config.settings import ConfigError
from irmas_tf.config.spec_text import parse_pairs, written

TYPES = {"count": int, "rate": float, "on": bool, "word": str}


def test_each_value_has_its_type():
    found = parse_pairs(["count=3", "rate=2e-4", "on=1", "word=all"], TYPES, "--x=")
    assert found == {"count": 3, "rate": 2e-4, "on": True, "word": "all"}
    assert [type(value) for value in found.values()] == [int, float, bool, str]
    assert parse_pairs([], TYPES, "--x=") == {}


@pytest.mark.parametrize(
    "pairs, message",
    [
        (["cuont=3"], "'cuont=3' is not KEY=VALUE with KEY one of count, rate, on, word"),
        (["count"], "'count' is not KEY=VALUE"),
        (["count=1", "count=1"], "count is given twice"),
        (["count=1.5"], "count='1.5' is not a whole number"),
        (["on=true"], "on='true' must be 0 or 1"),
    ],
)
def test_what_is_wrong_is_said_after_the_flag(pairs, message):
    with pytest.raises(ConfigError) as caught:
        parse_pairs(pairs, TYPES, "--stages=S")
    assert str(caught.value).startswith("--stages=S: ")
    assert message in str(caught.value)


@given(st.integers(-(10**9), 10**9), st.booleans(), st.floats(-1e9, 1e9, allow_nan=False))
def test_what_is_written_is_read_back(count, on, rate):
    pairs = [f"count={written(count)}", f"on={written(on)}", f"rate={written(rate)}"]
    found = parse_pairs(pairs, TYPES, "--x=")
    assert (found["count"], found["on"]) == (count, on)
    assert found["rate"] == pytest.approx(rate, rel=1e-9)
