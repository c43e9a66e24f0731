"""What every augmentation is: parameters, the random numbers of a step, and the change that they make.

One of another package is a frozen dataclass of `setting` fields, registered under the name that ``--augmentations``
switches it on by:

    @register_augmentation("hum")
    @dataclasses.dataclass(frozen=True)
    class Hum(Augmentation):
        level_db: float = setting(-40.0, "Highest level of the hum.", unit="dB", minimum=-120.0, maximum=0.0)
        before = "noise"

        def draw(self, stream, batch_size):
            return {"level_db": self.level_db - stream("level_db").uniform(0.0, 20.0, batch_size)}

        def apply(self, waveform, targets, numbers, context):
            import tensorflow as tf

            place = tf.range(context.samples, dtype=tf.float32) / context.sample_rate_hz
            gain = 10.0 ** (numbers["level_db"] / 20.0)
            return waveform + gain[:, tf.newaxis] * tf.sin(2.0 * np.pi * 50.0 * place), targets

This module imports no TensorFlow, and a module that registers an augmentation had better not do so at its top either:
``--help`` imports it, to list what is known.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from irmas_tf.config.augmentations import AUGMENTATIONS, BUILT_IN
from irmas_tf.config.settings import Section

if TYPE_CHECKING:
    import tensorflow as tf

    from irmas_tf.config.run_config import Config

STAGES = ("source", "mixture", "room", "example")
"""A recording's making: each source by itself, sources together, what the room adds, the finished training example."""

Stream = Callable[[str], np.random.Generator]
"""Name of a quantity -> the generator of its numbers; one quantity's numbers do not depend on another's."""

A = TypeVar("A", bound="type[Augmentation]")


@dataclasses.dataclass(frozen=True)
class Context:
    """What an augmentation may know beside the batch.

    Attributes:
        samples: length of the waveforms it returns; it is given `Augmentation.samples_needed` of that.
        sample_rate_hz: their rate.
        heard: [batch, samples] float32, the waveforms at the end of the stage "mixture", for levels relative to what
            sounds, whatever the room does to it; until then the waveforms as they are.
        prepared: what `Augmentation.prepare` returned.
    """

    samples: int
    sample_rate_hz: int
    heard: tf.Tensor
    prepared: Any = None


class Augmentation(Section):
    """Base of the augmentations, which are frozen dataclasses of their parameters.

    Of the place in the order one of these three says which; several at one place follow the order of the flag.

    Attributes:
        stage: after everything else of a stage of `STAGES`.
        after, before: beside an augmentation of this package.
        streams: quantity -> number of its stream. What is not named has a number made from the augmentation's name.
        examples: title -> configuration fields that switch it on, strong but usable; for benchmarks and tests. Empty
            for what ``--augmentations`` switches on.
    """

    stage: ClassVar[str] = ""
    after: ClassVar[str] = ""
    before: ClassVar[str] = ""
    streams: ClassVar[Mapping[str, int]] = {}
    examples: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    @property
    def is_on(self) -> bool:
        """Whether it changes anything; one of another package is on where it is named."""
        return True

    def check(self, config: Config) -> None:
        """Check the parameters against the rest of the configuration.

        Raises:
            ConfigError: they do not fit together.
        """

    def samples_needed(self, samples: int, sample_rate_hz: int) -> int:
        """Return how many samples `apply` reads of an example to return ``samples``; more if it plays them faster."""
        return samples

    def prepare(self, config: Config) -> Any:
        """Return what `apply` needs beside the numbers, made once, in the scope of the training's strategy.

        Raises:
            DataError: what the configuration names cannot be used.
        """
        return None

    def draw(self, stream: Stream, batch_size: int) -> dict[str, np.ndarray]:
        """Return the random numbers of one step by name, each with a row for each example of the batch.

        They come from ``stream`` alone, so that a resumed run draws what an uninterrupted one would. Floats and truth
        values reach `apply` as float32, whole numbers as int32, which GPUs compute on their host.
        """
        raise NotImplementedError(f"{type(self).__name__} draws nothing")

    def apply(
        self, waveform: tf.Tensor, targets: tf.Tensor, numbers: Mapping[str, tf.Tensor], context: Context
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return (waveform, targets) after the change; this is inside the graph of the training step.

        Args:
            waveform: [batch, `samples_needed`] float32.
            targets: [batch, classes] float32 in [0, 1]. Where labels are unknown there are twice as many columns, the
                least that each class may be and then the greatest: what is done to a row must hold for both.
            numbers: what `draw` gave, as tensors.
            context: see there; what is returned must be ``context.samples`` long.
        """
        raise NotImplementedError(f"{type(self).__name__} changes nothing")


def register_augmentation(name: str) -> Callable[[A], A]:
    """Return a decorator that registers a subclass of `Augmentation` under ``name``, as ``--augmentations`` calls it.

    Raises:
        ValueError: the name is taken or cannot be written in a flag; the class is no frozen dataclass with the
            settings' defaults, leaves out draw or apply, or does not say its place.
    """

    def decorate(kind: A) -> A:
        if problem := _problem(name, kind):
            raise ValueError(f"augmentation {name!r}: {problem}")
        return AUGMENTATIONS.register(name)(kind)

    return decorate


def _problem(name: str, kind: Any) -> str:
    """Return what is wrong with an augmentation that is to be registered, or an empty string."""
    if not name or set(name) & set(":,= "):
        return "its name must be a word without ':', ',', '=' and blanks"
    if not (isinstance(kind, type) and issubclass(kind, Augmentation)):
        return "must be a subclass of irmas_tf.augment.augmentation.Augmentation"
    if not getattr(vars(kind).get("__dataclass_params__"), "frozen", False):
        return "decorate it with @dataclasses.dataclass(frozen=True), below @register_augmentation"
    fields: tuple[dataclasses.Field[Any], ...] = dataclasses.fields(kind)  # type: ignore[arg-type]  # it is one
    for field in fields:
        if field.default is dataclasses.MISSING or "help" not in field.metadata:
            return f"declare {field.name} as a setting(default, help)"
    for method in ("draw", "apply"):
        if getattr(kind, method) is getattr(Augmentation, method):
            return f"it has no {method}"
    if sum(map(bool, (kind.stage, kind.after, kind.before))) != 1:
        return "say its place in the order by one of stage, after and before"
    if kind.stage and kind.stage not in STAGES:
        return f"stage is {kind.stage!r}, and must be one of {', '.join(STAGES)}"
    if (beside := kind.after or kind.before) and beside not in BUILT_IN:
        return f"its place is beside {beside!r}, and must be beside one of {', '.join(BUILT_IN)}"
    return ""
