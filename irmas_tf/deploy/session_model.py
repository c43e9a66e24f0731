"""A SavedModel loaded the way TF Serving does it: a graph in a session, without any Python of the model."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf


class SavedModelError(ValueError):
    """A folder does not hold a SavedModel that can be loaded; the message names it and the remedy."""


class SessionModel:
    """The signatures of a SavedModel as functions of NumPy arrays.

    Args:
        folder: with the ``saved_model.pb``.

    Raises:
        SavedModelError: there is no SavedModel, or it is damaged.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        graph = tf.Graph()
        # TensorFlow calls the way its own server loads models deprecated.
        with graph.as_default(), _without_warnings():
            self._session = tf.compat.v1.Session(graph=graph)
            try:
                meta = tf.compat.v1.saved_model.load(self._session, ["serve"], os.fspath(folder))
            except (OSError, RuntimeError, ValueError, tf.errors.OpError) as error:
                self._session.close()
                reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
                raise SavedModelError(
                    f"{os.fspath(folder)}: cannot be loaded as a SavedModel ({reason}); export it again"
                ) from error
        self.signatures: dict[str, Any] = {
            name: signature for name, signature in meta.signature_def.items() if signature.method_name
        }
        self.operations = operations_of(meta.graph_def)
        self._calls: dict[str, Callable[..., list[np.ndarray]]] = {}

    def __call__(self, signature: str, value: Any) -> dict[str, np.ndarray]:
        """Return the outputs of a signature with one input.

        Raises:
            KeyError: no such signature.
            tf.errors.InvalidArgumentError: the graph refuses the input.
        """
        definition = self.signatures[signature]
        if signature not in self._calls:
            (name,) = (one.name for one in definition.inputs.values())
            outputs = [one.name for one in definition.outputs.values()]
            self._calls[signature] = self._session.make_callable(outputs, [name])
        return dict(zip(definition.outputs, self._calls[signature](value), strict=True))

    def describe(self) -> dict[str, dict[str, Any]]:
        """Return {signature: {"inputs", "outputs": {name: {"dtype", "shape"}}}}; None is an axis of any length."""

        def tensors(infos: Any) -> dict[str, Any]:
            return {
                name: {"dtype": tf.as_dtype(info.dtype).name, "shape": tf.TensorShape(info.tensor_shape).as_list()}
                for name, info in infos.items()
            }

        return {
            name: {"inputs": tensors(signature.inputs), "outputs": tensors(signature.outputs)}
            for name, signature in self.signatures.items()
        }

    def close(self) -> None:
        """Free the session."""
        self._session.close()


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def operations_of(graph_def: Any) -> set[str]:
    """Return the names of the operations that a graph and its functions use, except calls of its own functions."""
    functions = {function.signature.name for function in graph_def.library.function}
    used = {node.op for node in graph_def.node}
    used.update(node.op for function in graph_def.library.function for node in function.node_def)
    return used - functions
