"""A model's values for every window of audio files, streamed: decoding runs ahead, windows of files share a batch.

One machine serves all that looks at whole files: `clip_reductions` feeds the values of a file's windows, one after the
other, into a reduction of the caller's; `clip_windows` keeps them, and `irmas_tf.inference.clip_means` adds them up.

Memory is bounded by the number of files in flight and the few windows each may hold, whatever the length of a clip or
the number of files; beyond that a clip holds what its reduction does (`clip_windows`: a few numbers per window).
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import itertools
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

import numpy as np

from irmas_tf.audio import decode
from irmas_tf.audio.heard import Heard
from irmas_tf.audio.silence import silent_windows
from irmas_tf.audio.walk import Failure
from irmas_tf.audio.windows import iter_windows, window_starts
from irmas_tf.inference.notes import Note, clip_notes
from irmas_tf.inference.window_model import PROBABILITIES, WindowModel, silence_dbfs
from irmas_tf.process.ordered_threads import usable_cpus

CHUNK_BYTES = 2 << 20  # most windows a decoder hands over at once; at least one window
IN_FLIGHT_BYTES = 128 << 20  # most windows all decoders hold together; at least one file's
QUEUED_CHUNKS = 2
BLOCK_SECONDS = 20.0
NOT_A_NUMBER = "the model's answer is not a number; samples should be within -1 and 1"


class Reduction(Protocol):
    """What becomes of the values of one file's windows."""

    def add(self, values: np.ndarray, is_silent: bool) -> None:
        """Take the values [width] of the next window, in order, and whether it is silent."""
        ...


@dataclasses.dataclass(frozen=True)
class ClipWindows:
    """A model's values over the windows of a file.

    Attributes:
        path: the file.
        duration_seconds: length of the audio that was decoded, s.
        start_seconds: where each window starts, [windows] float64, s; a clip shorter than a window has one, at 0.
        values: [windows, width], as the model gave them.
        silent: which windows are silent (`irmas_tf.audio.silence`), [windows] bool.
        notes: what is odd about the sound.
    """

    path: str
    duration_seconds: float
    start_seconds: np.ndarray
    values: np.ndarray
    silent: np.ndarray
    notes: tuple[Note, ...] = ()

    @property
    def mean(self) -> np.ndarray:
        """The mean over the windows that count, [width] float64."""
        return counted(self.values, self.silent).mean(axis=0, dtype=np.float64)


ReductionT = TypeVar("ReductionT", bound=Reduction)


@dataclasses.dataclass(frozen=True)
class ReducedClip(Generic[ReductionT]):
    """A file whose windows have all been seen.

    Attributes:
        path: the file.
        samples: length of the audio that was decoded, at the model's rate.
        reduction: what became of its windows.
        notes: what is odd about the sound.
    """

    path: str
    samples: int
    reduction: ReductionT
    notes: tuple[Note, ...] = ()


class _Kept:
    """Keeps every value."""

    def __init__(self) -> None:
        self.rows: list[np.ndarray] = []
        self.silent: list[bool] = []

    def add(self, values: np.ndarray, is_silent: bool) -> None:
        self.rows.append(values)
        self.silent.append(is_silent)


def clip_windows(
    model: WindowModel,
    paths: Iterable[str | Failure],
    output: str = PROBABILITIES,
    *,
    batch_size: int = 16,
    decode_threads: int = 0,
) -> Generator[ClipWindows | Failure, None, None]:
    """Yield the values of all windows of every path in order, or the reason for none.

    Args:
        model: the function of windows.
        paths: files; a `Failure` among them is passed on in its place.
        output: which of the model's outputs.
        batch_size: most windows the model sees at once.
        decode_threads: threads that decode ahead of the model; 0 chooses by the number of cores.
    """
    audio = model.audio
    results = clip_reductions(model, paths, _Kept, output, batch_size=batch_size, decode_threads=decode_threads)
    with contextlib.closing(results):
        for result in results:
            if isinstance(result, Failure):
                yield result
                continue
            values = np.stack(result.reduction.rows)
            if not np.isfinite(values).all():
                yield not_a_number(result.path)
                continue
            starts = window_starts(result.samples, audio.window_samples, audio.window_hop_samples)
            rate = audio.sample_rate_hz
            silent = np.array(result.reduction.silent)
            yield ClipWindows(result.path, result.samples / rate, np.array(starts) / rate, values, silent, result.notes)


def counted(values: np.ndarray, silent: np.ndarray) -> np.ndarray:
    """Return the rows of windows that count for a clip: those that are not silent, or all if all are silent.

    Args:
        values: [windows, width].
        silent: [windows] bool.
    """
    return values if not silent.any() or silent.all() else values[~silent]


def not_a_number(path: str) -> Failure:
    """Return what is said of a file for which a model's values are not finite."""
    return Failure(path, NOT_A_NUMBER)


class _Stopped(Exception):
    """Nobody waits for the answer any more."""


class _Decoder:
    """Decodes a file in a thread. Out of ``queue`` come (windows [n, window_samples], silent [n]), then one ``End``."""

    @dataclasses.dataclass(frozen=True)
    class End:
        """A file's end: the samples it had and what is odd about them, or why it failed."""

        samples: int = 0
        failure: str = ""
        notes: tuple[Note, ...] = ()

    def __init__(self, path: str, model: WindowModel, chunk_windows: int, stop: threading.Event) -> None:
        self.path = path
        self.queue: queue.Queue[tuple[np.ndarray, np.ndarray] | _Decoder.End] = queue.Queue(QUEUED_CHUNKS)
        self._audio = model.audio
        self._silence_dbfs = silence_dbfs(model)
        self._heard = Heard()
        self._chunk_windows = chunk_windows
        self._stop = stop
        self._samples = 0

    def run(self) -> None:
        """Decode the file to its end, to an error, or until ``stop`` is set."""
        audio = self._audio
        silent: list[np.ndarray] = []
        try:
            for windows in iter_windows(
                self._blocks(), audio.window_samples, audio.window_hop_samples, self._chunk_windows
            ):
                silent.append(silent_windows(windows, self._silence_dbfs))
                self._put((windows, silent[-1]))
            end = self._end(silent) if self._samples else _Decoder.End(failure="holds no audio")
        except _Stopped:
            return
        except decode.AudioError as error:
            end = _Decoder.End(failure=error.problem)
        except OSError as error:
            end = _Decoder.End(failure=error.strerror or str(error))
        except Exception as error:  # one strange file must not cost the others their answer
            end = _Decoder.End(failure=f"{type(error).__name__}: {error}")
        try:
            self._put(end)
        except _Stopped:
            return

    def _blocks(self) -> Iterator[np.ndarray]:
        for block in decode.iter_blocks(self.path, self._audio.sample_rate_hz, BLOCK_SECONDS, heard=self._heard):
            self._samples += len(block)
            yield block

    def _end(self, silent: list[np.ndarray]) -> _Decoder.End:
        seconds = self._samples / self._audio.sample_rate_hz
        notes = clip_notes(self._heard, seconds, np.concatenate(silent), self._audio, self._silence_dbfs)
        return _Decoder.End(self._samples, notes=notes)

    def _put(self, item: tuple[np.ndarray, np.ndarray] | _Decoder.End) -> None:
        while not self._stop.is_set():
            try:
                return self.queue.put(item, timeout=0.2)
            except queue.Full:
                continue
        raise _Stopped


@dataclasses.dataclass
class _Clip(Generic[ReductionT]):
    """A file whose answer is not out yet."""

    path: str
    reduction: ReductionT
    waiting: int = 0  # windows in the batch, not seen by the model yet
    end: _Decoder.End | None = None

    def result(self) -> ReducedClip[ReductionT] | Failure:
        assert self.end is not None
        if self.end.failure:
            return Failure(self.path, self.end.failure)
        return ReducedClip(self.path, self.end.samples, self.reduction, self.end.notes)


class _Batch(Generic[ReductionT]):
    """Windows of consecutive clips, gathered until the model has a full batch."""

    def __init__(self, model: WindowModel, output: str, batch_size: int) -> None:
        self._model = model
        self._output = output
        self._windows = np.zeros([batch_size, model.audio.window_samples], np.float32)
        self._owners: list[tuple[_Clip[ReductionT], bool]] = []

    def add(self, windows: np.ndarray, silent: np.ndarray, clip: _Clip[ReductionT]) -> None:
        """Add windows [n, window_samples] of a clip; the model runs whenever the batch is full."""
        for window, is_silent in zip(windows, silent.tolist(), strict=True):
            self._windows[len(self._owners)] = window
            self._owners.append((clip, is_silent))
            clip.waiting += 1
            if len(self._owners) == len(self._windows):
                self.flush()

    def flush(self) -> None:
        """Run the model on what there is."""
        if not self._owners:
            return
        values = self._model.values(self._windows[: len(self._owners)], self._output)
        for (clip, is_silent), of_window in zip(self._owners, values, strict=True):
            clip.reduction.add(of_window, is_silent)
            clip.waiting -= 1
        self._owners.clear()


def clip_reductions(
    model: WindowModel,
    paths: Iterable[str | Failure],
    start: Callable[[], ReductionT],
    output: str = PROBABILITIES,
    *,
    batch_size: int = 16,
    decode_threads: int = 0,
) -> Generator[ReducedClip[ReductionT] | Failure, None, None]:
    """Yield what a reduction made of the windows of every path in order, or the reason for none.

    Args:
        model: the function of windows.
        paths: files; a `Failure` among them is passed on in its place.
        start: called for every file, returns its reduction.
        output: which of the model's outputs.
        batch_size: most windows the model sees at once.
        decode_threads: threads that decode ahead of the model; 0 chooses by the number of cores.
    """
    window_bytes = 4 * model.audio.window_samples
    chunk_windows = max(1, CHUNK_BYTES // window_bytes)
    threads = decode_threads or min(4, usable_cpus())
    in_flight = max(1, min(8 * threads, IN_FLIGHT_BYTES // ((QUEUED_CHUNKS + 1) * chunk_windows * window_bytes)))
    stop = threading.Event()
    batch: _Batch[ReductionT] = _Batch(model, output, batch_size)
    decoding: collections.deque[_Decoder | Failure] = collections.deque()
    clips: collections.deque[_Clip[ReductionT]] = collections.deque()
    remaining = iter(paths)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
    try:
        while True:
            for path in itertools.islice(remaining, in_flight - len(decoding)):
                if isinstance(path, Failure):
                    decoding.append(path)
                else:
                    decoder = _Decoder(path, model, chunk_windows, stop)
                    decoding.append(decoder)
                    pool.submit(decoder.run)
            if not decoding:
                break
            clip = _take(decoding.popleft(), start(), batch)
            clips.append(clip)
            if len(clips) > 4 * batch_size:  # failures pile up behind a clip whose batch never fills
                batch.flush()
            while clips and not clips[0].waiting:
                yield clips.popleft().result()
        batch.flush()
        for clip in clips:
            yield clip.result()
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _take(source: _Decoder | Failure, reduction: ReductionT, batch: _Batch[ReductionT]) -> _Clip[ReductionT]:
    """Return a clip whose windows have all gone into the batch."""
    clip = _Clip(source.path, reduction)
    if isinstance(source, Failure):
        clip.end = _Decoder.End(failure=source.reason)
        return clip
    while True:
        item = source.queue.get()
        if isinstance(item, _Decoder.End):
            clip.end = item
            return clip
        batch.add(*item, clip)
