from __future__ import annotations

import keras
import numpy as np
import pytest

from irmas_tf.training.averaging import WeightAverage


def make_model() -> keras.Model:
    x = keras.Input((3,))
    return keras.Model(x, keras.layers.BatchNormalization()(keras.layers.Dense(2)(keras.layers.Dropout(0.5)(x))))


@pytest.mark.slow
def test_the_average_follows_its_recurrence():
    model = make_model()
    average = WeightAverage(model, 0.9)
    kernel = model.layers[2].kernel
    expected = kernel.numpy().astype(np.float64)
    for t in range(200):
        kernel.assign(np.full([3, 2], float(t)))
        average.update()
        decay = min(0.9, (1 + t) / (10 + t))
        expected = decay * expected + (1 - decay) * t
    with average.applied():
        np.testing.assert_allclose(kernel.numpy(), expected, rtol=1e-5)
    np.testing.assert_array_equal(kernel.numpy(), 199.0)


def test_statistics_of_normalisation_are_averaged_too():
    model = make_model()
    average = WeightAverage(model, 0.5)
    mean = model.layers[3].moving_mean
    mean.assign([8.0, 8.0])
    average.update()
    with average.applied():
        np.testing.assert_allclose(mean.numpy(), 7.2, rtol=1e-6)  # the decay of the first update is 1/10


def test_weights_come_back_after_an_error():
    model = make_model()
    average = WeightAverage(model, 0.5)
    before = model.get_weights()
    model.layers[2].kernel.assign(np.full([3, 2], 7.0))
    with pytest.raises(RuntimeError), average.applied():
        raise RuntimeError
    np.testing.assert_array_equal(model.layers[2].kernel.numpy(), 7.0)
    np.testing.assert_array_equal(model.get_weights()[1], before[1])


def test_resetting_starts_from_the_present_weights():
    model = make_model()
    average = WeightAverage(model, 0.99)
    model.layers[2].kernel.assign(np.full([3, 2], 7.0))
    average.update()
    average.reset()
    with average.applied():
        np.testing.assert_array_equal(model.layers[2].kernel.numpy(), 7.0)
    assert int(average.variables[0].numpy()) == 0


def test_off_has_no_variables_and_changes_nothing():
    model = make_model()
    average = WeightAverage(model, 0.0)
    assert average.variables == []
    before = model.get_weights()
    average.update()
    with average.applied():
        for one, other in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_an_average_goes_on_in_another_of_the_same_model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    first, second = WeightAverage(model, 0.9), WeightAverage(model, 0.9)
    first.reset()
    for value in (1.0, 2.0, 3.0):
        model.layers[0].kernel.assign(np.full([2, 1], value))
        first.update()
    second.take_over(first)
    for average in (first, second):
        average.update()
    for one, other in zip(first.variables, second.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert int(second.variables[0]) == 4
