"""Connecting to a server by REST or gRPC, whichever its address names; the other way is not even imported."""

from __future__ import annotations

from collections.abc import Callable

from irmas_tf.client.model_address import ModelAddress
from irmas_tf.client.transport import Transport


def connect(address: ModelAddress, timeout_seconds: float) -> Transport:
    """Return a connection; nothing is sent yet.

    Args:
        address: of the model.
        timeout_seconds: longest wait for an answer.

    Raises:
        ServerError: gRPC is asked for and its package is not installed.
    """
    make: Callable[[ModelAddress, float], Transport]
    if address.is_grpc:
        from irmas_tf.client.grpc_transport import GrpcTransport as make
    else:
        from irmas_tf.client.rest_transport import RestTransport as make
    return make(address, timeout_seconds)
