from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tensorflow.lite.python import schema_py_generated as schema

from irmas_tf.deploy.saved_model import ExportError
from irmas_tf.deploy.tflite_check import read_facts
from irmas_tf.tflite.associated_files import associated_files
from irmas_tf.tflite.metadata import embed, metadata_buffer
from tests.helpers import lite_run
from tests.helpers.flat_tables import Table

WRITTEN = lite_run.lite_facts(quantization="none", outputs={"probabilities": 3}, min_runtime_version="1.5.0")


@pytest.fixture(scope="module")
def content() -> bytes:
    return lite_run.lite_content()


@pytest.fixture(scope="module")
def path(content, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("lite") / "model.tflite"
    path.write_bytes(embed(content, lite_run.lite_facts(quantization="none")))
    return path


def test_the_metadata_says_what_the_published_schema_defines():
    """Field numbers of metadata_schema.fbs, read here from the bytes."""
    facts = lite_run.lite_facts(quantization="int8")
    data = metadata_buffer(facts)
    assert data[4:8] == b"M001"
    model = Table.root(data)
    assert [model.text(index) for index in (0, 1, 2, 4, 5, 7)] == [
        facts["name"], facts["description"], "0 abc int8", "irmas_tf", facts["licence"], "1.3.0"
    ]  # fmt: skip
    (graph,) = model.tables(3)
    (waveform,), (probabilities,) = graph.tables(2), graph.tables(3)
    assert waveform.text(0) == "waveform" and "8000 Hz" in waveform.text(1) and "0.25 s" in waveform.text(1)
    audio = waveform.table(3)
    assert audio.scalar(0, 1) == 4  # AudioProperties
    assert (audio.table(1).scalar(0, 4), audio.table(1).scalar(1, 4)) == (8000, 1)
    assert probabilities.text(0) == "probabilities"
    assert probabilities.table(3).scalar(0, 1) == 1  # FeatureProperties
    files = [(file.text(0), file.scalar(2, 1)) for file in probabilities.tables(6)]
    assert files == [("labels.txt", 2), ("labels_en.txt", 2)]  # TENSOR_AXIS_LABELS
    assert [file.text(3) for file in probabilities.tables(6)[1:]] == ["en"]
    assert [file.text(0) for file in model.tables(6)] == ["irmas_tf.json"]


def test_every_output_has_a_head_with_names():
    """MediaPipe reads a head for every output, and its lists of categories want names in each."""
    outputs = ("probabilities", "logits", "embedding")
    (subgraph,) = Table.root(metadata_buffer(lite_run.lite_facts(), outputs)).tables(3)
    heads = subgraph.tables(3)
    assert tuple(head.text(0) for head in heads) == outputs
    files = [[file.text(0) for file in head.tables(6)] for head in heads]
    assert files == [["labels.txt", "labels_en.txt"]] * 2 + [["embedding.txt"]]
    assert associated_files(lite_run.lite_facts(), 3)["embedding.txt"] == "e0\ne1\ne2\n"


@pytest.mark.slow
def test_the_file_is_a_model_and_an_archive(content, path):
    from ai_edge_litert.interpreter import Interpreter

    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    checksum = json.loads(files["irmas_tf.json"])["content_sha256"]
    assert files == associated_files(WRITTEN | {"content_sha256": checksum})
    assert files["labels.txt"] == "cel\nflu\nvio\n" and files["labels_en.txt"] == "cello\nflute\nviolin\n"
    assert json.loads(files["irmas_tf.json"])["labels"] == ["cel", "flu", "vio"]
    window = np.random.default_rng(0).normal(size=(1, lite_run.WINDOW_SAMPLES)).astype(np.float32)
    runners = [Interpreter(model_content=one).get_signature_runner() for one in (content, path.read_bytes())]
    before, after = (runner(waveform=window)["probabilities"].copy() for runner in runners)
    np.testing.assert_array_equal(after, before)


def test_the_model_names_its_metadata(path):
    model = schema.Model.GetRootAs(path.read_bytes(), 0)
    entries = {model.Metadata(i).Name(): model.Metadata(i).Buffer() for i in range(model.MetadataLength())}
    data = model.Buffers(entries[b"TFLITE_METADATA"]).DataAsNumpy().tobytes()
    assert Table.root(data).text(0) == "a test"
    assert model.Description() == b"Three classes for tests."


def test_the_same_facts_give_the_same_file(content, path):
    assert embed(content, lite_run.lite_facts(quantization="none")) == path.read_bytes()


def test_facts_come_back(path):
    facts = read_facts(path)
    assert len(facts.pop("content_sha256")) == 64 and facts == WRITTEN


def test_a_foreign_or_damaged_file_is_refused(content, path, tmp_path):
    foreign, cut = tmp_path / "foreign.tflite", tmp_path / "cut.tflite"
    foreign.write_bytes(content)
    cut.write_bytes(path.read_bytes()[:-100])
    for one in (foreign, cut):
        with pytest.raises(ExportError, match=rf"{one.name}: is not a .tflite file exported by irmas_tf"):
            read_facts(one)
    with pytest.raises(OSError):
        read_facts(tmp_path / "absent.tflite")


@pytest.fixture
def classifier(path):
    """MediaPipe's classifier with the file; its packages are large and stay out of the test requirements."""
    pytest.importorskip("mediapipe", reason="mediapipe is not installed (pip install mediapipe==1.2.2)")
    from mediapipe.tasks import python as tasks
    from mediapipe.tasks.python import audio

    options = audio.AudioClassifierOptions(base_options=tasks.BaseOptions(model_asset_path=str(path)))
    with audio.AudioClassifier.create_from_options(options) as classifier:
        yield classifier


def classify(classifier, samples: np.ndarray, rate_hz: int) -> list:
    from mediapipe.tasks.python.components.containers import AudioData

    return classifier.classify(AudioData.create_from_array(samples, rate_hz))


def test_mediapipe_answers_with_our_names_and_numbers(classifier):
    samples = np.random.default_rng(2).uniform(-0.5, 0.5, 3 * lite_run.WINDOW_SAMPLES).astype(np.float32)
    results = classify(classifier, samples, lite_run.RATE_HZ)
    assert [result.timestamp_ms for result in results] == [0, 250, 500]
    wanted = lite_run.lite_answer(samples.reshape(3, -1))
    for result, row in zip(results, wanted, strict=True):
        (head,) = result.classifications
        assert head.head_name == "probabilities"
        found = {one.category_name: (one.score, one.display_name) for one in head.categories}
        assert {code: name for code, (_, name) in found.items()} == dict(
            zip(lite_run.CODES, ("cello", "flute", "violin"), strict=True)
        )
        np.testing.assert_allclose([found[code][0] for code in lite_run.CODES], row, atol=1e-4)
        assert head.categories[0].category_name == lite_run.CODES[int(row.argmax())]
