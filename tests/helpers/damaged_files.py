"""Seeded ways of damaging any file: bytes, numbers, texts, JSON and the members of archives.

The damage is made at run time and never kept.
"""

from __future__ import annotations

import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 40, (1 << 64) - 1)
_WORDS = (b"0", b"-1", b"1e308", b"-1e999", b"NaN", b"Infinity", b"1e-320", b"9" * 30, b"9" * 5000, b"null", b'"x"')
_CONTROLS = ("\0", "\x1b[31m", "\n", "\r", "\t", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff", "\ud800")
_OTHERS = (
    b"",
    b"\n",
    bytes(4096),
    b"\xff" * 300,
    b"\x89PNG\r\n\x1a\n" + bytes(60),
    b"<!DOCTYPE html><html><body>404</body></html>",
    b"PK\5\6" + bytes(18),
    b"PK\3\4" + bytes(60),
    b"\x1f\x8b\x08" + bytes(60),
    b"\x93NUMPY\1\0" + bytes(60),
    b"\x89HDF\r\n\x1a\n" + bytes(300),
    b"\x1c\0\0\0TFL3" + bytes(300),
    b"\xff\xfe" + "text".encode("utf-16-le"),
    b"{}",
    b"[]",
    b"null",
    b'"text"',
    b"1",
)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_VALUES = (
    None,
    True,
    0,
    -1,
    1e-9,
    1e308,
    10**30,
    "",
    "x",
    "\x1b[31m",
    "\n",
    "a" * 5000,
    [],
    {},
    [[]],
    [None],
    {"x": 1},
)


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Return a damaged copy of a file's content."""
    ways: list[Callable[[bytes, random.Random], bytes]] = [*_ANY]
    if zipfile.is_zipfile(io.BytesIO(data)):
        ways += [_member] * len(_ANY)
    elif (document := _json(data)) is not None:
        ways += [lambda _, rng: _document(document, rng)] * len(_ANY)
    return rng.choice(ways)(data, rng)


def _flip(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    within = rng.choice((len(out), 200))
    for _ in range(rng.choice((1, 1, 3, 20))):
        out[rng.randrange(min(within, len(out)))] = rng.randrange(256)
    return bytes(out)


def _truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _delete(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.choice((1, 4, 60, 1000)) :]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start : start + rng.choice((1, 4, 60, 1000))] * rng.choice((2, 3, 300)) + data[start:]


def _binary_number(data: bytes, rng: random.Random) -> bytes:
    width = rng.choice((1, 2, 4, 8))
    out, at = bytearray(data), rng.randrange(max(1, min(len(data), rng.choice((len(data), 400))) - width))
    number = rng.choice(_NUMBERS) & ((1 << 8 * width) - 1)
    out[at : at + width] = number.to_bytes(width, rng.choice(("little", "big")))
    return bytes(out)


def _written_number(data: bytes, rng: random.Random) -> bytes:
    places = [match.span() for match in _NUMBER.finditer(data[: 1 << 16])]
    if not places:
        return _binary_number(data, rng)
    start, end = rng.choice(places)
    return data[:start] + rng.choice(_WORDS) + data[end:]


def _nested(data: bytes, rng: random.Random) -> bytes:
    """Put lists within lists where a value may stand, or objects within objects."""
    places = [match.start() for match in re.finditer(rb'[\d"\[{]', data[: 1 << 16])] or [0]
    at, depth = rng.choice(places), rng.choice((3, 100, 3000, 100_000))
    opening, closing = rng.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"(", b")"), (b'"', b'"')))
    return data[:at] + opening * depth + b"1" + closing * rng.choice((depth, 0)) + data[at:]


def _control(data: bytes, rng: random.Random) -> bytes:
    text = rng.choice(_CONTROLS).encode("utf-8", "surrogatepass")
    at = rng.randrange(len(data))
    return data[:at] + text + data[at + rng.choice((0, 1)) :]


def _wide(data: bytes, rng: random.Random) -> bytes:
    """Make a line very long, of many cells or of one."""
    at = rng.choice([match.start() for match in re.finditer(rb"\n|$", data[: 1 << 16])])
    return data[:at] + rng.choice((b",", b";x", b"\t", b"a", b'"')) * rng.choice((5000, 200_000)) + data[at:]


def _other(data: bytes, rng: random.Random) -> bytes:
    return rng.choice((*_OTHERS, data + data, data[::-1]))


_ANY = (
    _flip, _truncate, _delete, _repeat, _binary_number, _written_number, _nested, _control, _wide, _other,
)  # fmt: skip


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _document(document: Any, rng: random.Random) -> bytes:
    """Return JSON in which a value is another one, is missing, or is there twice; or stands somewhere else."""
    document = json.loads(json.dumps(document))
    places = list(_places(document))
    if not places:
        return json.dumps(rng.choice(_VALUES)).encode()
    for _ in range(rng.choice((1, 1, 2))):
        holder, key = rng.choice(places)
        if rng.random() < 0.2 and key in (range(len(holder)) if isinstance(holder, list) else holder):
            del holder[key]
        elif isinstance(holder, dict) or key < len(holder):
            value = holder.get(key) if isinstance(holder, dict) else holder[key]
            holder[key] = rng.choice((*_VALUES, [value] * 3, {"x": value}, str(value), rng.choice(places)[0]))
        if _is_circular(document):
            holder[key] = None
    return json.dumps(document, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def _is_circular(document: Any) -> bool:
    try:
        json.dumps(document)
    except (ValueError, RecursionError):
        return True
    return False


def _member(data: bytes, rng: random.Random) -> bytes:
    """Return an archive one of whose members is damaged, missing, or there twice, with right checksums."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        before = data[: min(info.header_offset for info in members)]  # a .tflite file's model
        out.write(before)
        chosen, way = rng.choice(members), rng.choice(("damage", "damage", "damage", "leave out", "rename", "deflate"))
        with zipfile.ZipFile(out, "a") as copy:
            for info in members:
                content, name = archive.read(info), info.filename
                if info is chosen and way == "leave out":
                    continue
                if info is chosen and way == "rename":
                    name = rng.choice((f"../{name}", f"/{name}", name.upper(), f"{name}\n", "x" * 5000))
                if info is chosen and way == "damage" and content:
                    content = mutate(content, rng)
                method = zipfile.ZIP_DEFLATED if info is chosen and way == "deflate" else info.compress_type
                copy.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, method)
    return out.getvalue()
