"""Devices, threads and determinism of a training process."""

from __future__ import annotations

import itertools
import os
import platform
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from irmas_tf import __version__
from irmas_tf.config.run_config import TrainingConfig
from irmas_tf.config.settings import ConfigError
from irmas_tf.process.cpu import ONEDNN, keep_freed_memory
from irmas_tf.process.ordered_threads import usable_cpus
from irmas_tf.process.versions import git_commit

# Instruction sets for which TensorFlow, oneDNN and OpenBLAS have kernels of their own, which round differently.
_KERNEL_FLAGS = ("avx", "avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd", "sve", "bf16")


def prepare_process(config: TrainingConfig) -> None:
    """Seed everything and, if asked, make operations deterministic; call before the first TensorFlow operation.

    GPUs get memory as they need it, so that several processes can share one; the CPU's allocator keeps what it has.
    """
    keep_freed_memory()
    for gpu in tf.config.list_physical_devices("GPU"):
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:  # the process has used the GPU already; nothing is lost but the sharing
            break
    keras.utils.set_random_seed(config.seed)
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()


def compute_environment() -> dict[str, Any]:
    """Return what decides the last bits of a sum: threads, devices, the oneDNN switch, and whose code runs."""
    cpus = usable_cpus()

    def threads(configured: int, variable: str) -> int:
        text = os.environ.get(variable, "")
        return configured or (int(text) if text.isdigit() and int(text) > 0 else cpus)

    commit = git_commit()
    return {
        "irmas_tf": f"{__version__} ({commit[:10]})" if commit else __version__,
        "intra_op_threads": threads(tf.config.threading.get_intra_op_parallelism_threads(), "TF_NUM_INTRAOP_THREADS"),
        "inter_op_threads": threads(tf.config.threading.get_inter_op_parallelism_threads(), "TF_NUM_INTEROP_THREADS"),
        "devices": [
            tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")
            for gpu in tf.config.list_physical_devices("GPU")
        ],
        "onednn": os.environ.get(ONEDNN, "default"),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "processor": processor(),
    }


def processor(cpuinfo: str = "/proc/cpuinfo") -> str:
    """Return "AMD EPYC 7763 64-Core Processor (avx2 fma)": the CPU's name and what of it chooses among kernels.

    Args:
        cpuinfo: what Linux says of the CPUs. Where it cannot be read, the answer is the architecture.
    """
    facts: dict[str, str] = {}
    try:
        with open(cpuinfo, encoding="utf-8", errors="replace") as file:
            for line in itertools.takewhile(str.strip, file):  # of the first CPU
                name, _, value = line.partition(":")
                facts[name.strip().lower()] = value.strip()
    except OSError:
        pass
    name = facts.get("model name") or facts.get("cpu part") or platform.processor() or platform.machine()
    flags = set((facts.get("flags") or facts.get("features") or "").split())
    known = [flag for flag in _KERNEL_FLAGS if flag in flags]
    return f"{name} ({' '.join(known)})" if known else name


def environment_differences(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Return "intra_op_threads 8 -> 2, ..." for what differs, or an empty string.

    What an older version did not record may have been the same, so it is no difference.
    """
    keys = [key for key in now if key in before and before[key] != now[key]]
    return ", ".join(f"{key} {before[key]} -> {now[key]}" for key in keys)


def make_strategy(config: TrainingConfig) -> tf.distribute.Strategy:
    """Return the strategy of a configuration: the default one for one device, or a mirrored one.

    ``auto`` mirrors over all visible GPUs if there are two or more. ``mirrored`` without a GPU mirrors over the logical
    CPU devices.

    Raises:
        ConfigError: the batch cannot be shared out evenly.
    """
    gpus = tf.config.list_logical_devices("GPU")
    if config.strategy == "one_device" or (config.strategy == "auto" and len(gpus) < 2):
        return tf.distribute.get_strategy()
    devices = gpus or tf.config.list_logical_devices("CPU")
    replicas = len(devices)
    if config.batch_size % replicas:
        raise ConfigError(
            f"--batch_size={config.batch_size}: must be a multiple of the {replicas} devices it is shared out to;"
            f" use {max(1, round(config.batch_size / replicas)) * replicas}, or --strategy=one_device"
        )
    # Collective operations between logical CPUs may meet in the wrong order; GPUs have NCCL, the default.
    reduction = None if gpus else tf.distribute.ReductionToOneDevice()
    return tf.distribute.MirroredStrategy([device.name for device in devices], cross_device_ops=reduction)
