"""Warm-up files against the messages of tensorflow-serving-api, which are TF Serving's own."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.deploy import warmup
from irmas_tf.deploy.saved_model import EXTRA_ASSETS
from irmas_tf.deploy.warmup import WARMUP_NAME, WarmupRequest, read_warmup, warmup_requests, write_warmup

REQUESTS = [
    WarmupRequest("serving_default", "waveform", np.zeros([1, 300], np.float32)),
    WarmupRequest("activity", "waveform", np.array([[0.5, -1.0], [0.25, 3.0]], np.float32)),
    WarmupRequest("classify_audio", "audio", np.array([b"RIFF\0\xff", b""], object)),
]


def same(found: WarmupRequest, wanted: WarmupRequest) -> None:
    assert (found.signature, found.input) == (wanted.signature, wanted.input)
    assert found.value.dtype == wanted.value.dtype
    np.testing.assert_array_equal(found.value, wanted.value)


def test_tf_servings_own_messages_read_them(tmp_path):
    prediction_log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    write_warmup(tmp_path / "requests", REQUESTS, "irmas")
    records = [record.numpy() for record in tf.data.TFRecordDataset(str(tmp_path / "requests"))]
    assert len(records) == len(REQUESTS)
    for record, wanted in zip(records, REQUESTS, strict=True):
        log = prediction_log_pb2.PredictionLog.FromString(record)
        assert log.WhichOneof("log_type") == "predict_log"
        request = log.predict_log.request
        assert request.model_spec.name == "irmas"
        assert list(request.inputs) == [wanted.input]
        value = tf.make_ndarray(request.inputs[wanted.input])
        same(WarmupRequest(request.model_spec.signature_name, wanted.input, value), wanted)
        # Nothing that the real message does not know.
        log.DiscardUnknownFields()
        assert len(log.SerializeToString()) == len(record)


def test_the_package_reads_what_tf_servings_messages_write(tmp_path):
    prediction_log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    with tf.io.TFRecordWriter(str(tmp_path / "requests")) as writer:
        for signature, name, value in REQUESTS:
            log = prediction_log_pb2.PredictionLog()
            request = log.predict_log.request
            request.model_spec.signature_name = signature
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            writer.write(log.SerializeToString())
    for found, wanted in zip(read_warmup(tmp_path / "requests"), REQUESTS, strict=True):
        same(found, wanted)


def test_silence_is_not_stored_sample_by_sample(tmp_path):
    requests = [WarmupRequest("serving_default", "waveform", np.zeros([1, 10**6], np.float32))]
    write_warmup(tmp_path / "requests", requests, "irmas")
    assert (tmp_path / "requests").stat().st_size < 200
    same(read_warmup(tmp_path / "requests")[0], requests[0])


def test_every_signature_of_a_model_is_warmed_up(small_loaded, small_session):
    requests = warmup_requests(small_loaded.config)
    assert {request.signature for request in requests} == set(small_session.signatures)
    assert len({request.value.shape for request in requests if request.signature == "serving_default"}) == 2


def test_an_exported_model_has_them_where_tf_serving_looks(small_saved_model, small_loaded):
    assert EXTRA_ASSETS == "assets.extra" and WARMUP_NAME == "tf_serving_warmup_requests"
    found = read_warmup(small_saved_model / EXTRA_ASSETS / WARMUP_NAME)
    for one, wanted in zip(found, warmup_requests(small_loaded.config), strict=True):
        same(one, wanted)


def test_damaged_files_are_errors(tmp_path):
    path = tmp_path / "requests"
    with pytest.raises(tf.errors.NotFoundError):
        read_warmup(path)
    write_warmup(path, REQUESTS, "irmas")
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(tf.errors.DataLossError):
        read_warmup(path)


def test_they_are_written_without_tensorflow_serving_api():
    assert not re.search(r"import.*tensorflow_serving|from tensorflow_serving", inspect.getsource(warmup))
