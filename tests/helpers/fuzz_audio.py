"""Put damaged files through check, predict, embed and streaming; a program, so that a crash is seen from outside.

    python fuzz_audio.py FOLDER COUNT SEED

Prints one JSON object at the end. A file that hangs a decoder ends the process after a while, with a traceback.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import random
import resource
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BATCH = 250
BATCH_TIMEOUT_SECONDS = 240  # a busy machine takes 40, an idle one 5
SHORTER_SECONDS = 0.1
VORBIS_BLOCK = 8192
"""A file's sound is shortened if FFmpeg decodes more than so much beyond it."""


def peak_megabytes() -> float:
    """Return the largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 10 if sys.platform == "linux" else 1 << 20)


def ffmpeg_length(path: Path) -> tuple[float, int]:
    """Return (seconds, rate) of what FFmpeg decodes of a file, what fails left out; 0 if there is no sound."""
    import av

    seconds, rate = 0.0, 0
    try:
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            for packet in container.demux(container.streams.audio[0]):
                with contextlib.suppress(av.error.FFmpegError):
                    for frame in packet.decode():
                        seconds, rate = seconds + frame.samples / frame.sample_rate, rate or frame.sample_rate
    except (av.error.FFmpegError, ValueError, IndexError, OverflowError):
        pass
    return seconds, rate


def shortened(path: Path, answer: dict[str, Any]) -> str:
    """Return in words that an answer is for less sound than FFmpeg hears, and no note says so; or nothing."""
    from irmas_tf.audio.decode import audio_info

    if any(note["code"] == "incomplete" for note in answer["notes"]):
        return ""
    seconds, rate = ffmpeg_length(path)
    if not rate or rate != audio_info(path).sample_rate_hz:
        return ""  # of a damaged rate nobody knows the right one
    # Of Vorbis the last page says where the sound ends, which may be within a block.
    tolerance = max(SHORTER_SECONDS, VORBIS_BLOCK / rate) if path.suffix == ".ogg" else SHORTER_SECONDS
    if seconds <= answer["duration_seconds"] + tolerance:
        return ""
    return f"{path.name}: {answer['duration_seconds']:.3f} s, FFmpeg hears {seconds:.3f} s"


def stream_all(paths: Iterator[Path]) -> list[str]:
    """Read WAV files as `irmas_tf.streaming` does; return what went wrong other than a refusal in words."""
    from irmas_tf.streaming import StreamingError, wav_blocks

    problems = []
    for path in paths:
        try:
            for _ in wav_blocks(path, 8000):
                pass
        except StreamingError as error:
            if path.name not in str(error):
                problems.append(f"streaming does not name the file: {error}")
        except Exception as error:
            problems.append(f"streaming: {path.name}: {type(error).__name__}: {error}")
    return problems


def answers_of(command: Any, arguments: list[str]) -> tuple[int, list[str], list[str]]:
    """Return (status, lines of standard output, lines of standard error) of a command."""
    output, messages = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(messages):
        status = command(arguments)
    return status, output.getvalue().splitlines(), messages.getvalue().splitlines()


def unusable(report: Any) -> set[str]:
    """Return the names of the files that a check says cannot be used."""
    kinds = ("unreadable", "empty", "unsupported_rate", "non_finite")
    return {Path(name).name for finding in report.findings if finding.kind in kinds for name in finding.files}


def refused(messages: list[str]) -> list[str]:
    """Return the names of the files that error messages are about."""
    return [Path(line.split(": ")[1]).name for line in messages if line.startswith("error: /")]


def main(folder: Path, count: int, seed: int) -> None:
    from irmas_tf import embed, predict
    from irmas_tf.datasets.irmas_check import check
    from tests.helpers import mutations
    from tests.helpers.tiny_run import make_tiny_run

    run = make_tiny_run(folder / "run")
    rng = random.Random(seed)
    bases = mutations.base_files()
    total = {"files": 0, "answered": 0, "refused": 0, "noted": 0, "seconds": {}}
    wrong: list[str] = []
    for number, (suffix, data) in enumerate(bases):
        (folder / f"whole{number}.{suffix}").write_bytes(data)
    answers_of(predict.cli, [f"--run_dir={run.path}", "--format=json", *map(str, folder.glob("whole*"))])
    baseline = peak_megabytes()  # of TensorFlow, the model and files as they should be

    @contextlib.contextmanager
    def timed(name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        total["seconds"][name] = total["seconds"].get(name, 0.0) + time.perf_counter() - start

    for first in range(0, count, BATCH):
        audio = folder / f"batch{first}" / "IRMAS-TrainingData" / "cel"
        audio.mkdir(parents=True)
        for number in range(first, min(count, first + BATCH)):
            suffix, data = bases[number % len(bases)]
            damaged = mutations.mutate(data, rng.choice(bases)[1], rng)
            (audio / f"[cel][nod][cla]{number:04d}__1.{suffix}").write_bytes(damaged)
        names = sorted(path.name for path in audio.iterdir())
        faulthandler.dump_traceback_later(BATCH_TIMEOUT_SECONDS, exit=True)
        with timed("check"):
            report = check(audio.parent.parent, deep=True, progress=False)
        with timed("predict"):
            status, lines, messages = answers_of(predict.cli, [f"--run_dir={run.path}", "--format=json", str(audio)])
        answers = [json.loads(line) for line in lines]
        answered, failed = [Path(answer["file"]).name for answer in answers], refused(messages)
        wrong += sorted(set(names) ^ {*answered, *failed}) + sorted(set(answered) & set(failed))
        if len(answered) + len(failed) != len(names) or status != (1 if failed else 0):
            wrong.append(f"batch {first}: {len(answered)} + {len(failed)} of {len(names)}, status {status}")
        wrong += [f"{name}: only check refuses it" for name in sorted(unusable(report) - set(failed))]
        wrong += [f"{name}: only predict refuses it" for name in sorted(set(failed) - unusable(report))]
        with timed("embed"):
            arguments = [f"--run_dir={run.path}", f"--output={folder}/embeddings{first}.npz", str(audio)]
            status, _, more = answers_of(embed.cli, arguments)
        if sorted(refused(more)) != sorted(failed):
            wrong.append(f"batch {first}: embed refuses other files than predict, {set(refused(more)) ^ set(failed)}")
        with timed("streaming"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wrong += stream_all(audio.glob("*.wav"))
        with timed("lengths"):
            wrong += filter(None, (shortened(Path(answer["file"]), answer) for answer in answers))
        faulthandler.cancel_dump_traceback_later()
        # "TypeError: ..." is a bug that was caught, not a diagnosis.
        wrong += [line for line in (*messages, *more) if "Error: " in line or "Exception: " in line]
        total["files"] += len(names)
        total["answered"] += len(answered)
        total["refused"] += len(failed)
        total["noted"] += sum(bool(answer["notes"]) for answer in answers)
        for path in audio.iterdir():
            path.unlink()
    total["wrong"] = wrong
    total["grown_megabytes"] = peak_megabytes() - baseline
    print(json.dumps(total))


if __name__ == "__main__":
    faulthandler.enable()
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
