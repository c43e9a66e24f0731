"""The whole way in miniature, which every Python, TensorFlow and Keras must go: train, reload, answer, export.

`make test-oldest`, `make test-newest` and `make test-io` run it in environments of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import irmas_tf
from irmas_tf.audio.tf_decode import import_tensorflow_io
from irmas_tf.process.quiet_tensorflow import LOG_LEVEL
from tests.helpers import ROOT
from tests.helpers.tone_corpus import CODES, RATE_HZ, write_corpus

pytestmark = pytest.mark.slow

FLAGS = [
    f"--sample_rate_hz={RATE_HZ}", "--window_seconds=0.5", "--window_hop_seconds=0.5",
    "--branches=mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000,"
    "morlet:hop_length=128:num_bins=8:min_frequency_hz=2000:max_frequency_hz=3500",
    "--stem_stride=2", "--stage_channels=8", "--head_units=8", "--validation_fraction=0.25",
    "--batch_size=8", "--epochs=1", "--warmup_epochs=0.5", "--ema_decay=0.9", "--notflite",
]  # fmt: skip
# One process for all commands: TensorFlow takes its time to load.
PROGRAM = """
import importlib, sys
command = []
for argument in [*sys.argv[1:], "+"]:
    if argument != "+":
        command.append(argument)
        continue
    status = importlib.import_module("irmas_tf." + command[0]).cli(command[1:])
    print("STATUS", status, command[0], flush=True)
    command = []
"""
# ai-edge-litert says so of every interpreter it makes, whatever its version.
EXPECTED = {"INFO: Created TensorFlow Lite XNNPACK delegate for CPU."}


def commands(*arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run commands as a user would, with what native code prints."""
    environment = {name: value for name, value in os.environ.items() if name != LOG_LEVEL}
    joined = [word for command in arguments for word in ["+", *command]][1:]
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *joined],
        env={**environment, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=400,
    )  # fmt: skip


@pytest.fixture(scope="module", params=["auto", "tensorflow_io"])
def made(request, tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Return a folder with run, data, models/irmas/1 and irmas.tflite, and what the commands printed."""
    if request.param == "tensorflow_io":
        try:
            import_tensorflow_io()
        except RuntimeError as error:
            pytest.skip(str(error))
    folder = tmp_path_factory.mktemp(request.param)
    data, run = write_corpus(folder / "data"), f"--run_dir={folder / 'run'}"
    # The first loads TensorFlow, and fails.
    done = commands(
        ["embed", "--backbone=mn01", f"--weights={folder / 'no.npz'}", f"--output={folder / 'e.npz'}", "a.wav"],
        ["train", *FLAGS, f"--decoder={request.param}", f"--data_dir={data}", run],
        ["evaluate", "--split=validation", run],
        ["export_saved_model", run, f"--out={folder / 'models'}"],
        ["export_tflite", run, f"--out={folder / 'irmas.tflite'}", "--quantization=none"],
    )
    return folder, done


def test_every_command_ends_as_it_should_and_prints_no_line_that_is_not_its_own(made):
    _, done = made
    statuses = [line for line in done.stdout.splitlines() if line.startswith("STATUS")]
    names = ("train", "evaluate", "export_saved_model", "export_tflite")
    assert statuses == ["STATUS 2 embed", *(f"STATUS 0 {name}" for name in names)], done.stderr
    first, *others = done.stderr.splitlines()
    assert first.startswith("error: ") and "no.npz" in first
    assert {line for line in others if "is not the complete IRMAS" not in line} <= EXPECTED


def test_run_savedmodel_and_tflite_give_the_same_answers(made):
    folder, _ = made
    time = np.arange(RATE_HZ) / RATE_HZ
    tone = (0.3 * np.sin(2 * np.pi * 900.0 * time)).astype(np.float32)
    models = [irmas_tf.load(folder / name) for name in ("run", "models/irmas/1", "irmas.tflite")]
    answers = [model.classify(tone, RATE_HZ) for model in models]
    assert all(set(CODES) <= set(model.classes) for model in models)
    for answer in answers[1:]:
        assert answer.probabilities.keys() == answers[0].probabilities.keys()
        np.testing.assert_allclose(answer.vector, answers[0].vector, atol=1e-4)
