from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.layers.patches import JoinPatches, Patches


@pytest.mark.parametrize("frames,patches", [(6, 1), (7, 1), (9, 2), (14, 3)])
@pytest.mark.parametrize("batch", [1, 2])
def test_cut_and_joined(frames, patches, batch):
    features = np.random.default_rng(0).standard_normal((batch, frames, 4)).astype(np.float32)
    cut, join = Patches(6, 3), JoinPatches(6, 3)
    pieces = cut(features)
    assert pieces.shape == (batch * patches, 6, 4, 1)
    assert cut.compute_output_shape(features.shape) == pieces.shape
    for example in range(batch):
        for patch in range(patches):
            expected = features[example, 3 * patch : 3 * patch + 6]
            np.testing.assert_array_equal(pieces[example * patches + patch, :, :, 0], expected)
    vectors = tf.reduce_mean(pieces, axis=(1, 3))
    joined = join([vectors, features])
    assert joined.shape == (batch, patches, 1, 4)
    assert tuple(join.compute_output_shape([vectors.shape, features.shape])) == joined.shape
    np.testing.assert_allclose(joined[-1, -1, 0], features[-1, 3 * (patches - 1) :][:6].mean(axis=0), atol=1e-6)


def test_unknown_sizes():
    features = keras.KerasTensor((None, None, 4))
    assert Patches(6, 3)(features).shape == (None, 6, 4, 1)
    assert JoinPatches(6, 3)([keras.KerasTensor((None, 5)), features]).shape == (None, None, 1, 5)
    run = tf.function(Patches(6, 3), input_signature=[tf.TensorSpec([None, None, 4])])
    assert run(np.zeros((2, 9, 4), np.float32)).shape == (4, 6, 4, 1)


def test_serialisation(check_layer):
    check_layer(Patches, {"patch_frames": 6, "patch_hop_frames": 3}, np.ones((2, 12, 4), np.float32))
    layer = JoinPatches(6, 3)
    assert JoinPatches.from_config(layer.get_config()).get_config() == layer.get_config()
