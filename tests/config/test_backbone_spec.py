from __future__ import annotations

import dataclasses
import sys
import types

import pytest

from irmas_tf.config.backbone_spec import BackboneSpec
from irmas_tf.config.settings import ConfigError

SPEC = BackboneSpec(
    name="made",
    title="Made for a test",
    sample_rate_hz=8000,
    minimum_samples=1,
    embedding_size=2,
    front_end="made_log_mel sample_rate_hz=8000 hop_length=80 num_bins=32",
    num_labels=3,
    label_set="three",
    blocks=("conv1", "conv10"),
    head_blocks=("fc",),
    module="made_network",
    published_file="made.pt",
    url="https://example.org/made.pt",
    licence="MIT",
    options=(("width", 0.5), ("rate", 7)),
    readers=(("npz", "json:loads"),),
)


@pytest.fixture
def network(monkeypatch) -> types.ModuleType:
    """A module that returns what it was given; ``embedding`` takes no options, ``outputs`` one of them."""
    module = types.ModuleType("made_network")
    module.features = lambda waveform, name, *, augment, seed, width, rate: (waveform, name, augment, seed, width, rate)
    module.embedding = lambda feature_map, name: (feature_map, name)
    module.outputs = lambda feature_map, num_labels, name, *, width=1.0: {"all": (num_labels, name, width)}
    module.weight_table = lambda: ["row"]
    monkeypatch.setitem(sys.modules, "made_network", module)
    return module


def test_functions_are_given_the_options_that_they_take(network):
    assert SPEC.features("x") == ("x", "made", None, None, 0.5, 7)
    assert SPEC.features("x", "branch0_made", augment=len, seed=3, width=2) == ("x", "branch0_made", len, 3, 2, 7)
    assert SPEC.embedding("map", seed=3) == ("map", "made")
    assert SPEC.outputs("map") == {"all": (3, "made", 0.5)}
    assert SPEC.weight_table() == ("row",)


def test_optional_functions_may_be_absent(network):
    SPEC.check_file_name("made.pt")
    assert not SPEC.carries_front_end({"a"})
    SPEC.take_front_end({})
    network.check_file_name = lambda name, *, hop_length, num_bins, sample_rate_hz: seen.append(hop_length + num_bins)
    network.carries_front_end = lambda keys: "a" in keys
    network.take_front_end = lambda tensors, *, rate: tensors.pop(f"rate{rate}")
    seen, tensors = [], {"rate7": 1}
    SPEC.check_file_name("made.pt")
    SPEC.take_front_end(tensors)
    assert SPEC.carries_front_end({"a"})
    assert (seen, tensors) == ([112], {})


def test_a_row_that_does_not_fit_its_module_is_refused(network):
    with pytest.raises(ConfigError, match="backbone 'made': no function of module made_network takes 'widht'"):
        dataclasses.replace(SPEC, options=(("widht", 1.0),)).network()
    with pytest.raises(ConfigError, match="backbone 'made': module no_such_module_anywhere cannot be imported"):
        dataclasses.replace(SPEC, module="no_such_module_anywhere").network()
    del network.outputs
    with pytest.raises(ConfigError, match="module made_network has no function outputs"):
        SPEC.features("x")


def test_facts_are_read_from_the_front_ends_identity():
    assert (SPEC.hop_length, SPEC.num_bins) == (80, 32)


def test_a_layer_belongs_to_the_block_that_its_name_begins_with():
    assert SPEC.block_of("conv1") == SPEC.block_of("conv1_bn") == "conv1"
    assert SPEC.block_of("conv10_bn") == "conv10"
    assert SPEC.block_of("fc") == "fc"
    assert SPEC.block_of("conv100") is None


def test_readers_are_looked_up_by_format():
    assert SPEC.reader("npz")("[1]") == [1]
    assert SPEC.reader("torch") is None
