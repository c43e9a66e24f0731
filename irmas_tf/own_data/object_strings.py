"""The texts in a NumPy array of objects, read off its pickle without unpickling: nothing is looked up, made or called.

NumPy stores an array of objects as a pickle, which is a program. Here its opcodes are read one after the other, and
only those may occur that an array of texts consists of.
"""

from __future__ import annotations

import pickletools

# All words that an array of texts is made with, beside its texts; any other is refused.
_WORDS = frozenset(
    {
        *("numpy", "numpy.core.multiarray", "numpy._core.multiarray", "_reconstruct", "ndarray", "dtype"),
        *("O", "O8", "|", "b", "_codecs", "encode", "latin1", ""),
    }
)
# Python 2 wrote texts as strings of bytes.
_TEXTS = frozenset(
    ("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "SHORT_BINSTRING", "BINSTRING", "STRING")
)
_OTHERS = frozenset(
    {
        *("PROTO", "FRAME", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "REDUCE", "BUILD", "EMPTY_LIST", "APPEND"),
        *("APPENDS", "LIST", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
        *("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT", "GET", "BINGET", "LONG_BINGET"),
        *("INT", "BININT", "BININT1", "BININT2", "LONG1", "SHORT_BINBYTES", "BINBYTES", "GLOBAL", "STACK_GLOBAL"),
    }
)
_IN_LIST = frozenset(("FRAME", "MARK", "APPEND", "APPENDS", "MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT", "TUPLE"))


def texts_of_objects(pickled: bytes, count: int) -> list[str]:
    """Return the texts of a one-dimensional array of objects that NumPy pickled, all different.

    Args:
        pickled: what follows the header of the ``.npy`` file.
        count: texts that there must be.

    Raises:
        ValueError: it is damaged, or anything else than an array of so many texts; nothing of it was run.
    """
    texts: list[str] = []
    in_list = False
    try:
        for opcode, value, _ in pickletools.genops(pickled):
            name = opcode.name
            if name in _TEXTS and in_list:
                texts.append(str(value))
            elif name in _TEXTS:
                _check_words(str(value))
            elif name == "GLOBAL":
                _check_words(*str(value).split(" ", 1))
            elif name not in (_IN_LIST if in_list else _OTHERS):
                raise ValueError(f"uses the pickle opcode {name}, which texts have no use for; nothing of it was run")
            elif name in ("EMPTY_LIST", "LIST"):
                in_list = True
            elif name == "TUPLE":
                in_list = False
    except (TypeError, IndexError, OverflowError) as error:
        raise ValueError(f"has a damaged pickle ({type(error).__name__})") from error
    if len(texts) != count or len(set(texts)) != count:
        raise ValueError(f"holds {len(set(texts))} different texts where {count} are announced")
    return texts


def _check_words(*words: str) -> None:
    if strange := [word for word in words if word not in _WORDS]:
        raise ValueError(f"names {strange[0][:60]!r}, which texts have no use for; nothing of it was run")
