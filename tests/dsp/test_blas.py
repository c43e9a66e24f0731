from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

# A process of its own: what a BLAS library does with a later setting depends on the threads that used it before.
SCRIPT = """
import hashlib, json
import numpy as np, threadpoolctl
from irmas_tf.dsp.resample import resample

def threads():
    return sorted({lib["num_threads"] for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"})

before = threads()
signal = np.random.default_rng(0).standard_normal(132_299)
digest = hashlib.sha256(resample(signal, 44100, 22050).tobytes()).hexdigest()
print(json.dumps({"before": before, "after": threads(), "digest": digest}))
"""


# A command that answers does so before anything else.
BEFORE = "from irmas_tf.process.cpu import start_one_blas_thread\nstart_one_blas_thread()\n"


def resample_with(blas_threads: int, before: str = "") -> dict[str, object]:
    environment = os.environ | {"OPENBLAS_NUM_THREADS": str(blas_threads), "MKL_NUM_THREADS": str(blas_threads)}
    if before:
        environment = {name: value for name, value in environment.items() if not name.endswith("_NUM_THREADS")}
    code = before + SCRIPT
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    return json.loads(done.stdout)


@pytest.mark.slow
def test_bits_do_not_depend_on_the_threads_blas_was_given():
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cpus < 2:
        pytest.skip("one CPU: BLAS has one thread anyhow")
    one, two = resample_with(1), resample_with(2)
    if not two["before"]:
        pytest.skip("NumPy's BLAS has no thread control here")
    assert (one["before"], two["before"]) == ([1], [2])
    assert one["after"] == two["after"] == [1]
    started = resample_with(1, BEFORE)
    assert started["before"] == started["after"] == [1]
    assert one["digest"] == two["digest"] == started["digest"]
