"""What `irmas_tf.load` gives, for paths and for samples; the same numbers either way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import irmas_tf
from irmas_tf.audio.decode import AudioError
from irmas_tf.audio.walk import Failure
from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.inference.classifier import Classifier
from irmas_tf.inference.prediction import predict_files
from irmas_tf.inference.samples import SamplesError
from irmas_tf.inference.window_model import ModelError
from irmas_tf.runs.thresholds import ThresholdsError
from tests.helpers.tiny_run import make_multi_label_run, make_tiny_run


@pytest.fixture(scope="module")
def single(tmp_path_factory) -> Classifier:
    return irmas_tf.load(make_tiny_run(tmp_path_factory.mktemp("run") / "single").path)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """1.3 s in stereo, at another rate than the model's."""
    path = tmp_path_factory.mktemp("clip") / "noise.wav"
    noise = 0.2 * np.random.default_rng(3).standard_normal([57_331, 2]).clip(-4, 4)
    soundfile.write(path, noise * np.linspace(0.1, 1, 57_331)[:, None], 44100, "FLOAT")
    return path


def test_a_file_and_its_samples_get_the_answer_of_predict(single, clip):
    (wanted,) = predict_files(single.model, [str(clip)])
    samples, rate_hz = soundfile.read(clip, dtype="float32")
    from_file, from_samples = single.classify(clip), single.classify(samples, rate_hz)
    np.testing.assert_array_equal(from_file.vector, wanted.vector)
    np.testing.assert_allclose(from_samples.vector, wanted.vector, atol=1e-6)
    assert from_samples.labels == from_file.labels == wanted.labels
    assert from_samples.duration_seconds == from_file.duration_seconds == wanted.duration_seconds
    assert (from_file.path, from_samples.path) == (str(clip), "")


def test_activity_and_embedding_are_the_same_either_way_and_fit_the_answer(single, clip):
    samples, rate_hz = soundfile.read(clip, dtype="float32")
    from_file, from_samples = single.activity(clip), single.activity(samples, rate_hz)
    np.testing.assert_allclose(from_samples.probabilities, from_file.probabilities, atol=1e-6)
    np.testing.assert_array_equal(from_samples.starts, from_file.starts)
    np.testing.assert_allclose(from_file.probabilities.mean(axis=0), single.classify(clip).vector, atol=1e-6)
    assert from_samples.duration_seconds == from_file.duration_seconds and from_file.classes == IRMAS_CODES
    (start, *_), *_, (_, end, code) = from_file.timeline()
    assert start == 0.0 and end == from_file.duration_seconds and code in IRMAS_CODES
    embedding = single.embed(clip)
    assert embedding.shape == (16,) and embedding.dtype == np.float32
    np.testing.assert_allclose(single.embed(samples, rate_hz), embedding, atol=1e-6)


def test_it_says_what_it_is(single):
    assert single.classes == IRMAS_CODES and single.names[6] == "piano"
    assert single.sample_rate_hz == 8000 and single.thresholds is None
    assert repr(single) == "Classifier(11 classes, windows of 0.25 s at 8,000 Hz)"


@pytest.mark.slow
def test_a_multi_label_model_names_by_its_thresholds(tmp_path, clip):
    run = make_multi_label_run(tmp_path / "run")
    probabilities = irmas_tf.load(run.path).classify(clip).probabilities
    levels = {code: p + (-1e-3 if code in ("pia", "voi") else 1e-3) for code, p in probabilities.items()}
    classifier = irmas_tf.load(make_multi_label_run(tmp_path / "other", levels).path)
    assert classifier.classify(clip).names == ("piano", "voice")
    assert classifier.thresholds == levels
    assert {code for *_, code in classifier.activity(clip).timeline()} >= {"pia", "voi"}
    run.thresholds_path.unlink()
    with pytest.raises(ThresholdsError, match=r"thresholds\.json: cannot be read"):
        irmas_tf.load(run.path)


def test_files_are_answered_as_they_come_and_failures_keep_their_place(single, clip, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no audio")
    (tmp_path / "good.wav").write_bytes(clip.read_bytes())
    results = list(single.classify_files([clip, tmp_path], with_activity=True))
    assert [type(result) for result in results] == [irmas_tf.Answer, Failure, irmas_tf.Answer]
    assert results[0].activity is not None and results[2].path == str(tmp_path / "good.wav")
    results = single.classify_files([clip] * 1000)
    next(results)
    results.close()


def test_wrong_sounds_are_one_line(single, clip, tmp_path):
    for call in (single.classify, single.activity, single.embed):
        with pytest.raises(AudioError, match=r"none\.wav: .*No such file"):
            call(tmp_path / "none.wav")
        with pytest.raises(SamplesError, match=r"is for samples; the file .* has its own"):
            call(str(clip), 44100)
        with pytest.raises(SamplesError, match="sample_rate_hz is missing"):
            call(np.zeros(100))


def test_an_answer_that_is_no_number_is_refused(single, monkeypatch):
    classifier = Classifier(single.model)
    monkeypatch.setattr(single.model, "values", lambda windows, output: np.full([len(windows), 11], np.nan))
    for call in (classifier.classify, classifier.activity, classifier.embed):
        with pytest.raises(SamplesError, match="answer is not a number; samples should be within -1 and 1"):
            call(np.zeros(4000), 8000)


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no such file or folder; name the folder of a run"):
        irmas_tf.load(tmp_path / "none")
    with pytest.raises(ModelError, match="is not a model that irmas_tf knows; name the folder of a run"):
        irmas_tf.load(tmp_path)
