"""Cutting clips into windows inside a graph and running a model over them, in chunks so that memory stays bounded.

The rule is that of predict: windows start at 0, hop, 2 hop, ... as long as they fit; when samples remain after the last
one, a final window is aligned to the clip's end; a clip shorter than a window is one window, zero-padded at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import tensorflow as tf

CHUNK_WINDOWS = 16
"""Windows the model sees at once."""


def window_starts(samples: tf.Tensor, window_samples: int, hop_samples: int) -> tf.Tensor:
    """Return the first sample of every window of a clip of ``samples`` samples (scalar), int64 [windows]."""
    rest = tf.maximum(tf.cast(samples, tf.int64) - window_samples, 0)
    count = -(-rest // hop_samples) + 1
    return tf.minimum(tf.range(count) * hop_samples, rest)


def run_windows(
    model: Callable[[tf.Tensor], Mapping[str, tf.Tensor]],
    waveform: tf.Tensor,
    widths: Mapping[str, int],
    window_samples: int,
    hop_samples: int,
) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
    """Run a model over all windows of clips of one length.

    Args:
        model: windows [n, window_samples] float32 -> {name: [n, width] float32}.
        waveform: float32 [batch, samples], at least one sample.
        widths: {name: width} of the model's outputs.
        window_samples, hop_samples: length of a window and distance of two.

    Returns:
        ({name: [batch, windows, width]}, first sample of every window int64 [windows]).
    """
    batch, samples = tf.unstack(tf.shape(waveform, tf.int64))
    starts = window_starts(samples, window_samples, hop_samples)
    waveform = tf.pad(waveform, [[0, 0], [0, tf.maximum(window_samples - samples, 0)]])
    padded = tf.maximum(samples, window_samples)
    flat = tf.reshape(waveform, [-1])
    offsets = tf.reshape(tf.range(batch)[:, None] * padded + starts, [-1])
    total = tf.size(offsets)
    chunks = -(-total // CHUNK_WINDOWS)
    arrays = {
        name: tf.TensorArray(tf.float32, chunks, element_shape=[None, width], infer_shape=False)
        for name, width in widths.items()
    }

    def one_chunk(index: tf.Tensor, found: dict[str, tf.TensorArray]) -> tuple[tf.Tensor, dict[str, tf.TensorArray]]:
        chosen = offsets[index * CHUNK_WINDOWS : (index + 1) * CHUNK_WINDOWS]
        windows = tf.gather(flat, chosen[:, None] + tf.range(window_samples, dtype=tf.int64))
        outputs = model(tf.ensure_shape(windows, [None, window_samples]))
        return index + 1, {name: array.write(index, outputs[name]) for name, array in found.items()}

    # One at a time: side by side, chunks would multiply the memory.
    _, arrays = tf.while_loop(
        lambda index, _: index < chunks, one_chunk, (tf.constant(0), arrays), parallel_iterations=1
    )
    shape = tf.stack([batch, tf.size(starts, tf.int64)])
    joined = {name: tf.reshape(array.concat(), tf.concat([shape, [widths[name]]], 0)) for name, array in arrays.items()}
    return {name: tf.ensure_shape(values, [None, None, widths[name]]) for name, values in joined.items()}, starts
