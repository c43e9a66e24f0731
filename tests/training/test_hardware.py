from __future__ import annotations

import pytest
import tensorflow as tf

from irmas_tf.config import TrainingConfig
from irmas_tf.settings import ConfigError
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
    assert "onednn None -> default" in hardware.environment_differences({"intra_op_threads": 2, "devices": []}, now)


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
