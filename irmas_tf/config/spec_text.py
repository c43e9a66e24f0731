"""Settings written as one short text, ``KEY=VALUE:KEY=VALUE``, inside a flag that lists several of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from irmas_tf.config.settings import ConfigError


def parse_pairs(pairs: Sequence[str], types: Mapping[str, Any], shown: str) -> dict[str, Any]:
    """Return key -> value of texts ``KEY=VALUE``.

    Args:
        pairs: the texts.
        types: the keys that are allowed, with the type of each: int, float, bool (written 0 or 1) or str.
        shown: the flag with its value, for messages.

    Raises:
        ConfigError: unknown or repeated key, or a value of another type.
    """
    values: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if key not in types or not equals:
            raise ConfigError(f"{shown}: {pair!r} is not KEY=VALUE with KEY one of {', '.join(types)}")
        if key in values:
            raise ConfigError(f"{shown}: {key} is given twice")
        values[key] = _value(text, types[key], f"{shown}: {key}={text!r}")
    return values


def _value(text: str, kind: Any, shown: str) -> Any:
    if kind is bool:
        if text not in ("0", "1"):
            raise ConfigError(f"{shown} must be 0 or 1")
        return text == "1"
    try:
        return kind(text)
    except ValueError as error:
        raise ConfigError(f"{shown} is not a {'whole ' if kind is int else ''}number") from error


def written(value: Any) -> str:
    """Return a value as `parse_pairs` reads it."""
    return value if isinstance(value, str) else f"{value:.10g}"
