from __future__ import annotations

import numpy as np
import pytest
from tensorflow.lite.python import schema_py_generated as schema

from irmas_tf.deploy.check_signals import check_signals
from irmas_tf.deploy.export_inputs import LoadedRun, load_run
from irmas_tf.deploy.lite_interpreter import LiteInterpreter
from irmas_tf.deploy.saved_model import ExportError
from irmas_tf.deploy.tflite import QUANTIZATIONS, convert, front_end_layers, front_end_pattern
from irmas_tf.inference.window_model import EMBEDDING, LOGITS, OUTPUTS, PROBABILITIES
from irmas_tf.models.factory import embedding_model
from irmas_tf.models.probabilities import probabilities_of
from irmas_tf.tflite.flatbuffer import (
    RUNTIME_ENTRY,
    builtin_code,
    custom_operations,
    min_runtime_version,
    outputs_by_name,
    unpack,
)
from tests.helpers import lite_run
from tests.helpers.stored_weights import stored_weights

pytestmark = pytest.mark.slow

NAMES = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
SIGNALS = check_signals(lite_run.RATE_HZ, lite_run.WINDOW_SAMPLES, {})


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> LoadedRun:
    branches = (
        "mel:frame_length=512:hop_length=128:num_bins=24:max_frequency_hz=4000",
        "morlet:hop_length=128:num_bins=24:min_frequency_hz=800:max_frequency_hz=3500",
    )
    folder = tmp_path_factory.mktemp("runs") / "lite"
    return load_run(str(lite_run.make_lite_run(folder, branches=branches, stage_channels=(48,)).path))


@pytest.fixture(scope="module")
def contents(loaded) -> dict[str, bytes]:
    windows = np.stack(list(SIGNALS.values()))
    return {name: convert(loaded.model, loaded.config, name, windows) for name in QUANTIZATIONS}


def operations(content: bytes) -> list[tuple[str, list[str], list[str]]]:
    """Return (operation, its input types, its output types) in order; constants are marked."""
    model = unpack(content)
    (graph,) = model.subgraphs
    types = {number: name for name, number in vars(schema.TensorType).items() if isinstance(number, int)}

    def describe(place: int) -> str:
        if place < 0:
            return "none"
        tensor = graph.tensors[place]
        data = model.buffers[tensor.buffer].data
        return types[tensor.type] + (" constant" if data is not None and len(data) else "")

    return [
        (
            NAMES[builtin_code(model.operatorCodes[one.opcodeIndex])],
            [describe(place) for place in one.inputs],
            [describe(place) for place in one.outputs],
        )
        for one in graph.operators
    ]


@pytest.mark.parametrize("name, tolerance", [("none", 1e-5), ("float16", 2e-3), ("dynamic", 0.02), ("int8", 0.1)])
def test_it_answers_as_the_model(loaded, contents, name, tolerance):
    windows = np.stack(list(SIGNALS.values()))
    logits = np.asarray(loaded.model(windows, training=False))
    wanted = {
        PROBABILITIES: np.asarray(probabilities_of(logits, loaded.config)),
        LOGITS: logits,
        EMBEDDING: np.asarray(embedding_model(loaded.model)(windows, training=False)),
    }
    assert wanted[PROBABILITIES].std(axis=0).max() > 0.05, "the answers must differ for this to mean anything"
    found = LiteInterpreter(contents[name]).values(windows, OUTPUTS)
    for output, values in wanted.items():
        scale = 1.0 if output == PROBABILITIES or name == "none" else np.abs(values).max()
        np.testing.assert_allclose(found[output], values, atol=scale * max(tolerance, 1e-4), err_msg=output)
    np.testing.assert_allclose(found[PROBABILITIES], wanted[PROBABILITIES], atol=tolerance)
    if name != "none":
        assert np.abs(found[PROBABILITIES] - wanted[PROBABILITIES]).max() > 1e-6, "nothing was quantised"


@pytest.mark.parametrize("name", QUANTIZATIONS)
def test_it_is_one_subgraph_with_one_signature_whose_first_output_is_the_probabilities(contents, name):
    """MediaPipe refuses two subgraphs; readers that do not ask by name take the first output."""
    assert LiteInterpreter(contents[name]).signatures == {
        "serving_default": {"inputs": ["waveform"], "outputs": sorted(OUTPUTS)}
    }
    assert tuple(outputs_by_name(unpack(contents[name]))) == OUTPUTS
    assert custom_operations(contents[name]) == []


@pytest.mark.parametrize(
    "name, version", [("none", "2.0.0"), ("float16", "2.0.0"), ("dynamic", "2.7.0"), ("int8", "2.13.0")]
)
def test_it_says_once_which_runtime_it_needs_and_none_needs_one_of_2_15_or_later(contents, name, version):
    """Version 5 of a matrix product keeps dimensions. Version 12, which the converter writes for dynamic, would be
    2.17. That of int8 must not be 4, with which runtimes before 2.10 answer with wrong numbers."""
    model = unpack(contents[name])
    assert min_runtime_version(model) == version
    assert [entry.name for entry in model.metadata].count(RUNTIME_ENTRY) == 1
    versions = {NAMES[builtin_code(code)]: code.version for code in model.operatorCodes}
    assert versions["FULLY_CONNECTED"] == (10 if name == "int8" else 5) and versions.get("DEQUANTIZE", 0) <= 5


@pytest.mark.parametrize("name", QUANTIZATIONS)
def test_what_a_logarithm_is_taken_of_was_cut_off_at_zero(contents, name):
    """Runtimes that round products to 8 bits make some energies negative."""
    model = unpack(contents[name])
    (graph,) = model.subgraphs
    made_by = {int(operator.outputs[0]): operator for operator in graph.operators}
    kinds = [NAMES[builtin_code(code)] for code in model.operatorCodes]
    relu = schema.ActivationFunctionType.RELU
    logarithms = [operator for operator in graph.operators if kinds[operator.opcodeIndex] == "LOG"]
    assert len(logarithms) == 2, "a spectrogram and a scalogram"
    for operator in logarithms:
        path = []
        while not path or (kinds[operator.opcodeIndex] in ("RESHAPE", "ADD") and len(path) < 4):
            operator = made_by[int(operator.inputs[0])]
            path.append(operator)
        last = path[-1]
        is_cut_off = getattr(last.builtinOptions, "fusedActivationFunction", None) == relu
        assert is_cut_off or kinds[last.opcodeIndex] in ("RELU", "MAXIMUM"), [kinds[one.opcodeIndex] for one in path]


def test_files_become_smaller(contents):
    sizes = [len(contents[name]) for name in ("none", "float16", "dynamic")]
    assert sizes == sorted(sizes, reverse=True)
    assert len(contents["int8"]) < len(contents["none"])


@pytest.mark.parametrize("name", ["float16", "dynamic", "int8"])
def test_front_ends_keep_their_constants_and_compute_in_float(loaded, contents, name):
    """Wavelets, mel filters, means: all of them float32 constants, while the network's weights are smaller."""
    weights = stored_weights(contents[name], front_end_pattern(loaded.model))
    assert len(weights.front_end) >= 5, "octaves of wavelets, and mel filters"
    assert set(weights.front_end) == {"FLOAT32"}
    assert ("FLOAT16" if name == "float16" else "INT8") in weights.network, "the network is not quantised"
    for kind, inputs, outputs in operations(contents[name]):
        if kind in ("BATCH_MATMUL", "LOG", "SQRT", "SQUARED_DIFFERENCE", "SQUARE"):
            assert all(text.startswith(("FLOAT32", "INT32")) for text in inputs + outputs), kind


@pytest.mark.parametrize("name", QUANTIZATIONS)
def test_fourier_transforms_are_products_of_unrounded_constants(contents, name):
    found = operations(contents[name])
    kinds = [kind for kind, *_ in found]
    assert not {"RFFT2D", "BATCH_MATMUL"} & set(kinds)
    places = [place for place, kind in enumerate(kinds) if kind == "SQUARE" and kinds[place - 1] == "FULLY_CONNECTED"]
    assert len(places) >= 4, "real and imaginary parts of the second product, and of that of the edges"
    for place in places:
        assert found[place - 1][1][1] == "FLOAT32 constant", "the transform's second product is rounded"


@pytest.mark.parametrize("name", QUANTIZATIONS)
def test_no_slice_drops_an_axis(contents, name):
    """XNNPACK leaves such slices to LiteRT's own code, element by element, and its graph is cut in two."""
    model = unpack(contents[name])
    (graph,) = model.subgraphs
    kinds = [NAMES[builtin_code(code)] for code in model.operatorCodes]
    slices = [operator for operator in graph.operators if kinds[operator.opcodeIndex] == "STRIDED_SLICE"]
    assert slices and not any(operator.builtinOptions.shrinkAxisMask for operator in slices)


def test_probabilities_are_not_rounded_to_eight_bits(contents):
    assert operations(contents["int8"])[-1] == ("SOFTMAX", ["FLOAT32"], ["FLOAT32"])


@pytest.mark.parametrize("name, tolerance", [("float16", 0.005), ("dynamic", 0.02), ("int8", 0.04)])
def test_features_of_a_sine_survive(name, tolerance, capfd):
    """A log-mel and its mean, which int8 rounds to steps of .05; float16 of the converter is off by 3.8 with 1e-6."""
    import keras

    from irmas_tf.layers.spectrogram import Spectrogram

    config = lite_run.make_lite_config()
    waveform = keras.Input([lite_run.WINDOW_SAMPLES], name="waveform")
    layer = Spectrogram(lite_run.RATE_HZ, 512, 128, 24, log_offset=1e-6, name="mel_spectrogram")
    features = keras.layers.GlobalAveragePooling1D()(layer(waveform))
    # The probabilities are a softmax: their logarithms are the features but for a constant.
    model = keras.Model(waveform, features)
    sine = SIGNALS["sine"][None]
    content = convert(model, config, name, sine)
    captured = capfd.readouterr()
    assert captured.out == "" and captured.err == "", "the converter must be quiet"
    wanted = np.asarray(model(sine))
    found = np.log(LiteInterpreter(content).probabilities(sine).astype(np.float64))
    assert np.ptp(wanted) > 4.0
    np.testing.assert_allclose(found - found.mean(), wanted - wanted.mean(), atol=tolerance)


def test_the_layers_of_a_front_end_are_found_in_a_nested_model(loaded):
    import keras

    names = front_end_layers(loaded.model)
    for part in ("mel_spectrogram", "mel_normalization", "morlet_scalogram", "morlet_normalization"):
        assert any(part in name for name in names), names
    assert not any("conv" in name or "logits" in name for name in names)
    waveform = keras.Input([lite_run.WINDOW_SAMPLES])
    assert front_end_layers(keras.Model(waveform, loaded.model(waveform))) == names


def test_names_are_found_as_the_converter_writes_them(loaded):
    pattern = front_end_pattern(loaded.model)
    name = next(name for name in front_end_layers(loaded.model) if "spectrogram" in name)
    for text in (f"multi_branch_1/{name}_1/MatMul", f"a/b;multi_branch/{name}/mul", f"{name}/x", f"x/{name};y"):
        assert pattern.search(text), text
    for text in (f"multi_branch_1/{name}x/MatMul", f"multi_branch_1/my{name}/MatMul", "multi_branch_1/logits/MatMul"):
        assert not pattern.search(text), text


def test_what_cannot_be_converted_is_refused(loaded):
    with pytest.raises(ExportError, match=r"--quantization=int4: must be one of none, float16"):
        convert(loaded.model, loaded.config, "int4")
    with pytest.raises(ExportError, match=r"--quantization=int8: needs representative windows; give the --data_dir"):
        convert(loaded.model, loaded.config, "int8")


def test_a_model_that_keras_has_quantised_is_refused():
    import keras

    waveform = keras.Input([lite_run.WINDOW_SAMPLES])
    model = keras.Model(waveform, keras.layers.Dense(11, name="logits")(waveform))
    model.get_layer("logits").quantize("int8")
    with pytest.raises(ExportError, match=r"quantised by Keras \(logits int8\), .*--quantization make it smaller"):
        convert(model, lite_run.make_lite_config())


def test_a_model_without_a_front_end_is_not_quantised():
    import keras

    waveform = keras.Input([lite_run.WINDOW_SAMPLES])
    model = keras.Model(waveform, keras.layers.Dense(11)(waveform))
    with pytest.raises(ExportError, match=r"no front-end layer; only --quantization=none is safe"):
        front_end_pattern(model)
