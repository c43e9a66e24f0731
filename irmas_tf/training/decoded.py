"""The decoded files of a run: plain 16-bit WAV by a graph, everything else by Python threads, in one order.

With deterministic operations TensorFlow takes parallelism and prefetching from every dataset that calls Python. What a
graph decodes keeps both, and Python's lock is not in its way.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from irmas_tf.audio.decoders import make_decoder
from irmas_tf.audio.plain_wav import PlainWav, look_for_plain_wav
from irmas_tf.audio.plain_wav_tf import PlainWavGraph, Row, without_odd_rates
from irmas_tf.audio.sound_file import AudioError
from irmas_tf.audio.store import StoredAudio, decode_or_error
from irmas_tf.config.run_config import Config
from irmas_tf.process.ordered_threads import shared_threads

T = TypeVar("T")

_FEWEST_FILES = 100  # to trace and start a graph takes as long as Python needs for these
_FULL_INTEGER = np.float32(32767.0)
_LEAST_PEAK = np.float32(1e-6)  # of silence, which would be divided by otherwise


def plain_layouts(paths: Sequence[str], config: Config) -> list[PlainWav | None]:
    """Return the layout of each file that a graph decodes in this run, and None for every other."""
    if config.data.decoder != "auto":
        return [None] * len(paths)
    layouts = look_for_plain_wav(paths, shared_threads(config.data.loader_threads))
    layouts = without_odd_rates(layouts, config.audio.sample_rate_hz)
    return layouts if len(paths) - layouts.count(None) >= _FEWEST_FILES else [None] * len(paths)


def quantize_in_graph(values: tf.Tensor, scale: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Round as `irmas_tf.audio.store.quantize` does.

    Args:
        values: float32 [samples], not scaled; of integers, so that they are either zero or far from it.
        scale: their factor to full scale 1.0, a power of two.

    Returns:
        What ``values`` are to be multiplied with before they are rounded, and the rounded ones' factor to full scale.
    """
    peak = tf.maximum(tf.maximum(tf.reduce_max(values), -tf.reduce_min(values)), _LEAST_PEAK)
    return _FULL_INTEGER / peak, peak * scale / _FULL_INTEGER


def problem_in(error: tf.errors.OpError) -> str | None:
    """Return what is wrong with which file, if that is why a dataset failed: exceptions come out of it as text."""
    text = error.message or ""
    if found := re.search(r"AudioError: (.+?)\]?$", text, re.MULTILINE):
        return found[1]
    if isinstance(error, (tf.errors.NotFoundError, tf.errors.PermissionDeniedError)):
        found = re.search(r"^(?:.*(?:\}\}|:) )?(.+?); ([A-Z].+)$", text, re.MULTILINE)  # of tf.io.read_file
        return f"{found[1]}: cannot be read ({found[2]})" if found else None
    return None


def decode_waveforms(
    paths: Sequence[str], config: Config, in_python: Callable[[str], np.ndarray | None], most_samples: int
) -> Iterator[np.ndarray | None]:
    """Yield float32 [samples] of each file, in order.

    Args:
        paths: the files.
        config: the run's configuration.
        in_python: called on threads for the files that a graph does not decode.
        most_samples: longer ones are given to ``in_python``, too.
    """
    rate = config.audio.sample_rate_hz
    layouts = [
        layout if layout and layout.frames * rate <= most_samples * layout.sample_rate_hz else None
        for layout in plain_layouts(paths, config)
    ]
    return _in_order(paths, layouts, config, _scaled, lambda waveform: waveform, in_python)


def decode_for_store(paths: Sequence[str], config: Config) -> Iterator[StoredAudio | AudioError]:
    """Yield each file as `irmas_tf.audio.store.AudioStore` keeps it, or what is wrong with it, in order."""
    decoder = make_decoder(config.data.decoder, config.audio.sample_rate_hz)
    return _in_order(
        paths,
        plain_layouts(paths, config),
        config,
        _quantized,
        lambda stored: StoredAudio(*stored),
        lambda path: decode_or_error(path, decoder),
    )


def graph_dataset(
    table: dict[str, np.ndarray], extras: tuple[Any, ...], decode: Callable[..., Any], threads: int
) -> tf.data.Dataset:
    """Return a dataset of decoded files, in order, decoded side by side by operations of one thread each.

    Args:
        table: of the files, see `irmas_tf.audio.plain_wav_tf`.
        extras: arrays [files, ...], whose rows ``decode`` gets as well.
        decode: (row of the table, rows of the extras ...) -> element; operations only, no Python.
        threads: files decoded at once.
    """
    dataset = tf.data.Dataset.from_tensor_slices((table, *extras)).map(decode, num_parallel_calls=threads)
    options = tf.data.Options()
    options.autotune.enabled = False  # see `irmas_tf.training.batches.with_fixed_settings`
    options.threading.max_intra_op_parallelism = 1
    return dataset.with_options(options)


@functools.lru_cache(maxsize=8)
def _scaled(graph: PlainWavGraph) -> Callable[[Row], tf.Tensor]:
    """Return a function row -> float32 [samples], full scale 1.0; kept, since to trace it takes a tenth of a second."""

    def decode(row: Row) -> tf.Tensor:
        values, scale = graph.decode(row)
        return values * scale

    return tf.function(decode, autograph=False)


@functools.lru_cache(maxsize=8)
def _quantized(graph: PlainWavGraph) -> Callable[[Row], tuple[tf.Tensor, tf.Tensor]]:
    """Return a function row -> samples int16 [samples] and their factor to full scale, as they are stored."""

    def decode(row: Row) -> tuple[tf.Tensor, tf.Tensor]:
        values, scale = graph.decode(row)
        up, factor = quantize_in_graph(values, scale)
        return tf.cast(tf.round(values * up), tf.int16), factor

    return tf.function(decode, autograph=False)


def _in_order(
    paths: Sequence[str],
    layouts: Sequence[PlainWav | None],
    config: Config,
    in_graph: Callable[[PlainWavGraph], Callable[[Row], Any]],
    from_graph: Callable[[Any], T],
    in_python: Callable[[str], T],
) -> Iterator[T]:
    """Yield the results of the graph and of Python in the order of the files."""
    pool = shared_threads(config.data.loader_threads)
    plain = [(path, layout) for path, layout in zip(paths, layouts, strict=True) if layout]
    decoded: Iterator[Any] = iter(())
    if plain:
        plain_paths, plain_layouts = zip(*plain, strict=True)
        graph = PlainWavGraph.of(plain_layouts, config.audio.sample_rate_hz)
        dataset = graph_dataset(graph.table(plain_paths, plain_layouts), (), in_graph(graph), pool.threads)
        options = tf.data.Options()
        # Threads of its own: the caller may stand in a dataset's thread itself, and wait for this one.
        options.threading.private_threadpool_size = pool.threads
        decoded = dataset.prefetch(2 * pool.threads).with_options(options).as_numpy_iterator()
    others = pool.map(in_python, [path for path, layout in zip(paths, layouts, strict=True) if not layout])
    for path, layout in zip(paths, layouts, strict=True):
        if not layout:
            yield next(others)
            continue
        try:
            result = next(decoded)
        except tf.errors.OpError:  # the file has changed meanwhile: Python reads what is there, or finds the words
            yield in_python(path)
        else:
            yield from_graph(result)
