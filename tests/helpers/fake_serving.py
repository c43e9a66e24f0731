"""TensorFlow Serving in a thread: its REST and gRPC APIs over the signatures of a SavedModel, run in a session.

Every request, also one over REST, becomes a PredictRequest of TensorFlow Serving's own protocol buffers and its answer
comes from a PredictResponse. `Faults` makes it fail as real servers and the proxies before them do.

"""

from __future__ import annotations

import base64
import http.server
import inspect
import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from irmas_tf.deploy.session_model import SessionModel

NAME = "irmas"
HTTP_STATUS = {"INVALID_ARGUMENT": 400, "NOT_FOUND": 404, "FAILED_PRECONDITION": 400, "UNAVAILABLE": 503}


class ServingError(Exception):
    """An error with the name of its code, as in absl::Status."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Core:
    """The served versions of one model.

    Attributes:
        requests: numbers of rows of the Predict requests so far.
        faults: what to do instead of answering the next Predict requests, one each: "UNAVAILABLE" and other codes,
            an HTTP status, "drop" (the connection), or a number of seconds (a float) after which it is too late.
        as_content: whether tensors are answered as bytes instead of numbers.
        classes_cut: answer with that many classes less.
        hidden: signatures that the model does not have.
    """

    def __init__(self, model: SessionModel, name: str = NAME, version: int = 1) -> None:
        self.model = model
        self.name = name
        self.version = version
        self.labels = {"stable": version}
        self.requests: list[int] = []
        self.faults: list[Any] = []
        self.as_content = False
        self.classes_cut = 0
        self.hidden: set[str] = set()
        self._lock = threading.Lock()

    def fault(self) -> Any:
        with self._lock:
            return self.faults.pop(0) if self.faults else None

    def signatures(self) -> dict[str, Any]:
        return {name: one for name, one in self.model.signatures.items() if name not in self.hidden}

    def check(self, spec: Any) -> None:
        """Refuse what is not served, in the server's words."""
        version = spec.version.value if spec.HasField("version") else 0
        if spec.version_label and spec.version_label not in self.labels:
            raise ServingError("INVALID_ARGUMENT", f"Unrecognized servable version label: {spec.version_label}")
        if spec.name != self.name or version not in (0, self.version):
            wanted = f"Specific({spec.name}, {version})" if version else f"Latest({spec.name})"
            raise ServingError("NOT_FOUND", f"Servable not found for request: {wanted}")

    def predict(self, request: Any) -> Any:
        self.check(request.model_spec)
        name = request.model_spec.signature_name or "serving_default"
        if name not in self.signatures():
            raise ServingError("FAILED_PRECONDITION", f'Serving signature name: "{name}" not found in signature def')
        wanted = self.signatures()[name]
        if set(request.inputs) != set(wanted.inputs):
            raise ServingError("INVALID_ARGUMENT", "input size does not match signature")
        (value,) = (tf.make_ndarray(tensor) for tensor in request.inputs.values())
        (information,) = wanted.inputs.values()
        if tf.as_dtype(information.dtype).as_numpy_dtype != value.dtype:
            raise ServingError("INVALID_ARGUMENT", f"{value.dtype} is not the type of the input")
        with self._lock:
            self.requests.append(len(value))
        try:
            outputs = self.model(name, value)
        except tf.errors.InvalidArgumentError as error:
            raise ServingError("INVALID_ARGUMENT", error.message) from error
        answer = predict_pb2.PredictResponse()
        answer.model_spec.name = self.name
        answer.model_spec.version.value = self.version
        answer.model_spec.signature_name = name
        for key, array in outputs.items():
            if key in (request.output_filter or outputs):
                if key == "probabilities" and self.classes_cut:
                    array = array[:, : -self.classes_cut]
                answer.outputs[key].CopyFrom(tensor_of(array, self.as_content))
        return answer

    def metadata(self, request: Any) -> Any:
        self.check(request.model_spec)
        answer = get_model_metadata_pb2.GetModelMetadataResponse()
        answer.model_spec.name = self.name
        answer.model_spec.version.value = self.version
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, one in self.signatures().items():
            signatures.signature_def[name].CopyFrom(one)
        answer.metadata["signature_def"].Pack(signatures)
        return answer

    def status(self) -> Any:
        answer = get_model_status_pb2.GetModelStatusResponse()
        answer.model_version_status.add(version=self.version, state=30)  # AVAILABLE
        return answer


def tensor_of(array: np.ndarray, as_content: bool) -> Any:
    """Return a TensorProto: numbers by default, as the server does."""
    tensor = tf.make_tensor_proto(array)
    if not as_content and array.dtype == np.float32:
        tensor.ClearField("tensor_content")
        tensor.ClearField("float_val")
        tensor.float_val.extend(array.ravel().tolist())
    return tensor


PATH = re.compile(r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?")


class Handler(http.server.BaseHTTPRequestHandler):
    """The REST API: JSON to PredictRequest and PredictResponse to JSON."""

    protocol_version = "HTTP/1.1"
    core: Core

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.core.fault()
        if fault == "drop":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        if isinstance(fault, float):
            time.sleep(fault)
            fault = "UNAVAILABLE"  # nobody waits for it any more
        if isinstance(fault, int):
            self._send(fault, b"<html>busy</html>", {"Retry-After": "0"})
            return
        elif fault:
            self._send(HTTP_STATUS[fault], json.dumps({"error": f"it is {fault}"}).encode())
            return
        self._answer(lambda: self._predict(body))

    def _answer(self, make: Any) -> None:
        try:
            status, content = 200, make()
        except ServingError as error:
            status, content = HTTP_STATUS[error.code], {"error": str(error)}
        self._send(status, json.dumps(content).encode())

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _spec(self, spec: Any, verb: str) -> None:
        found = PATH.match(self.path)
        if not found or self.path[found.end() :] != verb:
            raise ServingError("INVALID_ARGUMENT", f"Malformed request: {self.command} {self.path}")
        spec.name = found["name"]
        if found["version"]:
            spec.version.value = int(found["version"])
        if found["label"]:
            spec.version_label = found["label"]

    def _get(self) -> Any:
        if not self.path.endswith("/metadata"):
            return json_format.MessageToDict(self.core.status(), preserving_proto_field_name=True)
        request = get_model_metadata_pb2.GetModelMetadataRequest()
        self._spec(request.model_spec, "/metadata")
        answer = self.core.metadata(request)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        answer.metadata["signature_def"].Unpack(signatures)
        # The server prints fields at their defaults; newer versions of protobuf have another name for that.
        named = inspect.signature(json_format.MessageToDict).parameters
        defaults = "including_default_value_fields"
        if defaults not in named:
            defaults = "always_print_fields_with_no_presence"
        options = {"preserving_proto_field_name": True, defaults: True}
        spec = json_format.MessageToDict(answer.model_spec, preserving_proto_field_name=True)
        return {
            "model_spec": spec,
            "metadata": {"signature_def": json_format.MessageToDict(signatures, **options)},
        }

    def _predict(self, body: bytes) -> Any:
        request = predict_pb2.PredictRequest()
        self._spec(request.model_spec, ":predict")
        try:
            given = json.loads(body)
        except ValueError as error:
            raise ServingError("INVALID_ARGUMENT", f"JSON Parse error: {error}") from error
        name = given.get("signature_name", "serving_default")
        request.model_spec.signature_name = name
        if name not in self.core.signatures():
            raise ServingError("INVALID_ARGUMENT", f'Serving signature name: "{name}" not found in signature def')
        ((key, information),) = self.core.signatures()[name].inputs.items()
        if ("instances" in given) == ("inputs" in given):
            raise ServingError("INVALID_ARGUMENT", "Missing 'inputs' or 'instances' key")
        if "instances" in given:
            rows = [one[key] if isinstance(one, dict) and "b64" not in one else one for one in given["instances"]]
        else:
            rows = given["inputs"][key] if isinstance(given["inputs"], dict) else given["inputs"]
        request.inputs[key].CopyFrom(tensor_of_json(rows, tf.as_dtype(information.dtype)))
        outputs = {name: tf.make_ndarray(one).tolist() for name, one in self.core.predict(request).outputs.items()}
        if "inputs" in given:
            return {"outputs": outputs}
        return {"predictions": [dict(zip(outputs, row, strict=True)) for row in zip(*outputs.values(), strict=True)]}

    def log_message(self, *_: object) -> None:
        pass


def tensor_of_json(rows: Any, dtype: Any) -> Any:
    try:
        if dtype == tf.string:
            values = [base64.b64decode(one["b64"], validate=True) if isinstance(one, dict) else one for one in rows]
            return tf.make_tensor_proto(values, dtype)
        return tf.make_tensor_proto(np.asarray(rows, dtype.as_numpy_dtype))
    except (ValueError, TypeError, KeyError) as error:
        raise ServingError("INVALID_ARGUMENT", f"JSON Value: cannot be made a tensor: {error}") from error


class Service(prediction_service_pb2_grpc.PredictionServiceServicer, model_service_pb2_grpc.ModelServiceServicer):
    """The gRPC API."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def Predict(self, request: Any, context: Any) -> Any:
        fault = self.core.fault()
        if isinstance(fault, float):
            time.sleep(fault)
            fault = "UNAVAILABLE"
        if fault:
            context.abort(grpc.StatusCode[fault], f"it is {fault}")
        return self._call(self.core.predict, request, context)

    def GetModelMetadata(self, request: Any, context: Any) -> Any:
        return self._call(self.core.metadata, request, context)

    def GetModelStatus(self, request: Any, context: Any) -> Any:
        return self.core.status()

    def _call(self, method: Any, request: Any, context: Any) -> Any:
        try:
            return method(request)
        except ServingError as error:
            context.abort(grpc.StatusCode[error.code], str(error))


class FakeServing:
    """Both APIs of a SavedModel; `http` and `grpc` are their addresses.

    One for each test: a client that has given up may still have a request on its way, which must not be counted in the
    next test, nor take one of its faults.
    """

    def __init__(self, model: SessionModel, name: str = NAME) -> None:
        self.core = Core(model, name)
        handler = type("BoundHandler", (Handler,), {"core": self.core})
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        self._threads = ThreadPoolExecutor(4)
        self._grpc = grpc.server(
            self._threads,
            options=[("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0)],
        )
        service = Service(self.core)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, self._grpc)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(service, self._grpc)
        port = self._grpc.add_insecure_port("127.0.0.1:0")
        self._grpc.start()
        self.http = f"http://127.0.0.1:{self._http.server_port}"
        self.grpc = f"grpc://127.0.0.1:{port}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._grpc.stop(0).wait()
        self._threads.shutdown(wait=False)
