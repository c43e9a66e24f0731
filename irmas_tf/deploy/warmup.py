"""Warm-up requests: what TF Serving runs through a model before clients may use it, so that their first is not slow.

They are a TFRecord of ``PredictionLog`` messages in ``assets.extra``. The messages are described here as far as they
are used, so that writing them does not need the package tensorflow-serving-api. A tensor is bytes here, because on the
wire a message inside another looks the same as bytes do.

Source: TensorFlow Serving, "SavedModel Warmup"; prediction_log.proto, predict.proto and model.proto in its apis folder.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from tensorflow.core.framework import tensor_pb2

from irmas_tf.config.run_config import Config
from irmas_tf.deploy.check_signals import wav_bytes
from irmas_tf.deploy.signatures import AUDIO, WAVEFORM
from irmas_tf.deploy.window_graph import CHUNK_WINDOWS

WARMUP_NAME = "tf_serving_warmup_requests"

_PACKAGE = "irmas_tf.warmup"
# {message: [(field, number, type)]}; what begins with a dot is another message.
_MESSAGES = {
    "ModelSpec": [("name", 1, "string"), ("signature_name", 3, "string")],
    "Input": [("key", 1, "string"), ("value", 2, "bytes")],
    "PredictRequest": [("model_spec", 1, ".ModelSpec"), ("inputs", 2, ".Input")],
    "PredictLog": [("request", 1, ".PredictRequest")],
    "PredictionLog": [("predict_log", 6, ".PredictLog")],
}
_REPEATED = {"inputs"}


class WarmupRequest(NamedTuple):
    """A request: the signature, its input's name, and the input's value."""

    signature: str
    input: str
    value: np.ndarray


def warmup_requests(config: Config) -> list[WarmupRequest]:
    """Return requests that go once through every signature: silence of one window, and of all that run at once."""
    audio = config.audio
    window = np.zeros([1, audio.window_samples], np.float32)
    longer = np.zeros([1, audio.window_samples + (CHUNK_WINDOWS - 1) * audio.window_hop_samples], np.float32)
    file = wav_bytes(np.zeros(4410), 44100, 2, "PCM_16", "WAV")
    return [
        WarmupRequest("serving_default", WAVEFORM, window),
        WarmupRequest("serving_default", WAVEFORM, longer),
        WarmupRequest("classify_audio", AUDIO, np.array([file], object)),
        WarmupRequest("activity", WAVEFORM, window),
    ]


def write_warmup(path: Path, requests: Sequence[WarmupRequest], model_name: str) -> None:
    """Write the file that TF Serving looks for.

    Args:
        path: the file; its folder exists.
        requests: what the model is asked.
        model_name: as clients ask for it.
    """
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, name, value in requests:
            log = _message_class("PredictionLog")()
            request = log.predict_log.request
            request.model_spec.name = model_name
            request.model_spec.signature_name = signature
            request.inputs.add(key=name, value=_tensor(value).SerializeToString())
            writer.write(log.SerializeToString())


def read_warmup(path: Path) -> list[WarmupRequest]:
    """Return the requests of such a file.

    Raises:
        tf.errors.OpError, google.protobuf.message.DecodeError: it is missing or damaged.
    """
    requests = []
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        request = _message_class("PredictionLog").FromString(record).predict_log.request
        (one,) = request.inputs
        value = tf.make_ndarray(tensor_pb2.TensorProto.FromString(one.value))
        requests.append(WarmupRequest(request.model_spec.signature_name, one.key, value))
    return requests


def _tensor(value: np.ndarray) -> Any:
    """Return an array as a TensorProto; silence is one number and a shape, not a megabyte of zeros."""
    if value.dtype != object and not value.any():
        return tf.make_tensor_proto(0.0, value.dtype, value.shape)
    return tf.make_tensor_proto(value)


@functools.cache
def _message_class(name: str) -> Any:
    # A pool of its own: in the default one the names would clash with those of tensorflow-serving-api.
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{_PACKAGE}.{name}"))


@functools.cache
def _pool() -> Any:
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="irmas_tf_warmup.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind in fields:
            message.field.add(
                name=field,
                number=number,
                label=kinds.LABEL_REPEATED if field in _REPEATED else kinds.LABEL_OPTIONAL,
                type=kinds.TYPE_MESSAGE if kind.startswith(".") else kinds.Type.Value(f"TYPE_{kind.upper()}"),
                type_name=f".{_PACKAGE}{kind}" if kind.startswith(".") else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return pool
