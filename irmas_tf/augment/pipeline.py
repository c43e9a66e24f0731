"""What a training step changes about its waveforms: the random numbers, and the changes in their order.

The numbers depend on the seed and the step only, so that a resumed run draws what an uninterrupted one would; they are
drawn outside the graph and travel with the batch, a row for each example, so that replicas share them out with it. The
changes are made inside the graph, on its device. The crop belongs to the loader, masks to the model.

The order, which is that of `irmas_tf.config.augmentations.BUILT_IN`, is that of a recording's making. Each source by
itself: tempo, pitch and speed (which need more samples than the window and leave a window), gain, shift, equalisation
(its instrument and microphone), silence (a rest of this instrument; others play on). Then they sound together: mixing,
and other music under that. Then what the room adds whether or not anybody plays: noise, also to examples that were
emptied. Mixup is last, because it is a rule about finished training examples. What other packages register says where
in this it belongs.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from irmas_tf.augment.augmentation import STAGES, Augmentation, Context
from irmas_tf.config.augment import AugmentConfig
from irmas_tf.config.augmentations import AUGMENTATIONS, BUILT_IN
from irmas_tf.config.run_config import Config

Numbers = Mapping[str, Mapping[str, Any]]
"""Augmentation -> quantity -> numbers, a row for each example."""


class Placed(NamedTuple):
    """An augmentation that is on.

    Attributes:
        name: as it is registered.
        stage: of `STAGES`.
        augmentation: with its parameters.
    """

    name: str
    stage: str
    augmentation: Augmentation


def active(augment: AugmentConfig) -> list[Placed]:
    """Return the augmentations that are on, in their order."""
    positions = {name: position for position, name in enumerate(BUILT_IN)}
    kinds: dict[str, type[Augmentation]] = {name: AUGMENTATIONS.get(name) for name in BUILT_IN}
    last_of = {kind.stage: name for name, kind in kinds.items()}
    placed: list[tuple[tuple[int, int], Placed]] = []
    for name, kind in kinds.items():
        parameters = {field.name: getattr(augment, field.name) for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
        built_in = kind(**parameters)
        if built_in.is_on:
            placed.append(((positions[name], 0), Placed(name, kind.stage, built_in)))
    for name, augmentation in augment.registered.items():
        beside = augmentation.after or augmentation.before or last_of[augmentation.stage]
        side = 2 if augmentation.stage else 1 if augmentation.after else -1
        placed.append(((positions[beside], side), Placed(name, kinds[beside].stage, augmentation)))
    placed.sort(key=lambda pair: pair[0])  # stable: at one place, the order of the flag
    return [entry for _, entry in placed]


def training_samples(config: Config) -> int:
    """Return how many samples of an example `apply` reads: a window, and what playing it faster needs beyond it."""
    return _lengths(active(config.augment), config)[0]


def _lengths(order: list[Placed], config: Config) -> list[int]:
    """Return the samples before the first augmentation, and after each."""
    lengths = [config.audio.window_samples]
    for placed in reversed(order):
        lengths.append(placed.augmentation.samples_needed(lengths[-1], config.audio.sample_rate_hz))
    return lengths[::-1]


def prepare(config: Config) -> dict[str, Any]:
    """Return augmentation -> what it needs beside numbers, such as recordings. Call it in the strategy's scope.

    Raises:
        DataError: what the configuration names cannot be used.
    """
    prepared = {placed.name: placed.augmentation.prepare(config) for placed in active(config.augment)}
    return {name: value for name, value in prepared.items() if value is not None}


def draw(augment: AugmentConfig, *, seed: int, step: int, batch_size: int) -> dict[str, dict[str, np.ndarray]]:
    """Return the random numbers of one step; augmentations that are off are missing.

    Each quantity has a stream of its own, so that switching one on does not move the others.

    Raises:
        ValueError: an augmentation of another package does not give a row for each example.
    """
    return {
        placed.name: _as_fed(
            placed.name,
            placed.augmentation.draw(functools.partial(_stream, placed, seed, step), batch_size),
            batch_size,
        )
        for placed in active(augment)
    }


def draw_steps(
    augment: AugmentConfig, *, seed: int, steps: Sequence[int], batch_size: int
) -> dict[str, dict[str, np.ndarray]]:
    """Return what `draw` does for each of several steps, one behind the other, [steps, batch_size, ...]."""
    numbers = [draw(augment, seed=seed, step=step, batch_size=batch_size) for step in steps]
    stacked: dict[str, dict[str, np.ndarray]] = tf.nest.map_structure(lambda *each: np.stack(each), *numbers)
    return stacked


def _stream(placed: Placed, seed: int, step: int, quantity: str) -> np.random.Generator:
    number = placed.augmentation.streams.get(quantity)
    if number is None:
        digest = hashlib.sha256(f"{placed.name}/{quantity}".encode()).digest()
        number = int.from_bytes(digest[:8], "little")  # longer than any that is written down, so never one of them
    return np.random.default_rng([number, seed, step])


def _as_fed(name: str, numbers: dict[str, np.ndarray], batch_size: int) -> dict[str, np.ndarray]:
    fed = {}
    for quantity, values in numbers.items():
        array = np.asarray(values)
        if array.ndim == 0 or len(array) != batch_size:
            raise ValueError(
                f"augmentation {name!r}: {quantity} has shape {list(array.shape)}, and must have a row for each of the"
                f" {batch_size} examples"
            )
        fed[quantity] = array.astype(np.int32 if np.issubdtype(array.dtype, np.integer) else np.float32)
    return fed


@tf.autograph.experimental.do_not_convert  # no control flow on tensors; converting costs two seconds per start
def apply(
    waveform: tf.Tensor,
    targets: tf.Tensor,
    numbers: Numbers,
    config: Config,
    prepared: Mapping[str, Any] | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return (waveform [batch, window_samples], targets [batch, classes]) after all changes, see the module.

    Args:
        waveform: [batch, `training_samples`] float32.
        targets: [batch, classes] float32; of labels that may be unknown their bounds, [batch, 2 * classes], see
            `irmas_tf.training.targets`.
        numbers: what `draw` gave, as tensors; an augmentation whose numbers are missing changes nothing.
        config: the run's configuration.
        prepared: see `prepare`.

    Raises:
        ValueError: an augmentation of another package returns something of another shape.
    """
    order = active(config.augment)
    lengths = _lengths(order, config)
    heard: tf.Tensor | None = None
    for placed, samples in zip(order, lengths[1:], strict=True):
        if placed.name not in numbers:
            continue
        if heard is None and STAGES.index(placed.stage) > STAGES.index("mixture"):
            heard = waveform
        context = Context(
            samples=samples,
            sample_rate_hz=config.audio.sample_rate_hz,
            heard=waveform if heard is None else heard,
            prepared=(prepared or {}).get(placed.name),
        )
        classes = targets.shape[1]
        waveform, targets = placed.augmentation.apply(waveform, targets, numbers[placed.name], context)
        is_ours = placed.name in BUILT_IN
        if not is_ours and (waveform.shape[1] != samples or targets.shape[1] != classes):
            raise ValueError(
                f"augmentation {placed.name!r}: returned waveforms [batch, {waveform.shape[1]}] and targets [batch,"
                f" {targets.shape[1]}], and must return [batch, {samples}] and [batch, {classes}]"
            )
    return waveform, targets
