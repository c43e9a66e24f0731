from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.models.weight_table import LAYOUTS, WeightEntry, WeightsError, torch_batch_norm, torch_linear


def test_axes():
    stored = np.zeros((2, 3, 5, 7))  # out, in, height, width
    shapes = {layout: turn(stored).shape for layout, turn in LAYOUTS.items() if layout != "linear"}
    assert shapes == {
        "same": (2, 3, 5, 7),
        "conv": (5, 7, 3, 2),
        "conv_turned": (7, 5, 3, 2),
        "depthwise_turned": (7, 5, 2, 3),
    }
    assert WeightEntry("fc", "kernel", "fc.weight", "linear").turn(np.zeros((4, 6))).shape == (6, 4)


def test_wrong_number_of_axes_names_the_layer():
    entry = WeightEntry("conv_block1_conv1", "kernel", "conv_block1.conv1.weight", "conv")
    with pytest.raises(WeightsError, match=r"layer conv_block1_conv1, kernel: 'conv_block1.conv1.weight'.*\(4, 6\)"):
        entry.turn(np.zeros((4, 6)))


def test_torch_groups():
    assert [(e.key, e.source) for e in torch_batch_norm("a_bn", "a.1")] == [
        ("a_bn/gamma", "a.1.weight"),
        ("a_bn/beta", "a.1.bias"),
        ("a_bn/moving_mean", "a.1.running_mean"),
        ("a_bn/moving_variance", "a.1.running_var"),
    ]
    assert [(e.key, e.layout) for e in torch_linear("fc1", "fc1")] == [("fc1/kernel", "linear"), ("fc1/bias", "same")]
