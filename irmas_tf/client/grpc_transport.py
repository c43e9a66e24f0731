"""TensorFlow Serving's gRPC API (PredictionService), through the messages of tensorflow-serving-api.

That package imports TensorFlow for the messages it shares with it; REST does without.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from irmas_tf.client.model_address import ModelAddress
from irmas_tf.client.server_errors import RefusedError, ServerError, UnavailableError, refusal, shown
from irmas_tf.client.transport import (
    DURATION,
    INPUT,
    MOST_BYTES,
    PROBABILITIES,
    SIGNATURE,
    SILENT,
    ClipOutputs,
    classes_of,
)
from irmas_tf.process.quiet_tensorflow import import_tensorflow

_FLOAT, _STRING = 1, 7  # tensorflow.DataType
# One name may stand for several servers: take turns among them.
_SERVICE_CONFIG = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})
_RETRIED = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED")
_REFUSED = ("INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE", "INTERNAL", "UNKNOWN", "RESOURCE_EXHAUSTED")
_OUR_LIMIT = MOST_BYTES + 1  # a number that tells it from a server's own limit
# What gRPC says here, of an answer, under codes that servers refuse requests with.
_OF_ANSWERS = (f"vs. {_OUR_LIMIT})", "Decompressed message larger", "deserializing response")


class GrpcTransport:
    """A model reached by gRPC; see `Transport`.

    Args:
        address: of the model.
        timeout_seconds: longest wait for an answer, from before there is a connection to its last byte.

    Raises:
        ServerError: tensorflow-serving-api is not installed.
    """

    def __init__(self, address: ModelAddress, timeout_seconds: float) -> None:
        try:
            import_tensorflow()
            import grpc
            from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_service_pb2_grpc
        except ImportError as error:
            raise ServerError(
                f"{address}: gRPC needs a package that is not installed ({error}); pip install 'irmas_tf[serving]', or"
                " use the REST port (http://HOST:8501)"
            ) from error
        self._address = address
        self._timeout = timeout_seconds
        self._outputs: tuple[str, ...] = (PROBABILITIES, DURATION)  # others only of a model that has them
        self._error = grpc.RpcError
        self._predict_request = predict_pb2.PredictRequest
        self._metadata_request = get_model_metadata_pb2.GetModelMetadataRequest
        self._signatures = get_model_metadata_pb2.SignatureDefMap
        options = [
            ("grpc.max_send_message_length", -1),
            ("grpc.max_receive_message_length", _OUR_LIMIT),
            ("grpc.service_config", _SERVICE_CONFIG),
            ("grpc.service_config_disable_resolution", 1),  # nobody else's
            ("grpc.enable_retries", 0),  # `irmas_tf.process.retry` does it
            # gRPC would ask a proxy of the environment for this machine, too.
            ("grpc.enable_http_proxy", 0 if address.is_on_this_machine else 1),
        ]
        if address.is_encrypted:
            self._channel = grpc.secure_channel(address.target, grpc.ssl_channel_credentials(), options)
        else:
            self._channel = grpc.insecure_channel(address.target, options)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def num_classes(self) -> int:
        """Return the number of classes; see `Transport.num_classes`."""
        request = self._metadata_request(metadata_field=["signature_def"])
        self._name(request.model_spec)
        try:
            answer = self._call(self._stub.GetModelMetadata, request)
        except RefusedError as error:
            raise ServerError(f"{self._address}: {error}") from error
        signatures = self._signatures()
        try:
            answer.metadata["signature_def"].Unpack(signatures)
        except Exception as error:  # protobuf's own type, of one of two implementations
            raise ServerError(f"{self._address}: its metadata is not that of TensorFlow Serving") from error
        known = signatures.signature_def
        outputs = known[SIGNATURE].outputs if SIGNATURE in known else {}
        if SILENT in outputs:
            self._outputs = (PROBABILITIES, DURATION, SILENT)
        shapes = {name: [dim.size for dim in output.tensor_shape.dim] for name, output in outputs.items()}
        return classes_of(shapes, list(known), self._address)

    def classify(self, contents: Sequence[bytes]) -> ClipOutputs:
        """Return the answer for WAV files; see `Transport.classify`."""
        request = self._predict_request(output_filter=self._outputs)
        self._name(request.model_spec)
        request.model_spec.signature_name = SIGNATURE
        tensor = request.inputs[INPUT]
        tensor.dtype = _STRING
        tensor.tensor_shape.dim.add(size=len(contents))
        tensor.string_val.extend(contents)
        answer = self._call(self._stub.Predict, request)
        if missing := {PROBABILITIES, DURATION} - set(answer.outputs):
            raise ServerError(f"{self._address}: its answer has no {' and no '.join(sorted(missing))}")
        outputs = answer.outputs
        silent = truths(outputs[SILENT]) if SILENT in outputs else None
        return ClipOutputs(array(outputs[PROBABILITIES]), array(outputs[DURATION]), len(contents), silent)

    def close(self) -> None:
        """Close the channel; calls that are under way end as cancelled."""
        self._channel.close()

    def _name(self, spec: Any) -> None:
        spec.name = self._address.model
        if self._address.version:
            spec.version.value = self._address.version
        elif self._address.label:
            spec.version_label = self._address.label

    def _call(self, method: Callable[..., Any], request: Any) -> Any:
        """Return the answer to a request.

        Raises:
            RefusedError, UnavailableError, ServerError: see `Transport`.
        """
        try:
            return method(request, timeout=self._timeout)
        except self._error as error:
            status, details = error.code().name, error.details() or ""
            if status == "DEADLINE_EXCEEDED":
                raise UnavailableError(f"{self._address}: no answer within {self._timeout:g} s") from error
            if status in _RETRIED:
                hint = "; is it running, and is this its gRPC port (8500)?" if status == "UNAVAILABLE" else ""
                raise UnavailableError(f"{self._address}: {status}: {shown(details)}{hint}") from error
            if any(words in details for words in _OF_ANSWERS):
                raise ServerError(f"{self._address}: {shown(details)}; is it TensorFlow Serving?") from error
            if status in _REFUSED:
                raise RefusedError(refusal(details)) from error
            raise ServerError(f"{self._address}: {status}: {shown(details)}") from error
        except ValueError as error:  # of the channel, once it is closed
            raise ServerError(f"{self._address}: {error}") from error


def _count(shape: list[int]) -> int:
    """Return how many values a tensor has, which may be far more than a message holds.

    Raises:
        ServerError: the shape is none, or larger than any answer.
    """
    count = math.prod(shape)
    if any(size < 0 for size in shape) or count > MOST_BYTES // 4:  # as many as a message can hold
        raise ServerError(f"the server answers with a tensor of shape {shape[:8]}")
    return count


def array(tensor: Any) -> np.ndarray:
    """Return a float32 TensorProto as float64.

    Raises:
        ServerError: it is something else.
    """
    if tensor.dtype != _FLOAT:
        raise ServerError(f"the server answers with numbers of type {tensor.dtype}, not float32")
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    count = _count(shape)
    if len(tensor.tensor_content) % 4:
        raise ServerError(f"the server answers with {len(tensor.tensor_content)} bytes in a tensor of shape {shape}")
    values = np.frombuffer(tensor.tensor_content, "<f4") if tensor.tensor_content else np.array(tensor.float_val, "<f4")
    if 0 < len(values) < count:  # trailing numbers that are equal may be left out
        values = np.pad(values, (0, count - len(values)), mode="edge")
    if len(values) != count:
        raise ServerError(f"the server answers with {len(values)} numbers in a tensor of shape {shape}")
    return values.reshape(shape).astype(np.float64)


def truths(tensor: Any) -> np.ndarray:
    """Return a boolean TensorProto of one axis.

    Raises:
        ServerError: its shape is none.
    """
    count = _count([dim.size for dim in tensor.tensor_shape.dim])
    values = np.frombuffer(tensor.tensor_content, bool) if tensor.tensor_content else np.array(tensor.bool_val, bool)
    # Trailing values that are equal may be left out, and all that are false.
    return np.pad(values if len(values) else np.zeros(1, bool), (0, max(0, count - len(values))), mode="edge")[:count]
