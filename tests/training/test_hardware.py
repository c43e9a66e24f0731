from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf

from irmas_tf import __version__
from irmas_tf.config.run_config import TrainingConfig
from irmas_tf.config.settings import ConfigError
from irmas_tf.training import hardware


def test_threads_come_from_the_environment_or_the_machine(monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "3")
    monkeypatch.delenv("TF_NUM_INTEROP_THREADS", raising=False)
    environment = hardware.compute_environment()
    assert environment["intra_op_threads"] == (tf.config.threading.get_intra_op_parallelism_threads() or 3)
    assert environment["inter_op_threads"] >= 1
    assert environment["tensorflow"] == tf.__version__


def test_differences_are_named():
    now = {"intra_op_threads": 2, "onednn": "default", "devices": []}
    assert hardware.environment_differences(now, dict(now)) == ""
    assert hardware.environment_differences({**now, "intra_op_threads": 8}, now) == "intra_op_threads 8 -> 2"
    assert "onednn 1 -> default" in hardware.environment_differences({**now, "onednn": "1"}, now)


def test_what_an_older_version_did_not_record_is_no_difference():
    now = hardware.compute_environment()
    old = {
        key: now[key] for key in ("intra_op_threads", "inter_op_threads", "devices", "onednn", "tensorflow", "keras")
    }
    assert hardware.environment_differences(old, now) == ""
    assert "keras 3.0 -> " in hardware.environment_differences({**old, "keras": "3.0"}, now)


def test_code_libraries_and_processor_are_recorded(monkeypatch):
    monkeypatch.setattr(hardware, "git_commit", lambda: "0123456789abcdef")
    now = hardware.compute_environment()
    assert now == json.loads(json.dumps(now))
    assert now["irmas_tf"] == f"{__version__} (0123456789)"
    assert now["numpy"] == np.__version__
    assert now["processor"] == hardware.processor() != ""
    monkeypatch.setattr(hardware, "git_commit", lambda: None)
    assert hardware.compute_environment()["irmas_tf"] == __version__
    for key in ("irmas_tf", "numpy", "processor"):
        assert f"{key} another -> " in hardware.environment_differences({**now, key: "another"}, now)


@pytest.mark.parametrize("text, expected", [
    ("processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu avx sse avx2 fma\n\nprocessor\t: 1\nmodel name\t: X\n",
     "Some CPU (avx avx2 fma)"),
    ("processor\t: 0\nFeatures\t: fp asimd sve\nCPU part\t: 0xd40\n", "0xd40 (asimd sve)"),
    ("model name\t: Plain\n", "Plain"),
])  # fmt: skip
def test_the_processor_is_its_name_and_what_chooses_kernels(tmp_path, text, expected):
    (tmp_path / "cpuinfo").write_text(text)
    assert hardware.processor(str(tmp_path / "cpuinfo")) == expected
    assert hardware.processor(str(tmp_path / "absent")) != ""


@pytest.mark.parametrize("name", ["auto", "one_device"])
def test_one_device_needs_no_distribution(name):
    assert hardware.make_strategy(TrainingConfig(strategy=name)).num_replicas_in_sync == 1


def test_a_batch_that_cannot_be_shared_out_is_refused(monkeypatch):
    cpu = tf.config.list_logical_devices("CPU")[0]
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [cpu] * 3 if kind == "CPU" else [])
    with pytest.raises(ConfigError, match=r"--batch_size=32: must be a multiple of the 3 devices.* use 33"):
        hardware.make_strategy(TrainingConfig(strategy="mirrored", batch_size=32))


def test_the_same_seed_prepares_the_same_numbers():
    drawn = []
    for seed in (1, 1, 2):
        hardware.prepare_process(TrainingConfig(seed=seed, deterministic=False))
        drawn.append(float(tf.random.uniform([])))
    assert drawn[0] == drawn[1] != drawn[2]
