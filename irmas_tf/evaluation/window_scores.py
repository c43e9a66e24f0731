"""The logits of every window of a set of clips, kept, because several scores are made of them in one pass.

All aggregations, temperatures and the activity over time follow from the logits. They are 44 bytes per window: a
megabyte and a half for the official test set, a tenth of a megabyte for an hour of audio. Audio is streamed, never
kept.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from irmas_tf.audio.walk import Failure
from irmas_tf.audio.windows import window_starts
from irmas_tf.config.run_config import Config
from irmas_tf.datasets.irmas_layout import DataError, display
from irmas_tf.inference.notes import Note
from irmas_tf.inference.window_model import LOGITS
from irmas_tf.metrics.aggregation import MEAN, MEAN_LOGIT, S2, mean_over_windows, s2_of_mean

if TYPE_CHECKING:  # TensorFlow is not needed to look at logits that are there
    from irmas_tf.inference.run_model import RunModel

Progress = Callable[[Iterable[Any], int], Iterable[Any]]


@dataclasses.dataclass(frozen=True)
class WindowScores:
    """Logits of the windows of clips, clip after clip.

    Attributes:
        config: the run's configuration, which says what the logits mean.
        logits: [windows, classes] float32.
        clip_of: [windows] number of each window's clip, ascending.
        clips: number of clips.
        start_seconds: [windows] where each starts in its clip, s; empty for mixtures, which are no files.
        durations_seconds: [clips] length of each clip, s; empty for mixtures.
        silent: [windows] bool, which windows are silent; empty for mixtures, of which none is.
        notes: [clips] what is odd about each clip's sound; empty for mixtures.
    """

    config: Config
    logits: np.ndarray
    clip_of: np.ndarray
    clips: int
    start_seconds: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0))
    durations_seconds: tuple[float, ...] = ()
    silent: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, bool))
    notes: tuple[tuple[Note, ...], ...] = ()

    def probabilities(self, temperature: float = 1.0) -> np.ndarray:
        """Return the probabilities of every window, [windows, classes] float32."""
        return self._probabilities_of(self.logits / np.float32(temperature))

    def aggregated(self, temperature: float = 1.0) -> dict[str, np.ndarray]:
        """Return the scores of every aggregation, name -> [clips, classes] float64, the mean first.

        Windows that are silent do not count, as in predict, unless the whole clip is.
        """
        counted = self._counted()
        clip_of = self.clip_of[counted]
        mean = mean_over_windows(self.probabilities(temperature)[counted], clip_of, self.clips)
        mean_logit = mean_over_windows(self.logits[counted] / np.float32(temperature), clip_of, self.clips)
        of_mean_logit = self._probabilities_of(mean_logit).astype(np.float64)
        return {MEAN: mean, S2: s2_of_mean(mean), MEAN_LOGIT: of_mean_logit}

    def _counted(self) -> np.ndarray:
        """Return which windows count for their clip, [windows] bool."""
        if not self.silent.any():
            return np.ones(len(self.logits), bool)
        is_heard = np.zeros(self.clips, bool)
        is_heard[self.clip_of[~self.silent]] = True
        return ~self.silent | ~is_heard[self.clip_of]

    @property
    def single_window(self) -> bool:
        """Whether every clip is one window, so that putting windows together changes nothing."""
        return len(self.logits) == self.clips

    def activity(self, clip: int, samples: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return (start_seconds [windows], probabilities [windows, classes]) of a clip.

        Args:
            clip: its number.
            samples: length of a mixture at the configuration's rate, from which the times of its windows follow; a
                file's are known.

        Raises:
            ValueError: a mixture's length is not given, or is not that of its windows.
        """
        first, last = np.searchsorted(self.clip_of, [clip, clip + 1])
        if samples is not None:
            audio = self.config.audio
            starts = np.array(window_starts(samples, audio.window_samples, audio.window_hop_samples))
            if len(starts) != last - first:
                raise ValueError(f"clip {clip} has {last - first} windows; {samples} samples would have {len(starts)}")
            return starts / audio.sample_rate_hz, self._probabilities_of(self.logits[first:last])
        if not len(self.start_seconds):
            raise ValueError("mixtures are not files: the times of their windows follow from their length; give it")
        return self.start_seconds[first:last], self._probabilities_of(self.logits[first:last])

    def _probabilities_of(self, logits: np.ndarray) -> np.ndarray:
        from irmas_tf.models.probabilities import probabilities_of

        return probabilities_of(logits, self.config).numpy()


def score_files(
    model: RunModel, paths: Sequence[str], *, batch_size: int, progress: Progress | None = None
) -> WindowScores:
    """Return the logits of the windows of files.

    Args:
        model: the run's model.
        paths: the files, at least one.
        batch_size: windows the model sees at once.
        progress: called with the results and their number, returns the results; shows that time passes.

    Raises:
        DataError: files cannot be read; the message names them.
    """
    from irmas_tf.inference.clip_windows import ClipWindows, clip_windows

    clips: list[ClipWindows] = []
    failures: list[Failure] = []
    with contextlib.closing(clip_windows(model, paths, LOGITS, batch_size=batch_size)) as results:
        for result in progress(results, len(paths)) if progress else results:
            if isinstance(result, Failure):
                failures.append(result)
            else:
                clips.append(result)
    if failures:  # a score over the readable files only would pass for one over all of them
        shown = "; ".join(f"{display(f.path)}: {f.reason}" for f in failures[:3]) + ("; ..." if failures[3:] else "")
        raise DataError(f"{len(failures)} of {len(paths)} clips cannot be read: {shown}. Restore or remove them")
    return WindowScores(
        config=model.config,
        logits=np.concatenate([clip.values for clip in clips]),
        clip_of=np.repeat(np.arange(len(clips)), [len(clip.values) for clip in clips]),
        clips=len(clips),
        start_seconds=np.concatenate([clip.start_seconds for clip in clips]),
        durations_seconds=tuple(clip.duration_seconds for clip in clips),
        silent=np.concatenate([clip.silent for clip in clips]),
        notes=tuple(clip.notes for clip in clips),
    )


def score_batches(model: RunModel, batches: Iterable[Any], clips: int) -> WindowScores:
    """Return the logits of the windows of ready-made clips, such as mixtures.

    Args:
        model: the run's model.
        batches: (windows [b, window_samples], clip index [b]) tensors, indices ascending over all batches.
        clips: number of clips.

    Raises:
        DataError: an excerpt cannot be read; the message names it.
    """
    import tensorflow as tf

    try:
        scored = [(model.values(windows, LOGITS), index.numpy()) for windows, index in batches]
    except tf.errors.OpError as error:
        # tf.data hands on what was raised in it as text, with a traceback before or after.
        lines = [line for line in error.message.splitlines() if "AudioError: " in line]
        if not lines:
            raise
        reason = lines[0].rpartition("AudioError: ")[2]
        raise DataError(f"{reason}; irmas check lists everything that is wrong with the data") from error
    logits, clip_of = zip(*scored, strict=True)
    return WindowScores(model.config, np.concatenate(logits), np.concatenate(clip_of), clips)
