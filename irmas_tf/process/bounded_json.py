"""JSON of unknown origin, read within bounds: its size, depth and number of values are known before it is parsed.

What standard JSON does not have (NaN, numbers beyond a float's range) and what no file of this package has (a key twice
in an object, control characters in a key, half a surrogate pair) is refused, so that whoever gets the values need not
think of them.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import re
from typing import Any

from irmas_tf.process.bounded_text import BoundedTextError, read_bounded
from irmas_tf.process.printable import shortened

MOST_BYTES = 40 << 20
"""Of a file; the largest of our own, a split of 100,000 excerpts, has 10 MB."""
MOST_WIDE_BYTES = MOST_BYTES // 2
"""Of a file with letters beyond 16 bits, such as emoji."""
MOST_DEPTH = 64
"""Objects and lists within one another; the descriptions of Keras' layers have 20."""
MOST_ITEMS = 1_250_000
"""Values and keys in all."""
_MOST_DIGITS = 400  # of a whole number; Python itself takes a time that grows with their square
_DEPTHS = bytes.maketrans(b"[]{}", b"\2\0\2\0")  # opening is 2, closing 0
_OTHERS = bytes(set(range(256)) - set(b"[]{}"))
_TEXT = re.compile(rb'"[^"]*"?')
_WIDE = re.compile(rb"[\xf0-\xff]|\\u[dD][89a-fA-F]")  # of such letters Python gives every letter of a text four bytes
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class BoundedJsonError(ValueError):
    """A file is no JSON that can be used.

    Attributes:
        reason: why, without the name of the file.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.reason = reason


def reason_of(error: Exception) -> str:
    """Return why a file was refused, without its name where the error has both."""
    return error.reason if isinstance(error, BoundedJsonError) else str(error)


class _Refusal(Exception):
    """Why a text is refused."""


def read_json(
    path: str | os.PathLike[str],
    *,
    most_bytes: int = MOST_BYTES,
    most_depth: int = MOST_DEPTH,
    most_items: int = MOST_ITEMS,
) -> Any:
    """Return what a JSON file holds.

    Args:
        path: a file, not a pipe or device.
        most_bytes: that it may have.
        most_depth: of objects and lists within one another.
        most_items: values and keys together.

    Raises:
        BoundedJsonError: it is no JSON, or beyond these bounds; one line with the path.
        OSError: it cannot be opened or read.
    """
    name = os.fspath(path)
    try:
        raw = read_bounded(path, most_bytes)
    except BoundedTextError as error:
        raise BoundedJsonError(name, str(error)) from None
    return parse_json(raw, name, most_bytes=most_bytes, most_depth=most_depth, most_items=most_items)


def parse_json(
    raw: bytes,
    name: str,
    *,
    most_bytes: int = MOST_BYTES,
    most_depth: int = MOST_DEPTH,
    most_items: int = MOST_ITEMS,
    with_nan: bool = False,
) -> Any:
    """Return what JSON in UTF-8 holds; arguments and errors as `read_json`, with a name for messages.

    With ``with_nan`` NaN and Infinity are read, as some servers write them.
    """
    if len(raw) > most_bytes:
        raise BoundedJsonError(name, f"has {len(raw)} bytes, {most_bytes} at most are read")
    try:
        if len(raw) > MOST_WIDE_BYTES and _WIDE.search(raw):
            raise _Refusal(f"has {len(raw)} bytes; with letters beyond 16 bits {MOST_WIDE_BYTES} at most are read")
        _check_bounds(raw, most_depth, most_items)
        value = json.loads(
            raw.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_int=_whole_number,
            parse_float=_number,
            parse_constant=float if with_nan else _not_a_number,
        )
        if _HALF_PAIR.search(raw):
            _check_pairs(value)
        return value
    except _Refusal as refusal:
        raise BoundedJsonError(name, str(refusal)) from None
    except UnicodeDecodeError as error:
        raise BoundedJsonError(name, f"is not UTF-8 (byte {error.start})") from error
    except json.JSONDecodeError as error:
        # The message of the decoder itself quotes nothing of the text.
        raise BoundedJsonError(name, f"is no JSON (line {error.lineno}, column {error.colno}: {error.msg})") from error


def _check_bounds(raw: bytes, most_depth: int, most_items: int) -> None:
    """Count quotes, commas and brackets, which say how deep and how many the values are whatever else is wrong."""
    plain = raw.replace(rb"\\", b"").replace(rb"\"", b"") if b"\\" in raw else raw
    if plain.count(b'"') > 4 * most_items:
        raise _Refusal(f"has more than {most_items} values")
    outside = _TEXT.sub(b"", plain)
    if outside.count(b",") + outside.count(b":") + outside.count(b"[") + outside.count(b"{") >= most_items:
        raise _Refusal(f"has more than {most_items} values")
    brackets = outside.translate(_DEPTHS, _OTHERS)
    depth = max(itertools.accumulate(value - 1 for value in brackets), default=0)
    if depth > most_depth:
        raise _Refusal(f"has {depth} levels of objects and lists within one another, {most_depth} at most are read")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Refusal(f"has the key {shortened(twice)!r} twice in one object")
    for key in result:
        if _CONTROL.search(key):
            raise _Refusal(f"has a control character in the key {shortened(key)!r}")
    return result


def _whole_number(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise _Refusal(f"has a number of {len(digits)} digits")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _Refusal(f"has the number {shortened(digits, 40)}, which is beyond the range of numbers")
    return value


def _not_a_number(word: str) -> float:
    raise _Refusal(f"has {word} for a number")


def _check_pairs(value: Any) -> None:
    """Refuse halves of surrogate pairs, which cannot be written as UTF-8 again."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += [*item, *item.values()]
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str) and any("\ud800" <= c <= "\udfff" for c in item):
            raise _Refusal("has half a surrogate pair in a text")
