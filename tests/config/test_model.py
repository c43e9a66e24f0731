from __future__ import annotations

import pytest

from irmas_tf.config.settings import ConfigError
from tests.helpers.tone_corpus import tiny_config


def test_what_the_head_needs_is_said():
    for changes, message in (
        ({"branches": ("mn01",), "sample_rate_hz": 32000, "head_units": 8}, "--head_units=8: must be 0"),
        ({"branches": ("mn01",), "sample_rate_hz": 32000, "head_units": 0}, "needs the file with the head"),
        ({"branches": ("mn01:profile=1",), "head_units": 0}, "reads one network's embedding"),
        ({"head_units": 0, "pretrained_weights": ("x.npz",)}, "--pretrained_weights=x.npz|names no pretrained network"),
    ):
        with pytest.raises(ConfigError, match=message):
            tiny_config(head_from_pretrained=True, **changes)


def test_weights_come_from_a_run_or_from_published_files():
    with pytest.raises(ConfigError, match=r"--init_from=runs/a: brings all weights, .*; give one of the two"):
        tiny_config(init_from="runs/a", branches=("mn01",), pretrained_weights=("x.npz",))
