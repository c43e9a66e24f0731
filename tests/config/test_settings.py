from __future__ import annotations

import dataclasses
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irmas_tf.config.settings import (
    ConfigError,
    Section,
    check_value,
    describe_rule,
    format_value,
    parse_text,
    setting,
    setting_types,
)


@dataclasses.dataclass(frozen=True)
class Example(Section):
    count: int = setting(3, "Count.", minimum=1, maximum=10)
    share: float = setting(0.5, "Share.", unit="s", above=0.0, below=1.0)
    kind: str = setting("a", "Kind.", choices=("a", "b"))
    flag: bool = setting(False, "Flag.")
    sizes: tuple[int, ...] = setting((1, 2), "Sizes.", minimum=1)
    rates: tuple[float, ...] = setting((), "Rates.")
    limit: int | None = setting(None, "Limit.", minimum=0)
    free: float = setting(0.0, "Any number.")


FIELDS = {field.name: field for field in dataclasses.fields(Example)}
KINDS = setting_types(Example)


def test_defaults_are_valid_and_values_are_coerced_to_the_annotated_types():
    example = Example(share=0.25, sizes=[4, 5], rates=[1, 2.5])
    assert example.sizes == (4, 5)
    assert example.rates == (1.0, 2.5)
    assert all(type(rate) is float for rate in example.rates)
    assert type(Example(free=2).free) is float
    assert Example(limit=None).limit is None


@pytest.mark.parametrize(
    "values, message",
    [
        ({"count": 0}, "--count=0: must be at least 1 and at most 10"),
        ({"count": 11}, "--count=11: must be at least 1 and at most 10"),
        ({"count": 2.5}, "--count=2.5: must be a whole number, at least 1 and at most 10"),
        ({"count": True}, "--count=True: must be a whole number, at least 1 and at most 10"),
        ({"count": "3"}, "--count=3: must be a whole number, at least 1 and at most 10"),
        ({"count": None}, "--count=None: must be a whole number, at least 1 and at most 10"),
        ({"share": 0.0}, "--share=0.0: must be above 0 and below 1 s"),
        ({"share": 1.0}, "--share=1.0: must be above 0 and below 1 s"),
        ({"share": math.nan}, "--share=nan: must be above 0 and below 1 s"),
        ({"free": math.inf}, "--free=inf: must be a finite number"),
        ({"kind": "c"}, "--kind=c: must be one of a, b"),
        ({"kind": 3}, "--kind=3: must be a text, one of a, b"),
        ({"flag": 1}, "--flag=1: must be true or false"),
        ({"sizes": (1, 0)}, "--sizes=0: must be at least 1"),
        ({"sizes": 3}, "--sizes=3: must be a comma-separated list of whole numbers, at least 1"),
        ({"sizes": "12"}, "--sizes=12: must be a comma-separated list of whole numbers, at least 1"),
        ({"limit": -1}, "--limit=-1: must be at least 0"),
    ],
)
def test_a_refused_value_is_named_with_its_flag_and_what_is_allowed(values, message):
    with pytest.raises(ConfigError) as caught:
        Example(**values)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "name, text, value",
    [
        ("count", "7", 7),
        ("share", "1e-3", 1e-3),
        ("kind", "b", "b"),
        ("flag", "true", True),
        ("flag", "False", False),
        ("sizes", "1, 2,3", (1, 2, 3)),
        ("sizes", "", ()),
        ("rates", "1,2.5", (1.0, 2.5)),
        ("limit", "4", 4),
    ],
)
def test_text_is_parsed_as_the_annotated_type(name, text, value):
    parsed = parse_text(FIELDS[name], text, KINDS[name])
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    "name, text",
    [
        ("count", "7.0"),
        ("count", ""),
        ("share", "a"),
        ("flag", "yes"),
        ("sizes", "1,,2"),
        ("sizes", "1,"),
        ("kind", ""),
    ],
)
def test_text_of_another_type_is_refused_by_name(name, text):
    with pytest.raises(ConfigError, match=f"^--{name}={re.escape(text)}: must be "):
        parse_text(FIELDS[name], text, KINDS[name])


def test_rules_are_described_in_words():
    assert describe_rule(FIELDS["count"]) == "at least 1 and at most 10"
    assert describe_rule(FIELDS["share"]) == "above 0 and below 1"
    assert describe_rule(FIELDS["kind"]) == "one of a, b"
    assert describe_rule(FIELDS["flag"]) == ""


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_float_survives_being_written_and_parsed(value):
    assert parse_text(FIELDS["free"], format_value(value), float) == value


@given(st.lists(st.integers(1, 10**9), max_size=5))
def test_any_list_survives_being_written_and_parsed(values):
    assert parse_text(FIELDS["sizes"], format_value(tuple(values)), KINDS["sizes"]) == tuple(values)


@given(st.floats() | st.integers())
def test_checking_agrees_with_the_bounds(value):
    allowed = isinstance(value, (int, float)) and math.isfinite(value) and 0 < value < 1
    if allowed:
        check_value(FIELDS["share"], value)
    else:
        with pytest.raises(ConfigError, match=r"^--share="):
            check_value(FIELDS["share"], value)
