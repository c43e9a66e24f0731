from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from irmas_tf.models.backbone import BACKBONES

from irmas_tf import convert
from irmas_tf.models.pretrained import published_classifier
from irmas_tf.process.checksums import checksum_of
from irmas_tf.weights.weight_file import read_weight_file
from tests.helpers import torch_files

SPEC = BACKBONES.get("mn01")

INVERSE = {"linear": (1, 0), "conv_turned": (3, 2, 1, 0), "depthwise_turned": (2, 3, 1, 0)}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Return a checkpoint with the weights of a new network."""
    layers = {layer.name: layer for layer in published_classifier(SPEC).layers}
    state = {}
    for entry in SPEC.weight_table():
        value = np.array(getattr(layers[f"mn01_{entry.layer}"], entry.variable))
        state[entry.source] = value.transpose(INVERSE[entry.layout]) if entry.layout in INVERSE else value
    return torch_files.write_zip(tmp_path_factory.mktemp("weights") / SPEC.published_file, state)


def test_converts_and_reports(checkpoint, tmp_path, capsys):
    labels = tmp_path / "labels.csv"
    labels.write_text("index,mid,display_name\n" + "".join(f"{i},/m/{i},Class {i}\n" for i in range(527)))
    out = tmp_path / "new" / "mn01.npz"
    arguments = ["--backbone=mn01", f"--weights={checkpoint}", f"--out={out}", f"--labels={labels}", "--verify"]
    assert convert.main(arguments) == 0
    printed, warned = capsys.readouterr()
    metadata = read_weight_file(out).metadata
    for fact in (SPEC.published_file, metadata["source"]["sha256"], str(out), "MIT", SPEC.front_end, "440 Hz sine"):
        assert fact in printed
    assert metadata["labels"]["names"][5] == "Class 5"
    # There is no published checksum of this network, and its files do not contain their front-end.
    assert f"warning: nothing in {SPEC.published_file} proves which front-end" in warned
    assert metadata["front_end_verified"] is False
    assert json.dumps(metadata)
    assert not list(tmp_path.rglob(".tmp-*"))


@pytest.mark.parametrize(
    "arguments,message",
    [
        (["--backbone=mn01", "--out=x.npz"], SPEC.url),
        (["--backbone=mn01", "--weights=absent.pt", "--out=x.npz"], SPEC.url),
        (["--backbone=mn00"], "known: mn01"),
        (["--backbone=mn01", "--weights={checkpoint}"], "--out is missing"),
        (["--backbone=mn01", "--weights={checkpoint}", "--out=x.h5"], "ends in .npz"),
        (["--backbone=mn02", "--weights={checkpoint}", "--out=x.npz"], "mn02"),
    ],
)
def test_errors_are_one_line_and_status_2(arguments, message, checkpoint, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert convert.main([argument.format(checkpoint=checkpoint) for argument in arguments]) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert errors[-1].startswith("error: ")
    assert message in errors[-1]
    assert not list(tmp_path.iterdir())


def test_a_file_that_proves_its_front_end_is_not_warned_about(checkpoint, tmp_path, monkeypatch, capsys):
    known = dataclasses.replace(SPEC, sha256=checksum_of(checkpoint))
    monkeypatch.setattr(BACKBONES, "get", lambda name: known)
    assert convert.main(["--backbone=mn01", f"--weights={checkpoint}", f"--out={tmp_path / 'mn01.npz'}"]) == 0
    printed, warned = capsys.readouterr()
    assert "this is the published file" in printed and "names not recorded" in printed
    assert "warning" not in warned
    assert read_weight_file(tmp_path / "mn01.npz").metadata["front_end_verified"] is True


def test_a_file_of_another_front_end_is_refused(checkpoint, tmp_path, capsys):
    (tmp_path / "mn01_as_mels_64.pt").write_bytes(checkpoint.read_bytes())
    arguments = [f"--weights={tmp_path / 'mn01_as_mels_64.pt'}", f"--out={tmp_path / 'mn01.npz'}"]
    assert convert.main(["--backbone=mn01", *arguments]) == 2
    assert "with 64 mel bands; the network here has 128 mel bands" in capsys.readouterr().err
    assert not (tmp_path / "mn01.npz").exists()


def test_where_weights_are_published_is_an_answer_and_not_an_error(capsys):
    assert convert.main(["--backbone=mn01"]) == 0
    printed = capsys.readouterr()
    assert SPEC.url in printed.out and printed.err == ""


def test_a_network_that_answers_nonsense_fails_verification(capsys):
    class Broken:
        def predict_on_batch(self, waveforms):
            return {"embedding": np.zeros((3, 4)), "probabilities": np.zeros((3, 527))}

    with pytest.raises(ValueError, match="the same to everything"):
        convert._verify(Broken(), SPEC, ())
