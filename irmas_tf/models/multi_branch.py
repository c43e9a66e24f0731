"""Several spectrograms of one waveform, a CNN branch for each, merged into one head."""

from __future__ import annotations

import keras

from irmas_tf.config.branches import BackboneBranch, Branch
from irmas_tf.config.run_config import Config
from irmas_tf.models.branches import build_branch
from irmas_tf.models.heads import BranchDropout, classifier


def branch_name(index: int, branch: Branch) -> str:
    """Return the prefix of the names of a branch's layers.

    Args:
        index: its place in ``--branches``, from 0.
        branch: its configuration.
    """
    return f"branch{index}_{branch.scale}"


def build_multi_branch(config: Config) -> keras.Model:
    """Return the model: "waveform" [batch, samples] float32 in [-1, 1] -> logits [batch, classes] float32.

    Any number of samples works; training and export use `AudioConfig.window_samples`.
    """
    seed = config.training.seed
    waveform = keras.Input((None,), dtype="float32", name="waveform")
    vectors = [
        build_branch(waveform, branch, config, branch_name(index, branch), seed=seed * 1000 + index)
        for index, branch in enumerate(config.model.branch_configs)
    ]
    if len(vectors) > 1:
        if config.model.branch_dropout:
            vectors = BranchDropout(config.model.branch_dropout, seed=seed * 1000 + 900, name="branch_dropout")(vectors)
        merged = keras.layers.Concatenate(name="merge")(vectors)
    else:
        merged = vectors[0]
    logits = classifier(
        merged,
        units=config.model.head_units,
        classes=config.labels.num_classes,
        dropout=config.model.dropout,
        seed=seed * 1000 + 950,
        # The layers of a profile differ in scale by orders of magnitude.
        standardise=any(isinstance(b, BackboneBranch) and b.profile for b in config.model.branch_configs),
    )
    return keras.Model(waveform, logits, name="multi_branch")
