from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.dsp.resample import resample
from irmas_tf.dsp.resample_tf import design_row_filters, resample_rows, resample_waveform

RATES = [(44100, 22050), (44100, 16000), (8000, 22050), (22050, 44100), (44101, 22050), (22049, 22050), (22050, 22050)]


@pytest.mark.slow
@pytest.mark.parametrize("rates", RATES)
def test_the_graph_gives_the_numbers_of_numpy(rates):
    signal = np.random.default_rng(0).standard_normal((3, 20_011)).astype(np.float32)
    got = resample_waveform(signal, *rates).numpy()
    expected = np.stack([resample(row, *rates) for row in signal])
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("rates", RATES)
def test_dynamic_lengths_and_one_dimension(rates):
    function = tf.function(lambda x: resample_waveform(x, *rates), input_signature=[tf.TensorSpec([None], tf.float32)])
    for samples in (1, 2, 500, 12_345):
        signal = np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
        np.testing.assert_allclose(function(signal).numpy(), resample(signal, *rates), atol=1e-5)


@pytest.mark.slow
def test_static_shapes_are_kept():
    function = tf.function(lambda x: resample_waveform(x, 44100, 22050))
    concrete = function.get_concrete_function(tf.TensorSpec([None, 132_299], tf.float32))
    assert concrete.output_shapes.as_list() == [None, 66_150]


def test_rates_out_of_range_are_refused():
    with pytest.raises(ValueError, match="source_hz=1"):
        resample_waveform(np.zeros((1, 10), np.float32), 1, 22050)


@pytest.mark.parametrize("rates", [(44100, 22050), (44100, 16000), (8000, 22050), (22050, 44100), (192000, 16000)])
@pytest.mark.parametrize("samples", [1, 96, 5001])
def test_rows_give_the_numbers_of_numpy(rates, samples):
    filters = design_row_filters(*rates)
    signal = np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
    expected = resample(signal, *rates)
    blocks = -(-len(expected) // filters.outputs)
    rows = np.zeros((blocks + filters.after) * filters.row, np.float32)
    rows[:samples] = signal
    got = resample_rows(rows.reshape(-1, filters.row), blocks, filters).numpy()
    assert got.shape == (blocks * filters.outputs,)
    np.testing.assert_allclose(got[: len(expected)], expected, atol=1e-6 * max(1.0, np.abs(signal).max()))


def test_no_rows_where_blocks_begin_between_samples_or_nothing_is_to_be_done():
    assert design_row_filters(44101, 22050) is None
    with pytest.raises(ValueError, match="source_hz=22050"):
        design_row_filters(22050, 22050)
