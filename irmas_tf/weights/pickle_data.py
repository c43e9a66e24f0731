"""Reading pickled data without the pickle module: an interpreter that cannot call anything it was not given.

A pickle is a program. Python's own loader runs what it names; this one knows the opcodes that build containers and
numbers, and of names only those in the table it is given. Nothing is ever imported or looked up, so a hostile file
can at worst be refused.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable, Iterable, Mapping
from typing import BinaryIO, NamedTuple

from irmas_tf.models.weight_table import WeightsError

_HIGHEST_PROTOCOL = 5
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], object]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
# Opcodes that push the value which follows them in the file.
_VALUES = frozenset(
    {
        *("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4", "BINFLOAT", "FLOAT"),
        *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE"),
        *("BINSTRING", "SHORT_BINSTRING", "STRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    }
)
_PUT = frozenset({"BINPUT", "LONG_BINPUT", "PUT"})
_GET = frozenset({"BINGET", "LONG_BINGET", "GET"})
_IGNORED = frozenset({"PROTO", "FRAME"})
# Keys of dictionaries; weights have no others.
_KEYS = (str, bytes, int, float, type(None))

Maker = Callable[..., object]


class Name(NamedTuple):
    """A name that stands in a pickle, as text."""

    module: str
    name: str


class Inert:
    """An object of the pickle whose content is of no interest."""


def inert(*_: object) -> Inert:
    """Make an `Inert` of anything; for names that are harmless and unwanted."""
    return Inert()


def empty(*_: object) -> dict[object, object]:
    """Make an empty dictionary of anything; for dictionaries whose items follow."""
    return {}


def _mapping(keys: Iterable[object], values: Iterable[object]) -> dict[object, object]:
    """Return a dictionary.

    Raises:
        WeightsError: a key is neither text nor a number.
        ValueError: there are more keys than values, or fewer.
    """
    result: dict[object, object] = {}
    for key, value in zip(keys, values, strict=True):
        if not isinstance(key, _KEYS):
            raise WeightsError(f"has a dictionary with a key of type {type(key).__name__}")
        result[key] = value
    return result


def dictionary(items: object = ()) -> dict[object, object]:
    """Make a dictionary of another one, or of a list of pairs; for names of dictionaries of other kinds.

    Raises:
        WeightsError: it is neither, or a key is neither text nor a number.
    """
    if isinstance(items, dict):
        return dict(items)
    if not isinstance(items, (list, tuple)) or not all(isinstance(p, (list, tuple)) and len(p) == 2 for p in items):
        raise WeightsError("makes a dictionary of what is not a list of pairs")
    return _mapping((pair[0] for pair in items), (pair[1] for pair in items))


class _Machine:
    """The stack of a pickle that is being read."""

    def __init__(self, makers: Mapping[tuple[str, str], Maker], persistent: Callable[[object], object]) -> None:
        self.makers = makers
        self.persistent = persistent
        self.stack: list[object] = []
        self.marks: list[list[object]] = []
        self.memo: dict[int, object] = {}

    def since_mark(self) -> list[object]:
        """Take what was pushed since the last mark."""
        items, self.stack = self.stack, self.marks.pop()
        return items

    def name(self, module: object, name: object) -> Name:
        """Return a name if it is allowed."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise WeightsError("names something with what is not text; nothing of it was run")
        if (module, name) not in self.makers:
            raise WeightsError(
                f"names {module}.{name}, which weights have no use for; nothing of it was run. If it is a whole model"
                " or a training, save the weights alone: torch.save(model.state_dict(), FILE)"
            )
        return Name(module, name)

    def call(self, function: object, arguments: object) -> object:
        """Return what stands for a call in the pickle: our own maker's result."""
        if not isinstance(function, Name) or not isinstance(arguments, tuple):
            raise WeightsError("calls something that is not a name; nothing of it was run")
        return self.makers[function](*arguments)

    def set_items(self, target: object, items: list[object]) -> None:
        if isinstance(target, dict):
            target.update(_mapping(items[::2], items[1::2]))
        elif not isinstance(target, Inert):
            raise WeightsError("sets items of what is not a dictionary")

    def append(self, target: object, items: list[object]) -> None:
        if isinstance(target, list):
            target.extend(items)
        elif not isinstance(target, Inert):
            raise WeightsError("appends to what is not a list")

    def step(self, opcode: str, value: object) -> None:
        """Run one opcode other than STOP."""
        stack = self.stack
        if opcode in _IGNORED:
            pass
        elif opcode in _VALUES:
            stack.append(value)
        elif opcode in _CONSTANTS:
            stack.append(_CONSTANTS[opcode])
        elif opcode in _EMPTY:
            stack.append(_EMPTY[opcode]())
        elif opcode in _PUT or opcode == "MEMOIZE":
            self.memo[len(self.memo) if opcode == "MEMOIZE" else int(str(value))] = stack[-1]
        elif opcode in _GET:
            stack.append(self.memo[int(str(value))])
        elif opcode == "MARK":
            self.marks.append(stack)
            self.stack = []
        elif opcode == "TUPLE":
            items = self.since_mark()
            self.stack.append(tuple(items))
        elif opcode in ("TUPLE1", "TUPLE2", "TUPLE3"):
            items = [stack.pop() for _ in range(int(opcode[-1]))]
            stack.append(tuple(reversed(items)))
        elif opcode == "LIST":
            items = self.since_mark()
            self.stack.append(items)
        elif opcode == "DICT":
            items = self.since_mark()
            self.stack.append(_mapping(items[::2], items[1::2]))
        elif opcode in ("SETITEMS", "APPENDS"):
            items = self.since_mark()
            (self.set_items if opcode == "SETITEMS" else self.append)(self.stack[-1], items)
        elif opcode == "SETITEM":
            item, key = stack.pop(), stack.pop()
            self.set_items(stack[-1], [key, item])
        elif opcode == "APPEND":
            item = stack.pop()
            self.append(stack[-1], [item])
        elif opcode == "GLOBAL":
            stack.append(self.name(*str(value).split(" ", 1)))
        elif opcode == "STACK_GLOBAL":
            name, module = stack.pop(), stack.pop()
            stack.append(self.name(module, name))
        elif opcode in ("REDUCE", "NEWOBJ"):
            arguments, function = stack.pop(), stack.pop()
            stack.append(self.call(function, arguments))
        elif opcode == "BUILD":
            # The state of an object: of a dictionary or an inert object it is not wanted, of others not possible.
            stack.pop()
            if not isinstance(stack[-1], (dict, Inert)):
                raise WeightsError("sets the state of an object")
        elif opcode == "BINPERSID":
            stack.append(self.persistent(stack.pop()))
        elif opcode == "POP":
            stack.pop()
        elif opcode == "POP_MARK":
            self.since_mark()
        else:
            raise WeightsError(f"uses the pickle opcode {opcode}, which weights have no use for; nothing of it was run")


class _Bounded:
    """A seekable stream that never asks the system for more bytes than it has, whatever length a file claims."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.tell = stream.tell
        start = stream.tell()
        self.end = stream.seek(0, io.SEEK_END)
        stream.seek(start)

    def read(self, length: int) -> bytes:
        return self.stream.read(min(length, self.end - self.tell()))

    def readline(self) -> bytes:
        return self.stream.readline()


def _no_persistent(_: object) -> object:
    raise WeightsError("refers to data outside itself")


def read_pickle(
    stream: BinaryIO,
    makers: Mapping[tuple[str, str], Maker],
    persistent: Callable[[object], object] = _no_persistent,
) -> object:
    """Return the object in a pickle; the stream is left behind the pickle's end.

    Args:
        stream: the pickle; must be seekable.
        makers: by (module, name) what to call when the pickle "calls" that name. All other names are refused.
        persistent: turns a persistent id into an object.

    Raises:
        WeightsError: the pickle is damaged, or wants something that is not in ``makers``.
    """
    machine = _Machine(makers, persistent)
    try:
        for opcode, value, _ in pickletools.genops(_Bounded(stream)):  # type: ignore[arg-type]
            if opcode.name == "STOP":
                if len(machine.stack) != 1 or machine.marks:
                    raise WeightsError("does not end with one object")
                return machine.stack[0]
            machine.step(opcode.name, value)
    except WeightsError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise WeightsError(f"has a damaged pickle ({type(error).__name__})") from error
    raise WeightsError("ends in the middle of a pickle")
