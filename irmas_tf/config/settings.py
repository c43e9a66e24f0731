"""Declaring and checking one setting: help text, unit, range and choices live beside the default value.

The sections of a configuration declare their fields with `setting`; `irmas_tf.config.flags` turns the same
declarations into command-line flags, and `configs/reference.flags` is generated from them. There is no second list of
options anywhere.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Callable, Sequence
from typing import Any


class ConfigError(ValueError):
    """A setting has a value that is not allowed; the message names the flag, the value and what is allowed."""


def setting(
    default: Any,
    help: str,
    *,
    unit: str = "",
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    below: float | None = None,
    known: Callable[[], Sequence[str]] | None = None,
    writes: str = "",
) -> Any:
    """Declare a dataclass field.

    Args:
        default: default value; its type comes from the field's annotation.
        help: one sentence for ``--help``.
        unit: physical unit, printed with the help ("Hz", "s", "dB").
        choices: allowed strings.
        minimum, maximum: inclusive bounds.
        above, below: exclusive bounds.
        known: returns what a registry holds, for ``--help`` and the reference; its section checks the value.
        writes: "file" or "folder" if it names what a command writes, which `irmas_tf.config.flags` then tries at once.
    """
    rules = {"choices": choices, "minimum": minimum, "maximum": maximum, "above": above, "below": below}
    said = {"help": help, "unit": unit, "known": known, "writes": writes}
    return dataclasses.field(default=default, metadata={**said, **rules})


def describe_rule(field: dataclasses.Field[Any]) -> str:
    """Return what a field allows, in words ("one of a, b", "at least 0 and below 1"), or an empty string."""
    rules = field.metadata
    if rules.get("choices"):
        return "one of " + ", ".join(rules["choices"])
    parts = []
    if rules.get("minimum") is not None:
        parts.append(f"at least {rules['minimum']:.10g}")
    if rules.get("above") is not None:
        parts.append(f"above {rules['above']:.10g}")
    if rules.get("maximum") is not None:
        parts.append(f"at most {rules['maximum']:.10g}")
    if rules.get("below") is not None:
        parts.append(f"below {rules['below']:.10g}")
    return " and ".join(parts)


@functools.cache
def setting_types(section: Any) -> dict[str, Any]:
    """Return field name -> annotated type of a dataclass (int, float, bool, str, tuple[...], or X | None)."""
    names = {field.name for field in dataclasses.fields(section)}
    kinds: dict[str, Any] = {}
    for base in reversed(section.__mro__):
        # Fields alone: Python 3.10 cannot resolve a plain ClassVar beside them.
        annotations = {name: kind for name, kind in vars(base).get("__annotations__", {}).items() if name in names}
        fields_only = type("Fields", (), {"__annotations__": annotations, "__module__": base.__module__})
        kinds |= typing.get_type_hints(fields_only)
    return kinds


def split_type(kind: Any) -> tuple[Any, bool]:
    """Return (type of one value, whether the setting is a tuple of them); ``X | None`` counts as ``X``."""
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        kind = next(a for a in typing.get_args(kind) if a is not type(None))
    if typing.get_origin(kind) is tuple:
        return typing.get_args(kind)[0], True
    return kind, False


def type_words(kind: Any) -> str:
    """Return a type in the words of a message ("a number", "a comma-separated list of whole numbers")."""
    item, is_list = split_type(kind)
    one, many = {
        int: ("a whole number", "whole numbers"),
        float: ("a number", "numbers"),
        bool: ("true or false", "true or false"),
        str: ("a text", "texts"),
    }[item]
    return f"a comma-separated list of {many}" if is_list else one


def format_value(value: Any) -> str:
    """Return a value as it is written on the command line."""
    if isinstance(value, (tuple, list)):
        return ",".join(format_value(item) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _type_error(field: dataclasses.Field[Any], value: Any, kind: Any) -> ConfigError:
    rule = describe_rule(field)
    # A string is shown with its quotes where they tell "3" from 3.
    shown = format_value(value) if isinstance(value, (str, list, tuple)) and kind is not str else repr(value)
    return ConfigError(f"--{field.name}={shown}: must be {type_words(kind)}{f', {rule}' if rule else ''}")


def coerce(field: dataclasses.Field[Any], value: Any, kind: Any) -> Any:
    """Return ``value`` as the annotated type; ints are accepted where floats are wanted and lists for tuples.

    Raises:
        ConfigError: the value has another type.
    """
    item, is_list = split_type(kind)
    if value is None and kind not in (item, tuple):
        if type(None) in typing.get_args(kind):
            return None
    elif is_list:
        if isinstance(value, (list, tuple)):
            return tuple(coerce(field, one, item) for one in value)
    elif item is float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
    elif item is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    elif isinstance(value, item):
        return value
    raise _type_error(field, value, kind)


def parse_text(field: dataclasses.Field[Any], text: str, kind: Any) -> Any:
    """Return the value that a command-line text stands for, checked.

    Lists are separated by commas; blanks around items are dropped, and an empty text is an empty list.

    Raises:
        ConfigError: the text is not of the annotated type, or its value is not allowed.
    """
    item, is_list = split_type(kind)
    texts = [part.strip() for part in text.split(",")] if is_list and text.strip() else [] if is_list else [text]
    values = []
    for one in texts:
        try:
            if item is bool:
                values.append({"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}[one.lower()])
            else:
                values.append(item(one))
        except (ValueError, KeyError) as error:
            raise _type_error(field, text, kind) from error
    value = tuple(values) if is_list else values[0]
    check_value(field, value)
    return value


def check_value(field: dataclasses.Field[Any], value: Any) -> None:
    """Check a value of the right type against the field's rules (each item, if it is a tuple).

    Raises:
        ConfigError: out of range or not one of the choices.
    """
    rules = field.metadata
    for item in value if isinstance(value, tuple) else (value,):
        bad = bool(rules.get("choices")) and item not in rules["choices"]
        if isinstance(item, (int, float)) and not isinstance(item, bool):
            bad = bad or not math.isfinite(item)
            bad = bad or (rules.get("minimum") is not None and item < rules["minimum"])
            bad = bad or (rules.get("maximum") is not None and item > rules["maximum"])
            bad = bad or (rules.get("above") is not None and item <= rules["above"])
            bad = bad or (rules.get("below") is not None and item >= rules["below"])
        if bad:
            allowed = describe_rule(field) or "a finite number"
            unit = f" {rules['unit']}" if rules.get("unit") and not rules.get("choices") else ""
            raise ConfigError(f"--{field.name}={item}: must be {allowed}{unit}")


def check_settings(section: Any) -> None:
    """Coerce and check every field of a frozen dataclass in place; call it from ``__post_init__``.

    Raises:
        ConfigError: a value has the wrong type or is out of range.
    """
    kind: Any = type(section)
    hints = setting_types(kind)
    for field in dataclasses.fields(section):
        value = coerce(field, getattr(section, field.name), hints[field.name])
        object.__setattr__(section, field.name, value)
        if value is not None:
            check_value(field, value)


class Section:
    """Base of the configuration sections: every instance is checked when it is made."""

    def __post_init__(self) -> None:
        check_settings(self)
