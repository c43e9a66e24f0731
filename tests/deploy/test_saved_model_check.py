"""The check passes what is right and fails everything that was made wrong on purpose."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from irmas_tf.audio.decode import decode_file
from irmas_tf.deploy import saved_model_check
from irmas_tf.deploy.acceptance import Report
from irmas_tf.deploy.check_signals import WAV_FILES, wav_bytes
from irmas_tf.deploy.export_inputs import LoadedRun
from irmas_tf.deploy.saved_model import EXTRA_ASSETS, FACTS_NAME
from irmas_tf.deploy.saved_model_check import check_saved_model, decode_wav
from irmas_tf.deploy.session_model import SessionModel
from irmas_tf.deploy.warmup import WARMUP_NAME, WarmupRequest, write_warmup
from irmas_tf.inference.run_model import RunModel

pytestmark = pytest.mark.slow


def failed(report: Report) -> set[str]:
    return {check.name for check in report.checks if not check.passed}


class Remembering:
    """A live model that works out each answer once."""

    def __init__(self, live: RunModel) -> None:
        self.live, self.audio, self.outputs, self.source = live, live.audio, live.outputs, live.source
        self.answers: dict[tuple[bytes, str], np.ndarray] = {}

    def values(self, windows: np.ndarray, output: str) -> np.ndarray:
        key = (windows.tobytes(), output)
        if key not in self.answers:
            self.answers[key] = self.live.values(windows, output)
        return self.answers[key]


@pytest.fixture(scope="module")
def live(small_loaded) -> Remembering:
    return Remembering(small_loaded.live)


@pytest.fixture(scope="module")
def check(small_loaded, small_music, live) -> Callable[[Path], Report]:
    return lambda folder: check_saved_model(folder, small_loaded.facts, live, small_music)


class Loaded:
    """A session that is loaded already; answers may be changed on the way."""

    def __init__(self, session: SessionModel, key: str = "", change: Callable = lambda values: values) -> None:
        self.session, self.key, self.change = session, key, change
        self.signatures, self.operations, self.describe = session.signatures, session.operations, session.describe

    def __call__(self, signature: str, value: np.ndarray) -> dict[str, np.ndarray]:
        found = self.session(signature, value)
        return {**found, self.key: self.change(found[self.key])} if self.key in found else found

    def close(self) -> None:
        """Leave it open for the next test."""


@pytest.fixture
def no_loading(small_session, monkeypatch) -> None:
    monkeypatch.setattr(saved_model_check, "SessionModel", lambda folder: Loaded(small_session))


def test_a_good_one_passes_on_every_signal_length_and_file(check, small_saved_model):
    report = check(small_saved_model)
    assert failed(report) == set(), report.table()
    names = {one.name for one in report.checks}
    assert {"silence", "noise", "sine", "click", "chirp", "low", "high", "size", "latency per window"} <= names
    assert {"facts and label order", "operations", "signatures", "warm-up requests"} <= names
    assert len(names) == len(report.checks) >= 30
    assert report.differences["probabilities"] < 1e-5


def changed(loaded: LoadedRun, change: Callable[[list[np.ndarray]], list[np.ndarray]]) -> RunModel:
    """Return the live model with other weights in its last layer: to the check it is as if the artefact had them."""
    model = keras.models.clone_model(loaded.model)
    model.set_weights(loaded.model.get_weights())
    last = model.get_layer("logits")
    last.set_weights(change(last.get_weights()))
    return RunModel(loaded.run, loaded.config, model)


@pytest.mark.usefixtures("no_loading")
def test_weights_that_differ_a_little(small_saved_model, small_loaded, small_music):
    live = changed(small_loaded, lambda weights: [weights[0] * 1.001, weights[1]])
    report = check_saved_model(small_saved_model, small_loaded.facts, live, small_music)
    assert {"noise", "sine", "chirp", "low", "batch of 3, one window", "activity, one window"} <= failed(report)
    assert "facts and label order" not in failed(report)


@pytest.mark.usefixtures("no_loading")
def test_outputs_in_another_order(small_saved_model, small_loaded, small_music):
    order = [1, 0, *range(2, 11)]
    live = changed(small_loaded, lambda weights: [weights[0][:, order], weights[1][order]])
    report = check_saved_model(small_saved_model, small_loaded.facts, live, small_music)
    assert {"noise", "sine", "WAV PCM_16, 44100 Hz, 2 channels"} <= failed(report)


WRONG = {
    "probabilities scaled": ("probabilities", lambda values: values * 1.001, "sine"),
    "logits scaled": ("logits", lambda values: values * 1.01, "sine"),
    "embedding shifted": ("embedding", lambda values: values + 0.01, "sine"),
    "NaN": ("probabilities", lambda values: values * np.nan, "sine"),
    "windows scaled": ("window_probabilities", lambda values: values * 1.001, "activity, one window"),
    "times in samples": ("window_start_seconds", lambda values: values * 8000, "activity, one window and a sample"),
    "ends too early": ("window_end_seconds", lambda values: values - 0.1, "activity, one window"),
    "milliseconds": ("duration_seconds", lambda values: values * 1000, "durations of the files"),
}


@pytest.mark.parametrize("name", WRONG)
def test_outputs_that_are_something_else(check, small_saved_model, small_session, monkeypatch, name):
    key, change, wanted = WRONG[name]
    monkeypatch.setattr(saved_model_check, "SessionModel", lambda folder: Loaded(small_session, key, change))
    assert wanted in failed(check(small_saved_model))


def test_an_operation_that_a_server_does_not_have(check, small_saved_model, small_session, monkeypatch):
    def load(folder: Path) -> Loaded:
        loaded = Loaded(small_session)
        loaded.operations = {*small_session.operations, "EagerPyFunc", "IO>AudioResample"}
        return loaded

    monkeypatch.setattr(saved_model_check, "SessionModel", load)
    (one,) = [check for check in check(small_saved_model).checks if not check.passed]
    assert (one.name, one.found) == ("operations", "IO>AudioResample, EagerPyFunc")


def test_bad_input_that_is_answered(check, small_saved_model, small_session, monkeypatch):
    class Tolerant(Loaded):
        def __call__(self, signature: str, value: np.ndarray) -> dict[str, np.ndarray]:
            return super().__call__(signature, np.nan_to_num(value) if value.dtype == np.float32 else value)

    monkeypatch.setattr(saved_model_check, "SessionModel", lambda folder: Tolerant(small_session))
    assert failed(check(small_saved_model)) == {"bad input: NaN"}


def change_facts(folder: Path, **changes) -> None:
    facts = json.loads((folder / FACTS_NAME).read_text())
    (folder / FACTS_NAME).write_text(json.dumps({**facts, **changes}))


def swap_labels(folder: Path) -> None:
    facts = json.loads((folder / FACTS_NAME).read_text())
    change_facts(folder, labels=[facts["labels"][1], facts["labels"][0], *facts["labels"][2:]])


def rename_an_output(folder: Path) -> None:
    facts = json.loads((folder / FACTS_NAME).read_text())
    outputs = facts["signatures"]["serving_default"]["outputs"]
    outputs["scores"] = outputs.pop("probabilities")
    change_facts(folder, signatures=facts["signatures"])


def write_requests(*requests: WarmupRequest) -> Callable[[Path], None]:
    return lambda folder: write_warmup(folder / EXTRA_ASSETS / WARMUP_NAME, requests, "irmas")


SILENCE = np.zeros([1, 2000], np.float32)
DAMAGES = {
    "labels swapped": (swap_labels, "facts and label order"),
    "another rate": (lambda folder: change_facts(folder, sample_rate_hz=16000), "facts and label order"),
    "an output renamed": (rename_an_output, "signatures"),
    "no description": (lambda folder: change_facts(folder, signatures=None), "signatures"),
    "no warm-up": (lambda folder: (folder / EXTRA_ASSETS / WARMUP_NAME).unlink(), "warm-up requests"),
    "bytes for a warm-up": (
        lambda folder: (folder / EXTRA_ASSETS / WARMUP_NAME).write_bytes(b"x" * 40),
        "warm-up requests",
    ),
    "warm-up of one signature": (write_requests(WarmupRequest("activity", "waveform", SILENCE)), "warm-up requests"),
    "warm-up of a missing signature": (
        write_requests(WarmupRequest("no such", "waveform", SILENCE)),
        "warm-up requests",
    ),
    "warm-up that is refused": (
        write_requests(*[WarmupRequest(n, "waveform", SILENCE[:, :0]) for n in ("activity", "serving_default")]),
        "warm-up requests",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.usefixtures("no_loading")
def test_a_damaged_or_mislabelled_folder(check, small_saved_model, tmp_path, name):
    damage, wanted = DAMAGES[name]
    folder = tmp_path / "1"
    shutil.copytree(small_saved_model, folder)
    damage(folder)
    assert failed(check(folder)) == {wanted}


def test_weights_that_are_cut(check, small_saved_model, tmp_path):
    folder = tmp_path / "1"
    shutil.copytree(small_saved_model, folder)
    weights = folder / "variables" / "variables.data-00000-of-00001"
    weights.write_bytes(weights.read_bytes()[:-64])
    report = check(folder)
    assert failed(report) == {"loading"}
    assert "cannot be loaded as a SavedModel" in report.table()


@pytest.mark.usefixtures("no_loading")
def test_a_model_that_decodes_files_in_another_way(check, small_saved_model, monkeypatch):
    monkeypatch.setattr(saved_model_check, "decode_wav", lambda content, rate_hz: 0.5 * decode_wav(content, rate_hz))
    report = check(small_saved_model)
    assert failed(report) and all(name.startswith("WAV") for name in failed(report))


def test_files_are_decoded_as_everywhere(tmp_path):
    (tmp_path / "a.wav").write_bytes(content := wav_bytes(np.random.default_rng(0).uniform(-1, 1, 3000), *WAV_FILES[0]))
    np.testing.assert_array_equal(decode_wav(content, 8000), decode_file(tmp_path / "a.wav", 8000))
