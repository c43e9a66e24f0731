"""How `python -m irmas_tf.streaming` reads from a pipe, and how it ends; its answers are in test_streaming.py."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import sys
import wave
from types import SimpleNamespace

import numpy as np
import pytest

from irmas_tf.streaming import StreamingError, cli, piped_blocks, wav_blocks
from irmas_tf.tflite.metadata import embed
from tests.helpers import lite_run

SAMPLES = (np.random.default_rng(0).normal(0, 3000, 2 * lite_run.WINDOW_SAMPLES)).astype("<i2")


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("stream") / "model.tflite"
    path.write_bytes(embed(lite_run.lite_content(), lite_run.lite_facts(quantization="none")))
    return str(path)


def wav(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, lite_run.RATE_HZ, 0, "NONE", ""))
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def pipe(monkeypatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))


@pytest.mark.slow
def test_a_pipe_gives_the_same_lines_for_a_wav_file_and_for_its_raw_samples(model, monkeypatch, capsys):
    printed = []
    for content in (wav(SAMPLES), SAMPLES.tobytes()):
        pipe(monkeypatch, content)
        assert cli([model, "-"]) == 0
        printed.append(capsys.readouterr())
    assert printed[0] == printed[1]
    assert len(printed[0].out.splitlines()) == 4 and not printed[0].err


def test_what_of_a_cut_file_is_there_is_used_with_a_warning(model, monkeypatch, tmp_path, capsys):
    content = wav(SAMPLES)[: -lite_run.WINDOW_SAMPLES]
    pipe(monkeypatch, content)
    (tmp_path / "a.wav").write_bytes(content)
    for source in ("-", str(tmp_path / "a.wav")):
        assert cli([model, source]) == 0
        captured = capsys.readouterr()
        assert captured.out.splitlines()[-1].split()[:2] == ["0.00", "0.38"]
        assert captured.err.startswith("warning: ") and len(captured.err.splitlines()) == 1


@pytest.mark.parametrize(
    "content, words", [(b"", "no samples"), (wav(SAMPLES[:0]), "no samples"), (wav(SAMPLES)[:30], "WAV")]
)
def test_a_pipe_without_sound_is_an_error(model, monkeypatch, capsys, content, words):
    pipe(monkeypatch, content)
    assert cli([model, "-"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and words in line


def test_without_standard_input_there_is_no_pipe(model, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", None)
    assert cli([model, "-"]) == 2
    assert capsys.readouterr().err == "error: standard input is closed; pipe a sound into it\n"


def test_without_its_neighbours_raw_samples_are_read_alone(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "irmas_tf.streaming_sound", None)
    (block,) = piped_blocks(io.BytesIO(SAMPLES.tobytes()[:4096]), lite_run.RATE_HZ)
    np.testing.assert_array_equal(block * 32768, SAMPLES[:2048])
    with pytest.raises(StreamingError, match=r"^streaming_sound\.py cannot be imported .*; copy it beside streaming"):
        next(wav_blocks(tmp_path / "a.wav", lite_run.RATE_HZ))


def test_without_litert_the_message_says_what_to_install(model, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    assert cli([model, "-"]) == 2
    assert capsys.readouterr().err.rstrip().endswith("; pip install ai-edge-litert")


@pytest.mark.parametrize("error, status", [(KeyboardInterrupt, 130), (BrokenPipeError, 1)])
def test_ctrl_c_and_a_reader_that_has_gone_end_it_without_a_word(model, monkeypatch, capsys, error, status):
    def read1(count):
        raise error

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=SimpleNamespace(read=read1, read1=read1)))
    assert cli([model, "-"]) == status
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_behind_standard_output_is_one_line(model, monkeypatch, capsys):
    pipe(monkeypatch, wav(SAMPLES))
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert cli([model, "-"]) == 2
        with contextlib.suppress(OSError):
            full.close()
    assert capsys.readouterr().err == "error: standard output does not fit on its disk; free some space\n"


def test_the_exit_status_is_that_of_the_command(model, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["streaming", model, str(tmp_path / "absent.wav")])
    monkeypatch.delitem(sys.modules, "irmas_tf.streaming")
    with pytest.raises(SystemExit) as end:
        runpy.run_module("irmas_tf.streaming", run_name="__main__")
    assert end.value.code == 2 and "absent.wav" in capsys.readouterr().err


def test_what_litert_says_of_the_processor_is_held_back(model, monkeypatch, capfd):
    pipe(monkeypatch, SAMPLES.tobytes())
    assert cli([model, "-"]) == 0
    captured = capfd.readouterr()
    assert captured.err == "" and "(all)" in captured.out
