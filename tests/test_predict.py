from __future__ import annotations

import csv
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.predict import cli
from tests.helpers import ROOT, fresh_process
from tests.helpers.tiny_run import make_tiny_run

ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
ENVIRONMENT |= {"TF_NUM_INTRAOP_THREADS": "1", "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_run(tmp_path_factory.mktemp("run") / "tiny").path)


def _tone(seconds: float = 0.6, rate_hz: int = 44100, channels: int = 1) -> np.ndarray:
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.repeat(0.4 * np.sin(2 * np.pi * 440 * time)[:, None], channels, axis=1)


def _json(capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, Any]], str]:
    captured = capsys.readouterr()
    return [json.loads(line) for line in captured.out.splitlines()], captured.err


FORMATS = {
    "u8.wav": ("WAV", "PCM_U8", 44100, 1),
    "16.wav": ("WAV", "PCM_16", 44100, 2),
    "24.wav": ("WAV", "PCM_24", 44100, 1),
    "32.wav": ("WAV", "PCM_32", 48000, 1),
    "float.wav": ("WAV", "FLOAT", 44100, 1),
    "double.wav": ("WAV", "DOUBLE", 44100, 1),
    "extensible.wav": ("WAVEX", "PCM_24", 44100, 6),
    "six.wav": ("WAV", "PCM_16", 44100, 6),
    "96k.flac": ("FLAC", "PCM_24", 96000, 2),
    "192k.wav": ("WAV", "PCM_24", 192000, 1),
    "8k.wav": ("WAV", "PCM_16", 8000, 1),
    "vorbis.ogg": ("OGG", "VORBIS", 44100, 2),
    "opus.opus": ("OGG", "OPUS", 48000, 1),
    "layer3.mp3": ("MP3", "MPEG_LAYER_III", 44100, 1),
    "22k.mp3": ("MP3", "MPEG_LAYER_III", 22050, 2),
    "a.aiff": ("AIFF", "PCM_16", 44100, 1),
}


@pytest.mark.slow
def test_every_format_gets_nearly_the_same_answer(run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, (format, subtype, rate_hz, channels) in FORMATS.items():
        soundfile.write(tmp_path / name, _tone(0.6, rate_hz, channels), rate_hz, subtype, format=format)
    assert cli([f"--run_dir={run}", "--format=json", str(tmp_path)]) == 0
    answers, errors = _json(capsys)
    assert errors == ""
    assert [Path(a["file"]).name for a in answers] == sorted(FORMATS)
    reference = next(a for a in answers if a["file"].endswith("/float.wav"))
    for answer in answers:
        lossy = answer["file"].endswith((".mp3", ".ogg", ".opus"))
        assert tuple(answer["probabilities"]) == IRMAS_CODES
        assert answer["duration_seconds"] == pytest.approx(0.6, abs=0.12 if lossy else 0.001)
        np.testing.assert_allclose(
            list(answer["probabilities"].values()),
            list(reference["probabilities"].values()),
            atol=0.02 if lossy else 0.001,
            err_msg=answer["file"],
        )
        assert answer["labels"] == [max(answer["probabilities"], key=answer["probabilities"].get)]


def _bad_files(folder: Path) -> dict[str, str]:
    """Write unusable files; return name -> words that their message must hold."""
    wav = io.BytesIO()
    soundfile.write(wav, _tone(), 44100, "PCM_16", format="WAV")
    ok = wav.getvalue()
    samples = _tone().astype(np.float32)
    (folder / "empty.wav").touch()
    (folder / "cut_header.wav").write_bytes(ok[:30])
    (folder / "header_only.wav").write_bytes(ok[:44])
    (folder / "text.wav").write_text("this is no audio\n" * 100)
    (folder / "picture.mp3").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    (folder / "zeros.ogg").write_bytes(bytes(5000))
    (folder / "no_channels.wav").write_bytes(ok[:22] + b"\0\0" + ok[24:])
    (folder / "no_rate.wav").write_bytes(ok[:24] + bytes(4) + ok[28:])
    for name, value in (("nan.wav", np.nan), ("inf.wav", np.inf), ("minus_inf.wav", -np.inf), ("huge.wav", 1e38)):
        broken = samples.copy()
        broken[1000] = value
        soundfile.write(folder / name, broken, 44100, "FLOAT")
    return {
        "empty.wav": "empty", "cut_header.wav": "", "header_only.wav": "no samples", "text.wav": "not audio",
        "picture.mp3": "", "zeros.ogg": "", "no_channels.wav": "", "no_rate.wav": "",
        "nan.wav": "NaN or infinity", "inf.wav": "NaN or infinity", "minus_inf.wav": "NaN or infinity",
        "huge.wav": "full scale",
    }  # fmt: skip


@pytest.mark.slow
def test_bad_audio_is_named_and_the_rest_is_answered(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = _bad_files(tmp_path)
    soundfile.write(tmp_path / "good.wav", _tone(), 44100)
    soundfile.write(tmp_path / "one_sample.wav", [0.5], 44100)
    soundfile.write(tmp_path / "silence.wav", np.zeros(30000), 44100)
    missing = str(tmp_path / "missing.wav")
    assert cli([f"--run_dir={run}", "--format=json", missing, str(tmp_path)]) == 1
    answers, errors = _json(capsys)
    assert [Path(a["file"]).name for a in answers] == ["good.wav", "one_sample.wav", "silence.wav"]
    lines = errors.splitlines()
    assert len(lines) == len(bad) + 1, errors
    assert lines[0] == f"error: {missing}: No such file or directory"
    for name, words in bad.items():
        (line,) = [x for x in lines if f"/{name}: " in x]
        assert line.startswith(f"error: {tmp_path}/{name}: ") and words in line
        assert line.count(name) == 1, "the file is named once"


@pytest.mark.slow
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_truncated_data_is_answered_with_a_warning(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], subtype: str
) -> None:
    path = tmp_path / "cut.wav"
    soundfile.write(path, _tone(1.0), 44100, subtype)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert cli([f"--run_dir={run}", "--format=json", str(path)]) == 0
    (answer,), errors = _json(capsys)
    assert answer["duration_seconds"] == pytest.approx(0.5, abs=0.01)
    assert errors.startswith(f"warning: {path}: ") and errors.count("\n") == 1


@pytest.mark.slow
def test_one_sample_is_padded_with_zeros(run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Compared with the same sample followed by the zeros that padding adds."""
    soundfile.write(tmp_path / "1.wav", [0.5], 8000, "FLOAT")
    soundfile.write(tmp_path / "2.wav", np.pad([0.5], (0, 1999)), 8000, "FLOAT")
    assert cli([f"--run_dir={run}", "--format=json", str(tmp_path)]) == 0
    (one, padded), _ = _json(capsys)
    assert one["probabilities"] == padded["probabilities"]


@pytest.mark.slow
def test_what_a_spreadsheet_would_run_is_marked_unless_it_is_to_be_kept(
    run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write("=1+2.wav", _tone(), 44100)
    for flags, shown in (([], "'=1+2.wav"), (["--csv_formulas=keep"], "=1+2.wav")):
        assert cli([f"--run_dir={run}", "--format=csv", "--output=a.csv", *flags, "=1+2.wav"]) == 0
        with open("a.csv", newline="") as file:
            assert [row["file"] for row in csv.DictReader(file)] == [shown]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_names_with_odd_bytes(run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    soundfile.write(tmp_path / f"x.{suffix}", _tone(), 44100)
    names = [stem + b"." + suffix.encode() for stem in (b"new\nline", b"latin\xe9\xff", 'Ün,"ï'.encode())]
    data = (tmp_path / f"x.{suffix}").read_bytes()
    paths = []
    for name in names:
        raw = os.fsencode(tmp_path) + b"/" + name
        with open(raw, "wb") as file:
            file.write(data)
        paths.append(os.fsdecode(raw))
    assert cli([f"--run_dir={run}", "--format=json", *paths]) == 0
    answers, errors = _json(capsys)
    assert [a["file"] for a in answers] == paths and errors == ""
    output = tmp_path / "answers.csv"
    assert cli([f"--run_dir={run}", "--format=csv", f"--output={output}", *paths]) == 0
    with output.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        assert [row["file"] for row in csv.DictReader(file)] == paths
    assert cli([f"--run_dir={run}", *paths]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(paths)


@pytest.mark.slow
def test_other_files_in_folders_are_counted(run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write(tmp_path / "a.wav", _tone(), 44100)
    (tmp_path / "a.txt").write_text("cel")
    (tmp_path / "b.jpg").touch()
    assert cli([f"--run_dir={run}", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert "skipped 1 text file, 1 picture in the folders" in captured.err
    assert captured.out.splitlines()[1].endswith("a.wav")


@pytest.mark.slow
def test_a_sound_may_come_on_standard_input(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    soundfile.write(tmp_path / "a.flac", _tone(), 44100)
    assert cli([f"--run_dir={run}", str(tmp_path / "a.flac")]) == 0
    named = capsys.readouterr().out
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    for content, status in (((tmp_path / "a.flac").read_bytes(), 0), (b"fLaC" + bytes(500), 1), (b"", 1)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert cli([f"--run_dir={run}", "-"]) == status
        captured = capsys.readouterr()
        if status:
            assert captured.err.startswith("error: standard input: ") and str(folder) not in captured.err
        else:
            assert captured.out.split() == named.replace(str(tmp_path / "a.flac"), "standard input").split()
        assert not list(folder.iterdir())


@pytest.mark.slow
def test_a_folder_without_audio_is_an_error(run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli([f"--run_dir={run}", str(tmp_path)]) == 1
    assert "no audio files" in capsys.readouterr().err


@pytest.mark.slow
def test_output_appears_whole_or_not_at_all(run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(tmp_path / "a.wav", _tone(), 44100)
    output = tmp_path / "out" / "answers.json"
    arguments = [f"--run_dir={run}", "--format=json", f"--output={output}", str(tmp_path / "a.wav")]
    assert cli(arguments) == 2, "the folder of the output does not exist"
    output.parent.mkdir()
    assert cli(arguments) == 0
    before = output.read_text()
    assert json.loads(before)["labels"]

    def interrupted(*_: object, **__: object) -> Any:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("irmas_tf.reports.predict_run.predict_files", interrupted)
    assert cli(arguments) == 130
    assert output.read_text() == before and os.listdir(output.parent) == ["answers.json"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--run_dir=RUN", "--model=x.tflite", "x.wav"], "--run_dir and --model both name a model: leave one out"),
        (["--model=/no/such", "x.wav"], "/no/such: no such file or folder; name the folder of a run, the folder"),
        (["--run_dir=RUN"], "no audio given"),
        (["--run_dir=/no/such", "x.wav"], "no such folder"),
        (["--run_dir=RUN", "--output=/", "x.wav"], "is a folder"),
        (["--run_dir=RUN", "--format=xml", "x.wav"], "one of table, json, csv"),
        (["--run_dir=RUN", "--batch_size=0", "x.wav"], "batch_size"),
        (["--run_dir=RUN", "--activity_formats=png", "x.wav"], "has no effect without --activity=FOLDER"),
    ],
)
def test_wrong_use_is_one_line(run: str, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    assert cli([a.replace("RUN", run) for a in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and words in captured.err


def test_a_run_without_or_with_a_damaged_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_tiny_run(tmp_path / "run")
    soundfile.write(tmp_path / "a.wav", _tone(), 44100)
    run.model_path.write_bytes(run.model_path.read_bytes()[:500])
    assert cli([f"--run_dir={run.path}", str(tmp_path / "a.wav")]) == 2
    assert "not a Keras model; train again or restore the file" in capsys.readouterr().err
    run.model_path.unlink()
    assert cli([f"--run_dir={run.path}", str(tmp_path / "a.wav")]) == 2
    assert "no model yet" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_and_what_was_exported_from_it_give_the_same_answers(
    tiny_export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "a.wav", _tone(), 44100)
    given = ["--format=json", str(tmp_path / "a.wav")]
    answers = []
    for flag in (f"--run_dir={tiny_export.parents[2] / 'run'}", f"--model={tiny_export}"):
        assert cli([flag, *given]) == 0
        answers += _json(capsys)[0]
    run, exported = answers
    assert run["labels"] == exported["labels"] and run["duration_seconds"] == exported["duration_seconds"]
    assert run["probabilities"] == pytest.approx(exported["probabilities"], abs=2e-6)


@pytest.mark.slow
def test_a_closed_pipe_is_quiet(run: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", _tone(), 44100)
    pipe, errors = tmp_path / "pipe", tmp_path / "errors"
    os.mkfifo(pipe)
    arguments = ["-m", "irmas_tf.predict", f"--run_dir={run}", "--format=json", *[str(tmp_path / "a.wav")] * 3000]
    process = fresh_process.start(arguments, pipe, errors, ENVIRONMENT)
    with pipe.open() as answers:
        assert json.loads(answers.readline())["labels"]
    process.join(60)
    assert process.exitcode == 141
    assert errors.read_text() == ""


_MEASURED = """
import resource, sys
from irmas_tf.predict import cli
*flags, formats, activity, short, long = sys.argv[1:]
for arguments in ([short], [formats, activity, short], [long], [formats, activity, long]):
    assert cli([*flags, *arguments]) == 0
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length_of_a_clip(run: str, tmp_path: Path) -> None:
    """An hour of 8 kHz audio is 115 MB as float32, and 230 MB as half-overlapping windows."""
    from scipy.io import wavfile

    rate_hz, seconds = 8000, 3600
    short, long = tmp_path / "short.wav", tmp_path / "long.wav"
    wavfile.write(short, rate_hz, np.zeros(rate_hz, np.int16))
    header = bytearray(short.read_bytes()[:44])
    header[4:8] = (36 + 2 * rate_hz * seconds).to_bytes(4, "little")
    header[40:44] = (2 * rate_hz * seconds).to_bytes(4, "little")
    with long.open("wb") as file:
        file.write(header)
        file.truncate(44 + 2 * rate_hz * seconds)  # sparse: takes no room on disk
    flags = [f"--run_dir={run}", "--format=json", "--batch_size=64"]
    activity = ["--activity_formats=csv,audacity,png", f"--activity={tmp_path}/activity"]
    done = fresh_process.run(["-c", _MEASURED, *flags, *activity, str(short), str(long)], ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a["duration_seconds"] for a in answers] == [1, 1, seconds, seconds]
    unit = 1 << 10 if sys.platform == "linux" else 1 << 20
    _, base, peak, with_activity = (int(line) / unit for line in done.stderr.splitlines())
    assert peak - base < 60, f"{base:.0f} MB for one second, {peak:.0f} MB for an hour"
    # 28,800 windows of eleven numbers: a few hundred bytes each.
    assert with_activity - base < 80, f"{with_activity:.0f} MB with the activity over time"
