"""The stages of a training: which one an epoch belongs to, and the learning rate of every update."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Sequence
from itertools import accumulate

from irmas_tf.config.run_config import TrainingConfig
from irmas_tf.config.stages import Stage
from irmas_tf.training.optim import Schedule


@dataclasses.dataclass(frozen=True)
class StagePlan:
    """The stages of a training in order, each with its own schedule.

    Attributes:
        stages: at least one.
        updates_per_epoch: changes of the weights in an epoch.
    """

    stages: tuple[Stage, ...]
    updates_per_epoch: int

    @classmethod
    def of(cls, config: TrainingConfig, updates_per_epoch: int, continued_at: Sequence[int] = ()) -> StagePlan:
        """Return the plan of a configuration.

        Args:
            config: what a run is asked.
            updates_per_epoch: changes of the weights in an epoch.
            continued_at: finished epochs each time that the training, finished, was continued. What follows is the last
                stage once more, with the epochs that were added: its warm-up, its cosine, a new optimizer.
        """
        stages = list(config.stage_configs)
        last, before = stages[-1], sum(stage.epochs for stage in stages[:-1])
        ends = [*continued_at, config.total_epochs]
        counts = [end - begin for begin, end in zip([before, *ends], ends, strict=False)]
        return cls((*stages[:-1], *(dataclasses.replace(last, epochs=count) for count in counts)), updates_per_epoch)

    @property
    def epochs(self) -> int:
        """Epochs of all stages."""
        return sum(stage.epochs for stage in self.stages)

    @property
    def last_begins(self) -> int:
        """Epochs before the last stage."""
        return self.epochs - self.stages[-1].epochs

    def index(self, epoch: int) -> int:
        """Return the number of the stage of an epoch, both from 0; the last stage's for epochs after the end."""
        ends = list(accumulate(stage.epochs for stage in self.stages))
        return min(bisect.bisect_right(ends, epoch), len(self.stages) - 1)

    def learning_rate(self, update: int) -> float:
        """Return the learning rate of an update of the whole training, counted from 0."""
        index = self.index(update // self.updates_per_epoch)
        first = sum(stage.epochs for stage in self.stages[:index]) * self.updates_per_epoch
        return Schedule.of(self.stages[index], self.updates_per_epoch)(update - first)
