"""Learning-rate schedule, optimizer and gradient clipping."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from irmas_tf.config.run_config import TrainingConfig
from irmas_tf.config.stages import Stage


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Linear warm-up from 0 to ``peak``, then half a cosine down to ``final``.

    Attributes:
        peak: highest learning rate, reached by the last update of the warm-up.
        final: learning rate of the last update.
        warmup_updates: updates of the warm-up; may be 0.
        total_updates: updates of the whole stage.
    """

    peak: float
    final: float
    warmup_updates: int
    total_updates: int

    @classmethod
    def of(cls, stage: Stage, updates_per_epoch: int) -> Schedule:
        """Return the schedule of a stage."""
        total = stage.epochs * updates_per_epoch
        warmup = min(total, round(stage.warmup_epochs * updates_per_epoch))
        return cls(stage.learning_rate, stage.final_learning_rate, warmup, total)

    def __call__(self, update: int) -> float:
        """Return the learning rate of the update with this number, counted from 0."""
        if update < self.warmup_updates:
            return self.peak * (update + 1) / self.warmup_updates
        cosine_updates = self.total_updates - self.warmup_updates
        done = min(1.0, (update - self.warmup_updates + 1) / cosine_updates) if cosine_updates else 1.0
        return self.final + (self.peak - self.final) * 0.5 * (1.0 + math.cos(math.pi * done))


def is_decayed(variable: Any) -> bool:
    """Return whether weight decay applies: to kernels; not to biases and normalisation scales, which are vectors."""
    return len(variable.shape) > 1


def build_optimizer(config: TrainingConfig, variables: Sequence[Any]) -> keras.optimizers.Optimizer:
    """Return AdamW for ``variables`` (Loshchilov and Hutter, "Decoupled weight decay", ICLR 2019).

    Decay is multiplied by the learning rate, as in PyTorch. Under ``mixed_float16`` the loss is scaled dynamically.
    """
    optimizer: keras.optimizers.Optimizer = keras.optimizers.AdamW(
        learning_rate=config.learning_rate, weight_decay=config.weight_decay, epsilon=1e-7
    )
    optimizer.exclude_from_weight_decay(var_list=[v for v in variables if not is_decayed(v)])
    if config.mixed_precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(variables)
    return optimizer


@contextlib.contextmanager
def scaled_steps(variables: Sequence[Any], factors: Mapping[str, float]) -> Iterator[None]:
    """Multiply by ``factors`` how far AdamW moves some variables inside the block.

    Its step, decay included, is proportional to the learning rate, so that this is a learning rate of their own.

    Args:
        variables: Keras variables.
        factors: path of a variable -> factor; 1 for all others.
    """
    scaled = [(v, tf.identity(v.value), factors[v.path]) for v in variables if v.path in factors]
    yield
    for variable, before, factor in scaled:
        variable.assign(before + (variable.value - before) * factor)


def clip_by_norm(gradients: Sequence[tf.Tensor], norm: float, scale: tf.Tensor | float = 1.0) -> list[tf.Tensor]:
    """Return the gradients, scaled down together if their common norm exceeds ``norm``; 0 is off.

    Args:
        gradients: any shapes.
        norm: greatest norm, of gradients of the unscaled loss.
        scale: what the loss was multiplied by.
    """
    if norm <= 0:
        return list(gradients)
    return tf.clip_by_global_norm(list(gradients), norm * scale)[0]
