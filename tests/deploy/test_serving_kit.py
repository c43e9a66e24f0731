"""The files of export/serving are what TensorFlow Serving, Docker Compose and Kubernetes read."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2

from irmas_tf.config.settings import ConfigError
from irmas_tf.deploy.serving_kit import copy_serving_kit
from tests.helpers import ROOT

yaml = pytest.importorskip("yaml", reason="PyYAML is in the extra `test`")
KIT = ROOT / "export" / "serving"

# Flags of tensorflow_model_server 2.17 (tensorflow_serving/model_servers/main.cc).
SERVER_FLAGS = {
    "port", "rest_api_port", "rest_api_num_threads", "rest_api_timeout_in_ms", "model_config_file",
    "model_config_file_poll_wait_seconds", "allow_version_labels_for_unavailable_models", "monitoring_config_file",
    "enable_batching", "batching_parameters_file", "tensorflow_intra_op_parallelism",
    "tensorflow_inter_op_parallelism", "grpc_channel_arguments",
}  # fmt: skip

FIELD = descriptor_pb2.FieldDescriptorProto
INT, TEXT = ".google.protobuf.Int64Value", ".google.protobuf.StringValue"
# Messages that the published Python package lacks, field by field as in the server's .proto files
# (servables/tensorflow/session_bundle_config.proto, config/monitoring_config.proto). Wrappers are sub-messages.
MESSAGES: dict[str, list[tuple[str, int, bool, Any]]] = {
    "BatchingParameters": [
        ("max_batch_size", 1, False, INT), ("batch_timeout_micros", 2, False, INT),
        ("max_enqueued_batches", 3, False, INT), ("num_batch_threads", 4, False, INT),
        ("thread_pool_name", 5, False, TEXT), ("allowed_batch_sizes", 6, True, FIELD.TYPE_INT64),
        ("pad_variable_length_inputs", 7, False, FIELD.TYPE_BOOL),
    ],
    "PrometheusConfig": [("enable", 1, False, FIELD.TYPE_BOOL), ("path", 2, False, FIELD.TYPE_STRING)],
    "MonitoringConfig": [("prometheus_config", 1, False, ".irmas_tf.test.PrometheusConfig")],
}  # fmt: skip


def message(name: str) -> Any:
    """Return an empty message of `MESSAGES`."""
    file = descriptor_pb2.FileDescriptorProto(name="kit.proto", package="irmas_tf.test", syntax="proto3")
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    for title, fields in MESSAGES.items():
        described = file.message_type.add(name=title)
        for field, number, repeated, kind in fields:
            label = FIELD.LABEL_REPEATED if repeated else FIELD.LABEL_OPTIONAL
            one = described.field.add(name=field, number=number, label=label)
            one.type = FIELD.TYPE_MESSAGE if isinstance(kind, str) else kind
            if isinstance(kind, str):
                one.type_name = kind
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"irmas_tf.test.{name}"))()


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((KIT / name).read_text(encoding="utf-8")))


def models_config() -> Any:
    protos = pytest.importorskip(
        "tensorflow_serving.config.model_server_config_pb2", reason="tensorflow-serving-api is in the extra `serving`"
    )
    return text_format.Parse((KIT / "models.config").read_text(encoding="utf-8"), protos.ModelServerConfig())


def check_command(command: list[str]) -> dict[str, str]:
    flags = {}
    for argument in command:
        name, value = re.fullmatch(r"--(\w+)=(.+)", argument).groups()  # type: ignore[union-attr]
        assert name in SERVER_FLAGS and name not in flags, argument
        flags[name] = value
        if value.startswith("/config/"):
            assert (KIT / value.removeprefix("/config/")).is_file(), argument
    # The server does not start with the parameters alone.
    assert ("batching_parameters_file" in flags) == (flags.get("enable_batching") == "true")
    # Nor with labels of versions that are not loaded yet, as all are at its start.
    assert flags["allow_version_labels_for_unavailable_models"] == "true"
    return flags


def test_the_model_config_names_versions_and_labels_that_are_among_them() -> None:
    (model,) = models_config().model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == ("irmas", "/models/irmas", "tensorflow")
    served = list(model.model_version_policy.specific.versions)
    assert served and set(model.version_labels.values()) <= set(served)
    assert {"stable", "canary"} <= set(model.version_labels)


def test_a_copy_expects_the_models_beside_it(tmp_path: Path) -> None:
    folder, models = copy_serving_kit(tmp_path / "serving")
    assert models == tmp_path / "models"
    for path in KIT.iterdir():
        text = path.read_text(encoding="utf-8")
        assert (folder / path.name).read_text(encoding="utf-8") == text.replace("../../models", "../models")
    compose = yaml.safe_load((folder / "docker-compose.yml").read_text(encoding="utf-8"))
    assert compose["services"]["serving"]["volumes"][0] == "${IRMAS_MODELS:-../models}:/models:ro"


def test_a_copy_does_not_write_over_what_was_changed(tmp_path: Path) -> None:
    (tmp_path / "own.txt").touch()
    copy_serving_kit(tmp_path)
    copy_serving_kit(tmp_path)
    (tmp_path / "models.config").write_text("changed", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"models\.config: is there and differs; give --overwrite"):
        copy_serving_kit(tmp_path)
    copy_serving_kit(tmp_path, overwrite=True)
    assert (tmp_path / "models.config").read_bytes() == (KIT / "models.config").read_bytes()
    with pytest.raises(ConfigError, match="is a file; name a folder"):
        copy_serving_kit(tmp_path / "own.txt")


def test_a_misspelt_field_would_be_seen() -> None:
    models_config()
    with pytest.raises(text_format.ParseError):
        text_format.Parse("max_batch_sise { value: 1 }", message("BatchingParameters"))
    with pytest.raises(text_format.ParseError):
        text_format.Parse("max_batch_size: 1", message("BatchingParameters"))  # a wrapper is wanted


def test_the_batching_parameters_are_what_the_server_accepts() -> None:
    found = text_format.Parse((KIT / "batching.config").read_text(encoding="utf-8"), message("BatchingParameters"))
    sizes = list(found.allowed_batch_sizes)
    assert sizes == sorted(set(sizes)) and sizes[-1] == found.max_batch_size.value
    assert found.num_batch_threads.value >= 1 and found.max_enqueued_batches.value >= 1
    assert not found.pad_variable_length_inputs, "padding is silence, and silence is answered"


def test_prometheus_scrapes_where_the_server_answers() -> None:
    found = text_format.Parse((KIT / "monitoring.config").read_text(encoding="utf-8"), message("MonitoringConfig"))
    assert found.prometheus_config.enable
    (scraped,) = documents("prometheus.yml")[0]["scrape_configs"]
    assert scraped["metrics_path"] == found.prometheus_config.path
    assert scraped["static_configs"] == [{"targets": ["serving:8501"]}]
    deployment = next(one for one in documents("kubernetes.yaml") if one["kind"] == "Deployment")
    annotations = deployment["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/path"] == found.prometheus_config.path


def test_compose_starts_the_server_with_files_that_exist() -> None:
    (compose,) = documents("docker-compose.yml")
    services = compose["services"]
    for name, batching in (("serving", False), ("serving-batching", True)):
        service = services[name]
        assert service["image"].startswith("tensorflow/serving:${TF_SERVING_TAG:-2.17")
        assert ("enable_batching" in check_command(service["command"])) == batching
        assert {mount.rsplit(":", 2)[1] for mount in service["volumes"]} == {"/models", "/config"}
        assert all(mount.endswith(":ro") for mount in service["volumes"])
        assert [port.rsplit(":", 1)[1] for port in service["ports"]] == ["8500", "8501"]
        assert "/v1/models/irmas/labels/stable/metadata" in service["healthcheck"]["test"][-1]
    assert "profiles" not in services["serving"] and services["serving-batching"]["profiles"]


def test_the_health_check_tells_a_loaded_version_from_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run as bash runs it, against a server that answers as TensorFlow Serving does."""
    import http.server
    import threading

    class Handler(http.server.BaseHTTPRequestHandler):
        status = 200

        def do_GET(self) -> None:
            known = self.path == "/v1/models/irmas/labels/stable/metadata"
            self.send_response(self.status if known else 400)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    script = documents("docker-compose.yml")[0]["services"]["serving"]["healthcheck"]["test"][-1]
    script = script.replace("/8501", f"/{server.server_port}")
    try:
        for status, healthy in ((200, True), (404, False)):
            monkeypatch.setattr(Handler, "status", status)
            assert (subprocess.run(["bash", "-c", script], timeout=20).returncode == 0) == healthy
    finally:
        server.shutdown()
        server.server_close()
    assert subprocess.run(["bash", "-c", script], timeout=20, stderr=subprocess.DEVNULL).returncode != 0


def test_kubernetes_objects_refer_to_one_another() -> None:
    objects = {(one["kind"], one["metadata"]["name"]): one for one in documents("kubernetes.yaml")}
    assert len(objects) == 6
    deployment = objects["Deployment", "irmas-serving"]["spec"]
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"] == labels
    flags = check_command(container["args"])
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": int(flags["port"]), "rest": int(flags["rest_api_port"])}
    for name in ("irmas-serving", "irmas-serving-grpc"):
        service = objects["Service", name]["spec"]
        assert service["selector"] == labels
        assert all(port["targetPort"] in ports for port in service["ports"])
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert set(mounts) == {volume["name"] for volume in pod["volumes"]}
    assert (mounts["models"], mounts["config"]) == ("/models", "/config")
    sources = {volume["name"]: volume for volume in pod["volumes"]}
    assert ("PersistentVolumeClaim", sources["models"]["persistentVolumeClaim"]["claimName"]) in objects
    (kustomization,) = documents("kustomization.yaml")
    (generated,) = kustomization["configMapGenerator"]
    assert generated["name"] == sources["config"]["configMap"]["name"]
    assert all((KIT / name).is_file() for name in generated["files"] + kustomization["resources"])
    assert {Path(value).name for value in flags.values() if value.startswith("/config/")} <= set(generated["files"])
    scaler = objects["HorizontalPodAutoscaler", "irmas-serving"]["spec"]
    assert ("Deployment", scaler["scaleTargetRef"]["name"]) in objects
    assert "replicas" not in deployment, "it would undo the autoscaler's work"
    assert {"requests", "limits"} == set(container["resources"]), "the autoscaler works on requests"
    for probe in ("startupProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": "/v1/models/irmas/labels/stable/metadata", "port": "rest"}
    assert flags["tensorflow_intra_op_parallelism"] == container["resources"]["limits"]["cpu"]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
def test_kustomize_builds_the_whole() -> None:
    done = subprocess.run(["kubectl", "kustomize", str(KIT)], capture_output=True, text=True, timeout=60)
    if "unknown command" in done.stderr:
        pytest.skip("this kubectl has no kustomize")
    assert done.returncode == 0, done.stderr
    built = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(done.stdout)}
    data = built["ConfigMap", "irmas-serving"]["data"]
    assert data["models.config"] == (KIT / "models.config").read_text(encoding="utf-8")
    assert ("Deployment", "irmas-serving") in built


def blocks(language: str) -> list[str]:
    """Return the code of docs/serving.md in a language."""
    page = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder with a clip.wav."""
    import numpy as np
    import soundfile

    soundfile.write(tmp_path / "clip.wav", np.linspace(-0.5, 0.5, 8000), 16000)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_pages_curl_commands_get_answers(fake_serving: Any, clip: Path) -> None:
    import json

    commands = [block for block in blocks("bash") if "curl" in block]
    assert len(commands) == 2
    script = "set -e\n" + "".join(commands).replace("http://localhost:8501", fake_serving.http)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, cwd=clip)
    assert done.returncode == 0, done.stderr
    answers, decoder = [], json.JSONDecoder()
    text = done.stdout
    while text:
        answer, end = decoder.raw_decode(text)
        answers.append(answer)
        text = text[end:].lstrip()
    classified, columns, activity = answers
    assert classified["predictions"][0]["duration_seconds"] == 0.5
    assert len(classified["predictions"][0]["probabilities"]) == len(columns["outputs"]["probabilities"][0]) == 11
    assert activity["predictions"][0]["window_start_seconds"] == [0.0]


def test_the_pages_python_gets_an_answer(fake_serving: Any, clip: Path) -> None:
    (code,) = blocks("python")
    scope: dict[str, Any] = {}
    exec(code.replace("localhost:8500", fake_serving.grpc.removeprefix("grpc://")), scope)
    assert scope["probabilities"].shape == (1, 11) and scope["probabilities"].sum() == pytest.approx(1)


def test_the_pages_client_commands_are_understood() -> None:
    from irmas_tf.client.command import COMMAND
    from irmas_tf.config.flags import parse_flags

    lines = [line for block in blocks("bash") for line in block.splitlines() if line.startswith("irmas client ")]
    assert len(lines) == 2
    for line in lines:
        assert parse_flags(COMMAND, line.split()[2:]).positional
