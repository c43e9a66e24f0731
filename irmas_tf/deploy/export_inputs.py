"""What an export needs of a run, its data and its training; `irmas_tf.deploy` knows none of them.

The finished model, the same as predict runs it, music from the SoundFont renderer, windows of the training split, and
scores on the validation split.
"""

from __future__ import annotations

import dataclasses
import functools
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from irmas_tf.config.run_config import Config
from irmas_tf.runs.run_dir import RunDir, RunDirError

if TYPE_CHECKING:
    from irmas_tf.deploy.acceptance import ClipWindows
    from irmas_tf.inference.classifier import WindowClassifier

CHORD_SECONDS = 3.0


@dataclasses.dataclass
class LoadedRun:
    """A finished run, ready to be exported.

    Attributes:
        run: its folder.
        model: its best model.
        config: its configuration.
        facts: what its artefacts say about themselves.
    """

    run: RunDir
    model: Any
    config: Config
    facts: dict[str, Any]

    @functools.cached_property
    def live(self) -> LiveRun:
        """The model as predict runs it."""
        return LiveRun(self.model, self.config)

    @functools.cached_property
    def music(self) -> dict[str, np.ndarray]:
        """Music to check artefacts with; see `render_music`."""
        return render_music(self.config.audio.sample_rate_hz)


def load_run(run_dir: str) -> LoadedRun:
    """Return a finished run.

    Raises:
        RunDirError, ModelError: no such run, or it is unfinished, damaged, or of an incompatible version.
    """
    from irmas_tf.deploy.metadata import describe
    from irmas_tf.inference.classifier import load_run_model
    from irmas_tf.training.progress import finished_progress

    run = RunDir.open(run_dir)
    model, config = load_run_model(run)
    try:
        # A run without checkpoints is one whose owner has tidied up.
        is_finished = not run.checkpoints_dir.is_dir() or finished_progress(run) is not None
    except (AttributeError, KeyError, TypeError) as error:
        raise RunDirError(
            f"{run.checkpoints_dir}: holds no record of this version's trainings ({error!r}); export with the version"
            " that trained it, or move the folder away to export the best model"
        ) from error
    if not is_finished:
        raise RunDirError(
            f"--run_dir={run.path}: the training is not finished; give its command (irmas_tf.train) again to go on with"
            f" it, or move {run.checkpoints_dir.name}/ away to export the best model so far"
        )
    return LoadedRun(run, model, config, describe(run, config))


class LiveRun:
    """A run's model as predict runs it: windows are cut and files decoded in Python. A `LiveModel`.

    Args:
        model: waveform [batch, samples] -> logits [batch, classes].
        config: the run's configuration.
    """

    def __init__(self, model: Any, config: Config) -> None:
        import tensorflow as tf

        from irmas_tf.inference.classifier import WindowClassifier
        from irmas_tf.models.factory import embedding_model

        self.config = config
        self._classifier = WindowClassifier(model, config)
        embedding = embedding_model(model)
        self._rest = tf.function(
            lambda windows: {"logits": model(windows, training=False), "embedding": embedding(windows, training=False)},
            input_signature=[tf.TensorSpec([None, config.audio.window_samples], tf.float32)],
        )

    def clip(self, waveform: np.ndarray) -> ClipWindows:
        """Answer for a mono clip [samples] float32 at the model's rate."""
        from irmas_tf.audio.windows import iter_windows, window_starts
        from irmas_tf.deploy.acceptance import ClipWindows

        audio = self.config.audio
        values: dict[str, list[np.ndarray]] = {"probabilities": [], "logits": [], "embedding": []}
        for windows in iter_windows([waveform], audio.window_samples, audio.window_hop_samples, 16):
            values["probabilities"].append(self._classifier.probabilities(windows))
            for name, found in self._rest(windows).items():
                values[name].append(np.asarray(found, np.float32))
        starts = window_starts(len(waveform), audio.window_samples, audio.window_hop_samples)
        return ClipWindows({name: np.concatenate(parts) for name, parts in values.items()}, np.array(starts))

    def decode(self, content: bytes) -> np.ndarray:
        """Return the bytes of a WAV file as mono float32 [samples] at the model's rate."""
        from irmas_tf.audio.decode import decode_file

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "clip.wav"
            path.write_bytes(content)
            return decode_file(path, self.config.audio.sample_rate_hz)


def render_music(rate_hz: int) -> dict[str, np.ndarray]:
    """Return real-like music, {name: float32 [samples] at ``rate_hz``}: two songs of the demo corpus's composer.

    Without a SoundFont (pretty_midi is not installed) it is a chord of decaying harmonics, and stderr says so.
    """
    from irmas_tf.corpus.composition import compose_song
    from irmas_tf.corpus.rendering import render_training_song
    from irmas_tf.corpus.sampler import Sampler
    from irmas_tf.corpus.sf2 import SoundFont, SoundFontError, bundled_soundfont
    from irmas_tf.dsp.resample import resample

    try:
        sampler = Sampler(SoundFont(bundled_soundfont()))
    except SoundFontError as error:
        print(f"warning: {error}; the check's music is a synthetic chord", file=sys.stderr)
        time = np.arange(round(CHORD_SECONDS * rate_hz)) / rate_hz
        partials = [(k, k * f) for f in (220.0, 277.2, 329.6) for k in (1, 2, 3, 4)]
        chord = np.sum([np.exp(-k * time) * np.sin(2 * np.pi * hz * time) / k for k, hz in partials], axis=0)
        return {"music (chord)": (0.1 * chord).astype(np.float32)}
    music = {}
    for code in ("pia", "sax"):
        (rendered,) = render_training_song(sampler, compose_song(code, f"acceptance {code}"), 1)
        mono = rendered.audio.astype(np.float32).mean(axis=1) / 32768.0
        music[f"music ({code})"] = resample(mono, 44100, rate_hz)
    return music


def training_windows(loaded: LoadedRun, data_dir: str, count: int) -> np.ndarray:
    """Return windows of the run's training split, one an excerpt, drawn with a fixed seed.

    Args:
        loaded: the run.
        data_dir: folder of the data; empty is the one the run was trained on.
        count: wanted number; fewer if the split is smaller.

    Returns:
        float32 [count, window_samples].

    Raises:
        DataError, AudioError: the data is not what the run was trained on.
    """
    from irmas_tf.audio.decode import decode_file
    from irmas_tf.audio.windows import iter_windows
    from irmas_tf.datasets import irmas, splits

    audio = loaded.config.audio
    excerpts = irmas.index_training(data_dir or loaded.config.data.data_dir)
    train, _ = splits.resolve(splits.load_split(loaded.run.split_path), excerpts)
    chosen = random.Random(20260101).sample(train, min(count, len(train)))
    windows = []
    for excerpt in chosen:
        clip = decode_file(excerpt.path, audio.sample_rate_hz)
        windows.append(next(iter_windows([clip], audio.window_samples, audio.window_hop_samples, 1))[0])
    return np.stack(windows)


def validation_accuracy(
    loaded: LoadedRun, data_dir: str, probabilities: Callable[[np.ndarray], np.ndarray] | None = None
) -> tuple[float, int]:
    """Return (accuracy on the run's validation split, number of its excerpts).

    Args:
        loaded: the run.
        data_dir: folder of the data; empty is the one the run was trained on.
        probabilities: answers for windows [n, window_samples] in place of the run's model.

    Raises:
        DataError: the data is not what the run was trained on.
    """
    from irmas_tf.evaluation.single_label import evaluate_split

    classifier = None if probabilities is None else OtherClassifier(loaded.config, probabilities)
    # It has all that an evaluation asks of a classifier.
    evaluation = evaluate_split(
        loaded.run, data_dir, "validation", classifier=cast("WindowClassifier | None", classifier)
    )
    return float((evaluation.predicted == evaluation.labels).mean()), len(evaluation.labels)


class OtherClassifier:
    """Some function of windows in the place of a run's `WindowClassifier`.

    Args:
        config: the run's configuration.
        probabilities: windows [n, window_samples] -> [n, classes].
    """

    def __init__(self, config: Config, probabilities: Callable[[np.ndarray], np.ndarray]) -> None:
        self.config = config
        self.codes = config.labels.codes
        self.probabilities = probabilities

    def warm_up(self) -> None:
        """Do nothing: nothing is traced."""
