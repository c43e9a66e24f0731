"""Front-ends and other Keras layers, under one contract (`irmas_tf.layers.base`)."""

from __future__ import annotations

from irmas_tf.process.keras_backend import check_keras_backend

check_keras_backend()  # every network comes through here, whoever builds it
