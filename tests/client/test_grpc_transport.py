from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from irmas_tf.audio.wav_upload import float_wav
from irmas_tf.client.grpc_transport import GrpcTransport, array, truths
from irmas_tf.client.model_address import ModelAddress
from irmas_tf.client.server_errors import RefusedError, ServerError, UnavailableError
from tests.helpers.lying_server import lying_server

RNG = np.random.default_rng(6)
CLIPS = [float_wav(RNG.normal(0, 0.2, samples), 16000) for samples in (3000, 9001)]


def transport(url: str, timeout_seconds: float = 20.0, **choice: Any) -> GrpcTransport:
    return GrpcTransport(ModelAddress(url, **{"model": "irmas", **choice}), timeout_seconds)


@pytest.mark.slow
@pytest.mark.parametrize("as_content", [False, True])
def test_answers_are_those_of_the_signature(fake_serving: Any, tiny_export: Path, as_content: bool) -> None:
    fake_serving.core.as_content = as_content
    wanted = fake_serving.core.model("classify_audio", np.array(CLIPS, object))
    for choice in ({}, {"version": 1}, {"label": "stable"}):
        grpc = transport(fake_serving.grpc, **choice)
        assert grpc.num_classes() == 11
        found = grpc.classify(CLIPS)
        grpc.close()
        np.testing.assert_array_equal(found.probabilities.astype(np.float32), wanted["probabilities"])
        np.testing.assert_allclose(found.duration_seconds, [3000 / 16000, 9001 / 16000], rtol=1e-6)
        np.testing.assert_array_equal(found.silent, wanted["silent"])
    assert fake_serving.core.requests == [2, 2, 2]


@pytest.mark.slow
def test_a_refusal_is_the_graphs_sentence(fake_serving: Any) -> None:
    with pytest.raises(RefusedError) as caught:
        transport(fake_serving.grpc).classify([CLIPS[0], b""])
    assert str(caught.value) == "is not a RIFF WAV file; convert it to WAV"


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"model": "other"}, "NOT_FOUND: Servable not found"),
        ({"version": 7}, "Specific(irmas, 7)"),
        ({"label": "beta"}, "Unrecognized servable version label: beta"),
    ],
)
def test_what_is_not_served_is_named(fake_serving: Any, choice: dict[str, Any], words: str) -> None:
    with pytest.raises(ServerError) as caught:
        transport(fake_serving.grpc, **choice).num_classes()
    assert words in str(caught.value)
    assert not isinstance(caught.value, UnavailableError)


def test_a_model_of_others_is_named(fake_serving: Any) -> None:
    fake_serving.core.hidden.add("classify_audio")
    with pytest.raises(ServerError, match="no signature classify_audio"):
        transport(fake_serving.grpc).num_classes()


@pytest.mark.slow
def test_a_busy_or_slow_server_may_be_asked_again(fake_serving: Any) -> None:
    fake_serving.core.faults[:] = ["UNAVAILABLE", 1.5, "RESOURCE_EXHAUSTED", "PERMISSION_DENIED"]
    grpc = transport(fake_serving.grpc, timeout_seconds=0.5)
    with pytest.raises(UnavailableError, match="UNAVAILABLE: it is UNAVAILABLE"):
        grpc.classify(CLIPS)
    with pytest.raises(UnavailableError, match=r"no answer within 0\.5 s"):
        grpc.classify(CLIPS)
    with pytest.raises(RefusedError):
        grpc.classify(CLIPS)
    with pytest.raises(ServerError, match="PERMISSION_DENIED"):
        grpc.classify(CLIPS)


def test_no_server_the_wrong_port_and_a_closed_connection(fake_serving: Any) -> None:
    with pytest.raises(UnavailableError, match="gRPC port"):
        transport("grpc://127.0.0.1:9").num_classes()
    with pytest.raises(UnavailableError, match="gRPC port"):
        transport(fake_serving.http.replace("http", "grpc")).num_classes()
    grpc = transport(fake_serving.grpc)
    grpc.close()
    with pytest.raises(ServerError):
        grpc.classify(CLIPS)


@pytest.mark.slow
def test_audio_beyond_grpcs_usual_limit_of_four_megabytes_goes_through(fake_serving: Any) -> None:
    found = transport(fake_serving.grpc).classify([float_wav(np.zeros(1_300_000), 8000)])
    assert found.duration_seconds[0] == pytest.approx(162.5)


def test_tensors_as_others_may_write_them() -> None:
    protos = pytest.importorskip("tensorflow.core.framework.tensor_pb2")
    import tensorflow as tf

    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(array(tf.make_tensor_proto(values)), values)
    short = tf.make_tensor_proto(np.zeros([2, 3], np.float32))
    short.tensor_content, short.float_val[:] = b"", [1.0, 2.0]  # the last number stands for the rest
    np.testing.assert_array_equal(array(short), [[1, 2, 2], [2, 2, 2]])
    assert array(tf.make_tensor_proto(np.zeros([0, 3], np.float32))).shape == (0, 3)
    for flags in ([True, False, True], [False], [True, True]):
        proto = tf.make_tensor_proto(np.array(flags))
        assert truths(proto).tolist() == flags
        proto.bool_val[:] = []
        proto.tensor_content = np.array(flags).tobytes()
        assert truths(proto).tolist() == flags
    shorter = tf.make_tensor_proto(np.zeros(3, bool))
    shorter.bool_val[:] = [True]
    assert truths(shorter).tolist() == [True] * 3
    shorter.bool_val[:] = []
    assert truths(shorter).tolist() == [False] * 3
    with pytest.raises(ServerError, match="not float32"):
        array(tf.make_tensor_proto(values.astype(np.float64)))
    broken = protos.TensorProto(dtype=1, float_val=[1.0, 2.0, 3.0])
    broken.tensor_shape.dim.add(size=2)
    with pytest.raises(ServerError, match="3 numbers"):
        array(broken)


@contextlib.contextmanager
def liar(answer: Callable[[], bytes], is_compressed: bool = False) -> Iterator[str]:
    """Serve the same bytes for every call, and yield the address."""
    pytest.importorskip("tensorflow_serving.apis", reason="tensorflow-serving-api is in the extra `serving`")
    grpc = pytest.importorskip("grpc")
    method = grpc.unary_unary_rpc_method_handler(lambda request, context: answer())
    handler = type("Handler", (grpc.GenericRpcHandler,), {"service": lambda self, details: method})()
    coding = grpc.Compression.Gzip if is_compressed else grpc.Compression.NoCompression
    with ThreadPoolExecutor(2) as threads:
        server = grpc.server(threads, handlers=[handler], compression=coding)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"grpc://127.0.0.1:{port}"
        server.stop(0).wait()


@pytest.mark.slow
@pytest.mark.parametrize("is_compressed", [False, True])
def test_an_answer_that_is_too_large_is_the_servers_fault_and_not_the_files(is_compressed: bool) -> None:
    with liar(lambda: bytes(33 << 20), is_compressed) as url, pytest.raises(ServerError, match="larger than max"):
        transport(url).classify(CLIPS)


def test_an_answer_that_is_none_is_the_servers_fault() -> None:
    with liar(lambda: b"\xff\xff\xff") as url, pytest.raises(ServerError, match="deserializing"):
        transport(url).classify(CLIPS)


@pytest.mark.parametrize("name", ["probabilities", "duration_seconds"])
def test_values_out_of_range_are_refused_as_over_rest(name: str) -> None:
    predict_pb2 = pytest.importorskip("tensorflow_serving.apis.predict_pb2")
    import tensorflow as tf

    answer = predict_pb2.PredictResponse()
    for key, values in {"probabilities": np.zeros([2, 3], "f4"), "duration_seconds": np.ones(2, "f4")}.items():
        answer.outputs[key].CopyFrom(tf.make_tensor_proto(values - 2 if key == name else values))
    with liar(answer.SerializeToString) as url, pytest.raises(ServerError, match="another model"):
        transport(url).classify(CLIPS)


def test_a_huge_shape_takes_no_memory() -> None:
    protos = pytest.importorskip("tensorflow.core.framework.tensor_pb2")
    huge = protos.TensorProto(dtype=1, float_val=[1.0])
    huge.tensor_shape.dim.add(size=1 << 24)
    with pytest.raises(ServerError, match="shape"):
        array(huge)


@pytest.mark.slow
def test_the_time_counts_from_before_the_connection_and_to_the_end_of_the_answer() -> None:
    """A listener that never speaks, and an answer that comes late."""
    with lying_server(lambda line: time.sleep(5)) as silent, liar(lambda: time.sleep(3) or b"") as late:
        for url in (silent.url.replace("http", "grpc"), late):
            with pytest.raises(UnavailableError, match=r"no answer within 0\.5 s"):
                transport(url, 0.5).classify(CLIPS)


def test_no_proxy_is_asked_for_this_machine(fake_serving: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with lying_server(lambda line: None) as proxy:
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        for name in ("http_proxy", "grpc_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert transport(fake_serving.grpc).num_classes() == 11
        assert transport(fake_serving.grpc.replace("127.0.0.1", "localhost")).num_classes() == 11
    assert proxy.requests == 0
