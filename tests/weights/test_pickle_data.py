from __future__ import annotations

import collections
import io
import os
import pickle
import pickletools

import hypothesis
import hypothesis.strategies as st
import pytest

from irmas_tf.models.weight_table import WeightsError
from irmas_tf.weights.pickle_data import Inert, dictionary, inert, read_pickle

MAKERS = {("collections", "OrderedDict"): dictionary}
VALUE = {
    "text": "ä", "bytes": b"\x00\xff", "numbers": [0, 1, -1, 255, 70000, 2**40, -(2**70), 0.5],
    "tuples": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)), "nothing": None, "truth": [True, False],
    "nested": {"a": {"b": [[]]}}, 3: {},
}  # fmt: skip


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def read(data, makers=MAKERS, **kwargs):
    return read_pickle(io.BytesIO(data), makers, **kwargs)


@pytest.mark.parametrize("protocol", range(6))
def test_containers_and_numbers(protocol):
    value = {key: item for key, item in VALUE.items() if key != "bytes" or protocol >= 3}
    assert read(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", range(6))
def test_ordered_dictionaries_with_attributes(protocol):
    value = collections.OrderedDict(a=1, b=[2])
    value._metadata = {"version": 2}
    assert read(pickle.dumps(value, protocol)) == {"a": 1, "b": [2]}


def test_shared_objects_stay_shared():
    shared = [1]
    value = read(pickle.dumps({"a": shared, "b": shared}))
    assert value["a"] is value["b"]


def test_leaves_the_stream_behind_the_pickle():
    stream = io.BytesIO(pickle.dumps([1]) + pickle.dumps("two") + b"rest")
    assert [read_pickle(stream, {}), read_pickle(stream, {}), stream.read()] == [[1], "two", b"rest"]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("function", [os.system, os.mkdir, eval, exec, __import__, getattr], ids=lambda f: f.__name__)
def test_nothing_in_a_hostile_pickle_is_run(tmp_path, protocol, function):
    target = tmp_path / "was_run"
    argument = {
        os.system: f"touch {target}",
        os.mkdir: str(target),
        eval: f"open({str(target)!r}, 'w')",
        exec: f"open({str(target)!r}, 'w')",
    }.get(function, "os")
    data = pickle.dumps({"state": Call(function, argument)}, protocol)
    with pytest.raises(WeightsError, match="nothing of it was run"):
        read(data)
    assert not target.exists()
    if function is os.mkdir:
        pickle.loads(data)  # the same bytes do run where they are believed
        assert target.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"(S'touch x'\nios\nsystem\n.",  # INST
        b"(cos\nsystem\nS'touch x'\no.",  # OBJ
        b"\x80\x02\x82\x01.",  # EXT1
        b"Pname\n.",  # PERSID
    ],
)
def test_other_ways_to_call_are_refused(data):
    pickletools.dis(data, out=io.StringIO())
    with pytest.raises(WeightsError):
        read(data)


@pytest.mark.parametrize(
    "body, message",
    [
        (b"](K\x01K\x02u", "sets items of what is not a dictionary"),
        (b"}K\x01a", "appends to what is not a list"),
        (b"]}b", "sets the state of an object"),
    ],
)
def test_what_is_changed_must_be_of_its_kind(body, message):
    with pytest.raises(WeightsError, match=message):
        read(b"\x80\x02" + body + b".")


def test_items_of_inert_objects_are_dropped_and_so_is_what_is_taken_off():
    inert_object = b"cposix\ngetcwd\n)R"
    data = b"\x80\x02" + inert_object + b"(K\x01K\x02u" + b"K\x03a" + b"K\x040" + b"(K\x05K\x061."
    assert isinstance(read(data, {("posix", "getcwd"): inert}), Inert)


def test_an_allowed_name_cannot_be_turned_into_another():
    class Attribute:
        def __reduce__(self):
            return collections.OrderedDict, (), {"__class__": 1}

    assert read(pickle.dumps(Attribute())) == {}  # the state of a dictionary is dropped
    with pytest.raises(WeightsError, match="not a name"):
        read(b"\x80\x02K\x01K\x02\x85R.")  # a call of the number 1


def test_inert_names():
    makers = {("posix", "getcwd"): inert, ("builtins", "len"): inert}
    value = read(pickle.dumps([Call(os.getcwd), Call(len, "abc")]), makers)
    assert [type(item) for item in value] == [Inert, Inert]


def test_persistent_ids():
    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return ("storage", "x") if isinstance(value, bytearray) else None

    stream = io.BytesIO()
    Pickler(stream, 2).dump([bytearray(b"x")])
    assert read(stream.getvalue(), persistent=lambda identifier: {"found": identifier}) == [{"found": ("storage", "x")}]
    with pytest.raises(WeightsError, match="outside itself"):
        read(stream.getvalue())


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80\x02", b"\x80\x02K\x01", b".", b"K\x01K\x02.", b"\x80\x02h\x07.", b"\xff", b"\x8d" + b"\x7f" * 8],
)
def test_damage_is_an_error(data):
    with pytest.raises(WeightsError):
        read(data)


@pytest.mark.parametrize(
    "body, message",
    [
        (b"})Ns", "a key of type tuple"),  # SETITEM
        (b"}()Nu", "a key of type tuple"),  # SETITEMS
        (b"()Nd", "a key of type tuple"),  # DICT
        (b"ccollections\nOrderedDict\n(]()N\x86etR", "a key of type tuple"),  # of a list of pairs
        (b"ccollections\nOrderedDict\n(K\x01tR", "not a list of pairs"),
        (b")X\x01\x00\x00\x00x\x93", "not text"),  # STACK_GLOBAL
        (b")K\x01\x93", "not text"),
        (b")Q", "outside itself"),
        (b"))", "does not end with one object"),
        (b"((", "does not end with one object"),
    ],
    ids=["setitem", "setitems", "dict", "pairs", "no_pairs", "module", "name", "id", "two", "marks"],
)
def test_a_key_or_a_name_is_a_plain_value(body, message):
    with pytest.raises(WeightsError, match=message):
        read_pickle(io.BytesIO(b"\x80\x02" + body + b"."), {("collections", "OrderedDict"): dictionary})


@pytest.mark.parametrize("key", ["a", b"a", 1, 0.5, True, None], ids=repr)
def test_keys_of_dictionaries(key):
    assert read(pickle.dumps({key: 1})) == {key: 1}


@pytest.mark.parametrize("key", [(), (1,), frozenset(), os.getcwd], ids=repr)
def test_other_keys_are_refused(key):
    with pytest.raises(WeightsError):
        read(pickle.dumps({key: 1}))


def test_dictionaries_of_pairs():
    assert dictionary([["a", 1], ("b", [2])]) == dictionary({"a": 1, "b": [2]}) == {"a": 1, "b": [2]}
    assert dictionary() == {}
    for items in ("ab", ["ab"], [["a", 1, 2]], 3, [3]):
        with pytest.raises(WeightsError, match="not a list of pairs"):
            dictionary(items)


@hypothesis.given(st.integers(0, 10_000), st.integers(0, 255), st.integers(0, 5))
def test_changed_bytes_raise_nothing_else(position, byte, protocol):
    data = bytearray(pickle.dumps(VALUE, protocol))
    data[position % len(data)] = byte
    try:
        read(bytes(data))
    except WeightsError:
        pass
