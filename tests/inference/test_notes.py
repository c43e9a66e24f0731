"""What is odd about a sound is said, and silence names nothing: the same of files, of samples, and over time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.decode import AudioWarning
from irmas_tf.audio.heard import Heard
from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.labels import get_label_scheme
from irmas_tf.inference.answers import Answer
from irmas_tf.inference.classifier import Classifier
from irmas_tf.inference.clip_means import clip_means
from irmas_tf.inference.notes import clip_notes, sound_notes
from irmas_tf.inference.prediction import predict_files

RATE = 22_050
WINDOW = 3 * RATE
SCHEME = get_label_scheme("irmas")


class PeakModel:
    """Stands in for a model: class 1 of silence, with certainty, and of sound the class that its peak says."""

    audio = AudioConfig(sample_rate_hz=RATE, window_seconds=3.0, window_hop_seconds=1.5)
    scheme = SCHEME
    thresholds = None
    outputs = ("probabilities",)

    def values(self, windows: np.ndarray, output: str) -> np.ndarray:
        peaks = np.abs(windows).max(axis=1)
        return np.eye(11, dtype=np.float32)[np.where(peaks < 1e-3, 1, np.where(peaks < 1, 2, 3))]


def _tone(seconds: float, rate: int = RATE) -> np.ndarray:
    return 0.4 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)


def _answers(folder: Path, samples: np.ndarray, rate: int = RATE, subtype: str = "FLOAT") -> Iterator[Answer]:
    """Yield the answer for samples in a file, also with activity, and in memory."""
    path = folder / "x.wav"
    soundfile.write(path, samples, rate, subtype)
    for with_activity in (False, True):
        (answer,) = predict_files(PeakModel(), [str(path)], with_activity=with_activity)
        assert isinstance(answer, Answer)
        yield answer
    stored, _ = soundfile.read(path, dtype="float32")
    yield dataclasses.replace(
        Classifier(PeakModel()).classify(stored, rate), activity=Classifier(PeakModel()).activity(stored, rate)
    )


def _same(folder: Path, samples: np.ndarray, rate: int = RATE, subtype: str = "FLOAT") -> Answer:
    """Return the answer for samples, which is the same however it is asked for."""
    plain, with_activity, in_memory = _answers(folder, samples, rate, subtype)
    for other in (with_activity, in_memory):
        assert other.labels == plain.labels and other.notes == plain.notes
        np.testing.assert_allclose(other.vector, plain.vector, atol=1e-7)
        assert other.activity is not None and other.activity.notes == plain.notes
    return with_activity


def _codes(answer: Answer) -> list[str]:
    return [note.code for note in answer.notes]


def test_an_ordinary_sound_has_no_notes(tmp_path: Path) -> None:
    for samples in (_tone(6), np.stack([_tone(6), 0.9 * _tone(6)], 1), np.stack([_tone(6), 0 * _tone(6)], 1)):
        answer = _same(tmp_path, samples, subtype="PCM_16")
        assert answer.notes == () and answer.labels == (SCHEME.codes[2],)


SILENCES = {
    "zeros": np.zeros(2 * WINDOW),
    "dither": np.round(np.random.default_rng(0).uniform(-1, 1, 2 * WINDOW)) / 32768,
    "A-law's zero": np.full(2 * WINDOW, 8 / 32768),
    "one sample": np.zeros(1),
    "a float file at the scale of one step": _tone(6) / 32768,
}


@pytest.mark.parametrize("name", SILENCES)
def test_silence_names_nothing_and_keeps_its_probabilities(tmp_path: Path, name: str) -> None:
    answer = _same(tmp_path, SILENCES[name])
    assert answer.labels == () and answer.is_silent and _codes(answer)[0] == "silent"
    np.testing.assert_array_equal(answer.vector, np.eye(11)[1])
    assert answer.activity is not None and not answer.activity.active(None).any() and not answer.activity.timeline()


@pytest.mark.parametrize("noise", [0.0, 1e-5])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_channels_that_cancel_are_silence_with_a_reason(tmp_path: Path, noise: float, subtype: str) -> None:
    rng = np.random.default_rng(0)
    answer = _same(
        tmp_path, np.stack([_tone(6), -_tone(6)], 1) + rng.normal(0, noise, [2 * WINDOW, 2]), 22_050, subtype
    )
    assert answer.labels == () and _codes(answer) == ["silent_in_mono"] and "channel" in answer.notes[0].text


def test_a_quiet_recording_is_none(tmp_path: Path) -> None:
    assert _same(tmp_path, _tone(6) / 1000).notes == ()


def test_silent_windows_of_a_clip_do_not_count(tmp_path: Path) -> None:
    answer = _same(tmp_path, np.concatenate([_tone(3), np.zeros(12 * RATE)]))
    assert answer.labels == (SCHEME.codes[2],) and _codes(answer) == ["partly_silent"]
    np.testing.assert_array_equal(answer.vector, np.eye(11)[2])
    assert "7 of 9 windows" in answer.notes[0].text
    assert answer.activity is not None and answer.activity.silent is not None
    assert answer.activity.silent.tolist() == [False] * 2 + [True] * 7
    assert answer.activity.timeline() == [(0.0, 3.75, SCHEME.codes[2])]
    (mean,) = clip_means(PeakModel(), [answer.path], batch_size=1)
    np.testing.assert_array_equal(mean.mean, answer.vector)


@pytest.mark.parametrize(
    "scale, words",
    [
        (1.0, ""),
        (2.0, ""),
        (4.0, ""),
        (128.0, "scale them down"),
        (2.0**15, "divide by 32768"),
        (2.0**31, "divide by 2147483648"),
    ],
)
def test_floats_far_above_full_scale_are_told_with_the_remedy(tmp_path: Path, scale: float, words: str) -> None:
    answer = _same(tmp_path, (_tone(6) * scale).astype(np.float32))
    assert _codes(answer) == (["scale"] if words else [])
    assert len(answer.labels) == 1 and (not words or words in answer.notes[0].text)


def test_clips_that_are_short_or_of_a_narrow_band_are_told(tmp_path: Path) -> None:
    assert _codes(_same(tmp_path, _tone(0.31))) == [] and _codes(_same(tmp_path, _tone(0.29))) == ["short"]
    assert "lasts 50 ms, a window of the model 3 s" in _same(tmp_path, _tone(0.05)).notes[0].text
    assert "less than 1 ms" in _same(tmp_path, np.full(1, 0.5)).notes[0].text
    narrow = _same(tmp_path, _tone(3, 8000), 8000)
    assert _codes(narrow) == ["narrow_band"] and "8,000 Hz" in narrow.notes[0].text
    assert "4,000 Hz" in narrow.notes[0].text and "11,025 Hz" in narrow.notes[0].text
    assert _codes(_same(tmp_path, _tone(3, 16_000), 16_000)) == []


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_a_file_that_is_cut_is_told_in_its_answer_too(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "cut.wav"
    soundfile.write(path, _tone(6), RATE, subtype)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(AudioWarning, match=r"3\.000 s of the 6\.000 s"):
        (answer,) = predict_files(PeakModel(), [str(path)])
    assert isinstance(answer, Answer) and _codes(answer) == ["incomplete"] and str(path) not in answer.notes[0].text
    assert answer.notes[0].text.startswith("3.000 s of the 6.000 s")


def test_notes_are_a_line_each_and_said_once() -> None:
    heard = Heard(problems=["the data stops\nafter 1 s", "the data stops\nafter 1 s"])
    (note,) = clip_notes(heard, 6.0, np.zeros(3, bool), PeakModel.audio)
    assert str(note) == "incomplete: the data stops after 1 s"
    assert sound_notes(Heard(rate_hz=44_100, peak=1.2), 6.0, PeakModel.audio) == ()
