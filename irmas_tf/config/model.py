"""The model's part of a configuration: front-ends, branches, head, and where the first weights come from."""

from __future__ import annotations

import dataclasses

from irmas_tf.config.branches import Branch, known_branches
from irmas_tf.config.labels import SINGLE_LABEL, TASKS
from irmas_tf.config.settings import ConfigError, Section, setting


@dataclasses.dataclass(frozen=True)
class ModelConfig(Section):
    """Front-ends, branches and head."""

    model: str = setting("multi_branch", "Model family.", choices=("multi_branch",))
    task: str = setting(
        SINGLE_LABEL,
        "What a model answers: single_label (one class per clip; softmax) or multi_label (any number of classes; a"
        " sigmoid and a threshold for each).",
        choices=TASKS,
    )
    branches: tuple[str, ...] = setting(
        (
            "mel:frame_length=512:hop_length=256:num_bins=64",
            "mel:frame_length=1024:hop_length=512:num_bins=96",
            "mel:frame_length=4096:hop_length=1024:num_bins=128",
        ),
        "Comma-separated branches, each NAME[:KEY=VALUE...] with the name of a front-end or pretrained network.",
        known=known_branches,
    )
    pretrained_weights: tuple[str, ...] = setting(
        (),
        "Files with weights of the pretrained networks in --branches, in any order, as irmas convert writes"
        " them; a network without a file starts at random.",
    )
    head_from_pretrained: bool = setting(
        False,
        "The last layer starts from what the pretrained network answers for the same classes of AudioSet, in place of"
        " random numbers; needs one pretrained network in --branches, its weights, and --head_units=0.",
    )
    init_from: str = setting(
        "",
        "Run folder or .keras model whose weights the training begins with: the branches, the statistics of the"
        " front-ends, and the head as far as classes agree by name. Rate, window and branches must be the same.",
    )
    mel_scale: str = setting("slaney", "Formula of the mel scale.", choices=("htk", "slaney"))
    log_offset: float = setting(
        1e-3,
        "Added to the magnitude before the logarithm; below 1e-3 float16 TFLite goes wrong.",
        above=0.0,
        maximum=1.0,
    )
    block: str = setting("residual", "Convolution block of the branches.", choices=("plain", "residual", "separable"))
    stem_stride: int = setting(
        4,
        "Stride of a branch's first convolution along both axes: 2 keeps more detail, 4 costs a quarter as much.",
        minimum=2,
        maximum=4,
    )
    stage_channels: tuple[int, ...] = setting(
        (32, 64, 128),
        "Channels of a branch's stages before the width multiplier; each stage after the first halves both axes.",
        minimum=1,
    )
    width_multiplier: float = setting(1.0, "Scales the channels of every stage.", above=0.0, maximum=16.0)
    depth_multiplier: float = setting(
        1.0, "Scales the blocks per stage (1 at multiplier 1, rounded up).", above=0.0, maximum=16.0
    )
    pooling: str = setting(
        "mean_max", "Pooling over time: mean, max, or both added.", choices=("mean", "max", "mean_max")
    )
    head_units: int = setting(
        256,
        "Units of the fully connected layer that merges the branches; this is the embedding. 0: none, a linear head.",
        minimum=0,
    )
    dropout: float = setting(0.3, "Dropout before and after the merging layer.", minimum=0.0, below=1.0)
    branch_dropout: float = setting(
        0.0, "Probability that a training example loses one whole branch.", minimum=0.0, below=1.0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.branches:
            raise ConfigError("--branches=: must name at least one branch")
        if not self.stage_channels:
            raise ConfigError("--stage_channels=: must name at least one stage")
        for spec in self.branches:
            Branch.parse(spec)
        if self.init_from and self.pretrained_weights:
            raise ConfigError(
                f"--init_from={self.init_from}: brings all weights, so that --pretrained_weights="
                f"{','.join(self.pretrained_weights)} would be lost; give one of the two"
            )
        self._check_head_from_pretrained()

    def _check_head_from_pretrained(self) -> None:
        """Check that the published head fits onto what the branches give."""
        if not self.head_from_pretrained:
            return
        if len(self.branches) > 1 or getattr(self.branch_configs[0], "profile", False):
            raise ConfigError(
                f"--head_from_pretrained: the published head reads one network's embedding, and"
                f" --branches={','.join(self.branches)} gives something else"
            )
        if self.head_units:
            raise ConfigError(f"--head_units={self.head_units}: must be 0 with --head_from_pretrained")
        if not self.pretrained_weights and not self.init_from:
            raise ConfigError("--head_from_pretrained: needs the file with the head, --pretrained_weights=FILE.npz")

    @property
    def branch_configs(self) -> tuple[Branch, ...]:
        """The parsed branches, in order."""
        return tuple(Branch.parse(spec) for spec in self.branches)
