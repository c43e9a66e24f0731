"""Bands of power spectra: the same by FFT and by products, and only where products are asked for."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.dsp.framing import fft_length_for, hann_window
from irmas_tf.dsp.mel import filterbank
from irmas_tf.dsp.short_time import DFT_SCOPE, ShortTimeBands, dft_by_products

RATE_HZ = 16000


def bands_for(frame_length, hop_length, num_bands=20, groups=3, low=100.0, high=7000.0):
    filters = filterbank("mel", num_bands, fft_length_for(frame_length), RATE_HZ, low, high)
    return ShortTimeBands(hann_window(frame_length), hop_length, filters, groups), filters


def noise(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("frame_length, hop_length", [(400, 160), (512, 512), (1000, 250), (16, 8)])
@pytest.mark.parametrize("energy", [tf.identity, tf.sqrt])
def test_equals_numpy_both_ways(frame_length, hop_length, energy):
    bands, filters = bands_for(frame_length, hop_length, *((4, 2) if frame_length == 16 else ()))
    signal = noise(2, frame_length + 5 * hop_length + hop_length // 2)
    starts = hop_length * np.arange(6)
    frames = np.stack([signal[:, start : start + frame_length] for start in starts], axis=1) * hann_window(frame_length)
    power = np.abs(np.fft.rfft(frames.astype(np.float64), fft_length_for(frame_length))) ** 2
    expected = energy(power).numpy() @ filters
    by_fft = bands(signal, energy)
    with dft_by_products():
        by_products = bands(signal, energy)
    for actual in (by_fft, by_products):
        assert actual.shape == expected.shape
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5 * expected.max())


@pytest.mark.parametrize("low, high", [(0.0, 300.0), (3900.0, 4100.0), (7700.0, 8000.0), (0.0, 8000.0)])
def test_bands_at_both_ends_and_in_the_middle_of_the_spectrum(low, high):
    bands, _ = bands_for(512, 128, 5, 2, low, high)
    signal = noise(1, 2000)
    with dft_by_products():
        by_products = bands(signal, tf.identity)
    np.testing.assert_allclose(by_products, bands(signal, tf.identity), rtol=1e-4)


@pytest.mark.parametrize("frame_length", [512, 1000, 4096])
def test_bands_of_one_bin_each_wherever_it_lies(frame_length):
    """Also those that a small product of its own gives, and a group that draws on nothing else."""
    fft_length = fft_length_for(frame_length)
    chosen = [0, 1, 16, 17, 32, 48, fft_length // 4, fft_length // 2 - 16, fft_length // 2 - 1, fft_length // 2]
    for bins in (chosen, [0], [16], [32], [fft_length // 2]):
        filters = np.zeros((fft_length // 2 + 1, len(bins)), np.float32)
        filters[bins, np.arange(len(bins))] = 1.0
        bands = ShortTimeBands(hann_window(frame_length), frame_length // 2, filters, 1)
        signal = noise(2, 3 * frame_length)
        with dft_by_products():
            by_products = bands(signal, tf.sqrt)
        by_fft = bands(signal, tf.sqrt)
        np.testing.assert_allclose(by_products, by_fft, rtol=1e-3, atol=1e-6 * np.sqrt(fft_length))


def operations(bands, shape):
    signature = [tf.TensorSpec(shape, tf.float32)]
    function = tf.function(lambda signal: bands(signal, tf.identity), input_signature=signature)
    return function.get_concrete_function().graph.get_operations()


@pytest.mark.slow
@pytest.mark.parametrize("shape", [[1, 2000], [None, None]])
def test_a_graph_has_one_or_the_other(shape):
    bands, _ = bands_for(512, 128)
    plain = operations(bands, shape)
    with dft_by_products():
        products = operations(bands, shape)
    assert [sum(op.type == "RFFT" for op in graph) for graph in (plain, products)] == [1, 0]
    assert not [op for op in plain if DFT_SCOPE in op.name.split("/")]
    within = [op for op in products if DFT_SCOPE in op.name.split("/")]
    matrices = [op.inputs[1] for op in within if op.type == "MatMul"]
    assert len(matrices) == 6, "real and imaginary parts of the first product, the second, and that of the edges"
    assert {matrix.op.type for matrix in matrices} == {"Const"}
    assert not [op for op in products if "BatchMatMul" in op.type], "costs XNNPACK more, with a constant on the left"


def test_short_transforms_stay_as_they_are():
    bands, _ = bands_for(8, 4, 2, 1)
    with dft_by_products():
        assert "RFFT" in {op.type for op in operations(bands, [1, 100])}


def test_the_context_ends_also_by_an_error():
    bands, _ = bands_for(512, 128)
    with pytest.raises(RuntimeError), dft_by_products():
        raise RuntimeError
    assert "RFFT" in {op.type for op in operations(bands, [1, 2000])}


@pytest.mark.slow
def test_unknown_batch_and_length():
    bands, _ = bands_for(400, 160)
    with dft_by_products():
        run = tf.function(
            lambda signal: bands(signal, tf.identity), input_signature=[tf.TensorSpec([None, None], tf.float32)]
        ).get_concrete_function()
    assert run(noise(0, 500)).shape == (0, 1, 20)
    for batch, samples in [(1, 400), (3, 2000)]:
        signal = noise(batch, samples)
        np.testing.assert_allclose(run(signal), bands(signal, tf.identity), rtol=1e-3, atol=1e-4)
