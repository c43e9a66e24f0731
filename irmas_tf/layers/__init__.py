"""Front-ends and other Keras layers, under one contract (`irmas_tf.layers.base`)."""
