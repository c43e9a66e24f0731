"""The data of a run: which set, where it is, how it is labelled and split, and how it is read."""

from __future__ import annotations

import dataclasses
from collections import Counter

from irmas_tf.config.datasets import DATASETS, IRMAS, base_name, known_datasets
from irmas_tf.config.labels import LABEL_SCHEMES, is_class_name
from irmas_tf.config.settings import ConfigError, Section, setting

MAX_SEED = 2**32 - 1  # NumPy's


@dataclasses.dataclass(frozen=True)
class DataConfig(Section):
    """Where the audio is, how it is labelled and split, and how it is read."""

    dataset: str = setting(IRMAS, "Data set.", known=known_datasets)
    data_dir: str = setting(
        "",
        "Folder of the data set; for IRMAS, the one that holds IRMAS-TrainingData (and the IRMAS-TestingData-Part*"
        " folders).",
    )
    label_scheme: str = setting(
        "irmas",
        "Classes of IRMAS: its 11 codes, or the student report's list with 'other'.",
        choices=tuple(LABEL_SCHEMES),
    )
    classes: tuple[str, ...] = setting(
        (),
        "Comma-separated classes, in the order of the outputs, of a data set whose classes are what the data holds;"
        " empty: those in the data, sorted.",
    )
    licence_text: str = setting(
        "",
        "What may be done with weights trained on the data, for data sets that cannot know it; goes into every export.",
    )
    extra_data_dir: str = setting(
        "",
        "A second data set to train on beside the first, such as composed music; none of it is ever validated on, and"
        " its classes are those of the first that they agree with by name.",
    )
    extra_dataset: str = setting(
        "", "Kind of the data in --extra_data_dir, as --dataset; empty: the same kind.", known=known_datasets
    )
    extra_share: float = setting(
        0.5,
        "Share of --extra_data_dir in every batch, in whole examples; an epoch is one pass over the first data set.",
        above=0.0,
        below=1.0,
    )
    split_by: str = setting(
        "song",
        "Unit that is never split: song group (leak-free) or excerpt (leaky, for comparison only).",
        choices=("song", "excerpt"),
    )
    validation_fraction: float = setting(
        0.2, "Share of the training excerpts held out for validation.", above=0.0, below=1.0
    )
    split_seed: int = setting(
        0, "Seed of the split; the same seed gives the same split on every machine.", minimum=0, maximum=MAX_SEED
    )
    decoder: str = setting(
        "auto",
        "Audio decoder: auto (WAV by our own reader, in training by TensorFlow operations, other PCM by libsndfile,"
        " compressed sound by FFmpeg), soundfile (the same, but WAV by libsndfile), or tensorflow_io (its WAV, FLAC,"
        " MP3 and Ogg decoders).",
        choices=("auto", "soundfile", "tensorflow_io"),
    )
    cache: str = setting(
        "memory", "Where decoded mono audio is kept between epochs.", choices=("none", "memory", "disk")
    )
    cache_dir: str = setting("", "Folder of the disk cache; empty: irmas_tf/audio in the user's cache folder.")
    loader_threads: int = setting(0, "Parallel decodes; 0 is one per CPU.", minimum=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if base_name(self.dataset) not in DATASETS:
            raise ConfigError(
                f"--dataset={self.dataset}: must be one of {', '.join(known_datasets())}; one of another package needs"
                " that package installed, or its module named in IRMAS_TF_EXTENSIONS"
            )
        if self.dataset != IRMAS and self.label_scheme != IRMAS:
            raise ConfigError(f"--label_scheme={self.label_scheme}: is for --dataset={IRMAS}")
        if self.extra_dataset and base_name(self.extra_dataset) not in DATASETS:
            raise ConfigError(f"--extra_dataset={self.extra_dataset}: must be one of {', '.join(known_datasets())}")
        for name in ("extra_dataset", "extra_share"):
            value, default = getattr(self, name), DataConfig.__dataclass_fields__[name].default
            if value != default and not self.extra_data_dir:
                raise ConfigError(f"--{name}={value}: has no effect without --extra_data_dir")
        self._check_classes()

    def _check_classes(self) -> None:
        """Check what ``--classes`` names."""
        shown = f"--classes={','.join(self.classes[:9])}{',...' if len(self.classes) > 9 else ''}"
        if len(self.classes) == 1:
            raise ConfigError(f"{shown}: must name two classes or more")
        for code, count in Counter(self.classes).items():
            if count > 1:
                raise ConfigError(f"{shown}: names {code!r} twice")
            if not is_class_name(code):
                raise ConfigError(f"{shown}: {code!r} cannot be the name of a class")
