"""A front-end from outside the package (docs/extending.md), from its text on the command line to an int8 file."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.config.branches import Branch
from irmas_tf.config.flags import ALL, Command, reference
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.deploy.check_signals import check_signals
from irmas_tf.deploy.lite_interpreter import LiteInterpreter
from irmas_tf.deploy.tflite import convert, front_end_layers, front_end_pattern
from irmas_tf.deploy.tflite_check import MEAN_TOLERANCES, TOLERANCES
from irmas_tf.models.factory import build_model
from irmas_tf.models.probabilities import probabilities_of
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training.step import TrainingStep
from tests.helpers.documented import extension, in_a_new_process
from tests.helpers.one_hot import one_hot
from tests.helpers.stored_weights import holds, stored_weights

pytestmark = pytest.mark.slow

MODULES = ("bark_settings", "bark_layer")
SPEC = "bark:hop_length=128:num_bins=24:max_frequency_hz=4000"
RATE_HZ, WINDOW_SAMPLES = 8000, 4000


@pytest.fixture(scope="module", autouse=True)
def outside(tmp_path_factory):
    with extension(tmp_path_factory.mktemp("bark"), *MODULES) as folder:
        yield folder


@pytest.fixture(scope="module")
def config() -> Config:
    return Config.from_dict(
        {
            "audio": {"sample_rate_hz": RATE_HZ, "window_seconds": WINDOW_SAMPLES / RATE_HZ},
            "model": {"branches": [SPEC], "stage_channels": [8, 32], "head_units": 40, "stem_stride": 2},
            "training": {"batch_size": 4},
        }
    )


@pytest.fixture(scope="module")
def trained(config, tmp_path_factory) -> RunDir:
    """A run whose model has learnt from three batches."""
    keras.utils.set_random_seed(1)
    model = build_model(config)
    step = TrainingStep(model, config, tf.distribute.get_strategy())
    step.set_learning_rate(1e-2)
    rng = np.random.default_rng(0)
    waveforms = rng.normal(0, 0.1, (4, WINDOW_SAMPLES)).astype(np.float32)
    before = [variable.numpy().copy() for variable in model.trainable_variables]
    losses = [float(step.run_batch(waveforms, one_hot(range(4)), {})[0]) for _ in range(3)]
    assert np.isfinite(losses).all()
    changed = [np.any(old != new.numpy()) for old, new in zip(before, model.trainable_variables, strict=True)]
    assert all(changed)
    run = RunDir.create(tmp_path_factory.mktemp("runs") / "bark", config)
    model.save(run.model_path)
    return run


@pytest.fixture(scope="module")
def model(trained) -> keras.Model:
    return keras.models.load_model(trained.model_path, compile=False)


def test_its_text_is_parsed_with_its_own_settings_and_ranges():
    branch = Branch.parse(SPEC)
    assert (branch.frame_length, branch.num_bins, branch.hop_length) == (512, 24, 128)
    assert Branch.parse(branch.spec()) == branch
    with pytest.raises(ConfigError, match=r"--branches=bark:order=3: 'order=3' is not KEY=VALUE .* frame_length"):
        Branch.parse("bark:order=3")
    with pytest.raises(ConfigError, match="--branches=bark:num_bins=3: num_bins=3: must be at least 4"):
        Branch.parse("bark:num_bins=3")
    with pytest.raises(ConfigError, match=r"--branches=bark:.*frame_length must be at least the hop_length"):
        Branch.parse("bark:hop_length=600").check_fits(22050, 22050)


def test_help_reference_and_messages_name_it():
    assert "bark (spectrogram on the Bark scale)" in Command("test", "Test.", config_fields=ALL).help()
    assert "bark (spectrogram on the Bark scale)" in reference().replace("\n# ", " ")
    with pytest.raises(ConfigError, match="known: bark, linear"):
        Branch.parse("chroma")


def test_it_is_the_layer_of_a_model_beside_others():
    config = Config.from_dict(
        {"audio": {"sample_rate_hz": RATE_HZ}, "model": {"branches": [SPEC, "mel:max_frequency_hz=4000"]}}
    )
    names = [layer.name for layer in build_model(config).layers]
    assert "branch0_bark_bark_spectrogram" in names and "branch1_mel_spectrogram" in names


def test_a_new_process_loads_the_run_by_the_environment_variable_alone(trained, model, outside):
    code = (
        "import numpy as np, irmas_tf.inference.run_model as m;"
        f"x = np.random.default_rng(5).normal(0, .1, (2, {WINDOW_SAMPLES})).astype('f4');"
        f"print(m.RunModel.open({str(trained.path)!r}).model(x).numpy().tolist())"
    )
    windows = np.random.default_rng(5).normal(0, 0.1, (2, WINDOW_SAMPLES)).astype(np.float32)
    logits = json.loads(in_a_new_process(outside, MODULES[0], code, with_tensorflow=True))
    np.testing.assert_allclose(logits, model(windows), rtol=1e-5, atol=1e-5)


def test_the_contract_of_all_front_ends_is_tested_on_it_too(outside):
    code = (
        "import pytest; pytest.main(['-q', '-n0', '-p', 'no:cacheprovider', 'tests/layers/test_base.py', '-k', {!r}])"
    )
    tests = "bark and (shape_dtype or finite or tflite)"
    assert "4 passed" in in_a_new_process(outside, MODULES[0], code.format(tests), with_tensorflow=True)


def test_exported_its_constants_stay_float_and_the_answers_are_the_models(config, model):
    windows = np.stack(list(check_signals(RATE_HZ, WINDOW_SAMPLES, {}).values()))
    content = convert(model, config, "int8", windows)
    weights = stored_weights(content, front_end_pattern(model))
    assert len(weights.front_end) == 2 and set(weights.front_end) == {"FLOAT32"}
    assert "INT8" in weights.network
    (layer,) = (model.get_layer(name) for name in front_end_layers(model) if name.endswith("bark_spectrogram"))
    assert holds(content, np.ascontiguousarray(layer._filters.T).tobytes()), "the filters, bit for bit"
    assert holds(content, np.ascontiguousarray(layer._fourier.T).tobytes()), "the Fourier transform, bit for bit"

    answers = LiteInterpreter(content).probabilities(windows)
    wanted = np.asarray(probabilities_of(model(windows, training=False), config))
    assert np.abs(answers - wanted).max() < TOLERANCES["int8"]
    assert np.abs(answers - wanted).mean() < MEAN_TOLERANCES["int8"]
