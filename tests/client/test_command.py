from __future__ import annotations

import csv
import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from irmas_tf.client.command import TAKEN_FOR_IRMAS, cli
from irmas_tf.predict import cli as predict
from tests.helpers import ROOT

RNG = np.random.default_rng(11)


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with seven good files of five formats."""
    folder = tmp_path_factory.mktemp("audio")
    for name, rate_hz, channels, subtype, format in (
        ("a.wav", 44100, 2, "PCM_16", "WAV"),
        ("b.wav", 8000, 1, "PCM_24", "WAVEX"),
        ("c.flac", 48000, 1, "PCM_16", "FLAC"),
        ("d.mp3", 44100, 2, "MPEG_LAYER_III", "MP3"),
        ("e.ogg", 44100, 1, "VORBIS", "OGG"),
        ("f.wav", 12000, 1, "PCM_16", "WAV"),
        ("g.wav", 96000, 1, "FLOAT", "WAV"),
    ):
        frames = round(rate_hz * RNG.uniform(0.3, 1.2))
        tone = np.sin(2 * np.pi * RNG.uniform(100, 2000) * np.arange(frames) / rate_hz)
        samples = 0.3 * tone[:, None] + RNG.normal(0, 0.05, [frames, channels])
        soundfile.write(folder / name, samples, rate_hz, subtype, format=format)
    return folder


def answers(capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, Any]], str]:
    captured = capsys.readouterr()
    return [json.loads(line) for line in captured.out.splitlines()], captured.err


@pytest.fixture(scope="module")
def wanted(tiny_export: Path, audio: Path) -> list[dict[str, Any]]:
    """Return predict's answers: the live model on windows that Python cut."""
    output = audio.parent / "wanted.json"
    assert (
        predict([f"--run_dir={tiny_export.parents[2] / 'run'}", "--format=json", f"--output={output}", str(audio)]) == 0
    )
    return [json.loads(line) for line in output.read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["http", "grpc"])
def test_answers_are_those_of_predict(
    fake_serving: Any, tiny_export: Path, audio: Path, wanted: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str], way: str,
) -> None:  # fmt: skip
    """The server runs the SavedModel's graph on bytes."""
    for labels in ([], [f"--signature={tiny_export / 'signature.json'}"]):
        arguments = [f"--url={getattr(fake_serving, way)}", "--batch_size=3", "--concurrency=2", "--format=json"]
        assert cli([*arguments, *labels, str(audio)]) == 0
        found, errors = answers(capsys)
        assert errors == ("" if labels else f"note: {TAKEN_FOR_IRMAS}\n")
        assert [one["file"] for one in found] == [one["file"] for one in wanted]
        for ours, live in zip(found, wanted, strict=True):
            assert list(ours) == list(live)[:8] and list(ours["probabilities"]) == list(live["probabilities"])
            # Without the model's rate, what is no PCM WAV is resampled once more on the way.
            tolerance = 1e-5 if labels else 2e-3
            assert list(ours["probabilities"].values()) == pytest.approx(
                list(live["probabilities"].values()), abs=tolerance
            )
            assert ours["duration_seconds"] == pytest.approx(live["duration_seconds"], abs=2e-3)
            if labels:
                assert ours["labels"] == live["labels"] and ours["notes"] == live["notes"]
    assert sorted(fake_serving.core.requests) == [1, 1, 3, 3, 3, 3]


@pytest.mark.slow
def test_a_refused_and_an_unreadable_file_are_named_and_the_others_answered(
    fake_serving: Any, audio: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.wav").write_text("no audio at all")
    refused = tmp_path / "refused.wav"  # more chunks than the graph looks through
    soundfile.write(refused, np.zeros(400), 8000, "PCM_16")
    content = refused.read_bytes()
    refused.write_bytes(content[:36] + 70 * (b"junk" + bytes(4)) + content[36:])
    good = [str(audio / "a.wav"), str(audio / "b.wav")]
    paths = [good[0], str(tmp_path / "text.wav"), str(refused), good[1], str(tmp_path / "missing.wav")]
    for url in (fake_serving.http, fake_serving.grpc):
        assert cli([f"--url={url}", "--labels=irmas", "--format=json", *paths]) == 1
        found, errors = answers(capsys)
        assert [one["file"] for one in found] == good
        lines = errors.splitlines()
        assert len(lines) == 3
        assert lines[0].startswith(f"error: {tmp_path}/text.wav: is not audio")
        wanted = "is a WAV file without a format and a data chunk; export it again"
        assert lines[1] == f"error: {refused}: {wanted}"
        assert lines[2] == f"error: {tmp_path}/missing.wav: No such file or directory"
    assert fake_serving.core.requests == [3, 1, 1, 1] * 2


@pytest.mark.slow
def test_a_busy_server_is_asked_again_and_the_answers_are_all_there(
    fake_serving: Any, audio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("irmas_tf.process.retry.Retry.pause_seconds", lambda *_: 0.01)
    output = tmp_path / "answers.csv"
    for url, faults in ((fake_serving.http, [503, "drop", 429]), (fake_serving.grpc, ["UNAVAILABLE"] * 3)):
        fake_serving.core.faults[:] = faults
        arguments = [f"--url={url}", "--format=csv", f"--output={output}", "--batch_size=2", "--concurrency=1"]
        assert cli([*arguments, str(audio)]) == 0
        with output.open(newline="") as file:
            assert [Path(row["file"]).name[0] for row in csv.DictReader(file)] == list("abcdefg")


def test_a_server_that_goes_away_ends_it_and_leaves_no_half_output(
    fake_serving: Any, audio: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_serving.core.faults[:] = [503] * 50
    output = tmp_path / "answers.json"
    arguments = [f"--url={fake_serving.http}", "--retries=0", "--batch_size=1", "--concurrency=1"]
    assert cli([*arguments, "--format=json", f"--output={output}", str(audio)]) == 2
    errors = capsys.readouterr().err
    assert "gave up after 3 requests" in errors and "Traceback" not in errors
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x.wav"], "--url is required"),
        (["--url=URL"], "no audio given"),
        (["--url=localhost:8501", "x.wav"], "write it like"),
        (["--url=URL", "--model=other", "x.wav"], "Servable not found"),
        (["--url=URL", "--model_version=9", "x.wav"], "Servable not found"),
        (["--url=URL", "--version_label=beta", "x.wav"], "Unrecognized servable version label"),
        (["--url=URL", "--model_version=1", "--version_label=stable", "x.wav"], "cannot be combined"),
        (["--url=URL", "--labels=a,b,c", "x.wav"], "answers with 11 classes, --labels=a,b,c names 3"),
        (["--url=URL", "--labels=a,b", "--signature=s.json", "x.wav"], "cannot be combined"),
        (["--url=URL", "--signature=/no/such.json", "x.wav"], "cannot be read"),
        (["--url=URL", "--output=/", "x.wav"], "is a folder"),
        (["--url=http://127.0.0.1:9", "--retries=0", "x.wav"], "cannot be reached"),
        (["--url=grpc://127.0.0.1:9", "--retries=0", "x.wav"], "gRPC port"),
    ],
)
def test_wrong_use_is_one_line(
    fake_serving: Any, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert cli([one.replace("URL", fake_serving.http) for one in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and words in captured.err


@pytest.mark.slow
def test_an_interrupt_does_not_wait_for_the_server(fake_serving: Any, audio: Path) -> None:
    fake_serving.core.faults[:] = [8.0] * 8
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "irmas_tf.client.command", f"--url={fake_serving.http}", str(audio)],
        env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        # A suite that runs in the background of a shell inherits that interrupts are ignored.
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    for _ in range(400):
        if len(fake_serving.core.faults) < 8:
            break
        time.sleep(0.05)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130 and "interrupted" in errors and "Traceback" not in errors
    assert time.monotonic() - start < 5
