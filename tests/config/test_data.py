from __future__ import annotations

import pytest

from irmas_tf.config.data import DataConfig
from irmas_tf.config.settings import ConfigError


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"dataset": "bells"}, "--dataset=bells: must be one of folder, irmas, "),
        ({"label_scheme": "mine"}, "--label_scheme=mine: must be one of irmas, report"),
        ({"classes": ("violin",)}, "--classes=violin: must name two classes or more"),
        ({"classes": ("oud", "oud")}, "--classes=oud,oud: names 'oud' twice"),
        ({"classes": ("oud", " ")}, "--classes=oud, : ' ' cannot be the name of a class"),
        ({"cache": "tape"}, "--cache=tape: must be one of none, memory, disk"),
        ({"validation_fraction": 1.0}, "--validation_fraction=1.0: must be above 0 and below 1"),
        ({"split_seed": 2**32}, "--split_seed=4294967296: must be at least 0 and at most 4294967295"),
    ],
)
def test_what_is_not_allowed_is_refused_with_the_flag_and_the_rule(settings, message):
    with pytest.raises(ConfigError) as caught:
        DataConfig(**settings)
    assert str(caught.value).startswith(message)
