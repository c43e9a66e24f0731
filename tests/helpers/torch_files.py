"""Writing PyTorch's checkpoint formats without PyTorch.

The pickles are put together by hand, because the pickle module would want the classes that they name.
"""

from __future__ import annotations

import pickle
import struct
import zipfile

import numpy as np

KINDS = {"f4": "Float", "f8": "Double", "f2": "Half", "i8": "Long", "i4": "Int", "u1": "Byte", "b1": "Bool"}


def _text(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def _integer(value):
    return b"J" + struct.pack("<i", value)


def _tuple(*items):
    return b"(" + b"".join(items) + b"t"


def _tensor(key, array, legacy):
    flat_strides = [stride // array.itemsize for stride in np.array(array, order="C").strides]
    kind = f"ctorch\n{KINDS[array.dtype.str[1:]]}Storage\n".encode()
    extra = [b"N"] if legacy else []
    storage = _tuple(_text("storage"), kind, _text(key), _text("cpu"), _integer(array.size), *extra) + b"Q"
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n"
        + _tuple(
            storage,
            _integer(0),
            _tuple(*map(_integer, array.shape)),
            _tuple(*map(_integer, flat_strides)),
            b"\x89",
            b"ccollections\nOrderedDict\n)R",
        )
        + b"R"
    )


def checkpoint_pickle(state, *, legacy=False, wrapped=False, also=b""):
    """Return the pickle of a state dict; ``also`` is a pickled value (without end) to put beside it."""
    items = b"".join(_text(name) + _tensor(str(n), a, legacy) for n, (name, a) in enumerate(state.items()))
    body = b"ccollections\nOrderedDict\n)R(" + items + b"u"
    if wrapped or also:
        body = b"}(" + _text("iteration") + _integer(7) + _text("model") + body
        body += (_text("other") + also if also else b"") + b"u"
    return b"\x80\x02" + body + b"."


def write_zip(path, state, **kwargs):
    """Write the format of PyTorch 1.6 and later."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", checkpoint_pickle(state, **kwargs))
        archive.writestr("archive/byteorder", "little")
        for number, array in enumerate(state.values()):
            archive.writestr(f"archive/data/{number}", np.ascontiguousarray(array).tobytes())
        archive.writestr("archive/version", "3\n")
    return path


def write_legacy(path, state, **kwargs):
    """Write the format before PyTorch 1.6."""
    with path.open("wb") as stream:
        for header in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}):
            stream.write(pickle.dumps(header, 2))
        stream.write(checkpoint_pickle(state, legacy=True, **kwargs))
        stream.write(pickle.dumps([str(number) for number in range(len(state))], 2))
        for array in state.values():
            stream.write(struct.pack("<q", array.size) + np.ascontiguousarray(array).tobytes())
    return path
