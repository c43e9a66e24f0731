from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest

from irmas_tf.config.backbones import BACKBONES
from irmas_tf.models.weight_table import WeightsError
from irmas_tf.process.checksums import checksum_of
from irmas_tf.weights.conversion import answers_to_signals, convert
from irmas_tf.weights.weight_file import read_weight_file
from tests.helpers.published_checkpoint import write_published_checkpoint

SPEC = BACKBONES.get("mn01")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Return a checkpoint with the weights of a new network."""
    return write_published_checkpoint("mn01", tmp_path_factory.mktemp("weights"))


@pytest.mark.slow
def test_the_file_says_where_its_weights_came_from(checkpoint, tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("index,mid,display_name\n" + "".join(f"{i},/m/{i},Class {i}\n" for i in range(527)))
    out = tmp_path / "new" / "mn01.npz"
    made = convert("mn01", checkpoint, out, labels=labels, verify=True)
    metadata = read_weight_file(out).metadata
    assert made.path == out and made.metadata.items() <= metadata.items()
    assert metadata["labels"]["names"][5] == "Class 5"
    # There is no published checksum of this network, and its files do not contain their front-end.
    assert metadata["front_end_verified"] is False
    assert json.dumps(metadata)
    assert made.parameters == sum(tensor.size for tensor in read_weight_file(out).tensors.values())
    assert [answer.signal for answer in made.answers] == ["silence", "440 Hz sine", "noise"]
    assert all(answer.best[0][0].startswith("Class ") for answer in made.answers)
    assert not list(tmp_path.rglob(".tmp-*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "backbone, weights, out, message",
    [
        ("mn01", "", "x.npz", re.escape(SPEC.url)),
        ("mn01", "absent.pt", "x.npz", re.escape(SPEC.url)),
        ("mn00", "absent.pt", "x.npz", "known: .*mn01"),
        ("mn01", "{checkpoint}", "", "--out is missing"),
        ("mn01", "{checkpoint}", "x.h5", r"ends in \.npz"),
        ("mn02", "{checkpoint}", "x.npz", "mn02"),
    ],
)
def test_what_cannot_be_converted_is_named(backbone, weights, out, message, checkpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match=message):
        convert(backbone, weights.format(checkpoint=checkpoint), out)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_file_that_proves_its_front_end_says_so(checkpoint, tmp_path, monkeypatch):
    known = dataclasses.replace(SPEC, sha256=checksum_of(checkpoint))
    monkeypatch.setattr(BACKBONES, "get", lambda name: known)
    metadata = convert("mn01", checkpoint, tmp_path / "mn01.npz").metadata
    assert metadata["front_end_verified"] is True and metadata["source"]["is_published_file"] is True
    assert metadata["labels"]["names"] == []


@pytest.mark.slow
def test_a_file_of_another_front_end_is_refused(checkpoint, tmp_path):
    other = tmp_path / "mn01_as_mels_64.pt"
    other.write_bytes(checkpoint.read_bytes())
    with pytest.raises(WeightsError, match="with 64 mel bands; the network here has 128 mel bands"):
        convert("mn01", other, tmp_path / "mn01.npz")
    assert not (tmp_path / "mn01.npz").exists()


def test_a_network_that_answers_nonsense_fails_verification():
    class Broken:
        def predict_on_batch(self, waveforms):
            return {"embedding": np.zeros((3, 4)), "probabilities": np.zeros((3, 527))}

    with pytest.raises(WeightsError, match="the same to everything"):
        answers_to_signals(Broken(), SPEC)
