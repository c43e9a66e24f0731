"""From lists of files to batches of waveforms, as `tf.data.Dataset`s.

Training: an epoch is a pure function of (files, labels, configuration, epoch), see `irmas_tf.training.epoch_plan`;
batch k is the same whether the epoch was read from its beginning or from k, with any cache, decoder thread count or
machine load. Decoded audio is kept between the epochs of a process (``--cache=memory``), or between processes
(``disk``); with ``none`` every epoch decodes again, which 16-bit WAV files hardly notice: operations of a graph decode
them (`irmas_tf.training.plain_examples`), Python everything else.

Evaluation: deterministic sliding windows in the order of the files; nothing is random and nothing is changed.

An unusable file surfaces as `AudioError` while a store is built or an epoch begins, and as `tf.errors.OpError`
from within a dataset; either message names the file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import tensorflow as tf

from irmas_tf.audio.decode import audio_info, iter_blocks
from irmas_tf.audio.decoders import make_decoder
from irmas_tf.audio.plain_wav import PlainWav
from irmas_tf.audio.sound_file import AudioError
from irmas_tf.audio.store import AudioStore, StoredAudio, quantize
from irmas_tf.audio.windows import iter_windows, window_starts
from irmas_tf.config.run_config import Config
from irmas_tf.process.cache_folder import cache_folder
from irmas_tf.process.ordered_threads import shared_threads
from irmas_tf.training.decoded import decode_for_store, decode_waveforms, plain_layouts
from irmas_tf.training.epoch_plan import EpochPlan, plan_epoch, plan_with_extra
from irmas_tf.training.plain_examples import plain_examples

_PREFETCHED_BATCHES = 4
_PARALLEL_BATCHES = 2  # the next batch begins while the last files of this one are being decoded
_WHOLE_CLIP_SAMPLES = 1 << 22  # longer clips (3 minutes at 22.05 kHz) are streamed instead of decoded ahead
_MOST_OTHERS = 128  # examples of files that a graph does not decode, beside those that it does: 34 MB
_KEPT_STORES = 3
_stores: dict[tuple[object, ...], AudioStore] = {}
_stores_lock = threading.Lock()


def steps_per_epoch(num_examples: int, config: Config) -> int:
    """Return the number of full batches in an epoch; the remainder is dropped (another one every epoch).

    Args:
        num_examples: of the run's own data set.
        config: the run's configuration, which may have a second data set in every batch.
    """
    return num_examples // (config.training.batch_size - config.extra_per_batch)


def plan_of_epoch(labels: np.ndarray, config: Config, epoch: int, extra: int = 0) -> EpochPlan:
    """Return what a run does in an epoch with its examples, of which ``extra`` at the end are a second data set's."""
    training = config.training
    balance = training.class_balance == "resample"
    if not extra:
        return plan_epoch(labels, seed=training.seed, epoch=epoch, balance=balance)
    return plan_with_extra(
        labels,
        extra,
        batch_size=training.batch_size,
        per_batch=config.extra_per_batch,
        seed=training.seed,
        epoch=epoch,
        balance=balance,
    )


def open_store(paths: Sequence[str], config: Config) -> AudioStore | None:
    """Return the decoded audio of the files as ``--cache`` says, or None for ``none``.

    The last few stores of the process are kept, so that every epoch finds the one that the first epoch built.

    Raises:
        AudioError: files cannot be decoded, or the disk cache cannot be written; the message names them.
    """
    data, rate = config.data, config.audio.sample_rate_hz
    if data.cache == "none":
        return None
    key = (tuple(paths), rate, data.cache, data.cache_dir, data.decoder)
    with _stores_lock:
        if key not in _stores:

            def decode_all(paths: Sequence[str]) -> Iterator[StoredAudio | AudioError]:
                return decode_for_store(paths, config)

            if data.cache == "memory":
                store = AudioStore.in_memory(paths, decode_all)
            else:
                folder = data.cache_dir or str(cache_folder("audio"))
                store = AudioStore.on_disk(paths, rate, data.decoder, decode_all, folder)
            while len(_stores) >= _KEPT_STORES:
                del _stores[next(iter(_stores))]
            _stores[key] = store
        else:
            _stores[key] = _stores.pop(key)  # now the last one to be dropped
        return _stores[key]


def clear_stores() -> None:
    """Forget the decoded audio that this process keeps."""
    with _stores_lock:
        _stores.clear()


def training_dataset(
    excerpts_paths: Sequence[str],
    labels: np.ndarray,
    config: Config,
    *,
    epoch: int,
    start_batch: int = 0,
    samples: int | None = None,
    extra: int = 0,
) -> tf.data.Dataset:
    """Return the batches of one training epoch, from ``start_batch`` on.

    Excerpts longer than ``samples`` are cropped at random. Of shorter ones, what is read beyond the window is read on
    from the excerpt's beginning, or all that are played faster would end in silence; the rest is zeros. With
    ``--class_balance=resample`` every class gets the same share of the epoch.

    Args:
        excerpts_paths: n audio files.
        labels: int8 [n, classes], see `irmas_tf.datasets.split_sides.SplitSide.targets`.
        config: the run's configuration.
        epoch: number of the epoch, from 0.
        start_batch: first batch, from 0 to ``steps_per_epoch``.
        extra: how many of the files, the last ones, are of ``--extra_data_dir``.
        samples: length of the waveforms; None is the window. Augmentation that plays them faster reads more.

    Returns:
        Dataset of (waveform float32 [batch, samples], labels int8 [batch, classes], example_seed int32 [batch, 2])
        with static shapes and known cardinality.

    Raises:
        ValueError: no full batch, not a row of labels for each file, or ``start_batch`` is out of range.
        AudioError: files cannot be decoded.
    """
    paths, labels = list(excerpts_paths), np.asarray(labels, np.int8)
    batch, window = config.training.batch_size, samples or config.audio.window_samples
    if labels.ndim != 2 or len(labels) != len(paths):
        raise ValueError(f"labels must be [{len(paths)}, classes], a row for each file, not {list(labels.shape)}")
    steps = steps_per_epoch(len(paths) - extra, config)
    if steps == 0:
        raise ValueError(f"--batch_size={batch}: must be at most the {len(paths)} excerpts of the training split")
    if not 0 <= start_batch <= steps:
        raise ValueError(f"start_batch={start_batch}: must be from 0 to the {steps} batches of an epoch")
    plan = plan_of_epoch(labels, config, epoch, extra)
    store = open_store(paths, config)
    decoder = make_decoder(config.data.decoder, config.audio.sample_rate_hz)
    pool = shared_threads(config.data.loader_threads)
    slots = np.arange(start_batch * batch, steps * batch)
    layouts: list[PlainWav | None] = [None] * len(paths) if store is not None else plain_layouts(paths, config)

    def load(slots: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        examples = plan.order[slots]
        waveform = np.empty((len(slots), window), np.float32)

        def fill(row: int, audio: StoredAudio) -> None:
            start = int(plan.crop[slots[row]] * (max(0, len(audio) - window) + 1))
            audio.read_into(waveform[row], start)
            end = len(audio)
            again = min(end, max(0, window - end), window - config.audio.window_samples)
            waveform[row, end : end + again] = waveform[row, :again]

        if store is not None:
            for row, example in enumerate(examples):
                fill(row, store[example])
        else:
            pool.run(lambda row: fill(row, quantize(decoder(paths[examples[row]]))), range(len(slots)))
        return waveform, labels[examples], plan.example_seed[slots]

    def load_in_graph(slots: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        waveform, label, seeds = tf.numpy_function(load, [slots], (tf.float32, tf.int8, tf.int32))
        return (
            tf.ensure_shape(waveform, [batch, window]),
            tf.ensure_shape(label, [batch, labels.shape[1]]),
            tf.ensure_shape(seeds, [batch, 2]),
        )

    plain = np.array([layouts[example] is not None for example in plan.order[slots]], bool)
    if not plain.any() or np.count_nonzero(~plain) > _MOST_OTHERS:
        dataset = tf.data.Dataset.from_tensor_slices(slots).batch(batch, drop_remainder=True)
        # With deterministic operations TensorFlow runs this map serially anyway, and 2.21 prints an error line in every
        # epoch while it rewrites a parallel one.
        parallel = None if config.training.deterministic else min(_PARALLEL_BATCHES, max(1, steps - start_batch))
        dataset = dataset.map(load_in_graph, num_parallel_calls=parallel)  # in order: tf.data's default
        return with_fixed_settings(dataset.prefetch(_PREFETCHED_BATCHES))

    # A function that calls Python would take parallelism and prefetching from all of the dataset, so the few other
    # files are decoded now.
    made: list[np.ndarray | None] = [None] * len(slots)
    for place, waveform in zip(np.flatnonzero(~plain), load(slots[~plain])[0], strict=True):
        made[place] = waveform
    examples = plan.order[slots]
    dataset = plain_examples(
        [paths[example] for example in examples],
        [layouts[example] for example in examples],
        made,
        plan.crop[slots],
        (labels[examples], plan.example_seed[slots]),
        config,
        window,
    )
    return with_fixed_settings(dataset.batch(batch, drop_remainder=True).prefetch(_PREFETCHED_BATCHES))


def with_fixed_settings(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Return the dataset without tf.data's tuner, for which there is nothing to tune here.

    The tuner's thread sleeps for up to a minute at a time, and whoever drops the iterator may have to wait for it.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def evaluation_dataset(paths: Sequence[str], config: Config, *, batch_size: int, keep: bool = False) -> tf.data.Dataset:
    """Return the windows of clips of any length, in order.

    Windows are ``window_hop_seconds`` apart, the last one is aligned to the clip's end, and a clip shorter than a
    window is zero-padded. Clips are decoded ahead of time on threads, long ones are streamed, so that memory does not
    grow with the number or the length of the clips.

    Args:
        paths: audio files.
        config: the run's configuration; its augmentation settings are not used.
        batch_size: windows in a batch; the last batch holds what remains.
        keep: the same clips will be read again in this process: keep them decoded, as ``--cache`` says.

    Returns:
        Dataset of (waveform float32 [b, window_samples], clip_index int32 [b]); indices count ``paths`` from 0.
    """
    paths = list(paths)
    return window_batches(
        lambda: _clip_windows(paths, config, batch_size, keep), config.audio.window_samples, batch_size
    )


def window_batches(
    clips: Callable[[], Iterator[tuple[int, np.ndarray]]], window_samples: int, batch_size: int
) -> tf.data.Dataset:
    """Return full batches of the windows that clips come in.

    Args:
        clips: called when the dataset is iterated; yields (clip index, windows [n, window_samples] float32).
        window_samples: length of a window.
        batch_size: windows in a batch; the last batch holds what remains.

    Returns:
        Dataset of (waveform float32 [b, window_samples], clip_index int32 [b]).
    """
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size}: must be at least 1")

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        waveform, index = np.empty((batch_size, window_samples), np.float32), np.empty(batch_size, np.int32)
        filled = 0
        for clip, some in clips():
            while len(some):
                take = min(len(some), batch_size - filled)
                waveform[filled : filled + take] = some[:take]
                index[filled : filled + take] = clip
                some, filled = some[take:], filled + take
                if filled == batch_size:
                    yield waveform, index
                    waveform, index = np.empty_like(waveform), np.empty_like(index)
                    filled = 0
        if filled:
            yield waveform[:filled], index[:filled]

    signature = (tf.TensorSpec([None, window_samples], tf.float32), tf.TensorSpec([None], tf.int32))
    return with_fixed_settings(tf.data.Dataset.from_generator(batches, output_signature=signature).prefetch(2))


def _clip_windows(
    paths: Sequence[str], config: Config, max_windows: int, keep: bool
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (clip index, windows [n, window_samples]) in order, with 1 <= n <= max_windows."""
    audio = config.audio
    window, hop, rate = audio.window_samples, audio.window_hop_samples, audio.sample_rate_hz
    store = open_store(paths, config) if keep else None
    if store is not None:
        for clip in range(len(store)):
            stored = store[clip]
            starts = window_starts(len(stored), window, hop)
            for first in range(0, len(starts), max_windows):
                some = np.empty((len(starts[first : first + max_windows]), window), np.float32)
                for row, start in zip(some, starts[first:], strict=False):
                    stored.read_into(row, start)
                yield clip, some
        return
    decoder = make_decoder(config.data.decoder, rate)

    def decode_unless_long(path: str) -> np.ndarray | None:
        return decoder(path) if audio_info(path).duration_seconds * rate <= _WHOLE_CLIP_SAMPLES else None

    waveforms = decode_waveforms(paths, config, decode_unless_long, _WHOLE_CLIP_SAMPLES)
    for clip, waveform in enumerate(waveforms):
        blocks = iter_blocks(paths[clip], rate) if waveform is None else [waveform]
        for some in iter_windows(blocks, window, hop, max_windows):
            yield clip, some
