from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.config.backbones import BACKBONES
from irmas_tf.convert import cli
from irmas_tf.process.checksums import checksum_of
from irmas_tf.weights import conversion
from irmas_tf.weights.weight_sources import PublishedWeights

SPEC = BACKBONES.get("mn01")


@pytest.fixture
def converted(monkeypatch):
    """Stand in for the conversion, which tests/weights tests; return what its file is to say of itself."""
    facts = {"front_end_verified": False, "source": {"is_published_file": None}, "labels": {"names": []}}

    def convert(backbone, weights, out, *, labels, verify):
        conversion.Path(out).write_bytes(b"weights")
        published = PublishedWeights({"a": np.zeros(3)}, "mn01.pt", "torch", "0" * 64)
        answers = (conversion.SignalAnswer("silence", 1.5, (("Speech", 0.25), ("Music", 0.125))),) if verify else ()
        return conversion.Conversion(conversion.Path(out), SPEC, published, facts, 1, 3, answers)

    monkeypatch.setattr(conversion, "convert", convert)
    return facts


def test_it_reports_what_it_read_and_wrote(converted, tmp_path, capsys):
    out = tmp_path / "mn01.npz"
    assert cli(["--backbone=mn01", "--weights=mn01.pt", f"--out={out}", "--verify"]) == 0
    printed, warned = capsys.readouterr()
    for fact in ("mn01.pt (torch): 1 tensors, 3 numbers", "0" * 64, f"wrote {out}: 1 tensors, 3 numbers, 7 bytes",
                 checksum_of(out), SPEC.front_end, SPEC.label_set, SPEC.licence, "names not recorded"):  # fmt: skip
        assert fact in printed
    assert "  silence      embedding of norm 1.5; Speech 0.250, Music 0.125\n" in printed
    assert warned.startswith("warning: nothing in mn01.pt proves which front-end")


def test_a_file_that_proves_its_front_end_is_not_warned_about(converted, tmp_path, capsys):
    converted |= {"front_end_verified": True, "source": {"is_published_file": True}, "labels": {"names": ["Speech"]}}
    assert cli(["--backbone=mn01", "--weights=mn01.pt", f"--out={tmp_path / 'mn01.npz'}"]) == 0
    printed, warned = capsys.readouterr()
    assert f"this is the published file: {SPEC.url}" in printed and "not recorded" not in printed
    assert warned == ""


def test_where_weights_are_published_is_an_answer_and_not_an_error(capsys):
    assert cli(["--backbone=mn01"]) == 0
    printed = capsys.readouterr()
    assert SPEC.url in printed.out and printed.err == ""


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "--backbone is required"),
        (["--backbone=mn00"], "known: "),
        (["--backbone=mn01", "--out=x.npz"], SPEC.url),
        (["--backbone=mn01", "--weights=x.pt"], "--out is missing"),
        (["--backbone=mn01", "--weights=absent.pt", "--out=x.npz"], "absent.pt: no such file"),
    ],
)
def test_errors_are_one_line_and_status_2(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1
