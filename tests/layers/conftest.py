from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

DTYPE_POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")


@pytest.fixture(params=DTYPE_POLICIES)
def dtype_policy(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test under each dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


@pytest.fixture
def check_layer(tmp_path: Path) -> Callable[..., None]:
    """Return a check that a layer is rebuilt from its configuration and saved with its weights.

    The check takes a layer class, its constructor arguments and an input batch; ``prepare(layer)`` may set weights.
    """

    def check(cls: type, arguments: dict, batch: np.ndarray, prepare: Callable = lambda layer: None) -> None:
        layer = cls(**arguments)
        config = json.loads(json.dumps(layer.get_config()))
        for name, value in arguments.items():
            # A mapping may be normalised (a dtype policy), everything else comes back as it was given.
            assert name == "dtype" or config[name] == value, name
        rebuilt = cls.from_config(config)
        assert rebuilt.get_config() == layer.get_config()

        inputs = keras.Input(batch.shape[1:], dtype="float32")
        model = keras.Model(inputs, layer(inputs))
        prepare(layer)
        path = tmp_path / "layer.keras"
        model.save(path)
        reloaded = keras.saving.load_model(path)
        assert [w.path for w in reloaded.weights] == [w.path for w in model.weights]
        for ours, theirs in zip(model.variables, reloaded.variables, strict=True):
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
        expected, actual = model(batch), reloaded(batch)
        assert actual.dtype == expected.dtype
        np.testing.assert_array_equal(tf.cast(actual, tf.float32), tf.cast(expected, tf.float32))
        assert model.output.shape[1:] == expected.shape[1:]
        assert model.output.dtype == expected.dtype.name

    return check
