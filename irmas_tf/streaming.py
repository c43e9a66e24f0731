"""Instruments in sound as it arrives, from an exported .tflite file, on any machine that runs Python.

Needs NumPy and ai-edge-litert, neither TensorFlow nor Keras; nothing else of the package is imported, so that this one
file may be copied to a device. What it needs to know stands in the .tflite file.

    stream = StreamingClassifier("irmas.tflite")
    for block in microphone:                      # float32, mono, at stream.facts["sample_rate_hz"]
        for answer in stream.push(block):
            print(f"{answer.end_seconds:6.1f} s  {answer.label}")
    print(stream.finish().label)                  # of all that was heard
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import zipfile
from typing import Any

import numpy as np

FACTS_FILE = "irmas_tf.json"
"""Inside the .tflite file, which is a zip archive as well."""
_SIGNATURE, _INPUT, _OUTPUT = "serving_default", "waveform", "probabilities"


class StreamingError(ValueError):
    """A model or a sound cannot be used; the message says why and the remedy."""


def read_model_facts(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a .tflite file says about itself: labels, sample_rate_hz, window_samples, licence, and more.

    Raises:
        StreamingError: it was not exported by irmas_tf, or is damaged.
        OSError: it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            facts = json.loads(archive.read(FACTS_FILE))
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise StreamingError(
            f"{os.fspath(path)}: is no .tflite file exported by irmas_tf, or damaged ({error}); export it again"
        ) from error
    if not isinstance(facts, dict):
        raise StreamingError(f"{os.fspath(path)}: is damaged ({FACTS_FILE} is no object); export it again")
    return facts


@dataclasses.dataclass(frozen=True)
class StreamAnswer:
    """What was heard in a window, and so far.

    Attributes:
        start_seconds, end_seconds: of the window, from the beginning of the stream.
        probabilities: of the window, float32 [classes].
        smoothed: exponentially smoothed over the windows, [classes].
        mean: over all windows so far, [classes]; after `StreamingClassifier.finish` that of the whole stream.
        label: code of the class whose smoothed probability is highest (at the end: whose mean is).
    """

    start_seconds: float
    end_seconds: float
    probabilities: np.ndarray
    smoothed: np.ndarray
    mean: np.ndarray
    label: str


class StreamingClassifier:
    """Cuts a stream into the model's windows and keeps the results together.

    Args:
        model_path: .tflite file that irmas_tf exported.
        hop_seconds: distance of two windows; None is that of the training run.
        smoothing_seconds: time constant of the exponential smoothing; 0 switches it off.
        threads: of the interpreter.

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

        self.facts = read_model_facts(model_path)
        self.labels: tuple[str, ...] = tuple(self.facts["labels"])
        self._rate: int = self.facts["sample_rate_hz"]
        self._window: int = self.facts["window_samples"]
        hop = self.facts["window_hop_samples"] if hop_seconds is None else round(hop_seconds * self._rate)
        if hop < 1:
            raise StreamingError(f"hop_seconds={hop_seconds}: must be at least one sample")
        if not 0 <= smoothing_seconds < math.inf:
            raise StreamingError(f"smoothing_seconds={smoothing_seconds}: must be at least 0")
        self._hop: int = hop
        self._keep = math.exp(-hop / self._rate / smoothing_seconds) if smoothing_seconds else 0.0
        try:
            self._runner = Interpreter(os.fspath(model_path), num_threads=threads).get_signature_runner(_SIGNATURE)
        except ValueError as error:
            raise StreamingError(f"{os.fspath(model_path)}: cannot be run ({error}); export it again") from error
        self.reset()

    def reset(self) -> None:
        """Forget all that was heard."""
        # The last samples, oldest at `_received % size`; as long as the longer of window and hop, so that the last
        # window can still be aligned to the end.
        self._ring = np.zeros(self._window, np.float32)
        self._received = 0
        self._next = self._window  # samples after which the next window is full
        self._sum = np.zeros(len(self.labels))
        self._windows = 0
        self._smoothed: np.ndarray | None = None

    @property
    def received_seconds(self) -> float:
        """Length of the stream so far."""
        return self._received / self._rate

    def push(self, samples: np.ndarray) -> list[StreamAnswer]:
        """Take the next mono samples, float [n] in [-1, 1] of any number, and return answers for full windows.

        Raises:
            StreamingError: not one-dimensional, not floats, or not finite.
        """
        samples = np.asarray(samples)
        if samples.ndim != 1 or samples.dtype.kind != "f":
            raise StreamingError(
                f"samples must be floats of shape [n], not {samples.dtype} of shape {list(samples.shape)};"
                " take the mean of the channels and divide 16-bit integers by 32768"
            )
        samples = samples.astype(np.float32, copy=False)
        if not np.isfinite(samples).all():
            raise StreamingError("samples hold NaN or infinity; mend the source")
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
        if self._received < self._window or self._received != self._next - self._hop:
            last = self._answer()
        else:
            last = self._last
        answer = dataclasses.replace(last, label=self.labels[int(np.argmax(last.mean))])
        self.reset()
        return answer

    def _write(self, samples: np.ndarray) -> None:
        """Put samples into the ring; of more than it holds, the last ones."""
        kept = samples[-self._window :]
        places = (self._received + len(samples) - len(kept) + np.arange(len(kept))) % self._window
        self._ring[places] = kept
        self._received += len(samples)

    def _answer(self) -> StreamAnswer:
        """Run the model on the last window."""
        oldest = self._received % self._window if self._received >= self._window else 0
        window = np.concatenate([self._ring[oldest:], self._ring[:oldest]])
        probabilities = self._runner(**{_INPUT: window[None]})[_OUTPUT][0].copy()
        self._sum += probabilities
        self._windows += 1
        before = probabilities if self._smoothed is None else self._smoothed
        self._smoothed = self._keep * before + (1.0 - self._keep) * probabilities
        start = max(0, self._received - self._window) / self._rate
        self._last = StreamAnswer(
            start,
            self._received / self._rate,
            probabilities,
            self._smoothed,
            self._sum / self._windows,
            self.labels[int(np.argmax(self._smoothed))],
        )
        return self._last
