"""What the benchmarks measure can be configured at all; what they measure is not a matter for tests."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

AUGMENTATION = Path(__file__).resolve().parents[1] / "benchmarks" / "augmentation.py"
MODULE = runpy.run_path(str(AUGMENTATION))


@pytest.mark.parametrize("name", [*MODULE["ALONE"], "recipe"])
def test_every_augmentation_has_a_configuration_with_it_alone(name, tmp_path):
    augment = MODULE["RECIPE"] if name == "recipe" else MODULE["ALONE"][name]
    flagfile = str(AUGMENTATION.parents[1] / "configs" / "three_branch.flags")
    config = MODULE["configuration"](flagfile, 4, augment, str(tmp_path))
    assert {key: getattr(config.augment, key) for key in augment} == augment
    assert config.augment.random_gain_db == augment.get("random_gain_db", 0.0)
