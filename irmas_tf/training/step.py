"""One training step as a TensorFlow function: forward, backward, accumulate, update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from irmas_tf.augment import pipeline
from irmas_tf.config.labels import SINGLE_LABEL
from irmas_tf.config.run_config import Config
from irmas_tf.training.averaging import WeightAverage
from irmas_tf.training.losses import binary_losses, example_losses
from irmas_tf.training.optim import build_optimizer, clip_by_norm, scaled_steps
from irmas_tf.training.targets import known_targets, right_answers, target_bounds

Numbers = Mapping[str, Mapping[str, tf.Tensor]]


class TrainingStep:
    """Model, optimizer and moving average, and the functions that change them.

    With several replicas the batch is shared out, gradients are summed over replicas before they are clipped, and all
    replicas make the same update: the result is that of one device with the whole batch, up to rounding.

    What learns is what is trainable when the object is made.

    Args:
        model: made inside the strategy's scope.
        config: the run's configuration.
        strategy: where the model lives.
        weights: [classes] loss weights, or None.
        has_unknown: whether there are labels that nobody knows, which then cost nothing; multi-label only.
        factors: path of a variable -> factor of its learning rate; 1 for all others.
        head: part of the model that is given vectors in place of waveforms, which are then not augmented; None is the
            whole model.
    """

    def __init__(
        self,
        model: keras.Model,
        config: Config,
        strategy: tf.distribute.Strategy,
        weights: np.ndarray | None = None,
        *,
        has_unknown: bool = False,
        factors: Mapping[str, float] | None = None,
        head: keras.Model | None = None,
    ) -> None:
        training = config.training
        self.model = model
        self._network = head or model
        self._augments = head is None
        self._factors = dict(factors or {})
        self.strategy = strategy
        self._has_unknown = has_unknown
        self._batch_size = training.batch_size
        self._clip_norm = training.gradient_clip_norm
        self._config = config
        self._weights = None if weights is None else tf.constant(weights, tf.float32)
        self._accumulates = training.accumulation_steps > 1
        self._scales_loss = training.mixed_precision == "mixed_float16"
        with strategy.scope():
            self.optimizer = build_optimizer(training, model.trainable_variables)
            self.average = WeightAverage(model, training.ema_decay)
            self._prepared = pipeline.prepare(config) if self._augments else {}
            self._sums = [
                tf.Variable(tf.zeros_like(v.value), trainable=False)
                for v in (model.trainable_variables if self._accumulates else [])
            ]
        function = tf.function(jit_compile=True) if training.xla else tf.function
        self._both = function(self._forward_and_update)
        self._forward = function(self._forward_and_accumulate)
        self._update = function(self._update_from_sums)

    @property
    def variables(self) -> dict[str, list[Any]]:
        """All that decides the future of the training between two updates, in named groups."""
        return {
            "model": list(self.model.variables),
            "optimizer": list(self.optimizer.variables),
            "average": self.average.variables,
        }

    def run_batch(self, waveform: Any, labels: Any, numbers: Any) -> tf.Tensor:
        """Take in one batch; without accumulation this is the whole update.

        Args:
            waveform: [batch, `pipeline.training_samples`] float32, or its shares per replica; with a ``head``
                [batch, channels].
            labels: [batch, classes] int8: 1 is heard, 0 is not, -1 is unknown.
            numbers: see `pipeline.draw`.

        Returns:
            [2] float32: the sum of the examples' losses, and the number of right answers.
        """
        return self._reduce(self._forward if self._accumulates else self._both, waveform, labels, numbers)

    def finish_update(self, batches: int) -> None:
        """Change the weights by the mean gradient of the last ``batches`` batches; without accumulation, do nothing."""
        if self._accumulates:
            self.strategy.run(self._update, args=(tf.constant(batches, tf.float32),))

    def set_learning_rate(self, value: float) -> None:
        """Set the learning rate of the next update."""
        optimizer = self.optimizer
        (optimizer.inner_optimizer if self._scales_loss else optimizer).learning_rate.assign(value)

    def _reduce(self, function: Any, *args: Any) -> tf.Tensor:
        replicated = self.strategy.run(function, args=args)
        return self.strategy.reduce(tf.distribute.ReduceOp.SUM, replicated, axis=None)

    def _gradients(self, waveform: tf.Tensor, labels: tf.Tensor, numbers: Numbers) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Return this replica's part of the gradients of the mean loss, and the sums `run_batch` returns."""
        bounds = target_bounds(labels) if self._has_unknown else tf.cast(labels, tf.float32)
        if self._augments:
            waveform, bounds = pipeline.apply(waveform, bounds, numbers, self._config, self._prepared)
        targets, known = known_targets(bounds) if self._has_unknown else (bounds, None)
        with tf.GradientTape() as tape:
            logits = self._network(waveform, training=True)
            losses = self._losses(logits, targets, known)
            total = tf.reduce_sum(losses)
            loss = total / self._batch_size
            if self._scales_loss:
                loss = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(loss, [v.value for v in self.model.trainable_variables])
        right = right_answers(logits, targets, known)
        return gradients, tf.stack([total, tf.reduce_sum(tf.cast(right, tf.float32))])

    def _losses(self, logits: tf.Tensor, targets: tf.Tensor, known: tf.Tensor | None) -> tf.Tensor:
        training = self._config.training
        smoothing, weights = training.label_smoothing, self._weights
        if self._config.model.task == SINGLE_LABEL:
            return example_losses(logits, targets, label_smoothing=smoothing, weights=weights)
        return binary_losses(
            logits,
            targets,
            label_smoothing=smoothing,
            weights=weights,
            negative_focus=training.negative_focus,
            negative_margin=training.negative_margin,
            known=known,
        )

    def _apply(self, gradients: list[tf.Tensor]) -> None:
        replicas = self.strategy.num_replicas_in_sync
        if replicas > 1:
            context = tf.distribute.get_replica_context()
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        scale = self.optimizer.dynamic_scale.value if self._scales_loss else 1.0
        gradients = clip_by_norm(gradients, self._clip_norm, scale)
        # Keras sums over replicas once more; they are equal by now, so that this gives them back.
        with scaled_steps(self.model.trainable_variables, self._factors):
            self.optimizer.apply([g / replicas for g in gradients] if replicas > 1 else gradients)
        self.average.update()

    def _forward_and_update(self, waveform: tf.Tensor, labels: tf.Tensor, numbers: Numbers) -> tf.Tensor:
        gradients, sums = self._gradients(waveform, labels, numbers)
        self._apply(gradients)
        return sums

    def _forward_and_accumulate(self, waveform: tf.Tensor, labels: tf.Tensor, numbers: Numbers) -> tf.Tensor:
        gradients, sums = self._gradients(waveform, labels, numbers)
        for total, gradient in zip(self._sums, gradients, strict=True):
            total.assign_add(gradient)
        return sums

    def _update_from_sums(self, batches: tf.Tensor) -> None:
        self._apply([total / batches for total in self._sums])
        for total in self._sums:
            total.assign(tf.zeros_like(total))
