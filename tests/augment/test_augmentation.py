"""What every augmentation is: its place, its numbers, what it is given, and what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from irmas_tf.augment import pipeline
from irmas_tf.augment.augmentation import Augmentation, register_augmentation
from irmas_tf.config.augmentations import AUGMENTATIONS, BUILT_IN
from irmas_tf.config.settings import ConfigError, setting
from tests.helpers.augmenting import RATE_HZ, apply, draw, noise_batch, several_labels


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
    class Choosy(Louder):
        least: int = setting(1, "Smallest batch.")

        def check(self, config):
            if config.training.batch_size < self.least:
                raise ConfigError(f"needs --batch_size={self.least} or more")

    own("choosy", dataclasses.dataclass(frozen=True)(type("C", (Choosy,), {**vars(Choosy), "stage": "room"})))
    with pytest.raises(ConfigError, match="--augmentations=choosy:least=9: needs --batch_size=9 or more"):
        several_labels(augmentations=("choosy:least=9",), batch_size=8)
