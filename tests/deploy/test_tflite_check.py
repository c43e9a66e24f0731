from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from irmas_tf.deploy.export_inputs import LoadedRun, load_run
from irmas_tf.deploy.lite_model import LiteModel
from irmas_tf.deploy.saved_model import ExportError
from irmas_tf.deploy.tflite import convert
from irmas_tf.deploy.tflite_check import MEAN_TOLERANCES, TOLERANCES, VALUE_TOLERANCES, check_tflite
from irmas_tf.evaluation.validation_check import ValidationScore
from irmas_tf.inference.classifier import Classifier
from irmas_tf.streaming import CHECKSUM
from irmas_tf.tflite.flatbuffer import pack, unpack
from irmas_tf.tflite.metadata import embed
from tests.helpers import lite_run

FACTS = lite_run.lite_facts()


class NumpyModel:
    """What `lite_content` computes, as a live model; its logits may be pushed aside."""

    outputs = ("probabilities",)
    audio = lite_run.make_lite_config().audio
    source: ClassVar[dict[str, str]] = {}

    def __init__(self, shift: float = 0.0) -> None:
        self.shift = shift

    def values(self, windows: np.ndarray, output: str) -> np.ndarray:
        powers = lite_run.lite_answer(windows) * np.exp([self.shift, 0.0, 0.0])
        return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def content() -> bytes:
    return lite_run.lite_content()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> LoadedRun:
    branches = ("mel:frame_length=512:hop_length=128:num_bins=24:max_frequency_hz=4000",)
    run = lite_run.make_lite_run(tmp_path_factory.mktemp("runs") / "lite", branches=branches, block="plain")
    return load_run(str(run.path))


@pytest.fixture
def write(content, tmp_path):
    def written(changed: bytes = content, quantization: str = "none", **facts) -> Path:
        path = tmp_path / "model.tflite"
        path.write_bytes(embed(changed, lite_run.lite_facts(quantization=quantization, **facts)))
        return path

    return written


def without_checksum(content: bytes) -> bytes:
    """Return a .tflite file as earlier versions wrote it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        end = min(item.header_offset for item in archive.infolist())
        files = {name: archive.read(name) for name in archive.namelist()}
    facts = json.loads(files["irmas_tf.json"])
    del facts[CHECKSUM]
    stream = io.BytesIO(content[:end])
    stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream, "a") as archive:
        for name, text in {**files, "irmas_tf.json": json.dumps(facts).encode()}.items():
            archive.writestr(name, text)
    return stream.getvalue()


def verdicts(report) -> dict[str, bool]:
    return {check.name: check.passed for check in report.checks}


def failed(report) -> set[str]:
    return {name for name, passed in verdicts(report).items() if not passed}


MUSIC = {"music": np.random.default_rng(9).normal(0, 0.2, 500).astype(np.float32)}


def test_a_right_file_passes_every_check(write):
    report = check_tflite(write(), FACTS, NumpyModel(), MUSIC)
    assert report.passed, report.table()
    assert set(verdicts(report)) == {
        "facts and label order", "size", "operations", "signatures", "input", "silence", "noise", "sine", "click",
        "chirp", "quiet noise", "music", "mean over all signals", "sum of a window's probabilities", "the same again",
        "latency per window",
    }  # fmt: skip


def test_another_answer_fails(write):
    report = check_tflite(write(), FACTS, NumpyModel(shift=0.01), MUSIC)
    assert {"silence", "music", "mean over all signals"} <= failed(report)
    assert "sum of a window's probabilities" not in failed(report)


def test_nan_fails(write):
    class Broken(NumpyModel):
        def values(self, windows, output):
            return np.full([len(windows), 3], np.nan, np.float32)

    assert {"silence", "noise"} <= failed(check_tflite(write(), FACTS, Broken(), MUSIC))


def test_swapped_labels_fail_before_anything_runs(write):
    report = check_tflite(write(labels=["flu", "cel", "vio"]), FACTS, NumpyModel(), MUSIC)
    assert failed(report) == {"facts and label order"} and "silence" not in verdicts(report)


def test_foreign_operations_fail_before_anything_runs(write, content):
    from tensorflow.lite.python import schema_py_generated as schema

    model = unpack(content)
    model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    model.operatorCodes[0].customCode = b"FlexRFFT"
    report = check_tflite(write(pack(model)), FACTS, NumpyModel(), MUSIC)
    assert failed(report) == {"operations"} and "FlexRFFT" in report.table()


def test_a_damaged_model_with_intact_facts_is_refused_whether_or_not_they_hold_its_checksum(write, content):
    path = write()
    whole = path.read_bytes()
    for damaged in (bytes(4), whole[:4] + b"XXXX"):
        path.write_bytes(damaged + whole[len(damaged) :])
        with pytest.raises(ExportError, match="is damaged, or was changed after its export; export it again"):
            check_tflite(path, FACTS, NumpyModel(), MUSIC)
        path.write_bytes(without_checksum(path.read_bytes()))
        report = check_tflite(path, FACTS, NumpyModel(), MUSIC)
        assert failed(report) == {"loading"}, report.table()
        assert "export it again" in report.table()


@pytest.mark.parametrize("field", ["input", "signatures"])
def test_another_interface_fails(write, content, field):
    model = unpack(content)
    if field == "signatures":
        model.signatureDefs[0].inputs[0].name = b"args_0"
        report = check_tflite(write(pack(model)), FACTS, NumpyModel(), MUSIC)
    else:
        facts = FACTS | {"window_samples": 1999}
        report = check_tflite(write(window_samples=1999), facts, NumpyModel(), MUSIC)
    assert failed(report) == {field} and "silence" not in verdicts(report)


def test_probabilities_of_many_labels_need_not_sum_to_one(write):
    facts = {"kind": "multi_label", "thresholds": {"cel": 0.5, "flu": 0.5, "vio": 0.5}}
    report = check_tflite(write(**facts), FACTS | facts, NumpyModel(), MUSIC)
    assert report.passed and "sum of a window's probabilities" not in verdicts(report)


@pytest.mark.parametrize(
    "after, excerpts, passed",
    [(0.70, 1000, True), (0.69, 1000, True), (0.689, 1000, False), (0.60, 20, True), (0.55, 20, False)],
)
def test_int8_may_lose_one_point_of_accuracy_or_two_excerpts(write, after, excerpts, passed):
    asked = []

    def scores(model):
        asked.append(model.values(np.zeros([2, lite_run.WINDOW_SAMPLES], np.float32)).shape)
        return ValidationScore(0.70, excerpts, "accuracy"), ValidationScore(after, excerpts, "accuracy")

    report = check_tflite(write(quantization="int8"), FACTS, NumpyModel(), MUSIC, scores=scores)
    assert asked == [(2, 3)]
    assert verdicts(report)["validation accuracy"] is passed
    assert f"{after:.2%} on {excerpts} excerpts, the run's model 70.00%" in report.table()
    assert "validation accuracy" not in verdicts(check_tflite(write(), FACTS, NumpyModel(), MUSIC, scores=scores))


@pytest.mark.slow
def test_perturbed_weights_of_a_real_export_are_detected(loaded, tmp_path):
    """A hundredth of the weights' size, in one layer."""
    path = tmp_path / "model.tflite"
    music = {"music": MUSIC["music"]}
    for quantization in ("dynamic", "none"):
        content = convert(loaded.model, loaded.config, quantization)
        path.write_bytes(embed(content, {**loaded.facts, "quantization": quantization}))
        report = check_tflite(path, loaded.facts, loaded.live, music)
        assert report.passed, report.table()
        assert set(report.differences) >= {"probabilities", "logits", "embedding"}
    samples = np.random.default_rng(1).normal(0, 0.1, 5000)
    models = (loaded.live, LiteModel.open(path))
    of_run, of_file = (Classifier(model).embed(samples, lite_run.RATE_HZ) for model in models)
    np.testing.assert_allclose(of_file, of_run, atol=1e-4 * np.abs(of_run).max())
    logits = loaded.model.get_layer("logits")
    before = logits.get_weights()
    rng = np.random.default_rng(0)
    try:  # to the check it is as if the file had them
        logits.set_weights([one + 0.01 * np.abs(before[0]).max() * rng.normal(size=one.shape) for one in before])
        report = check_tflite(path, loaded.facts, loaded.live, music)
    finally:
        logits.set_weights(before)
    assert {"noise", "sine", "music", "mean over all signals"} <= failed(report)


def test_a_file_that_says_nothing_about_its_quantization_is_refused(content, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(embed(content, FACTS))
    with pytest.raises(ExportError, match=r"model\.tflite: says nothing about its quantisation; export it again"):
        check_tflite(path, FACTS, NumpyModel(), MUSIC)


def test_tolerances_are_stated_for_every_quantization_and_rise_with_it():
    from irmas_tf.deploy.tflite import QUANTIZATIONS

    for tolerances in (TOLERANCES, MEAN_TOLERANCES, VALUE_TOLERANCES):
        assert tuple(tolerances) == QUANTIZATIONS
        assert list(tolerances.values()) == sorted(tolerances.values())
