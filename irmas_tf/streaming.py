"""Instruments in sound as it arrives, from an exported .tflite file, on any machine that runs Python.

Needs NumPy and ai-edge-litert, and nothing else of the package: this one file may be copied to a device. What it needs
to know stands in the .tflite file. To read WAV files, and other sample rates, copy ``streaming_*.py`` beside it too.

    stream = StreamingClassifier("irmas.tflite")
    for block in microphone:                      # float32, mono, at stream.sample_rate_hz
        for answer in stream.push(block):
            print(f"{answer.end_seconds:6.1f} s  {answer.label}")
    print(stream.finish().label)                  # of all that was heard

As a command it reads a WAV file of any rate, or from a pipe (``arecord -q -t raw -f S16_LE -c 1 -r 22050 |``) a WAV
file or raw 16-bit samples: ``python -m irmas_tf.streaming irmas.tflite -``
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import importlib
import io
import json
import math
import os
import sys
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np

FACTS_FILE = "irmas_tf.json"  # inside the .tflite file, which is a zip archive as well
CHECKSUM = "content_sha256"  # a fact, of the model without the archive behind it; files of earlier versions lack it
SILENCE_DBFS = -85.0
"""RMS of a window's samples about their mean below which it is silent; the .tflite file may have another."""
_LOUDEST_PEAK = 8.0  # factors of 2 to 4 above full scale do no harm
_SIGNATURE, _INPUT, _OUTPUT = "serving_default", "waveform", "probabilities"
_NEEDED = ("labels", "sample_rate_hz", "window_samples", "window_hop_samples")
_BLOCK_SAMPLES = 4096


class StreamingError(ValueError):
    """A model or a sound cannot be used; the message says why and the remedy."""


def read_model_facts(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a .tflite file says about itself: labels, sample_rate_hz, window_samples, licence, and more.

    Raises:
        StreamingError: it was not exported by irmas_tf, is damaged, or its model is not the one that was exported.
        OSError: it cannot be read.
    """
    return read_model(path)[1]


def read_model(path: str | os.PathLike[str]) -> tuple[bytes, dict[str, Any]]:
    """Return a .tflite file's content, and what it says about itself; see `read_model_facts`."""
    with open(path, "rb") as file:
        content = file.read()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.getinfo(FACTS_FILE).file_size > 16 << 20:
                raise ValueError(f"{FACTS_FILE} is too large")
            facts = json.loads(archive.read(FACTS_FILE))
            end = min(info.header_offset for info in archive.infolist())
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, RuntimeError) as error:
        why = f"is not a .tflite file exported by irmas_tf, or is damaged ({error})"
        raise StreamingError(f"{path}: {why}; export it again") from error
    if wrong := [fact for fact in _NEEDED if not isinstance(facts, dict) or fact not in facts]:
        raise StreamingError(f"{path}: is damaged ({FACTS_FILE} lacks {', '.join(wrong)}); export it again")
    if not all(type(facts[fact]) is int and 0 < facts[fact] < 1 << 31 for fact in _NEEDED[1:]):
        raise StreamingError(f"{path}: is damaged ({', '.join(_NEEDED[1:])} are no numbers); export it again")
    if facts.get(CHECKSUM, "") not in ("", hashlib.sha256(memoryview(content)[:end]).hexdigest()):
        raise StreamingError(f"{path}: is damaged, or was changed after its export; export it again")
    return content, facts


@dataclasses.dataclass(frozen=True)
class StreamAnswer:
    """What was heard in a window, and so far.

    Attributes:
        start_seconds, end_seconds: of the window, from the beginning of the stream.
        probabilities: of the window, float32 [classes].
        smoothed: exponentially smoothed over the windows, [classes]; silent ones leave it as it was.
        mean: over all windows so far, [classes]; silent ones do not count, unless there are no others.
        label: code of the class whose smoothed probability is highest (at the end: whose mean is); empty in silence.
        labels: codes of the classes whose smoothed probability (at the end: mean) reaches its threshold, perhaps none;
            of a model without thresholds, ``label`` alone. None in silence.
        is_silent: the window (at the end: all of the stream) is silent, so that no class is named.
    """

    start_seconds: float
    end_seconds: float
    probabilities: np.ndarray
    smoothed: np.ndarray
    mean: np.ndarray
    label: str
    labels: tuple[str, ...]
    is_silent: bool = False


class StreamingClassifier:
    """Cuts a stream into the model's windows and keeps the results together.

    Args:
        model_path: .tflite file that irmas_tf exported.
        hop_seconds: distance between windows; None is that of the training run, with which `finish` answers what
            ``irmas_tf.predict`` does.
        smoothing_seconds: time constant of the exponential smoothing; 0 switches it off.
        threads: of the interpreter.

    Attributes:
        facts: all that the file says about the model.
        codes: of the classes, in the order of the probabilities.
        sample_rate_hz: of the samples.

    Raises:
        StreamingError: the model cannot be used, or an argument is out of range.
        ImportError: ai-edge-litert is not installed.
    """

    def __init__(
        self,
        model_path: str | os.PathLike[str],
        *,
        hop_seconds: float | None = None,
        smoothing_seconds: float = 2.0,
        threads: int = 1,
    ) -> None:
        from ai_edge_litert.interpreter import Interpreter

        content, self.facts = read_model(model_path)
        self.sample_rate_hz: int = self.facts["sample_rate_hz"]
        self._window: int = self.facts["window_samples"]
        if hop_seconds is not None and not 0 < hop_seconds < math.inf:
            raise StreamingError(f"hop_seconds={hop_seconds}: must be above 0")
        if not 0 <= smoothing_seconds < math.inf:
            raise StreamingError(f"smoothing_seconds={smoothing_seconds}: must be at least 0")
        hop = self.facts["window_hop_samples"] if hop_seconds is None else round(hop_seconds * self.sample_rate_hz)
        self._hop: int = max(1, hop)
        self._smoothing_samples = smoothing_seconds * self.sample_rate_hz
        try:
            self.codes: tuple[str, ...] = tuple(map(str, self.facts["labels"]))
            levels = self.facts.get("thresholds")
            self._thresholds = None if levels is None else np.array([float(levels[code]) for code in self.codes])
            self._silence = 10.0 ** (float(self.facts.get("silence_dbfs", SILENCE_DBFS)) / 20.0)
            interpreter = Interpreter(model_content=content, num_threads=threads)
            interpreter.allocate_tensors()  # here, where what LiteRT says of it can be held back
            self._runner = runner = interpreter.get_signature_runner(_SIGNATURE)
            sizes = runner.get_input_details()[_INPUT]["shape"], runner.get_output_details()[_OUTPUT]["shape"]
            if [list(size) for size in sizes] != [[1, self._window], [1, len(self.codes)]]:
                raise ValueError(f"{FACTS_FILE} is of another model")
        except (ValueError, RuntimeError, KeyError, TypeError, OverflowError) as error:
            raise StreamingError(f"{model_path}: cannot be run ({error}); export it again") from error
        self.reset()

    def reset(self) -> None:
        """Forget all that was heard."""
        self._ring = np.zeros(self._window, np.float32)  # the last samples; sample i of the stream is at i % window
        self._received = 0
        self._next = self._window  # samples after which the next window is full
        self._sums = {False: np.zeros(len(self.codes)), True: np.zeros(len(self.codes))}  # of sound, of silence
        self._windows = {False: 0, True: 0}
        self._smoothed: np.ndarray | None = None
        self._answered = 0  # samples at the last answer
        self._sounded = 0  # samples at the last answer that was not silent
        self._is_too_loud = False

    @property
    def received_seconds(self) -> float:
        """Length of the stream so far."""
        return self._received / self.sample_rate_hz

    def push(self, samples: np.ndarray) -> list[StreamAnswer]:
        """Take the next mono samples, float [n] in [-1, 1] of any number, and return answers for full windows.

        Raises:
            StreamingError: not one-dimensional, not floats, or not finite; nothing of them is taken.
        """
        samples = np.asarray(samples)
        if samples.ndim != 1 or samples.dtype.kind != "f":
            found = f"{samples.dtype} of shape {list(samples.shape)}"
            remedy = "take the mean of the channels and divide 16-bit integers by 32768"
            raise StreamingError(f"samples must be floats of shape [n], not {found}; {remedy}")
        samples = samples.astype(np.float32, copy=False)
        if not np.isfinite(samples).all():
            raise StreamingError("samples hold NaN or infinity; mend the source")
        self._check_scale(samples)
        answers = []
        while len(samples):
            count = min(len(samples), self._next - self._received)
            self._write(samples[:count])
            samples = samples[count:]
            if self._received == self._next:
                answers.append(self._answer())
                self._next += self._hop
        return answers

    def finish(self) -> StreamAnswer:
        """End the stream and return the answer for all of it, that of ``irmas_tf.predict`` for the same audio.

        As there, samples after the last full window make a window aligned to the end, and a stream shorter than a
        window is padded with zeros. The classifier is then as new.

        Raises:
            StreamingError: nothing was heard.
        """
        if not self._received:
            raise StreamingError("the stream has no samples; push some before finish")
        last = self._last if self._answered == self._received else self._answer()
        is_silent = not self._windows[False]
        label, labels = self._decide(last.mean, is_silent)
        self.reset()
        return dataclasses.replace(last, label=label, labels=labels, is_silent=is_silent)

    def _check_scale(self, samples: np.ndarray) -> None:
        """Warn, once per stream, of samples that can be no floats with full scale 1.0."""
        if not self._is_too_loud and (peak := float(np.abs(samples).max(initial=0.0))) > _LOUDEST_PEAK:
            self._is_too_loud = True
            warnings.warn(
                f"samples reach {peak:,.0f} where full scale is 1.0; 16-bit integers stored as floats? divide by 32768",
                stacklevel=3,
            )

    def _write(self, samples: np.ndarray) -> None:
        """Put samples into the ring; of more than it holds, the last ones."""
        kept = samples[-self._window :]
        self._received += len(samples)
        self._ring[(self._received - len(kept) + np.arange(len(kept))) % self._window] = kept

    def _answer(self) -> StreamAnswer:
        """Run the model on the last window."""
        # Of a stream shorter than a window: its samples, and the zeros of a new ring after them.
        oldest = self._received % self._window if self._received > self._window else 0
        window = np.concatenate([self._ring[oldest:], self._ring[:oldest]])
        probabilities = self._runner(**{_INPUT: window[None]})[_OUTPUT][0].copy()
        is_silent = bool(window.var(dtype=np.float64) < self._silence**2)
        self._sums[is_silent] += probabilities
        self._windows[is_silent] += 1
        only_silence = not self._windows[False]
        if self._smoothed is None or only_silence:
            self._smoothed = probabilities
        elif not is_silent:
            is_alone = not (self._sounded and self._smoothing_samples)
            keep = 0.0 if is_alone else math.exp(-(self._received - self._sounded) / self._smoothing_samples)
            self._smoothed = keep * self._smoothed + (1.0 - keep) * probabilities
        self._answered = self._received
        self._sounded = self._sounded if is_silent else self._received
        self._last = StreamAnswer(
            max(0, self._received - self._window) / self.sample_rate_hz,
            self.received_seconds,
            probabilities,
            self._smoothed,
            self._sums[only_silence] / self._windows[only_silence],
            *self._decide(self._smoothed, is_silent),
            is_silent,
        )
        return self._last

    def _decide(self, probabilities: np.ndarray, is_silent: bool) -> tuple[str, tuple[str, ...]]:
        """Return (the most probable class, the classes that are there)."""
        if is_silent:
            return "", ()
        label = self.codes[int(np.argmax(probabilities))]
        if self._thresholds is None:
            return label, (label,)
        named = probabilities >= self._thresholds
        return label, tuple(code for code, yes in zip(self.codes, named, strict=True) if yes)


def wav_blocks(path: str | os.PathLike[str], rate_hz: int) -> Iterator[np.ndarray]:
    """Yield the samples of a WAV file as mono float32 [n] at ``rate_hz``, a block at a time.

    Any usual encoding, any channels, 8 to 192 kHz. What of a cut file is there is used, with a warning.

    Raises:
        StreamingError, OSError: it cannot be read, or ``streaming_sound.py`` and its neighbours are not beside this.
    """
    sound = _neighbour("streaming_sound")
    try:
        yield from sound.wav_blocks(path, rate_hz)
    except sound.SoundError as error:
        raise StreamingError(str(error)) from error


def piped_blocks(stream: BinaryIO, rate_hz: int) -> Iterator[np.ndarray]:
    """Yield what comes through a pipe as mono float32 [n] at ``rate_hz``: a WAV file, or else raw 16-bit samples.

    Raises:
        StreamingError: a WAV file that cannot be used; without the neighbours of this file, raw samples are read alone.
    """
    sound: Any = None
    with contextlib.suppress(StreamingError):
        sound = _neighbour("streaming_sound")
    start = sound.read_start(stream) if sound else b""
    if not sound or not sound.is_wav(start):
        yield from raw_blocks(stream, start)
        return
    try:
        yield from sound.piped_wav_blocks(stream, start, rate_hz)
    except sound.SoundError as error:
        raise StreamingError(str(error)) from error


def raw_blocks(stream: BinaryIO, start: bytes = b"") -> Iterator[np.ndarray]:
    """Yield raw mono 16-bit little-endian samples as float32 [n] as they come, after those in ``start``."""
    # Of a buffered reader read() would wait for all, read1() takes what has come.
    read = getattr(stream, "read1", stream.read)
    data = start or read(2 * _BLOCK_SAMPLES)
    while data:
        whole = len(data) // 2 * 2
        if whole:
            yield np.frombuffer(data[:whole], "<i2").astype(np.float32) / np.float32(32768.0)
        if not (more := read(2 * _BLOCK_SAMPLES)):
            break
        data = data[whole:] + more


def _neighbour(name: str) -> Any:
    """Return a module beside this one, in the package or in the folder that this file was copied to."""
    try:
        return importlib.import_module(f".{name}", __package__) if __package__ else importlib.import_module(name)
    except ImportError as error:
        raise StreamingError(f"{name}.py cannot be imported ({error}); copy it beside streaming.py") from error


def _file_of(model: str) -> str:
    if not __package__ or os.path.exists(model):
        return model
    try:  # the package is around this file, and knows models by name
        return os.fspath(importlib.import_module(".inference.named_models", __package__).file_of(model) or model)
    except ValueError as error:
        raise StreamingError(str(error)) from error


def _quiet() -> Any:
    """Hold back LiteRT's line about the processor, which looks like an error; a copied file lets it pass."""
    name = ".process.quiet_tensorflow"
    return importlib.import_module(name, __package__).filtered_stderr() if __package__ else contextlib.nullcontext()


def _line(answer: StreamAnswer, codes: Sequence[str], values: np.ndarray) -> str:
    named = "  ".join(f"{code} {values[codes.index(code)]:.2f}" for code in answer.labels)
    return (
        f"{answer.start_seconds:8.2f} {answer.end_seconds:8.2f}  {named or ('(silence)' if answer.is_silent else '-')}"
    )


def _blocks_of(sound: str, rate_hz: int) -> Iterator[np.ndarray]:
    if sound == "-" and sys.stdin is None:
        raise StreamingError("standard input is closed; pipe a sound into it")
    return piped_blocks(sys.stdin.buffer, rate_hz) if sound == "-" else wav_blocks(sound, rate_hz)


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of ``python -m irmas_tf.streaming``; returns the exit status."""
    import argparse

    parser = argparse.ArgumentParser(
        prog="python -m irmas_tf.streaming",
        description="Print start and end in seconds and the smoothed answer of every window of a sound, then of all.",
    )
    parser.add_argument("model", metavar="MODEL", help=".tflite file of irmas export-tflite, or a name as for predict")
    parser.add_argument("sound", metavar="FILE", help="WAV file; - is one, or raw mono 16-bit samples, from a pipe")
    parser.add_argument("--hop_seconds", type=float, help="distance between windows (default: the training run's)")
    parser.add_argument("--smoothing_seconds", type=float, default=2.0, help="time constant, 0 is off (default 2)")
    arguments = parser.parse_args(argv)
    try:
        model, hop, smoothing = _file_of(arguments.model), arguments.hop_seconds, arguments.smoothing_seconds
        with _quiet():
            classifier = StreamingClassifier(model, hop_seconds=hop, smoothing_seconds=smoothing)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = lambda message, *_, **__: print(f"warning: {message}", file=sys.stderr)
            for block in _blocks_of(arguments.sound, classifier.sample_rate_hz):
                for answer in classifier.push(block):
                    print(_line(answer, classifier.codes, answer.smoothed), flush=True)
        end = dataclasses.replace(classifier.finish(), start_seconds=0.0)
        print(_line(end, classifier.codes, end.mean) + "  (all)", flush=True)
    except ImportError as error:
        print(f"error: {error}; pip install ai-edge-litert", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader has gone
        return 1
    except (StreamingError, OSError) as error:
        full = getattr(error, "errno", None) == errno.ENOSPC
        print("error:", "standard output does not fit on its disk; free some space" if full else error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(cli())
