"""The command's tests (tests/test_predict.py) cover its answers; these cover streams and messages."""

from __future__ import annotations

import io
import os
import sys
import threading
import warnings
from pathlib import Path

import pytest

from irmas_tf.audio.decode import AudioWarning
from irmas_tf.audio.walk import AudioFiles, Failure
from irmas_tf.config.settings import ConfigError
from irmas_tf.reports.answer_output import (
    SAID_ALREADY,
    check_output,
    output_stream,
    plain_warnings,
    progress_bar,
    shown,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stdout_is_terminal", "to_terminal", "visible"), [(True, True, False), (False, True, True), (True, False, True)]
)
def test_the_bar_does_not_run_through_answers(
    monkeypatch: pytest.MonkeyPatch, stdout_is_terminal: bool, to_terminal: bool, visible: bool
) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(sys, "stdout", Terminal() if stdout_is_terminal else io.StringIO())
    with progress_bar(AudioFiles(["x.wav"]), to_terminal) as move_on:
        move_on()
    assert isinstance(sys.stderr, Terminal)
    assert ("1/1" in sys.stderr.getvalue()) is visible


def test_no_bar_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(AudioFiles(["x.wav"]), to_terminal=False) as move_on:
        move_on()
    assert capsys.readouterr().err == ""


def test_warnings_about_files_are_lines_and_are_not_swallowed_after_the_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with plain_warnings():
        for name in ("a", "a", "b\n"):
            warnings.warn(f"{name}: stops early", AudioWarning, stacklevel=1)
    assert capsys.readouterr().err.splitlines() == [
        "warning: a: stops early",
        "warning: a: stops early",
        "warning: b\\n: stops early",
    ]


def test_a_file_that_is_read_again_is_not_warned_about_again(capsys: pytest.CaptureFixture[str]) -> None:
    with plain_warnings():
        token = SAID_ALREADY.set(True)
        warnings.warn("a: stops early", AudioWarning, stacklevel=1)
        assert capsys.readouterr().err == ""
        # Another thread reads for the first time.
        thread = threading.Thread(target=warnings.warn, args=("b: stops early", AudioWarning))
        thread.start()
        thread.join()
        SAID_ALREADY.reset(token)
    assert capsys.readouterr().err == "warning: b: stops early\n"


def test_an_output_that_is_a_device_or_pipe_is_written_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with output_stream(str(pipe), "json") as stream:
            stream.write("{}\n")
        assert os.read(reader, 100) == b"{}\n"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    with output_stream(os.devnull, "json") as stream:
        stream.write("{}\n")
    assert not Path(os.devnull).is_file()


def test_an_interrupted_output_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        with output_stream(str(tmp_path / "a.json"), "json") as stream:
            stream.write("half")
            raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_outputs_that_cannot_be_written_are_refused_beforehand(tmp_path: Path) -> None:
    check_output("")
    check_output(str(tmp_path / "new.json"))
    with pytest.raises(ConfigError, match="is a folder"):
        check_output(str(tmp_path))
    with pytest.raises(ConfigError, match="does not exist"):
        check_output(str(tmp_path / "no" / "new.json"))


def test_a_stdout_without_reconfigure_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stdout)
    with output_stream("", "csv") as stream:
        assert stream is stdout


def test_the_bar_passes_everything_on_and_shows_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for terminal in (False, True):
        stderr = io.StringIO()
        stderr.isatty = lambda terminal=terminal: terminal  # type: ignore[method-assign]
        monkeypatch.setattr(sys, "stderr", stderr)
        assert list(shown("evaluate")(iter("abc"), 3)) == list("abc")
        assert bool(stderr.getvalue()) == terminal


def test_failures_are_named_as_they_come_by(capsys: pytest.CaptureFixture[str]) -> None:
    results = ["a", Failure("b\n.wav", "is empty"), "c"]
    assert list(shown("embedding", say_failures=True)(results)) == results
    assert capsys.readouterr().err == "error: b\\n.wav: is empty\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_device_that_is_full_is_named():
    with pytest.raises(OSError, match="No space") as caught, output_stream("/dev/full", "csv") as stream:
        stream.write("answers")
    assert caught.value.filename == "/dev/full"
