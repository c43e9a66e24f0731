from __future__ import annotations

from irmas_tf.config.backbone_names import PROFILED, SAMPLE_RATES_HZ
from irmas_tf.models.backbone import BACKBONES


def test_the_list_is_that_of_the_networks_and_their_front_ends():
    assert {name: BACKBONES.get(name).sample_rate_hz for name in BACKBONES} == SAMPLE_RATES_HZ
    for name in BACKBONES:
        assert f"sample_rate_hz={SAMPLE_RATES_HZ[name]} " in BACKBONES.get(name).front_end


def test_the_profiled_networks_are_those_that_name_layers():
    assert [name for name in BACKBONES if BACKBONES.get(name).profiled_layers] == list(PROFILED)
