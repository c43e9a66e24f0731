from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.models.weight_table import WeightsError
from irmas_tf.weights.state_dicts import beside_network, find_state_dict, without_prefix

STATE = {"features.0.weight": np.zeros(3), "features.0.bias": np.zeros(1), "classifier.weight": np.zeros(2)}
AVERAGED = {name: value + 1 for name, value in STATE.items()}


def found(checkpoint):
    return find_state_dict(checkpoint, lambda value: isinstance(value, np.ndarray))


@pytest.mark.parametrize(
    "checkpoint, notes",
    [
        (STATE, ()),
        ({"state_dict": STATE, "epoch": 3}, ("read from 'state_dict'",)),
        ({"epoch": np.array(3), "checkpoint": {"net": STATE}}, ("read from 'checkpoint.net'",)),
        ({"optimizer": {"state": {0: {"exp_avg": np.zeros(3)}}, **AVERAGED, **AVERAGED}, "model": STATE},
         ("read from 'model'",)),
        ({"ema": {"n": np.zeros(1), **AVERAGED}, "model": STATE},
         ("read from 'model'", "'ema' (4 tensors) is not read")),
        ({"state_dict_ema": AVERAGED, "args": None}, ("read from 'state_dict_ema'",)),
    ],
)  # fmt: skip
def test_the_network_is_found_among_what_a_training_saves(checkpoint, notes):
    state = found(checkpoint)
    expected = AVERAGED if notes == ("read from 'state_dict_ema'",) else STATE
    assert {name: state.tensors[name] is value for name, value in expected.items()} == dict.fromkeys(expected, True)
    assert state.notes == notes


@pytest.mark.parametrize(
    "checkpoint, words",
    [
        ({}, "it is empty"),
        ({"epoch": 1, "config": "x"}, "it holds 'epoch', 'config'"),
        ({str(n): n for n in range(20)}, "'7' and more"),
        (3, r"a single object \(int\)"),
    ],
)
def test_without_a_state_dict_it_says_what_is_there(checkpoint, words):
    with pytest.raises(WeightsError, match=f"holds no state dict.*{words}"):
        found(checkpoint)


def test_a_checkpoint_that_contains_itself_many_times():
    knot: dict = {}
    knot.update({str(n): knot for n in range(1000)})
    with pytest.raises(WeightsError, match="holds no state dict"):
        found(knot)
    assert found({"a": knot, "model": STATE}).tensors == STATE


@pytest.mark.parametrize("prefix", ["module.", "model.", "backbone.", "_orig_mod.", "_orig_mod.module.", "model.net."])
def test_prefixes_are_taken_off(prefix):
    state = without_prefix({prefix + name: value for name, value in STATE.items()}, STATE)
    assert list(state.tensors) == list(STATE)
    assert state.notes == (f"the prefix {prefix!r} is taken off the names",)


def test_what_is_not_behind_the_prefix_is_left_out_and_said():
    saved = {**{f"net.{name}": value for name, value in STATE.items()}, "mel.window": 1, "loss.weight": 2}
    state = without_prefix(saved, STATE)
    assert list(state.tensors) == list(STATE)
    assert state.notes[1] == "'mel.window' and 1 more tensors beside the network: not read"


def test_names_without_prefix_and_of_other_networks_stay():
    for state in (STATE, {"a.b": 1}, {}, {**STATE, "head.features.0.bias": 1}):
        assert without_prefix(state, STATE) == (state, ())


def test_a_network_that_is_there_twice():
    def twice(first, second):
        return {f"{prefix}.{name}": prefix for prefix in (first, second) for name in STATE}

    assert set(without_prefix(twice("model_ema", "model"), STATE).tensors.values()) == {"model"}
    with pytest.raises(WeightsError, match=r"the network 2 times, as 'left\.', 'right\.'"):
        without_prefix(twice("left", "right"), STATE)


def test_what_lies_beside_a_network():
    assert beside_network([*STATE, "features.9.weight", "mel.window", "n"], STATE) == ("mel.window", "n")
    assert beside_network(["layer1/kernel"], {"layer2/kernel"}) == ()  # no modules to judge by
