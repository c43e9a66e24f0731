"""What training changes about its examples: the settings of every augmentation, and what they need of the rest.

Each augmentation is off at its default except gain and masks; what is off costs nothing.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from irmas_tf.config.augmentations import describe_registered, parse_augmentation
from irmas_tf.config.labels import MULTI_LABEL
from irmas_tf.config.settings import ConfigError, Section, setting

NOISE_KINDS = ("white", "pink", "folder")
SHIFT_FILLS = ("circular", "silence")
MIX_TARGETS = ("union", "level", "predominant")
# What changes waveforms in the graph and is off by default.
OF_WAVEFORMS = (
    "random_speed_semitones",
    "random_time_stretch",
    "random_pitch_semitones",
    "random_shift_seconds",
    "random_equalization_db",
    "silence_probability",
    "mix_probability",
    "backing_probability",
    "empty_probability",
    "noise_probability",
    "mixup_alpha",
    "augmentations",
)


@dataclasses.dataclass(frozen=True)
class AugmentConfig(Section):
    """What training changes about an example. Evaluation changes nothing."""

    random_gain_db: float = setting(6.0, "Gain is drawn uniformly from -x to +x.", unit="dB", minimum=0.0, maximum=60.0)
    random_speed_semitones: float = setting(
        0.0,
        "Playing speed, and pitch with it, is drawn uniformly from -x to +x; 0 is off.",
        unit="semitones",
        minimum=0.0,
        maximum=12.0,
    )
    random_time_stretch: float = setting(
        0.0,
        "Tempo is drawn uniformly from 1 - x to 1 + x times the original, at the same pitch (phase vocoder); 0 is off.",
        minimum=0.0,
        maximum=0.5,
    )
    random_pitch_semitones: float = setting(
        0.0,
        "Pitch is drawn uniformly from -x to +x, at the same tempo (phase vocoder, then resampling); 0 is off.",
        unit="semitones",
        minimum=0.0,
        maximum=12.0,
    )
    vocoder_probability: float = setting(
        0.5,
        "Share of the examples that --random_time_stretch and --random_pitch_semitones change; only these cost time.",
        above=0.0,
        maximum=1.0,
    )
    random_shift_seconds: float = setting(
        0.0, "Shift in time is drawn uniformly from -x to +x; 0 is off.", unit="s", minimum=0.0, maximum=60.0
    )
    shift_fill: str = setting(
        "circular",
        "What fills the gap that a shift leaves: circular (what left at the other end) or silence.",
        choices=SHIFT_FILLS,
    )
    random_equalization_db: float = setting(
        0.0,
        "Standard deviation of random gains in eight bands from 60 Hz up, smooth between them; 0 is off.",
        unit="dB",
        minimum=0.0,
        maximum=30.0,
    )
    silence_probability: float = setting(
        0.0,
        "Probability that a stretch of an example is replaced by silence; 0 is off.",
        minimum=0.0,
        maximum=1.0,
    )
    silence_seconds: float = setting(
        0.5, "Longest such stretch; its length is drawn uniformly from 0 to this.", unit="s", above=0.0, maximum=60.0
    )
    mix_probability: float = setting(
        0.0,
        "Probability that other excerpts of the batch, and their labels, are added to an example; 0 is off. Needs"
        " --task=multi_label.",
        minimum=0.0,
        maximum=1.0,
    )
    mix_max_excerpts: int = setting(
        2,
        "Most excerpts in a mixture, including the example itself; every number from 2 up is equally likely.",
        minimum=2,
        maximum=8,
    )
    mix_level_db: float = setting(
        6.0,
        "Levels of the added excerpts relative to the example's own are drawn uniformly from -x to +x.",
        unit="dB",
        minimum=0.0,
        maximum=60.0,
    )
    mix_targets: str = setting(
        "union",
        "Labels of a mixture: union (all), level (each class's energy relative to the loudest class), or predominant"
        " (classes within --mix_predominance_db of the loudest).",
        choices=MIX_TARGETS,
    )
    mix_predominance_db: float = setting(
        6.0,
        "With --mix_targets=predominant: how far below the loudest a class may lie.",
        unit="dB",
        minimum=0.0,
        maximum=60.0,
    )
    backing_probability: float = setting(
        0.0,
        "Probability that other music plays under an example, whose labels stay what they are; 0 is off.",
        minimum=0.0,
        maximum=1.0,
    )
    backing_dir: str = setting(
        "",
        "With --backing_probability: folder of the music, such as a composed corpus, searched with its subfolders; of"
        " each file, a random stretch.",
    )
    backing_min_db: float = setting(
        6.0,
        "Least that the backing lies below the example; drawn uniformly up to --backing_max_db.",
        unit="dB",
        minimum=0.0,
        maximum=60.0,
    )
    backing_max_db: float = setting(
        20.0, "Most that the backing lies below the example.", unit="dB", minimum=0.0, maximum=60.0
    )
    empty_probability: float = setting(
        0.0,
        "Probability that an example is replaced by silence without labels (noise is added to it as to any other); 0 is"
        " off. Needs --task=multi_label.",
        minimum=0.0,
        below=1.0,
    )
    noise_probability: float = setting(
        0.0, "Probability that noise is added to an example; 0 is off.", minimum=0.0, maximum=1.0
    )
    noise_min_snr_db: float = setting(
        10.0,
        "Lowest signal-to-noise ratio; it is drawn uniformly up to --noise_max_snr_db.",
        unit="dB",
        minimum=-60.0,
        maximum=120.0,
    )
    noise_max_snr_db: float = setting(40.0, "Highest signal-to-noise ratio.", unit="dB", minimum=-60.0, maximum=120.0)
    noise_kind: str = setting(
        "pink",
        "Added noise: white, pink (3 dB less per octave), or folder (recordings in --noise_dir).",
        choices=NOISE_KINDS,
    )
    noise_dir: str = setting("", "With --noise_kind=folder: folder of audio files, searched with its subfolders.")
    mixup_alpha: float = setting(
        0.0,
        "Waveform mixup: Beta(alpha, alpha) weights of two examples and their labels; 0 is off.",
        minimum=0.0,
        maximum=10.0,
    )
    augmentations: tuple[str, ...] = setting(
        (),
        "Comma-separated augmentations that other packages have registered, each NAME[:KEY=VALUE...].",
        known=describe_registered,
    )
    time_masks: int = setting(2, "SpecAugment time masks per branch.", minimum=0, maximum=16)
    time_mask_seconds: float = setting(0.25, "Longest time mask.", unit="s", minimum=0.0, maximum=10.0)
    frequency_masks: int = setting(2, "SpecAugment frequency masks per branch.", minimum=0, maximum=16)
    frequency_mask_fraction: float = setting(
        0.15, "Widest frequency mask as a share of the bins.", minimum=0.0, maximum=1.0
    )
    mix_style_share: float = setting(
        0.0,
        "Freq-MixStyle: share of the examples that are given another one's mean and deviation per frequency band, mixed"
        " with its own; 0 is off.",
        minimum=0.0,
        maximum=1.0,
    )
    mix_style_alpha: float = setting(
        0.3, "Freq-MixStyle: Beta(alpha, alpha) shares of the example's own statistics.", above=0.0, maximum=10.0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.noise_min_snr_db > self.noise_max_snr_db:
            raise ConfigError(
                f"--noise_min_snr_db={self.noise_min_snr_db:g}: must be at most"
                f" --noise_max_snr_db={self.noise_max_snr_db:g}"
            )
        if self.adds_folder_noise and not self.noise_dir:
            raise ConfigError("--noise_dir=: must name a folder of audio files with --noise_kind=folder")
        if self.noise_dir and self.noise_kind != "folder":
            raise ConfigError(f"--noise_dir={self.noise_dir}: has no effect without --noise_kind=folder")
        if self.backing_min_db > self.backing_max_db:
            raise ConfigError(
                f"--backing_min_db={self.backing_min_db:g}: must be at most --backing_max_db={self.backing_max_db:g}"
            )
        if bool(self.backing_probability) != bool(self.backing_dir):
            given, other = ("backing_probability", "backing_dir")[:: 1 if self.backing_probability else -1]
            raise ConfigError(f"--{given}={getattr(self, given)}: has no effect without --{other}")
        names: set[str] = set()
        for spec in self.augmentations:
            parse_augmentation(spec)
            if (name := _name_in(spec)) in names:
                raise ConfigError(f"--augmentations={','.join(self.augmentations)}: {name} is named twice")
            names.add(name)

    @property
    def registered(self) -> dict[str, Any]:
        """Name -> augmentation of another package, in the order of ``augmentations``."""
        return {_name_in(spec): parse_augmentation(spec) for spec in self.augmentations}

    @property
    def uses_vocoder(self) -> bool:
        """Whether tempo or pitch are changed."""
        return self.random_time_stretch > 0 or self.random_pitch_semitones > 0

    @property
    def adds_folder_noise(self) -> bool:
        """Whether recordings of noise are needed."""
        return self.noise_probability > 0 and self.noise_kind == "folder"

    def check_fits(self, window_seconds: float) -> None:
        """Check the settings that are about places in the window.

        Raises:
            ConfigError: a shift or a silence that is on is longer than the window.
        """
        for name, is_on in (
            ("random_shift_seconds", self.random_shift_seconds > 0),
            ("silence_seconds", self.silence_probability > 0),
        ):
            seconds = getattr(self, name)
            if is_on and seconds > window_seconds:
                raise ConfigError(f"--{name}={seconds:g}: must be at most --window_seconds={window_seconds:g}")

    def check_task(self, task: str) -> None:
        """Check that the labels the augmentations make are labels of the task.

        Args:
            task: "single_label" or "multi_label".

        Raises:
            ConfigError: single-label training with mixtures of several labels, or with examples of none.
        """
        if task == MULTI_LABEL:
            return
        for name, remedy in (
            ("mix_probability", "; for one label, --mixup_alpha mixes"),
            ("empty_probability", ""),
        ):
            if value := getattr(self, name):
                raise ConfigError(f"--{name}={value:g}: is for --task={MULTI_LABEL}{remedy}")

    def check_registered(self, config: Any) -> None:
        """Let the augmentations of other packages check what they need of the rest of a configuration.

        Args:
            config: the `irmas_tf.config.run_config.Config`.

        Raises:
            ConfigError: one of them refuses it.
        """
        for spec, augmentation in zip(self.augmentations, self.registered.values(), strict=True):
            try:
                augmentation.check(config)
            except ConfigError as error:
                raise ConfigError(f"--augmentations={spec}: {error}") from error


def _name_in(spec: str) -> str:
    return spec.strip().partition(":")[0]
