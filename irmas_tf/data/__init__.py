"""Modules of earlier versions, which forward; see `irmas_tf.datasets`."""
