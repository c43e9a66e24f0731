from __future__ import annotations

import numpy as np
import pytest
from tensorflow.lite.python import schema_py_generated as schema

from irmas_tf.tflite.flatbuffer import (
    RUNTIME_ENTRY,
    add_buffer,
    custom_operations,
    min_runtime_version,
    output_names,
    outputs_by_name,
    pack,
    require_runtime,
    unpack,
    with_outputs_in_order,
)
from tests.helpers import lite_run


@pytest.fixture(scope="module")
def content() -> bytes:
    return lite_run.lite_content()


def places(content: bytes) -> list[tuple[int, int]]:
    """Return (place in the file, length) of every buffer that is not empty."""
    model = schema.Model.GetRootAs(content, 0)
    buffers = [model.Buffers(number) for number in range(model.BuffersLength())]
    tables = [(buffer._tab, buffer._tab.Offset(4)) for buffer in buffers]
    return [(table.Vector(field), table.VectorLen(field)) for table, field in tables if field]


def run(content: bytes, waveform: np.ndarray) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=content).get_signature_runner("serving_default")
    return runner(waveform=waveform)["probabilities"]


@pytest.mark.slow
def test_a_file_that_was_taken_apart_and_put_together_computes_the_same(content):
    waveform = np.random.default_rng(0).normal(size=(1, 2000)).astype(np.float32)
    packed = pack(unpack(content))
    assert packed[4:8] == b"TFL3"
    np.testing.assert_array_equal(run(packed, waveform), run(content, waveform))
    np.testing.assert_allclose(run(packed, waveform), lite_run.lite_answer(waveform), atol=1e-5)


@pytest.mark.parametrize("before", range(4))
def test_buffers_are_aligned_as_the_schema_asks(content, before):
    model = unpack(content)
    added = [b"x" * (before + 1), bytes(range(17)), b"y" * 5]
    for one in added:  # of odd sizes, in use
        entry = schema.MetadataT()
        entry.name, entry.buffer = b"note", add_buffer(model, one)
        model.metadata = [*(model.metadata or []), entry]
    packed = pack(model)
    found = places(packed)
    assert {packed[place : place + length] for place, length in found} >= set(added)
    assert all(place % 16 == 0 for place, _ in found), found


def test_numbers_that_nothing_uses_are_left_out(content):
    model = unpack(content)
    add_buffer(model, b"z" * 100_000)
    assert len(pack(model)) < len(content) + 1000


def test_names_of_what_operations_and_the_model_return(content):
    operations, outputs = output_names(content)
    assert operations[-1] == outputs[0] and len(outputs) == 1 and len(set(operations)) == len(operations)


def test_custom_operations_are_seen(content):
    assert custom_operations(content) == []
    model = unpack(content)
    code = model.operatorCodes[0]
    code.builtinCode, code.customCode = schema.BuiltinOperator.CUSTOM, b"FlexFFT"
    code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    assert custom_operations(pack(model)) == ["FlexFFT"]


def test_outputs_get_the_order_that_is_asked_for():
    import tensorflow as tf

    module = tf.Module()
    spec = tf.TensorSpec([1, 4], tf.float32, "x")
    module.answer = tf.function(lambda x: {"a": x + 1.0, "b": x * 2.0, "c": x - 3.0}, input_signature=[spec])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.answer.get_concrete_function()], module)
    content = converter.convert()
    before = list(outputs_by_name(unpack(content)))
    wanted = ("c", "unused", "a", "b")
    changed = with_outputs_in_order(content, wanted)
    assert sorted(before) == ["a", "b", "c"] and list(outputs_by_name(unpack(changed))) == ["c", "a", "b"]
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=changed)
    assert interpreter.get_signature_runner()(x=np.ones([1, 4], np.float32))["c"].tolist() == [[-2.0] * 4]
    first = interpreter.get_output_details()[0]["index"]
    assert interpreter.get_tensor(first).tolist() == [[-2.0] * 4]


def test_a_file_says_once_what_it_needs_and_never_less(content):
    model = unpack(content)
    written = min_runtime_version(model)
    assert written == "1.14.0" or written.count(".") == 2
    model.metadata = [*model.metadata, *(one for one in model.metadata if one.name == RUNTIME_ENTRY)]
    for versions, wanted in ([], written), (["2.9.0", "2.17.0"], "2.17.0"), (["2.10.0"], "2.17.0"):
        require_runtime(model, versions)
        model = unpack(pack(model))
        assert min_runtime_version(model) == wanted
        assert [entry.name for entry in model.metadata].count(RUNTIME_ENTRY) == 1
    del model.metadata[:]
    require_runtime(model, [])
    assert min_runtime_version(model) == "" and not model.metadata
