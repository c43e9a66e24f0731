from __future__ import annotations

import keras
import numpy as np
import pytest

from irmas_tf.models.blocks import BLOCKS


def build(name: str, channels_in: int, channels: int, stride: int) -> keras.Model:
    x = keras.Input((None, 16, channels_in))
    return keras.Model(x, BLOCKS.get(name)(x, channels, stride, "b"))


def test_the_documented_blocks_are_registered():
    assert BLOCKS.names() == ("plain", "residual", "separable")


@pytest.mark.parametrize("name", BLOCKS.names())
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("frames", [13, 16])
def test_a_block_changes_channels_and_halves_both_axes_rounding_up(name, stride, frames):
    model = build(name, 8, 24, stride)
    out = model(np.zeros([2, frames, 16, 8], np.float32))
    assert tuple(out.shape) == (2, -(-frames // stride), 16 // stride, 24)


@pytest.mark.parametrize("name", BLOCKS.names())
def test_a_block_reloads_without_custom_objects(name, tmp_path):
    model = build(name, 8, 8, 1)
    x = np.random.default_rng(0).standard_normal([2, 8, 16, 8]).astype(np.float32)
    model.save(tmp_path / "block.keras")
    again = keras.models.load_model(tmp_path / "block.keras")
    np.testing.assert_array_equal(model(x), again(x))


def test_a_residual_block_starts_as_its_shortcut():
    x = np.random.default_rng(0).standard_normal([2, 8, 16, 8]).astype(np.float32)
    np.testing.assert_allclose(build("residual", 8, 8, 1)(x, training=True), np.maximum(x, 0), atol=1e-6)


def test_parameter_counts_are_those_of_the_papers_formulas():
    # Weights of convolutions, and two vectors per normalisation.
    assert build("plain", 8, 16, 1).count_params() - 4 * 16 == 9 * 8 * 16
    assert build("separable", 8, 16, 1).count_params() - 4 * 8 - 4 * 16 == 9 * 8 + 8 * 16
    assert build("residual", 8, 16, 2).count_params() - 3 * 4 * 16 == 9 * 8 * 16 + 9 * 16 * 16 + 8 * 16


def test_only_same_shaped_separable_blocks_have_a_shortcut():
    kinds = [
        [type(layer).__name__ for layer in build("separable", 8, c, s).layers] for c, s in ((8, 1), (8, 2), (16, 1))
    ]
    assert ["Add" in k for k in kinds] == [True, False, False]
