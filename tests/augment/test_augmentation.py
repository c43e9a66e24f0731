"""Augmentations of other packages: registered from outside irmas_tf, placed, drawn, trained and resumed with."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.augment import pipeline
from irmas_tf.augment.augmentation import Augmentation, register_augmentation
from irmas_tf.config.augmentations import AUGMENTATIONS, BUILT_IN
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import setting
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training.loop import train
from tests.helpers import ROOT
from tests.helpers.augmenting import RATE_HZ, apply, draw, noise_batch, several_labels
from tests.helpers.registered import registered
from tests.helpers.tone_corpus import tiny_config

MODULE = "tests.helpers.outside_augmentation"
SPEC = "hum:level_db=-30:harmonics=1"


@pytest.fixture
def hum():
    with registered(MODULE, AUGMENTATIONS, "hum") as module:
        yield module.Hum


@pytest.fixture
def own():
    """Register augmentations for one test: name -> class."""
    names = []

    def add(name: str, kind: type) -> None:
        register_augmentation(name)(kind)
        names.append(name)

    yield add
    for name in names:
        AUGMENTATIONS.unregister(name)


class Louder(Augmentation):
    """Doubles the waveforms; the base of what tests register."""

    def draw(self, stream, batch_size):
        return {"x": stream("x").random(batch_size), "n": stream("n").integers(0, 9, [batch_size, 2])}

    def apply(self, waveform, targets, numbers, context):
        return 2.0 * waveform[:, : context.samples], targets


def louder(**attributes) -> type:
    """Return a subclass of `Louder` with some class attributes."""
    return dataclasses.dataclass(frozen=True)(type("Mine", (Louder,), attributes))


def test_it_does_what_it_says_with_numbers_from_a_stream_of_its_own(hum):
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


def test_places_are_beside_an_augmentation_or_at_the_end_of_a_stage(own):
    places = {"a": {"stage": "source"}, "b": {"after": "gain"}, "c": {"before": "gain"}, "d": {"after": "gain"}}
    places |= {"e": {"stage": "mixture"}, "f": {"before": "emptying"}, "g": {"stage": "example"}}
    for name, place in places.items():
        own(name, louder(**place))
    on = {"random_gain_db": 1.0, "random_shift_seconds": 0.1, "mix_probability": 0.5, "empty_probability": 0.1}
    config = several_labels(**on, mixup_alpha=0.4, augmentations=tuple("gfedcba"))
    order = [placed.name for placed in pipeline.active(config.augment)]
    wanted = ["c", "gain", "d", "b", "time_shift", "a", "excerpt_mixing", "e", "f", "emptying", "mixup", "g"]
    assert order == wanted
    stages = {placed.name: placed.stage for placed in pipeline.active(config.augment)}
    assert [stages[name] for name in "abcdefg"] == ["source"] * 4 + ["mixture", "room", "example"]


def test_what_is_heard_is_what_sounds_before_the_room(own):
    class Listening(Louder):
        def apply(self, waveform, targets, numbers, context):
            return context.heard + context.prepared, targets

        def prepare(self, config):
            return float(config.audio.sample_rate_hz)

    own("twice", louder(stage="mixture"))
    own("listening", dataclasses.dataclass(frozen=True)(type("L", (Listening,), {"stage": "room"})))
    config = several_labels(empty_probability=0.5, augmentations=("twice", "listening"))
    numbers = draw(config, batch=2)
    numbers["emptying"]["is_empty"] = np.ones(2, np.float32)
    waveform = noise_batch(config, 2)
    out, targets = apply(config, waveform, numbers, prepared=pipeline.prepare(config))
    np.testing.assert_allclose(out, 2 * waveform + RATE_HZ, rtol=1e-6)
    assert not np.any(targets)
    assert numbers["twice"]["n"].dtype == np.int32


def test_what_reads_more_samples_is_given_them_and_says_so_to_what_comes_before(own):
    half = {"samples_needed": lambda self, samples, sample_rate_hz: samples + sample_rate_hz // 2}
    own("first", louder(before="tempo_and_pitch", **half))
    own("last", louder(stage="example", **half))
    plain, config = several_labels(), several_labels(augmentations=("last", "first"), random_gain_db=1.0)
    assert pipeline.training_samples(config) == pipeline.training_samples(plain) + RATE_HZ
    out, _ = apply(config, noise_batch(config, 2), draw(config, batch=2))
    assert out.shape == (2, plain.audio.window_samples)


def test_what_returns_the_wrong_shape_or_too_few_numbers_is_named(own):
    def short(self, waveform, targets, numbers, context):
        return waveform[:, 1:], targets

    own("short", louder(stage="source", apply=short))
    own("few", louder(stage="source", draw=lambda self, stream, batch_size: {"x": np.zeros(3)}))
    config = several_labels(augmentations=("short",))
    with pytest.raises(ValueError, match=r"augmentation 'short': returned waveforms \[batch, 3999\]"):
        apply(config, noise_batch(config, 2), draw(config, batch=2))
    with pytest.raises(ValueError, match=r"augmentation 'few': x has shape \[3\], and must have a row for each of"):
        draw(several_labels(augmentations=("few",)))


@pytest.mark.parametrize(
    "name, attributes, message",
    [
        ("a:b", {"stage": "room"}, "its name must be a word"),
        ("x", {}, "say its place in the order by one of stage, after and before"),
        ("x", {"stage": "room", "after": "gain"}, "say its place"),
        ("x", {"stage": "hall"}, "stage is 'hall', and must be one of source, mixture, room, example"),
        ("x", {"after": "reverb"}, "beside 'reverb', and must be beside one of tempo_and_pitch, gain"),
        ("gain", {"stage": "room"}, "'gain' is registered twice"),
        (
            "x",
            {"stage": "room", "__annotations__": {"y": "float"}, "y": 1.0},
            r"declare y as a setting\(default, help\)",
        ),
        ("x", {"stage": "room", "draw": Augmentation.draw}, "it has no draw"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_registered(name, attributes, message):
    with pytest.raises(ValueError, match=message):
        register_augmentation(name)(louder(**attributes))
    with pytest.raises(ValueError, match="decorate it with @dataclasses"):
        register_augmentation("x")(Louder)
    assert set(AUGMENTATIONS) == set(BUILT_IN)


def test_it_can_look_at_the_whole_configuration(own):
    from irmas_tf.config.settings import ConfigError

    class Choosy(Louder):
        least: int = setting(1, "Smallest batch.")

        def check(self, config):
            if config.training.batch_size < self.least:
                raise ConfigError(f"needs --batch_size={self.least} or more")

    own("choosy", dataclasses.dataclass(frozen=True)(type("C", (Choosy,), {**vars(Choosy), "stage": "room"})))
    with pytest.raises(ConfigError, match="--augmentations=choosy:least=9: needs --batch_size=9 or more"):
        several_labels(augmentations=("choosy:least=9",), batch_size=8)


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_training_with_it_is_resumed_bit_for_bit(hum, corpus, tmp_path, task):
    config = tiny_config(
        corpus, task=task, augmentations=(SPEC,), random_gain_db=3.0, epochs=2, batch_size=24, stage_channels=(4,)
    )

    def finished(name: str, kill_at: int | None = None) -> list[np.ndarray]:
        run = RunDir.create(tmp_path / name, config)

        class Killed(Exception):
            pass

        def on_update(progress):
            if progress.update == kill_at:
                raise Killed

        if kill_at:
            with pytest.raises(Killed):
                train(config, run, on_update=on_update)
        train(run.load_config(), run)
        return tf.keras.models.load_model(run.last_model_path, compile=False).get_weights()

    straight, resumed = finished("straight"), finished("resumed", kill_at=3)
    assert [w.tobytes() for w in straight] == [w.tobytes() for w in resumed]


def test_a_fresh_process_knows_it_by_the_environment_variable(hum):
    config = several_labels(augmentations=(SPEC,))
    script = (
        "import sys, json; from irmas_tf.config.run_config import Config; from irmas_tf.config.flags import reference\n"
        "config = Config.from_dict(json.loads(sys.argv[1]))\n"
        "print(config.hash, config.augment.registered, 'tensorflow' in sys.modules)\nprint(reference())"
    )

    def loaded(extensions: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "IRMAS_TF_EXTENSIONS": extensions}
        command = [sys.executable, "-c", script, json.dumps(config.to_dict())]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=120)

    done = loaded(MODULE)
    assert done.returncode == 0, done.stderr
    facts, _, text = done.stdout.partition("\n")
    assert facts == f"{config.hash} {config.augment.registered} False"
    assert "known: hum:level_db=-40.0:mains_hz=50.0:harmonics=0" in " ".join(text.replace("# ", "").split())
    absent = loaded("")
    assert "'hum' is not an augmentation of another package; known: none; install the package" in absent.stderr


def test_a_configuration_of_before_has_none_of_it():
    config = Config()
    sections = config.to_dict()
    del sections["augment"]["augmentations"]
    assert Config.from_dict(sections) == config and config.augment.registered == {}
