from __future__ import annotations

import os
import subprocess
import sys

import pytest

from irmas_tf.process.quiet_tensorflow import LOG_LEVEL, filtered_stderr
from tests.helpers import ROOT

IMPORT = "from irmas_tf.process.quiet_tensorflow import import_tensorflow as i; i()"
NOISE = b"E cuda_fft.cc:485] Unable to register cuFFT factory: ...\n"


def _environment(**extra: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k != LOG_LEVEL}
    return {**kept, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1", **extra}


def _run(code: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=_environment(**extra), capture_output=True, text=True, timeout=120
    )


def test_only_noise_is_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    with filtered_stderr():
        os.write(2, b"one\n" + NOISE)
        os.write(2, b"two\n")
        os.write(2, b"unfinished")
    assert capfd.readouterr().err == "one\ntwo\nunfinished"


def test_everything_comes_out_when_the_import_fails(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ImportError):
        with filtered_stderr():
            os.write(2, NOISE)
            raise ImportError
    assert capfd.readouterr().err == NOISE.decode()


def test_a_log_level_of_the_user_is_kept() -> None:
    code = (
        "import os, sys, types; sys.modules['tensorflow'] = types.ModuleType('tensorflow')\n"
        f"{IMPORT}; print(os.environ.get('TF_CPP_MIN_LOG_LEVEL'))"
    )
    assert _run(code, TF_CPP_MIN_LOG_LEVEL="0").stdout == "0\n"
