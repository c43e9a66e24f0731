from __future__ import annotations

import pytest

from irmas_tf.config.run_config import TrainingConfig
from irmas_tf.config.stages import Stage
from irmas_tf.training.optim import Schedule
from irmas_tf.training.stages import StagePlan

PLAN = StagePlan((Stage(2, 1.0, 0.5), Stage(3, 0.1, 0.0, warmup_epochs=1.0)), updates_per_epoch=10)


def test_every_epoch_has_its_stage():
    assert (PLAN.epochs, PLAN.last_begins) == (5, 2)
    assert [PLAN.index(epoch) for epoch in range(7)] == [0, 0, 1, 1, 1, 1, 1]


def test_each_stage_has_its_own_warm_up_and_cosine():
    rates = [PLAN.learning_rate(update) for update in range(50)]
    assert rates[19] == pytest.approx(0.5)
    assert rates[:20] == sorted(rates[:20], reverse=True)
    assert rates[20:30] == pytest.approx([0.01 * (k + 1) for k in range(10)])
    assert rates[49] == pytest.approx(0.0, abs=1e-12)


def test_one_stage_is_the_plain_schedule():
    config = TrainingConfig(epochs=4, warmup_epochs=0.5)
    plan, schedule = StagePlan.of(config, 10), Schedule.of(config.stage_configs[0], 10)
    assert [plan.learning_rate(u) for u in range(40)] == [schedule(u) for u in range(40)]
