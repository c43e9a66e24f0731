"""An augmentation from outside the package (docs/extending.md): numbers, training, resumption, a fresh process."""

from __future__ import annotations

import json
import shutil

import keras
import numpy as np
import pytest

from irmas_tf.config.augment import AugmentConfig
from irmas_tf.config.augmentations import AUGMENTATIONS, describe_registered, parse_augmentation
from irmas_tf.config.flags import ALL, Command, reference
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training.loop import train
from tests.helpers.augmenting import RATE_HZ, apply, draw, noise_batch, several_labels
from tests.helpers.documented import extension, in_a_new_process
from tests.helpers.tone_corpus import tiny_config

SPEC = "hum:level_db=-30:harmonics=1"


@pytest.fixture(scope="module", autouse=True)
def outside(tmp_path_factory):
    with extension(tmp_path_factory.mktemp("hum"), "hum") as folder:
        yield folder


def test_a_text_gives_the_settings_and_the_rest_are_defaults():
    hum = AUGMENTATIONS.get("hum")
    assert parse_augmentation("hum") == hum()
    assert parse_augmentation("hum:harmonics=1:level_db=-30") == hum(level_db=-30.0, harmonics=True)
    assert AugmentConfig(augmentations=("hum:mains_hz=60",)).registered == {"hum": hum(mains_hz=60.0)}


def test_help_and_reference_know_it():
    known = "hum:level_db=-40.0:mains_hz=50.0:harmonics=0"
    assert describe_registered() == [known]
    for text in (reference().replace("# ", ""), Command("x", "x", config_fields=ALL).help()):
        assert f"known: {known}" in " ".join(text.split())


@pytest.mark.parametrize(
    "specs, message",
    [
        ("hum:level=-30", "'level=-30' is not KEY=VALUE with KEY one of level_db, mains_hz, harmonics"),
        ("hum:level_db=x", "level_db='x' is not a number"),
        ("hum:level_db=3", "level_db=3.0: must be at least -120 and at most 0 dB"),
        ("hum:level_db=-3:level_db=-4", "level_db is given twice"),
        ("gain:random_gain_db=3", "gain is one of this package's augmentations, which have flags of their own"),
        ("buzz", "'buzz' is not an augmentation of another package; known: hum, or name its module in"),
        ("hum,hum:mains_hz=60", "hum is named twice"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_the_flag(specs, message):
    with pytest.raises(ConfigError) as caught:
        AugmentConfig(augmentations=tuple(specs.split(",")))
    assert str(caught.value).startswith(f"--augmentations={specs}: {message}")


def test_it_has_no_effect_where_excerpts_are_embedded_once():
    sections = {
        "audio": {"sample_rate_hz": 32000},
        "model": {"branches": ["mn01"], "head_units": 0},
        "training": {"stages": ["epochs=1:blocks=0:embed_once=1"]},
        "augment": {"random_gain_db": 0.0, "augmentations": ["hum"]},
    }
    with pytest.raises(ConfigError, match=r"--augmentations=hum: has no effect, .*; set it to empty, or add a stage"):
        Config.from_dict(sections)


def test_it_does_what_it_says_with_numbers_from_a_stream_of_its_own():
    alone, among = several_labels(augmentations=(SPEC,)), several_labels(augmentations=(SPEC,), mixup_alpha=0.4)
    numbers = draw(alone)["hum"]
    for quantity, values in numbers.items():
        assert values.dtype == np.float32 and len(values) == 64
        np.testing.assert_array_equal(values, draw(among)["hum"][quantity])
        assert not np.array_equal(values, draw(alone, step=4)["hum"][quantity])
    assert -50 <= numbers["level_db"].min() < numbers["level_db"].max() <= -30
    waveform = noise_batch(alone, 2)
    out, targets = apply(alone, waveform, {"hum": {"level_db": [-20.0, -400.0], "phase": [0.0, 0.0]}})
    angle = 2 * np.pi * 50 * np.arange(waveform.shape[1]) / RATE_HZ
    np.testing.assert_allclose(out[0] - waveform[0], 0.1 * (np.sin(angle) + np.sin(2 * angle)), atol=1e-5)
    np.testing.assert_array_equal(out[1], waveform[1])
    np.testing.assert_array_equal(targets, np.eye(11)[:2])


@pytest.mark.slow
def test_training_with_it_is_resumed_bit_for_bit(corpus, tmp_path):
    settings = {
        "task": "multi_label",
        "augmentations": (SPEC,),
        "random_gain_db": 3.0,
        "stage_channels": (4,),
        "head_units": 0,
    }
    config = tiny_config(corpus, **settings, epochs=2, batch_size=24, checkpoint_minutes=1e-6)
    straight, resumed = RunDir.create(tmp_path / "straight", config), RunDir(tmp_path / "resumed")

    def leave_as_if_killed(progress):
        if progress.update == 2:  # its checkpoint comes after this call: one batch is trained again
            shutil.copytree(straight.path, resumed.path)

    train(config, straight, on_update=leave_as_if_killed)
    updates = []
    train(resumed.load_config(), resumed, on_update=lambda progress: updates.append(progress.update))
    assert updates == [2, 3, 4]
    first, second = (keras.models.load_model(run.last_model_path, compile=False) for run in (straight, resumed))
    assert [w.tobytes() for w in first.get_weights()] == [w.tobytes() for w in second.get_weights()]


@pytest.mark.slow
def test_a_fresh_process_knows_it_by_the_environment_variable_and_loads_no_tensorflow(outside):
    config = several_labels(augmentations=(SPEC,))
    code = (
        "import json, sys; from irmas_tf.config.run_config import Config\n"
        f"config = Config.from_dict(json.loads({json.dumps(config.to_dict())!r}))\n"
        "print(config.hash, config.augment.registered, 'tensorflow' in sys.modules)"
    )
    assert in_a_new_process(outside, "hum", code) == f"{config.hash} {config.augment.registered} False\n"
    refused = f"try:\n    {code.splitlines()[0]}; {code.splitlines()[1]}\nexcept Exception as error:\n    print(error)"
    said = in_a_new_process(outside, "", refused)
    assert "'hum' is not an augmentation of another package; known: none; install the package" in said
