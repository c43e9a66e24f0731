from __future__ import annotations

import io
import itertools
import json
import math
import shutil
import subprocess
import sys
import warnings
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from irmas_tf import streaming
from irmas_tf.audio.silence import SILENCE_DBFS
from irmas_tf.audio.windows import window_starts
from irmas_tf.deploy.lite_model import LiteModel
from irmas_tf.inference.classifier import Classifier
from irmas_tf.streaming import (
    StreamingClassifier,
    StreamingError,
    cli,
    piped_blocks,
    raw_blocks,
    read_model_facts,
    wav_blocks,
)
from irmas_tf.tflite.metadata import embed
from tests.helpers import lite_run, tiny_run

RATE, WINDOW, HOP, CODES = lite_run.RATE_HZ, lite_run.WINDOW_SAMPLES, lite_run.HOP_SAMPLES, lite_run.CODES


@pytest.fixture(scope="module")
def content() -> bytes:
    return lite_run.lite_content()


@pytest.fixture(scope="module")
def path(content, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("stream") / "model.tflite"
    path.write_bytes(embed(content, lite_run.lite_facts(quantization="none")))
    return path


@pytest.fixture(scope="module")
def classifier(path) -> StreamingClassifier:
    return StreamingClassifier(path)


NEIGHBOURS = ("streaming_sound.py", "streaming_samples.py", "streaming_wav.py")


def sound(samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, samples).astype(np.float32)


def expected(samples: np.ndarray, hop: int = HOP) -> tuple[list[int], np.ndarray]:
    """Return the starts of the windows as predict cuts them, and NumPy's answers for them."""
    padded = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    starts = window_starts(len(samples), WINDOW, hop)
    return starts, lite_run.lite_answer(np.stack([padded[start : start + WINDOW] for start in starts]))


@pytest.mark.slow
@given(length=st.integers(1, 12_000), seed=st.integers(0, 2**32 - 1), longest=st.sampled_from([1, 7, 700, 1999, 5000]))
@example(length=WINDOW, seed=0, longest=5000)
@example(length=WINDOW + 1, seed=0, longest=1)
@example(length=WINDOW + 2 * HOP, seed=0, longest=700)
def test_pieces_of_any_size_give_what_predict_answers(classifier, length, seed, longest):
    samples = sound(length, seed)
    rng = np.random.default_rng(seed)
    answers, place = [], 0
    while place < length:
        size = int(rng.integers(0, longest + 1)) if longest > 7 else longest
        answers += classifier.push(samples[place : place + size])
        place += size
    end = classifier.finish()
    starts, wanted = expected(samples)
    whole = [start for start in starts if start % HOP == 0 and start + WINDOW <= length]
    np.testing.assert_allclose([one.start_seconds for one in answers], np.array(whole) / RATE)
    np.testing.assert_allclose([one.end_seconds for one in answers], (np.array(whole) + WINDOW) / RATE)
    for one, row in zip(answers, wanted, strict=False):
        np.testing.assert_allclose(one.probabilities, row, atol=1e-4)
    np.testing.assert_allclose(end.mean, wanted.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(end.probabilities, wanted[-1], atol=1e-4)
    assert end.start_seconds == starts[-1] / RATE and end.end_seconds == pytest.approx(length / RATE)
    assert end.label == CODES[int(end.mean.argmax())] and end.labels == (end.label,)


SILENCES = {
    "half": np.concatenate([sound(2 * WINDOW), np.zeros(4 * WINDOW, np.float32)]),
    "between": np.concatenate([sound(WINDOW), np.full(3 * WINDOW, 0.1, np.float32), sound(WINDOW + 300, 1)]),
    "all": np.zeros(3 * WINDOW + 7, np.float32),
    "dither": (np.random.default_rng(0).integers(-1, 2, 3 * WINDOW) / 32768).astype(np.float32),
    "quiet": sound(3 * WINDOW) / 1000,
    "one sample": np.zeros(1, np.float32),
}


@pytest.mark.parametrize("name", SILENCES)
def test_silence_names_nothing_by_the_rule_of_predict(path, name):
    model = Classifier(LiteModel.open(path))
    wanted, activity = model.classify(SILENCES[name], RATE), model.activity(SILENCES[name], RATE)
    stream = StreamingClassifier(path, smoothing_seconds=0)
    answers, end = stream.push(SILENCES[name]), stream.finish()
    np.testing.assert_allclose(end.mean, wanted.vector, atol=1e-6)
    assert end.labels == wanted.labels and end.is_silent is wanted.is_silent
    assert end.label == (wanted.labels[0] if wanted.labels else "")
    flags = activity.active(None)
    for answer, is_silent, row in zip(answers, activity.silence, flags, strict=False):
        assert answer.is_silent == is_silent == (not row.any())
        assert answer.labels == tuple(code for code, yes in zip(CODES, row, strict=True) if yes)
    assert name != "half" or [answer.is_silent for answer in answers] == [False] * 4 + [True] * (len(answers) - 4)


def test_silence_leaves_what_was_smoothed_and_the_level_is_the_files_own(path, content, tmp_path):
    assert streaming.SILENCE_DBFS == SILENCE_DBFS
    stream = StreamingClassifier(path, smoothing_seconds=1.0)
    first, *_, silent = stream.push(np.concatenate([sound(WINDOW), np.zeros(2 * WINDOW, np.float32)]))
    assert silent.is_silent and not silent.labels and not first.is_silent
    np.testing.assert_array_equal(silent.smoothed, stream.push(np.zeros(HOP, np.float32))[0].smoothed)
    deaf = tmp_path / "deaf.tflite"
    deaf.write_bytes(embed(content, {**lite_run.lite_facts(quantization="none"), "silence_dbfs": 0.0}))
    assert StreamingClassifier(deaf).push(sound(WINDOW))[0].labels == ()
    assert Classifier(LiteModel.open(deaf)).classify(sound(WINDOW), RATE).labels == ()


def test_samples_far_above_full_scale_are_told_once(path):
    stream = StreamingClassifier(path)
    with pytest.warns(UserWarning, match="reach 16,3.*16-bit integers.*divide by 32768") as warned:
        stream.push(sound(3 * WINDOW) * np.float32(32768))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stream.push(sound(WINDOW) * np.float32(32768))
    assert len(warned) == 1


@pytest.mark.parametrize("hop", [1, 333, WINDOW, WINDOW + 700, 3 * WINDOW])
def test_other_hops(path, hop):
    samples = sound(2 * WINDOW + 50 if hop == 1 else 9 * WINDOW + 17)[: WINDOW + 40 if hop == 1 else None]
    stream = StreamingClassifier(path, hop_seconds=hop / RATE)
    answers = stream.push(samples)
    _, wanted = expected(samples, hop)
    assert len(answers) == 1 + (len(samples) - WINDOW) // hop
    np.testing.assert_allclose(stream.finish().mean, wanted.mean(axis=0), atol=1e-4)


@pytest.mark.slow
def test_it_answers_as_predict_does_with_the_same_file(tmp_path):
    """The run's Keras model, its export, a WAV file: two programs, one answer."""
    import soundfile

    from irmas_tf.deploy.export_inputs import load_run
    from irmas_tf.deploy.tflite import convert
    from irmas_tf.inference.prediction import predict_files
    from irmas_tf.inference.run_model import RunModel

    run = tiny_run.make_tiny_run(tmp_path / "run")
    file, model = tmp_path / "clip.wav", tmp_path / "model.tflite"
    soundfile.write(file, sound(9_700), tiny_run.RATE_HZ, subtype="PCM_16")
    (wanted,) = predict_files(RunModel.open(run), [str(file)])
    loaded = load_run(str(run.path))
    model.write_bytes(embed(convert(loaded.model, loaded.config), loaded.facts))
    stream = StreamingClassifier(model)
    assert stream.codes == loaded.config.labels.codes and stream.sample_rate_hz == tiny_run.RATE_HZ
    for block in wav_blocks(file, stream.sample_rate_hz):
        stream.push(block)
    end = stream.finish()
    np.testing.assert_allclose(end.mean, wanted.vector, atol=1e-5)
    assert end.label == wanted.labels[0]


def test_smoothing_follows_the_time_between_answers(path):
    samples = sound(5 * WINDOW + 300)
    stream = StreamingClassifier(path, smoothing_seconds=0.2)
    answers = [*stream.push(samples), stream.finish()]
    smoothed = answers[0].probabilities.astype(np.float64)
    np.testing.assert_allclose(answers[0].smoothed, smoothed)
    for before, one in itertools.pairwise(answers):
        keep = math.exp(-(one.end_seconds - before.end_seconds) / 0.2)
        smoothed = keep * smoothed + (1 - keep) * one.probabilities
        np.testing.assert_allclose(one.smoothed, smoothed, atol=1e-6)
        assert before.label == CODES[int(np.argmax(before.smoothed))]
    assert answers[-1].end_seconds - answers[-2].end_seconds == pytest.approx(300 / RATE)


def test_without_smoothing_the_window_decides(path):
    for one in StreamingClassifier(path, smoothing_seconds=0).push(sound(4 * WINDOW)):
        np.testing.assert_array_equal(one.smoothed, one.probabilities)


def test_thresholds_choose_the_labels(content, tmp_path):
    path = tmp_path / "many.tflite"
    levels = {"cel": 0.0, "flu": 1.01, "vio": 0.3}
    facts = lite_run.lite_facts(kind="multi_label", thresholds=levels)
    path.write_bytes(embed(content, facts))
    stream = StreamingClassifier(path, smoothing_seconds=0.1)
    answers = stream.push(sound(40 * WINDOW))
    end = stream.finish()
    for values, labels in [(one.smoothed, one.labels) for one in answers] + [(end.mean, end.labels)]:
        above = [code for code, value in zip(CODES, values, strict=True) if value >= levels[code]]
        assert list(labels) == above and "cel" in labels and "flu" not in labels
    assert {len(one.labels) for one in answers} == {1, 2}, "the sound must cross the threshold"
    assert end.label == CODES[int(end.mean.argmax())]


def test_a_finished_classifier_is_as_new(classifier):
    classifier.push(sound(3 * WINDOW, 1))
    first = classifier.finish()
    classifier.push(sound(3 * WINDOW + 5, 2))
    classifier.reset()
    assert classifier.received_seconds == 0
    classifier.push(sound(3 * WINDOW, 1))
    np.testing.assert_array_equal(classifier.finish().mean, first.mean)
    with pytest.raises(StreamingError, match="no samples; push some before finish"):
        classifier.finish()


def test_what_was_answered_does_not_change_later(classifier):
    (answer,) = classifier.push(sound(WINDOW, 1))
    before = [answer.probabilities.copy(), answer.smoothed.copy(), answer.mean.copy()]
    classifier.push(sound(3 * WINDOW, 2))
    for value, copy in zip((answer.probabilities, answer.smoothed, answer.mean), before, strict=True):
        np.testing.assert_array_equal(value, copy)
    classifier.reset()


@pytest.mark.parametrize(
    "samples, message",
    [
        (np.zeros([10, 2], np.float32), r"shape \[n\], not float32 of shape \[10, 2\]; take the mean of the channels"),
        (np.zeros(10, np.int16), "not int16 of shape .* divide 16-bit integers by 32768"),
        (np.array([0.0, np.nan]), "NaN or infinity"),
        (np.array([0.0, np.inf]), "NaN or infinity"),
    ],
)
def test_unusable_samples_are_refused_and_change_nothing(classifier, samples, message):
    with pytest.raises(StreamingError, match=message):
        classifier.push(samples)
    assert classifier.received_seconds == 0


@pytest.mark.parametrize(
    "name, value",
    [("hop_seconds", 0), ("hop_seconds", math.nan), ("smoothing_seconds", -1), ("smoothing_seconds", math.inf)],
)
def test_arguments_out_of_range_are_refused(path, name, value):
    with pytest.raises(StreamingError, match=f"{name}={value}: must be"):
        StreamingClassifier(path, **{name: value})


def test_files_that_are_no_export_are_refused(path, content, tmp_path):
    bare, text, lacking = (tmp_path / name for name in ("bare.tflite", "text.tflite", "lacking.tflite"))
    bare.write_bytes(content)
    text.write_text("no model")
    for one in (bare, text):
        with pytest.raises(StreamingError, match=rf"{one.name}: is not a .tflite file exported by irmas_tf"):
            read_model_facts(one)
    lacking.write_bytes(content)
    with zipfile.ZipFile(lacking, "a") as archive:
        archive.writestr("irmas_tf.json", json.dumps({"labels": ["a"], "window_samples": 5}))
    with pytest.raises(StreamingError, match=r"irmas_tf\.json lacks sample_rate_hz, window_hop_samples"):
        StreamingClassifier(lacking)
    only_facts = tmp_path / "facts.tflite"
    with zipfile.ZipFile(only_facts, "w") as archive:
        archive.writestr("irmas_tf.json", json.dumps(lite_run.lite_facts()))
    with pytest.raises(StreamingError, match=r"facts\.tflite: cannot be run"):
        StreamingClassifier(only_facts)


# The command.


def write_wav(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """Write floats [n] or [n, channels] as a 16-bit file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(samples * 32768).astype("<i2").tobytes())
    return path


def test_wav_files_of_any_rate_are_read_as_mono_blocks(tmp_path):
    samples = np.round(np.stack([sound(9000, 1), sound(9000, 2)], axis=1) * 32768) / 32768
    blocks = list(wav_blocks(write_wav(tmp_path / "a.wav", samples), RATE))
    assert len(blocks) > 1 and all(block.dtype == np.float32 for block in blocks)
    np.testing.assert_allclose(np.concatenate(blocks), samples.mean(axis=1), atol=1e-6)
    assert sum(map(len, wav_blocks(write_wav(tmp_path / "b.wav", samples, 44100), RATE))) == -(-9000 * RATE // 44100)


def test_other_files_are_refused_with_the_way_to_convert_them(tmp_path):
    path = tmp_path / "a b.wav"
    path.write_bytes(b"RIFFnonsense")
    with pytest.raises(StreamingError, match=r"a b\.wav: is not a WAV file; convert it: ffmpeg -i '.*' .*-ar 8000 "):
        list(wav_blocks(path, RATE))


@pytest.mark.parametrize("size", [11, 1000, 100_000])
def test_a_pipe_may_hold_a_wav_file_or_raw_samples(tmp_path, size):
    class Pipe(io.BytesIO):
        def read1(self, count=-1):
            return super().read1(min(size, count))

        def seek(self, *_):
            raise OSError("not a file")

    path = write_wav(tmp_path / "a.wav", sound(3000), 11025)
    wanted = np.concatenate(list(wav_blocks(path, RATE)))
    read = np.concatenate(list(piped_blocks(Pipe(path.read_bytes()), RATE)))
    np.testing.assert_allclose(read, wanted, atol=1e-6)
    raw = np.rint(sound(3000) * 32768).astype("<i2")
    np.testing.assert_array_equal(np.concatenate(list(piped_blocks(Pipe(raw.tobytes()), RATE))) * 32768, raw)


@pytest.mark.parametrize("size", [1, 3, 8, 1000])
def test_raw_samples_may_come_in_any_pieces(size):
    class Pipe(io.BytesIO):
        def read1(self, count=-1):
            return super().read1(min(size, count))

    samples = np.arange(-500, 500, dtype="<i2")
    read = np.concatenate(list(raw_blocks(Pipe(samples.tobytes() + b"x"))))
    np.testing.assert_array_equal(read * 32768, samples)


def test_the_command_prints_a_line_a_window_and_one_for_all(path, tmp_path, capsys):
    samples = np.round(sound(2 * WINDOW + 100) * 32768) / 32768
    assert cli([str(path), str(write_wav(tmp_path / "a.wav", samples))]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    _, wanted = expected(samples)
    assert [line.split()[:2] for line in lines] == [["0.00", "0.25"], ["0.12", "0.38"], ["0.25", "0.50"]]
    mean = wanted.mean(axis=0)
    assert last.split() == ["0.00", "0.51", CODES[mean.argmax()], f"{mean.max():.2f}", "(all)"]


def test_the_commands_errors_are_one_line(path, tmp_path, capsys):
    assert cli([str(path), str(tmp_path / "absent.wav")]) == 2
    assert cli([str(tmp_path / "absent.tflite"), "-"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 2 and all(line.startswith("error: ") and "absent" in line for line in errors)


@pytest.mark.slow
def test_it_runs_without_tensorflow_and_without_the_package(path, tmp_path):
    """Copied to a folder of its own, first alone; importing TensorFlow, Keras or irmas_tf fails there."""
    shutil.copy(streaming.__file__, tmp_path / "streaming.py")
    blocked = ("tensorflow", "keras", "irmas_tf", "absl", "scipy", "soundfile", "h5py")
    (tmp_path / "main.py").write_text(
        f"import shutil, sys\nfor name in {blocked!r}:\n    sys.modules[name] = None\n"
        "import streaming\nassert not any(name in sys.modules for name in ('ai_edge_litert',))\n"
        "model, file, *neighbours = sys.argv[1:]\n"
        "alone = [streaming.cli([model, '-']), streaming.cli([model, file])]\n"
        "for path in neighbours:\n    shutil.copy(path, '.')\n"
        "print(*alone, streaming.cli([model, file]))\n"
        f"print([name for name in sys.modules if name.split('.')[0] in {blocked!r} and sys.modules[name]])\n"
    )
    samples = np.rint(sound(3 * WINDOW) * 32768) / 32768
    raw = np.rint(samples * 32768).astype("<i2").tobytes()
    wav = write_wav(tmp_path / "a.wav", samples)
    folder = Path(streaming.__file__).parent
    neighbours = [str(folder / name) for name in NEIGHBOURS]
    command = [sys.executable, "main.py", str(path), str(wav), *neighbours]
    done = subprocess.run(command, cwd=tmp_path, input=raw, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    *lines, states, loaded = done.stdout.decode().splitlines()
    assert (states, loaded) == ("0 2 0", "[]")
    assert b"streaming_sound.py cannot be imported" in done.stderr and b"copy it beside streaming.py" in done.stderr
    ends = [line.split()[2] for line in lines if line.endswith("(all)")]
    mean = expected(samples)[1].mean(axis=0)
    assert ends == 2 * [CODES[mean.argmax()]]
