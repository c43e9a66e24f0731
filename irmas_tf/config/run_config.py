"""The configuration of a run: frozen, validated dataclasses. Units are in the names; derived values are properties.

Field names are unique over all sections, because each is also a command-line flag (`irmas_tf.config.flags`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from typing import Any

from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.augment import OF_WAVEFORMS, AugmentConfig
from irmas_tf.config.backbones import BACKBONES
from irmas_tf.config.branches import BackboneBranch, Branch
from irmas_tf.config.data import MAX_SEED, DataConfig
from irmas_tf.config.datasets import DATASETS, base_name
from irmas_tf.config.labels import SINGLE_LABEL, LabelScheme
from irmas_tf.config.model import ModelConfig
from irmas_tf.config.settings import ConfigError, Section, setting
from irmas_tf.config.stages import Stage

__all__ = [
    "SECTIONS",
    "AudioConfig",
    "AugmentConfig",
    "Branch",
    "Config",
    "ConfigError",
    "DataConfig",
    "ModelConfig",
    "TrainingConfig",
]

# That earlier configurations do not have.
_LATER_SETTINGS = (
    ("data", "dataset"),
    ("data", "classes"),
    ("data", "licence_text"),
    ("data", "extra_data_dir"),
    ("data", "extra_dataset"),
    ("data", "extra_share"),
    ("model", "init_from"),
    ("model", "head_from_pretrained"),
    ("augment", "backing_probability"),
    ("augment", "backing_dir"),
    ("augment", "backing_min_db"),
    ("augment", "backing_max_db"),
    ("augment", "augmentations"),
    ("augment", "mix_style_share"),
    ("augment", "mix_style_alpha"),
)


# What a stage says where there are stages.
_OF_STAGES = ("epochs", "learning_rate", "final_learning_rate", "warmup_epochs")


@dataclasses.dataclass(frozen=True)
class TrainingConfig(Section):
    """Optimisation, schedule, hardware and bookkeeping."""

    seed: int = setting(0, "Seed of weights, order and augmentation.", minimum=0, maximum=MAX_SEED)
    epochs: int = setting(30, "Passes over the training split.", minimum=1)
    batch_size: int = setting(32, "Examples per step over all replicas.", minimum=1)
    accumulation_steps: int = setting(1, "Batches whose gradients are averaged before the weights change.", minimum=1)
    learning_rate: float = setting(2e-3, "Peak learning rate.", above=0.0, maximum=10.0)
    final_learning_rate: float = setting(1e-5, "Learning rate at the end of the cosine.", minimum=0.0, maximum=10.0)
    warmup_epochs: float = setting(1.0, "Linear warm-up from 0.", unit="epochs", minimum=0.0)
    weight_decay: float = setting(
        1e-4, "Decoupled weight decay of kernels (not of biases or normalisation).", minimum=0.0, maximum=1.0
    )
    gradient_clip_norm: float = setting(5.0, "Global gradient norm is clipped to this; 0 is off.", minimum=0.0)
    label_smoothing: float = setting(
        0.1,
        "Share of the target spread evenly over the classes; multi-label: a class's target is moved by this share"
        " towards .5.",
        minimum=0.0,
        below=1.0,
    )
    negative_focus: float = setting(
        0.0,
        "Multi-label: easy negatives count less by the power of their probability (asymmetric loss); 0 is plain"
        " cross-entropy.",
        minimum=0.0,
        maximum=10.0,
    )
    negative_margin: float = setting(
        0.0, "Multi-label: negatives with a probability below this cost nothing.", minimum=0.0, below=1.0
    )
    class_balance: str = setting(
        "none",
        "Compensation for unequal classes: loss weights, or resampling every epoch.",
        choices=("none", "weights", "resample"),
    )
    ema_decay: float = setting(
        0.0,
        "Decay of the moving average of the weights used for evaluation and saved; 0 is off.",
        minimum=0.0,
        below=1.0,
    )
    stages: tuple[str, ...] = setting(
        (),
        "Comma-separated stages, each KEY=VALUE[:KEY=VALUE...] with epochs, learning_rate, final_learning_rate,"
        " warmup_epochs, blocks (how many blocks of the pretrained networks learn: all, or a number, counted from the"
        " head; 0 trains the head alone), layer_decay (factor of the learning rate from block to block away from the"
        " head) and embed_once (1: with blocks=0, embed the unchanged excerpts once and train the head on the result)."
        " Replaces --epochs, --learning_rate, --final_learning_rate and --warmup_epochs.",
    )
    early_stopping_patience: int = setting(
        0,
        "Epochs without a better validation score before stopping, counted in the last stage only; 0 is off.",
        minimum=0,
    )
    mixed_precision: str = setting(
        "float32",
        "Keras dtype policy of the network (front-ends stay float32).",
        choices=("float32", "mixed_float16", "mixed_bfloat16"),
    )
    xla: bool = setting(False, "Compile the training step with XLA.")
    strategy: str = setting(
        "auto",
        "tf.distribute strategy: auto uses every visible GPU, or one device.",
        choices=("auto", "one_device", "mirrored"),
    )
    checkpoint_minutes: float = setting(
        2.0,
        "Time between resumable checkpoints inside an epoch; one is always written at its end.",
        unit="min",
        above=0.0,
    )
    deterministic: bool = setting(True, "Same seed and machine give the same weights, at a small cost in speed.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.stages:
            return
        stages = [Stage.parse(spec) for spec in self.stages]
        for before, stage in itertools.pairwise(stages):
            # Else the moving average of the networks' weights would not be what was embedded.
            if stage.embed_once and not before.embed_once:
                raise ConfigError(f"--stages={stage.spec()}: embed_once is for the first stages only")
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name in _OF_STAGES and value != field.default:
                raise ConfigError(f"--{field.name}={value:g}: has no effect beside --stages; set it in each stage")

    @property
    def stage_configs(self) -> tuple[Stage, ...]:
        """The stages, in order; without ``stages`` one, in which everything learns."""
        if self.stages:
            return tuple(Stage.parse(spec) for spec in self.stages)
        return (Stage(**{name: getattr(self, name) for name in _OF_STAGES}),)

    @property
    def is_asymmetric(self) -> bool:
        """Whether negatives count less than positives."""
        return self.negative_focus > 0 or self.negative_margin > 0

    @property
    def total_epochs(self) -> int:
        """Epochs of all stages."""
        return sum(stage.epochs for stage in self.stage_configs)


SECTIONS: dict[str, type] = {
    "data": DataConfig,
    "audio": AudioConfig,
    "model": ModelConfig,
    "augment": AugmentConfig,
    "training": TrainingConfig,
}


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything a run depends on besides the audio itself."""

    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    audio: AudioConfig = dataclasses.field(default_factory=AudioConfig)
    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)
    augment: AugmentConfig = dataclasses.field(default_factory=AugmentConfig)
    training: TrainingConfig = TrainingConfig()

    def __post_init__(self) -> None:
        for name, section in SECTIONS.items():
            if not isinstance(getattr(self, name), section):
                raise ConfigError(f"section {name!r} of the configuration must be a {section.__name__}")
        if self.training.final_learning_rate > self.training.learning_rate:
            raise ConfigError(
                f"--final_learning_rate={self.training.final_learning_rate:g}: must be at most"
                f" --learning_rate={self.training.learning_rate:g}"
            )
        audio, model = self.audio, self.model
        if model.task == SINGLE_LABEL:
            for name in ("negative_focus", "negative_margin"):
                if value := getattr(self.training, name):
                    raise ConfigError(f"--{name}={value:g}: is for --task=multi_label")
        elif (smoothing := self.training.label_smoothing) and self.training.is_asymmetric:
            raise ConfigError(
                f"--label_smoothing={smoothing:g}: undoes --negative_focus and --negative_margin, since it pulls every"
                " negative up; set --label_smoothing=0"
            )
        if self.data.extra_data_dir and self.training.batch_size < 2:
            raise ConfigError(
                f"--batch_size={self.training.batch_size}: has no room for --extra_data_dir; give 2 or more"
            )
        self._check_augmentation()
        self.augment.check_fits(audio.window_seconds)
        self.augment.check_task(model.task)
        self.augment.check_registered(self)
        for branch in model.branch_configs:
            branch.check_fits(audio.sample_rate_hz, audio.window_samples)
            branch.check_shrinkage(audio.window_samples, model.stem_stride, len(model.stage_channels))
        self._check_pretrained()

    def _check_augmentation(self) -> None:
        """Check that what mixes examples has examples to mix, and that there are examples to change."""
        augment, training = self.augment, self.training
        for name, needed in (("mix_probability", augment.mix_max_excerpts), ("mixup_alpha", 2)):
            if (value := getattr(augment, name)) and training.batch_size < needed:
                raise ConfigError(
                    f"--batch_size={training.batch_size}: is less than the {needed} excerpts that --{name}={value:g}"
                    " mixes"
                )
        if all(stage.embed_once for stage in training.stage_configs):
            for name in OF_WAVEFORMS:
                if value := getattr(augment, name):
                    shown, off = (",".join(value), "empty") if isinstance(value, tuple) else (f"{value:g}", "0")
                    raise ConfigError(
                        f"--{name}={shown}: has no effect, because excerpts are embedded once in all --stages; set"
                        f" it to {off}, or add a stage without embed_once"
                    )

    def _check_pretrained(self) -> None:
        """Check what only pretrained networks have."""
        branches = self.model.branch_configs
        backbones = [branch.scale for branch in branches if isinstance(branch, BackboneBranch)]
        files = self.model.pretrained_weights
        if len(files) > len(backbones):
            raise ConfigError(
                f"--pretrained_weights={','.join(files)}: {len(files)} files for {len(backbones)} pretrained networks"
                " in --branches; give at most one for each"
            )
        if self.model.head_from_pretrained and not backbones:
            raise ConfigError(
                f"--head_from_pretrained: --branches={','.join(self.model.branches)} names no pretrained network;"
                f" known: {', '.join(BACKBONES)}"
            )
        for stage in self.training.stage_configs:
            if stage.needs_backbone and not backbones:
                raise ConfigError(
                    f"--stages={stage.spec()}: blocks and layer_decay are about pretrained networks, and --branches"
                    f" names none; known: {', '.join(BACKBONES)}"
                )
            if stage.embed_once and len(backbones) < len(branches):
                raise ConfigError(
                    f"--stages={stage.spec()}: embed_once needs pretrained networks in all --branches; the others learn"
                )

    @property
    def extra_per_batch(self) -> int:
        """Examples of ``--extra_data_dir`` in every batch: its share, rounded, and at least one of either side."""
        if not self.data.extra_data_dir:
            return 0
        size = self.training.batch_size
        return min(size - 1, max(1, round(self.data.extra_share * size)))

    @property
    def labels(self) -> LabelScheme:
        """The label scheme of the run, which is its data set's.

        Raises:
            ConfigError: the classes are those in the data, and were not read yet (`Dataset.describe`).
        """
        dataset = self.dataset
        if dataset.classes_in_data and not self.data.classes:
            raise ConfigError(
                f"--classes is empty: --dataset={self.data.dataset} has those in the data; name them here"
            )
        return dataset.labels

    @property
    def dataset(self) -> Any:
        """The data set of the run, an `irmas_tf.datasets.dataset.Dataset`."""
        return DATASETS.get(base_name(self.data.dataset))(self.data)

    @property
    def extra_dataset(self) -> Any:
        """The kind of data in ``--extra_data_dir``, a `Dataset`; it has the settings of its kind alone.

        Raises:
            ConfigError: a setting that it does not have.
        """
        kind = self.data.extra_dataset or self.data.dataset
        scheme = self.data.label_scheme if kind == self.data.dataset else "irmas"
        return DATASETS.get(base_name(kind))(DataConfig(dataset=kind, label_scheme=scheme))

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return a JSON-ready dict, section -> field -> value."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, sections: dict[str, dict[str, Any]]) -> Config:
        """Return the configuration a dict describes; missing fields take their defaults.

        Raises:
            ConfigError: unknown section or field, or a value that is not allowed.
        """
        if not isinstance(sections, dict):
            raise ConfigError("a configuration must be a mapping of sections")
        unknown = sorted(set(sections) - set(SECTIONS))
        if unknown:
            raise ConfigError(f"unknown configuration section {unknown[0]!r}; known: {', '.join(SECTIONS)}")
        built = {}
        for name, values in sections.items():
            if not isinstance(values, dict):
                raise ConfigError(f"section {name!r} of the configuration must be a mapping of settings")
            known = [f.name for f in dataclasses.fields(SECTIONS[name])]
            for key in values:
                if key not in known:
                    raise ConfigError(f"unknown setting {key!r} in section {name!r}; known: {', '.join(known)}")
            built[name] = SECTIONS[name](**values)
        return cls(**built)

    def to_json(self) -> str:
        """Return the configuration as indented JSON."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    @property
    def hash(self) -> str:
        """First 12 hex digits of the SHA-256 of the canonical JSON.

        Settings that came later do not count at their defaults: what was exported before still belongs to its run.
        """
        sections = self.to_dict()
        for section, name in _LATER_SETTINGS:
            default = next(field.default for field in dataclasses.fields(SECTIONS[section]) if field.name == name)
            if sections[section][name] == default:
                del sections[section][name]
        return hashlib.sha256(json.dumps(sections, sort_keys=True).encode()).hexdigest()[:12]
