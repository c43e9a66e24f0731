"""Pretrained networks inside a model: which layers are theirs, their weights, and how far they learn."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras

from irmas_tf.beginnings.published_head import set_head_rows
from irmas_tf.config.backbone_spec import BackboneSpec
from irmas_tf.config.backbones import BACKBONES
from irmas_tf.config.branches import BackboneBranch
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.config.stages import Stage
from irmas_tf.models.multi_branch import branch_name
from irmas_tf.models.pretrained import block_layers
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.weights.loading import load_weight_file
from irmas_tf.weights.weight_file import read_weight_file
from irmas_tf.weights.weight_sources import missing_weights, needed_weights


@dataclasses.dataclass(frozen=True)
class PretrainedBranch:
    """A pretrained network in a model.

    Attributes:
        name: prefix of its layers' names.
        spec: which network it is.
        blocks: its layers with weights, by block, in order from the waveform.
    """

    name: str
    spec: BackboneSpec
    blocks: tuple[tuple[keras.layers.Layer, ...], ...]


def pretrained_branches(model: keras.Model, config: Config) -> tuple[PretrainedBranch, ...]:
    """Return the pretrained networks in a model that was built from ``config``, in the order of ``--branches``."""
    found = []
    for index, branch in enumerate(config.model.branch_configs):
        if isinstance(branch, BackboneBranch):
            spec, name = BACKBONES.get(branch.scale), branch_name(index, branch)
            blocks = block_layers(model, spec, name)
            found.append(PretrainedBranch(name, spec, tuple(tuple(layers) for layers in blocks.values())))
    return tuple(found)


def load_pretrained_weights(model: keras.Model, config: Config) -> list[dict[str, Any]]:
    """Load the files of ``--pretrained_weights`` and return what each says about its weights, with its branch.

    A file goes to the first network of its kind that has none yet; networks without a file keep their random weights.

    Raises:
        WeightsError: a file is missing or damaged, is of no network in ``--branches``, or does not fit; or a stage
            would freeze random weights.
    """
    waiting = list(pretrained_branches(model, config))
    loaded = []
    for path in config.model.pretrained_weights:
        if waiting and not Path(path).expanduser().exists():
            raise WeightsError(missing_weights(waiting[0].spec, path, "pretrained_weights"))
        file = read_weight_file(path, waiting[0].spec.name if waiting else "NAME")
        kind = file.metadata["backbone"]
        branch = next((branch for branch in waiting if branch.spec.name == kind), None)
        if branch is None:
            names = ",".join(config.model.branches)
            raise WeightsError(
                f"--pretrained_weights={path}: holds weights of {kind}, and --branches={names} has no (further) {kind}"
            )
        waiting.remove(branch)
        load_weight_file(model, branch.spec, file, path, branch.name)
        loaded.append({"branch": branch.name, **file.metadata})
        if config.model.head_from_pretrained:
            loaded[-1]["head"] = set_head_rows(model, branch.spec, file, config.labels, path)
    freezing = [stage for stage in config.training.stage_configs if stage.learning_blocks is not None]
    if waiting and freezing:
        raise WeightsError(
            f"--stages={freezing[0].spec()}: would freeze random weights, as --pretrained_weights names no file for"
            f" {waiting[0].spec.name}. {needed_weights(waiting[0].spec)}"
        )
    return loaded


def set_learning(model: keras.Model, config: Config, stage: Stage) -> dict[str, float]:
    """Freeze and unfreeze the blocks of the pretrained networks, and return the factors of the learning rate.

    A frozen batch normalisation uses its stored statistics and leaves them as they are; one that learns uses those of
    the batch and updates them. Layers of no pretrained network are left alone.

    Args:
        model: built from ``config``.
        config: the run's configuration.
        stage: what learns.

    Returns:
        Path of a variable -> factor, for the variables whose factor is not 1: ``layer_decay`` to the power of the
        block's distance from the head, which counts as 0 (Clark et al., "ELECTRA", ICLR 2020, appendix A).

    Raises:
        ConfigError: the stage names more blocks than a network has.
    """
    factors: dict[str, float] = {}
    for branch in pretrained_branches(model, config):
        count = len(branch.blocks)
        learning = count if stage.learning_blocks is None else stage.learning_blocks
        if learning > count:
            raise ConfigError(
                f"--stages={stage.spec()}: blocks={learning} is more than the {count} blocks of {branch.spec.name}"
            )
        for distance, layers in enumerate(reversed(branch.blocks), start=1):
            for layer in layers:
                layer.trainable = distance <= learning
                if layer.trainable and stage.layer_decay < 1.0:
                    factors |= {v.path: stage.layer_decay**distance for v in layer.trainable_variables}
    return factors
