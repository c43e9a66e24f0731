"""A data set of three classes with several and unknown labels and a test part of its own, and a run on it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from irmas_tf.config.datasets import DATASETS
from irmas_tf.config.labels import MULTI_LABEL, LabelScheme
from irmas_tf.config.run_config import Config, DataConfig
from irmas_tf.datasets.dataset import Dataset, LabelledExcerpt, register_dataset
from irmas_tf.datasets.splits import Split, save_split
from irmas_tf.runs.identity import publish_model
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.runs.thresholds import Thresholds
from tests.helpers import tiny_run

NAMES = {"low tone": "low", "high": "high tone", "بوق": "horn"}
"""A code with a blank, one without, and one of another script, each with a name of its own."""
CODES = tuple(NAMES)
SONGS = 10


class PartlyKnown(Dataset):
    """Excerpts "<song>-<number>.wav"; songs 8 and 9 are for tests. Of odd songs few labels are known."""

    labels = LabelScheme.of("partly_known", NAMES)
    licence = "Weights: do what you like."

    def items(self, data_dir):
        """Return 3 excerpts of each song."""
        found = []
        for song in range(SONGS):
            for number in range(3):
                present = tuple(code for k, code in enumerate(CODES) if (song + number) % (k + 2) == 0)
                absent = None if song % 2 == 0 else tuple(c for c in CODES if c not in present)[: 1 + number % 2]
                name = f"{song}-{number}.wav"
                part = "test" if song >= SONGS - 2 else ""
                path = Path(data_dir, name)
                found.append(LabelledExcerpt(path, group=song, name=name, present=present, absent=absent, part=part))
        return found


@contextlib.contextmanager
def registered(kind: type[Dataset] = PartlyKnown) -> Iterator[str]:
    """Register the data set as ``partly_known`` meanwhile."""
    register_dataset("partly_known")(kind)
    try:
        yield "partly_known"
    finally:
        DATASETS.unregister("partly_known")


def write_excerpts(folder: Path) -> Path:
    """Write the audio: half a second of noise, louder from class to class."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for excerpt in PartlyKnown(DataConfig()).items(folder):
        level = 0.02 + 0.1 * sum(CODES.index(code) + 1 for code in excerpt.present)
        soundfile.write(excerpt.path, level * rng.standard_normal(4000).clip(-3, 3) / 3, tiny_run.RATE_HZ)
    return folder


def partly_known_config(data_dir: str, task: str = MULTI_LABEL) -> Config:
    """Return the configuration of a run on it, which must be registered."""
    config = tiny_run.make_config()
    return dataclasses.replace(
        config,
        data=DataConfig(dataset="partly_known", data_dir=data_dir, cache="none"),
        model=dataclasses.replace(config.model, task=task),
    )


class OneEach(PartlyKnown):
    """The same files with one class each; song 8, which is for tests, goes by the group of song 0."""

    def items(self, data_dir):
        """Return 3 excerpts of each song."""
        return [
            LabelledExcerpt(item.path, code=CODES[item.group % 3], group=item.group % 8, name=item.name, part=item.part)
            for item in super().items(data_dir)
        ]


def make_partly_known_run(folder: Path, data_dir: Path, task: str = MULTI_LABEL) -> RunDir:
    """Write a run that trained on songs 0 to 4, validates on 5 to 7, and has thresholds of its own; return it."""
    import keras

    config = partly_known_config(str(data_dir), task)
    run = RunDir.create(folder, config)
    keras.utils.set_random_seed(3)
    waveform = keras.Input([None], dtype="float32", name="waveform")
    x = keras.layers.Reshape([-1, 1])(waveform)
    x = keras.layers.Conv1D(8, 32, strides=16, activation="relu")(x)
    x = keras.layers.GlobalAveragePooling1D(name="embedding")(x)
    model = keras.Model(waveform, keras.layers.Dense(len(CODES), name="logits")(x))
    levels = Thresholds(dict(zip(CODES, (0.4, 0.5, 0.6), strict=True)), 0.45, "excerpts of a test")
    publish_model(run, config, model.save, levels)
    names = [excerpt.name for excerpt in config.dataset.training(data_dir)]
    train = tuple(sorted(name for name in names if int(name.split("-")[0]) <= 4))
    save_split(run.split_path, Split(train, tuple(sorted(set(names) - set(train))), 0, "song", 0.3))
    return run
