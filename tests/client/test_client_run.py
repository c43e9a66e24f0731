"""What is checked before anything is sent; tests/client/test_command.py covers the answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from irmas_tf.client import client_run as client_run_module
from irmas_tf.client.client_run import client_run
from irmas_tf.client.command import TAKEN_FOR_IRMAS, cli
from irmas_tf.client.model_address import ModelAddress
from irmas_tf.client.transport import ClipOutputs
from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.exported_labels import ExportedLabels, LabelsError
from irmas_tf.process.retry import Retry

IRMAS = ExportedLabels.from_words(("irmas",))


def test_an_output_that_cannot_be_written_is_refused_before_the_server_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        client_run(ModelAddress("http://127.0.0.1:9", "irmas"), ["x.wav"], IRMAS, output=str(tmp_path))


def test_the_number_of_classes_is_compared_before_any_file_is_sent(fake_serving: Any, tmp_path: Path) -> None:
    labels = ExportedLabels.from_words(("a", "b"))
    with pytest.raises(LabelsError, match=r"answers with 11 classes, --labels=a,b names 2"):
        client_run(ModelAddress(fake_serving.http, "irmas"), [str(tmp_path)], labels, retry=Retry(0))
    assert fake_serving.core.requests == []


class Eleven:
    """A server whose model has eleven classes, of which the first and the last are heard."""

    def num_classes(self) -> int:
        return 11

    def classify(self, contents: Sequence[bytes]) -> ClipOutputs:
        row = [0.9, *[0.1] * 9, 0.8]
        return ClipOutputs(
            np.array([row] * len(contents)), np.ones(len(contents)), len(contents), np.zeros(len(contents), bool)
        )

    def close(self) -> None:
        pass


def test_it_is_said_whose_classes_they_are_and_what_is_named_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 0.1, 8000), 8000)
    names = [f"{k} drum" for k in range(11)]
    facts = {
        "labels": names, "label_names": names, "sample_rate_hz": 8000, "thresholds": dict.fromkeys(names, 0.5),
    }  # fmt: skip
    (tmp_path / "signature.json").write_text(json.dumps(facts))
    monkeypatch.setattr(client_run_module, "connect", lambda *_: Eleven())
    for given, note in ([], f"note: {TAKEN_FOR_IRMAS}\n"), (["--labels=irmas"], ""):
        assert cli(["--url=http://x:1", *given, str(tmp_path / "a.wav")]) == 0
        printed = capsys.readouterr()
        assert printed.err == note and "cello" in printed.out and "*" not in printed.out
    assert cli(["--url=http://x:1", f"--signature={tmp_path / 'signature.json'}", str(tmp_path / "a.wav")]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.endswith("(* named)") and row.count("*") == 2
    assert row.split()[1:5] == ["0", "drum", "90.0", "%*"] and "10 drum  80.0 %*" in row
