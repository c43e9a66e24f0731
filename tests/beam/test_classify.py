from __future__ import annotations

import builtins
import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from irmas_tf.beam.classify import _beam_options, _parser, cli
from tests.helpers import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def arguments(tiny_export: Path, catalogue: Path, tmp_path: Path) -> list[str]:
    return [f"--input={catalogue}/[0-9].wav", f"--saved_model={tiny_export}", f"--output={tmp_path / 'x'}"]


def test_the_command_counts_and_refuses_to_mix_outputs(
    arguments: list[str], catalogue: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("apache_beam", reason="apache-beam is in the extra `beam`")
    (tmp_path / "x-00000-of-00001.json").touch()
    assert cli(arguments) == 2
    assert "is already there" in capfd.readouterr().err
    assert os.listdir(tmp_path) == ["x-00000-of-00001.json"]
    more = [f"--input={catalogue}/text.wav", "--overwrite", "--runner", "DirectRunner"]
    assert cli([*arguments, *more]) == 1
    assert f"3 files classified, 1 without an answer; see {tmp_path / 'x'}.errors-*\n" in capfd.readouterr().err
    assert len([name for name in os.listdir(tmp_path) if name.startswith("x-")]) == 1


@pytest.mark.parametrize("failed, status, where", [(0, 0, ""), (2, 1, "; see x.errors-*")])
def test_the_exit_status_says_whether_all_files_have_an_answer(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
    failed: int, status: int, where: str,
) -> None:  # fmt: skip
    pytest.importorskip("apache_beam", reason="apache-beam is in the extra `beam`")
    monkeypatch.setattr("irmas_tf.beam.pipeline.build", lambda pipeline, settings, labels: None)
    counts = {"files_classified": 5, "files_failed": failed, "files_skipped": 0}
    monkeypatch.setattr("irmas_tf.beam.classify._count", lambda result, name: counts[name])
    assert cli([*arguments[:2], "--output=x"]) == status
    assert capfd.readouterr().err.endswith(f"5 files classified, {failed} without an answer{where}\n")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--no_such_flag=1"], "unknown flag --no_such_flag=1"),
        (["--direct_num_workers=many"], "argument --direct_num_workers: invalid int value: 'many'"),
        (["--batch_size=0"], "--batch_size=0: must be at least 1"),
        (["--input=/no/such/*.wav"], "--input=/no/such/*.wav: matches no files"),
        (["--runner=DaskRunner"], "--runner=DaskRunner: writes empty files"),
        (["--output=/proc/answers"], "--output=/proc/answers: nothing can be written to the folder /proc ("),
        (["--saved_model=/no/such"], "/no/such/signature.json: cannot be read"),
    ],
)
def test_wrong_use_is_a_line(
    arguments: list[str], tmp_path: Path, more: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("apache_beam", reason="apache-beam is in the extra `beam`")
    assert cli([*arguments, *more]) == 2
    errors = capfd.readouterr().err
    assert f"error: {words}" in errors and "Traceback" not in errors
    assert os.listdir(tmp_path) == []


def test_without_beam_the_message_says_what_to_install(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("apache_beam"):
            raise ImportError("No module named 'apache_beam'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert cli(arguments) == 2
    assert "pip install 'irmas_tf[beam]'" in capfd.readouterr().err


def test_the_commands_of_the_page_are_understood() -> None:
    pytest.importorskip("apache_beam", reason="apache-beam is in the extra `beam`")
    page = (ROOT / "docs" / "beam.md").read_text(encoding="utf-8").replace("\\\n", " ")
    commands = re.findall(r"^irmas beam (.*)$", page, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        args, rest = _parser().parse_known_args(shlex.split(command))
        assert args.input and args.saved_model and args.output
        _beam_options(rest)
    for flags in re.findall(r"`(--(?:runner|environment_type|direct_num_workers)[^`]*)`", page):
        _beam_options(shlex.split(flags))
