"""The configuration of one stage of a training: how long, how fast, and which part of a pretrained network learns."""

from __future__ import annotations

import dataclasses

from irmas_tf.config.settings import ConfigError, Section, setting, setting_types
from irmas_tf.config.spec_text import parse_pairs, written

ALL_BLOCKS = "all"


@dataclasses.dataclass(frozen=True)
class Stage(Section):
    """A stage, written ``epochs=4:learning_rate=0.003:blocks=0`` on the command line.

    The optimizer starts anew with every stage; weights and their moving average go on.
    """

    epochs: int = setting(1, "Passes over the training split.", minimum=1)
    learning_rate: float = setting(1e-3, "Peak learning rate.", above=0.0, maximum=10.0)
    final_learning_rate: float = setting(1e-5, "Learning rate at the end of the cosine.", minimum=0.0, maximum=10.0)
    warmup_epochs: float = setting(0.0, "Linear warm-up from 0.", unit="epochs", minimum=0.0)
    blocks: str = setting(ALL_BLOCKS, "Blocks of the pretrained networks that learn: all, or a number from the head.")
    layer_decay: float = setting(
        1.0,
        "The learning rate of a block is this times that of the next block towards the head.",
        above=0.0,
        maximum=1.0,
    )
    embed_once: bool = setting(
        False, "Frozen networks embed each excerpt once, unchanged; the head learns from that (0 or 1)."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.blocks != ALL_BLOCKS and not (self.blocks.isascii() and self.blocks.isdigit()):
            raise ConfigError(f"--blocks={self.blocks}: must be {ALL_BLOCKS} or a whole number of at least 0")
        if self.final_learning_rate > self.learning_rate:
            raise ConfigError(
                f"--final_learning_rate={self.final_learning_rate:g}: must be at most"
                f" learning_rate={self.learning_rate:g}"
            )
        if self.embed_once and self.blocks != "0":
            raise ConfigError("--embed_once=1: needs blocks=0, because it sees no change of the pretrained networks")

    @property
    def learning_blocks(self) -> int | None:
        """How many blocks nearest the head learn; None is all."""
        return None if self.blocks == ALL_BLOCKS else int(self.blocks)

    @property
    def needs_backbone(self) -> bool:
        """Whether the stage says something about pretrained networks."""
        return self.blocks != ALL_BLOCKS or self.layer_decay < 1.0

    @staticmethod
    def parse(spec: str) -> Stage:
        """Return the stage a spec string describes.

        Raises:
            ConfigError: unknown key, malformed or out-of-range value.
        """
        shown = f"--stages={spec}"
        pairs = spec.strip().split(":") if spec.strip() else []
        values = parse_pairs(pairs, setting_types(Stage), shown)
        try:
            return Stage(**values)
        except ConfigError as error:
            raise ConfigError(f"{shown}: {str(error).removeprefix('--')}") from error

    def spec(self) -> str:
        """Return the spec string that `parse` reads back."""
        return ":".join(f"{field.name}={written(getattr(self, field.name))}" for field in dataclasses.fields(self))
