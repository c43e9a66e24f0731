"""From a configuration to a model, and questions about models. Importing this registers all layers of the package."""

from __future__ import annotations

import contextlib
import importlib
import math
import pkgutil
from collections.abc import Callable, Iterator

import keras

import irmas_tf.layers
from irmas_tf.config.backbones import BACKBONES
from irmas_tf.config.branches import BackboneBranch, FrontEndBranch
from irmas_tf.config.registry import Registry
from irmas_tf.config.run_config import Config
from irmas_tf.models.heads import EMBEDDING
from irmas_tf.models.multi_branch import build_multi_branch

# Keras finds a layer of a saved model by the name under which its module registered it.
for _module in pkgutil.iter_modules(irmas_tf.layers.__path__, "irmas_tf.layers."):
    importlib.import_module(_module.name)

MODELS: Registry[Callable[[Config], keras.Model]] = Registry("model")
MODELS.register("multi_branch")(build_multi_branch)


@contextlib.contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Use a Keras dtype policy for the layers made inside the block."""
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(previous)


def register_layers(config: Config) -> None:
    """Register the layers that other packages bring to a model of this configuration, so that it can be loaded.

    Raises:
        ConfigError: a package's layer or network cannot be imported.
    """
    for branch in config.model.branch_configs:
        if isinstance(branch, BackboneBranch):
            BACKBONES.get(branch.scale).network()
        elif isinstance(branch, FrontEndBranch):
            branch.layer_class()


def build_model(config: Config) -> keras.Model:
    """Return a new model with random weights (seed them with `keras.utils.set_random_seed`).

    Input "waveform" [batch, samples] float32 in [-1, 1], output logits [batch, classes] float32.
    """
    with dtype_policy(config.training.mixed_precision):
        return MODELS.get(config.model.model)(config)


def embedding_model(model: keras.Model) -> keras.Model:
    """Return the model from the same waveform to the embedding, [batch, head_units], sharing its weights.

    Raises:
        ValueError: the model has no layer called "embedding".
    """
    return keras.Model(model.input, model.get_layer(EMBEDDING).output, name=f"{model.name}_embedding")


def parameter_count(model: keras.Model) -> int:
    """Return how many numbers training adjusts."""
    return sum(math.prod(variable.shape) for variable in model.trainable_variables)
