"""Training examples from plain 16-bit WAV files: decoded, rounded, cropped and lengthened by operations of a graph.

What is done to an example, and in what order, is what `irmas_tf.training.batches` does in Python, number by number.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from irmas_tf.audio.plain_wav import PlainWav
from irmas_tf.audio.plain_wav_tf import PlainWavGraph, Row
from irmas_tf.config.run_config import Config
from irmas_tf.process.ordered_threads import shared_threads
from irmas_tf.training.decoded import graph_dataset, quantize_in_graph


def plain_examples(
    paths: Sequence[str],
    layouts: Sequence[PlainWav | None],
    made: Sequence[np.ndarray | None],
    crops: np.ndarray,
    extras: tuple[np.ndarray, ...],
    config: Config,
    samples: int,
) -> tf.data.Dataset:
    """Return a dataset of examples, in order.

    Args:
        paths: the n files, as often as there are examples of each.
        layouts: of each; None of the few files that are not plain.
        made: examples of those, float32 [samples]; else None.
        crops: float64 [n] in [0, 1), where in the room that there is the example begins.
        extras: arrays [n, ...] that go with the examples.
        config: the run's configuration.
        samples: length of an example.

    Returns:
        Dataset of (waveform float32 [samples], rows of the extras ...).
    """
    graph = PlainWavGraph.of(layouts, config.audio.sample_rate_hz)
    table = graph.table(paths, layouts)
    lengths = table["samples"][table["kind"] >= 0]
    read_again = max(0, samples - config.audio.window_samples)
    waveform = _waveform(graph, samples, read_again, lengths.min() < samples, lengths.max() > samples)
    threads = shared_threads(config.data.loader_threads).threads
    if len(lengths) == len(paths):
        return graph_dataset(table, (crops, *extras), lambda row, crop, *rest: (waveform(row, crop), *rest), threads)

    def either(row: Row, crop: tf.Tensor, content: tf.Tensor, *rest: tf.Tensor) -> tuple[tf.Tensor, ...]:
        whole = tf.cond(
            row["kind"] >= 0,
            lambda: waveform(row, crop),
            lambda: tf.ensure_shape(tf.io.decode_raw(content, tf.float32), [samples]),
        )
        return whole, *rest

    contents = np.array([b"" if example is None else example.tobytes() for example in made], object)
    return graph_dataset(table, (crops, contents, *extras), either, threads)


@functools.lru_cache(maxsize=8)
def _waveform(
    graph: PlainWavGraph, samples: int, read_again: int, lengthen: bool, crop: bool
) -> Callable[[Row, tf.Tensor], tf.Tensor]:
    """Return a function (row, crop) -> float32 [samples]; kept, since to trace it takes a tenth of a second.

    Args:
        graph: what decodes the files.
        samples: length of an example.
        read_again: most samples of its beginning that a shorter file is lengthened by; the rest are zeros.
        lengthen: some files are shorter.
        crop: some are longer.
    """

    def decode(row: Row, room_share: tf.Tensor) -> tf.Tensor:
        values, scale = graph.decode(row)
        up, factor = quantize_in_graph(values, scale)
        length = row["samples"]
        if crop:
            room = tf.cast(tf.maximum(length - samples, 0) + 1, tf.float64)
            start = tf.cast(room_share * room, tf.int32)
            values = values[start : start + samples]
        waveform = tf.round(values * up) * factor

        def lengthened() -> tf.Tensor:
            again = tf.minimum(tf.minimum(length, samples - length), read_again)
            return tf.concat([waveform, waveform[:again], tf.zeros([samples - length - again])], 0)

        if lengthen:
            waveform = tf.cond(length < samples, lengthened, lambda: waveform)
        return tf.ensure_shape(waveform, [samples])

    return tf.function(decode, autograph=False)
