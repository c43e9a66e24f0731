"""YAMNet in Keras 2 with generated weights, the way it is published.

An implementation of its own, so that it can tell what the scores should be.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

STRIDES_AND_FILTERS = [
    (1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512), (1, 512), (1, 512), (1, 512), (1, 512), (1, 512),
    (2, 1024), (1, 1024),
]  # fmt: skip


def _patches(waveform):
    """Return log-mel patches [patches, 96, 64] of a waveform [samples] that is a whole number of patches."""
    magnitude = tf.abs(tf.signal.stft(waveform, 400, 160, 512))
    mel = tf.signal.linear_to_mel_weight_matrix(64, 257, 16000, 125.0, 7500.0)
    log_mel = tf.math.log(tf.matmul(magnitude, mel) + 0.001)
    return tf.signal.frame(log_mel, 96, 48, axis=0)


def build(seed=0, head=None):
    """Return the Keras 2 network: waveform [samples] -> scores [patches, 521], embeddings [patches, 1024].

    Google's code gives the last layer no name (``head``), so that Keras calls it dense, or dense_1.
    """
    import tf_keras
    from tf_keras import layers

    def norm_relu(x, name):
        x = layers.BatchNormalization(name=f"{name}/bn", center=True, scale=False, epsilon=1e-4)(x)
        return layers.ReLU(name=f"{name}/relu")(x)

    inputs = layers.Input((96, 64))
    x = layers.Reshape((96, 64, 1))(inputs)
    x = norm_relu(layers.Conv2D(32, 3, 2, "same", use_bias=False, name="layer1/conv")(x), "layer1/conv")
    for number, (stride, filters) in enumerate(STRIDES_AND_FILTERS, start=2):
        name = f"layer{number}/depthwise_conv"
        x = norm_relu(layers.DepthwiseConv2D(3, stride, "same", use_bias=False, name=name)(x), name)
        name = f"layer{number}/pointwise_conv"
        x = norm_relu(layers.Conv2D(filters, 1, 1, "same", use_bias=False, name=name)(x), name)
    embeddings = layers.GlobalAveragePooling2D()(x)
    scores = layers.Activation("sigmoid")(layers.Dense(521, name=head)(embeddings))
    network = tf_keras.Model(inputs, [scores, embeddings])
    random = np.random.default_rng(seed)
    for variable in network.weights:
        shape, kind = variable.shape, variable.name.split("/")[-1]
        if kind.startswith("moving_variance"):
            value = random.uniform(0.5, 1.5, shape)
        elif "kernel" in kind:
            fan_in = (
                shape[0] * shape[1] * (1 if kind.startswith("depthwise") else shape[2]) if len(shape) == 4 else 1024
            )
            value = random.normal(0.0, np.sqrt(2.0 / fan_in), shape)
        else:
            value = random.normal(0.0, 0.1, shape)
        variable.assign(value)
    return network


class _Node(tf.Module):
    """An object of the saved graph."""


def hub_module(network):
    """Return what is saved for TensorFlow Hub: the network under ``_yamnet``, and a function of the waveform.

    Keras would also save a trace of each layer, which takes most of a minute and says nothing about the weights; the
    objects and variables, their names and their order are those that it saves.
    """
    module = _Node()
    module._yamnet = _Node()
    layers = [layer for layer in network.layers if layer.weights]
    for number, layer in enumerate(layers):
        node = _Node()
        for variable in layer.weights:
            setattr(node, variable.name.split("/")[-1].removesuffix(":0"), variable)
        setattr(module._yamnet, f"layer_with_weights-{number}", node)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def call(waveform):
        return network(_patches(waveform))

    module.__call__ = call
    return module


def answers(network, waveform):
    """Return scores and embeddings of the patches of a waveform [samples]."""
    return network(_patches(waveform))
