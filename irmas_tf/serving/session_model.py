"""A SavedModel loaded the way TF Serving does it: a graph in a session, without any Python of the model."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf


class SessionModel:
    """The signatures of a SavedModel as functions of NumPy arrays.

    Args:
        folder: with the ``saved_model.pb``.

    Raises:
        OSError: there is no SavedModel.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        graph = tf.Graph()
        # TensorFlow calls the way its own server loads models deprecated.
        with graph.as_default(), _without_warnings():
            self._session = tf.compat.v1.Session(graph=graph)
            meta = tf.compat.v1.saved_model.load(self._session, ["serve"], os.fspath(folder))
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
