"""The signatures, in a graph-mode session, against the model as predict runs it; and what they say to bad input."""

from __future__ import annotations

import io
import os
import re

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from irmas_tf.deploy.check_signals import check_signals
from irmas_tf.deploy.signatures import Signatures
from irmas_tf.inference.prediction import predict_files
from irmas_tf.inference.run_model import RunModel
from irmas_tf.inference.samples import window_values

pytestmark = pytest.mark.slow

RATE, WINDOW, HOP = 8000, 2000, 1000
OUTPUTS = ("probabilities", "logits", "embedding")


def sound(samples: int, seed: int = 0) -> np.ndarray:
    """Return noise whose colour changes along the way, float32 [samples]."""
    rng = np.random.default_rng(seed)
    noise = np.cumsum(rng.normal(0, 0.02, samples)) % 0.6 - 0.3 + rng.normal(0, 0.05, samples)
    return noise.astype(np.float32)


def wav(samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, subtype, format="WAV")
    return stream.getvalue()


def assert_is_live(found: dict[str, np.ndarray], answers: list) -> None:
    for key in OUTPUTS:
        wanted = np.stack([answer.mean(key) for answer in answers])
        np.testing.assert_allclose(found[key], wanted, atol=1e-5 * max(1.0, np.abs(wanted).max()), err_msg=key)


@pytest.mark.parametrize("samples", [1, WINDOW - 1, WINDOW, WINDOW + 1, WINDOW + HOP, 5 * WINDOW + 77, 40 * WINDOW + 1])
def test_clips_of_every_length_are_answered_as_predict_does(small_session, small_loaded, samples):
    batch = np.stack([sound(samples, seed) for seed in range(3)])
    found = small_session("serving_default", batch)
    assert set(found) == {*OUTPUTS, "silent"} and not found["silent"].any()
    answers = [window_values(small_loaded.live, clip) for clip in batch]
    assert_is_live(found, answers)
    assert samples < WINDOW or np.ptp(found["probabilities"], axis=0).max() > 1e-4  # the answers do depend on the clip
    np.testing.assert_allclose(found["probabilities"].sum(axis=1), 1.0, atol=1e-6)


def test_silence_is_the_rule_of_predict(small_session, small_loaded):
    rng = np.random.default_rng(0)
    half = np.concatenate([sound(3 * WINDOW), np.zeros(9 * WINDOW, np.float32)])
    dither = (0.1 + rng.integers(-1, 2, half.size) / 32768).astype(np.float32)
    batch = np.stack([half, dither, 1e-3 * sound(half.size)])
    answers = [window_values(small_loaded.live, clip) for clip in batch]
    found, activity = small_session("serving_default", batch), small_session("activity", batch)
    assert found["silent"].tolist() == [False, True, False]
    np.testing.assert_array_equal(activity["window_silent"], [answer.silent for answer in answers])
    assert activity["window_silent"].sum(axis=1).tolist() == [17, 23, 0]
    assert_is_live(found, answers)
    of_file = small_session("classify_audio", np.array([wav(np.zeros(100)), wav(half)], object))
    assert of_file["silent"].tolist() == [True, False]
    np.testing.assert_allclose(of_file["probabilities"][1], answers[0].mean("probabilities"), atol=1e-4)


def test_activity_is_the_answer_for_every_window_and_its_times(small_session, small_loaded):
    batch = np.stack([sound(20 * WINDOW + 33, seed) for seed in range(2)])
    found = small_session("activity", batch)
    answers = [window_values(small_loaded.live, clip) for clip in batch]
    wanted = np.stack([answer.values["probabilities"] for answer in answers])
    np.testing.assert_allclose(found["window_probabilities"], wanted, atol=1e-5)
    starts = np.array([*range(0, 19 * WINDOW + 1, HOP), 19 * WINDOW + 33]) / RATE
    np.testing.assert_allclose(found["window_start_seconds"], [starts, starts], atol=1e-6)
    np.testing.assert_allclose(found["window_end_seconds"], [starts + 0.25, starts + 0.25], atol=1e-6)
    mean = small_session("serving_default", batch)["probabilities"]
    np.testing.assert_allclose(found["window_probabilities"].mean(axis=1), mean, atol=1e-6)


def test_files_of_different_lengths_in_one_batch_are_answered_as_predict_does(small_session, small_run, tmp_path):
    kinds = [(44100, 2, "PCM_16"), (48000, 1, "PCM_24"), (8000, 1, "FLOAT"), (11025, 3, "PCM_U8"), (96000, 2, "DOUBLE")]
    paths, seconds = [], []
    for index, (rate, channels, subtype) in enumerate(kinds):
        samples = np.stack([sound(rate * (index + 1) // 3, seed) for seed in range(channels)], axis=1)
        paths.append(tmp_path / f"{index}.wav")
        paths[-1].write_bytes(wav(samples, rate, subtype))
        seconds.append(len(samples) / rate)
    found = small_session("classify_audio", np.array([path.read_bytes() for path in paths], object))
    # The predict command's own path from the file to the answer.
    answers = list(predict_files(RunModel.open(small_run), map(str, paths)))
    np.testing.assert_allclose(found["probabilities"], [answer.vector for answer in answers], atol=1e-5)
    np.testing.assert_allclose(found["duration_seconds"], seconds, atol=1e-6)
    assert found["embedding"].shape == (5, 8) and found["logits"].shape == (5, 11)


def test_a_batch_of_64_files_and_an_empty_one(small_session):
    contents = [wav(sound(50 * (index + 1), index)) for index in range(64)]
    found = small_session("classify_audio", np.array(contents, object))
    assert found["probabilities"].shape == (64, 11)
    alone = small_session("classify_audio", np.array(contents[41:42], object))
    np.testing.assert_allclose(found["probabilities"][41:42], alone["probabilities"], atol=1e-6)
    for signature, empty in (
        ("classify_audio", np.array([], object)),
        ("serving_default", np.zeros([0, 3000], np.float32)),
        ("activity", np.zeros([0, 3000], np.float32)),
    ):
        assert {len(values) for values in small_session(signature, empty).values()} == {0}


def test_two_minutes(small_session, small_loaded):
    clip = np.tile(check_signals(RATE, 10 * RATE, {})["chirp"], 12)
    assert_is_live(small_session("serving_default", clip[None]), [window_values(small_loaded.live, clip)])
    found = small_session("classify_audio", np.array([wav(clip, subtype="FLOAT")], object))
    assert found["duration_seconds"] == pytest.approx([120.0])


def with_rate(content: bytes, rate: int) -> bytes:
    return content[:24] + rate.to_bytes(4, "little") + content[28:]


GOOD = wav(sound(300))
BAD = {
    "wrong rate": (
        "classify_audio",
        [GOOD, with_rate(GOOD, 12345)],
        r"audio\[1\] has a sample rate of 12345 Hz; resample",
    ),
    "empty": ("classify_audio", [b""], r"audio\[0\] is not a RIFF WAV file; convert it to WAV"),
    "no samples": ("classify_audio", [GOOD, GOOD, wav(np.zeros(0))], r"audio\[2\] holds no samples; send at least one"),
    "cut": (
        "classify_audio",
        [GOOD[:-100]],
        r"audio\[0\] announces 600 bytes of audio and has 500; send the whole file",
    ),
    "cut in the header": ("classify_audio", [GOOD[:20]], r"audio\[0\] is a WAV file without"),
    "NaN in a file": ("classify_audio", [wav(np.full(5, np.nan), subtype="FLOAT")], r"audio\[0\] holds NaN"),
    "MP3": ("classify_audio", [b"ID3\x04" + bytes(500)], r"audio\[0\] is not a RIFF WAV file"),
    "NaN": ("serving_default", [[0.0, np.nan]], "waveform holds NaN, infinity or values far beyond full scale"),
    "infinity": ("activity", [[0.0, -np.inf]], "waveform holds NaN, infinity"),
    "empty waveform": ("serving_default", [[], []], "waveform holds no samples; send at least one"),
    "empty activity": ("activity", [[]], "waveform holds no samples; send at least one"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_an_invalid_argument_with_a_sentence(small_session, name):
    signature, value, message = BAD[name]
    value = np.array(value, object if signature == "classify_audio" else np.float32)
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        small_session(signature, value)
    assert re.search(message, str(caught.value))
    assert small_session("classify_audio", np.array([GOOD], object))["probabilities"].shape == (1, 11)


@settings(max_examples=60)
@given(
    position=st.integers(0, len(GOOD) - 1), content=st.binary(min_size=1, max_size=12), end=st.integers(1, len(GOOD))
)
def test_no_bytes_do_more_than_fail(small_session, position, content, end):
    broken = (GOOD[:position] + content + GOOD[position + len(content) :])[: end if end % 3 == 0 else None]
    try:
        found = small_session("classify_audio", np.array([broken], object))
    except tf.errors.InvalidArgumentError as error:
        assert "audio[0] " in str(error)
    else:
        assert np.isfinite(found["probabilities"]).all()


def test_the_widths_are_those_of_the_outputs(small_loaded, small_session):
    signatures = Signatures(small_loaded.model, small_loaded.config)
    assert signatures.widths == {"probabilities": 11, "logits": 11, "embedding": 8}
    described = small_session.describe()
    assert set(described) == set(signatures.endpoints())
    for name, width in signatures.widths.items():
        assert described["serving_default"]["outputs"][name] == {"dtype": "float32", "shape": [None, width]}


@pytest.mark.skipif(os.name != "posix", reason="counts pages")
def test_memory_does_not_grow_with_the_number_of_requests(small_session):
    def pages() -> int:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1])

    good, bad = np.array([GOOD], object), np.array([GOOD[:-7]], object)

    def some(count: int) -> None:
        for _ in range(count):
            small_session("classify_audio", good)
            with pytest.raises(tf.errors.InvalidArgumentError):
                small_session("classify_audio", bad)

    some(100)
    before = pages()
    some(300)
    assert (pages() - before) * 4096 < 8e6
