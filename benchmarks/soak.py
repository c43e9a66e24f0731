"""Memory, threads and open files of one process that works for long: flat, or not.

    python benchmarks/soak.py --works=classify,command,stream,export [--scale=1.0]

Four kinds of work, each in a process of its own, one after the other; together they take hours:

- classify: 10,000 calls of `irmas_tf.load().classify`, in turn with samples and with files of five formats
- command: 10,000 files through the loop of `irmas predict`
- stream: a day of generated sound through a `StreamingClassifier`, as fast as it goes; a piece is an hour / 120
- export: 1,000 exports of a tiny run to one .tflite file, while another process reads that file again and again; what
  it reads must be one of the finished exports, byte for byte, and there at all times

Sounds have 0.2 to 3 s; the model is the package's own, but for the exports. ``--scale=0.01`` does a hundredth.

Prints a row of a table for each: pieces of work, seconds, resident memory after the first piece, after a tenth and at
the end, its slope per 1,000 pieces (least squares, from the first tenth on), and the fewest threads and open files of
the second tenth and of the last. The exit status is 1 if those are more at the end, if memory has grown by more than
``--allowed_mb`` since the first tenth, or if an answer or an export was missing or half. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import itertools
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402

PREDICTIONS, DAY_SECONDS, EXPORTS = 10_000, 86_400, 1_000
BLOCK_SECONDS = 30  # of the stream: one piece of work
FORMATS = (
    ("wav", "PCM_16", "WAV"),
    ("flac", "PCM_16", "FLAC"),
    ("mp3", "MPEG_LAYER_III", "MP3"),
    ("ogg", "VORBIS", "OGG"),
    ("wav", "FLOAT", "WAV"),
)
HEADS = "| work | pieces | seconds | MB, first, 10 %, end | MB per 1,000 | threads | open files | wrong |"


class State(NamedTuple):
    """What a process holds: resident memory in MB, threads, open files."""

    megabytes: float
    threads: int
    files: int


def state() -> State:
    """Return what this process holds now."""
    with open("/proc/self/statm") as file:
        megabytes = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return State(megabytes, len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd")) - 1)


def tenth(states: list[State]) -> int:
    """Return the index of the state after a tenth of the work."""
    return min(len(states) - 1, -(-len(states) // 10))


def slope(states: list[State]) -> float:
    """Return the MB per 1,000 pieces by which memory grows from a tenth on, by least squares; 0 of fewer than three."""
    memory = [each.megabytes for each in states[tenth(states) :]]
    return 1000.0 * float(np.polyfit(np.arange(len(memory)), memory, 1)[0]) if len(memory) > 2 else 0.0


def row(name: str, states: list[State], seconds: float, wrong: int) -> str:
    """Return a row of the table."""
    memory = ", ".join(f"{each.megabytes:.0f}" for each in (states[0], states[tenth(states)], states[-1]))
    cells = [name, f"{len(states):,}", f"{seconds:.0f}", memory, f"{round(slope(states), 2) + 0.0:.2f}"]
    cells += [", ".join(map(str, fewest(states, field))) for field in ("threads", "files")]
    return "| " + " | ".join([*cells, str(wrong)]) + " |"


def fewest(states: list[State], field: str) -> tuple[int, int]:
    """Return the fewest threads or files of the second tenth and of the last: files are read ahead."""
    counts = [getattr(each, field) for each in states]
    return min(counts[tenth(states) : 2 * tenth(states)]), min(counts[-tenth(states) :])


def is_flat(states: list[State], allowed_mb: float) -> bool:
    """Return whether nothing has grown since the first tenth, of memory no more than is allowed."""
    pairs = [fewest(states, field) for field in ("threads", "files")]
    grown_mb = states[-1].megabytes - states[tenth(states)].megabytes
    return all(last <= early for early, last in pairs) and grown_mb <= allowed_mb


def sounds() -> Iterator[tuple[np.ndarray, int]]:
    """Yield tones in noise for ever, [samples] or [samples, 2] float32, and their rate."""
    rng = np.random.default_rng(0)
    for rate in itertools.cycle((22050, 44100, 48000, 8000, 16000)):
        times = np.arange(round(rate * rng.uniform(0.2, 3.0))) / rate
        sound = 0.3 * np.sin(2 * np.pi * rng.uniform(100, 2000) * times) + rng.normal(0, 0.02, len(times))
        yield (sound if rng.random() < 0.5 else np.stack([sound, 0.5 * sound], 1)).astype(np.float32), rate


def write_sounds(folder: Path, count: int) -> list[Path]:
    """Write files of all formats and return their paths."""
    import soundfile

    paths = []
    for number, (sound, rate) in enumerate(itertools.islice(sounds(), count)):
        suffix, subtype, kind = FORMATS[number // 5 % len(FORMATS)]
        paths.append(folder / f"{number:05}.{suffix}")
        soundfile.write(paths[-1], sound, rate, subtype, format=kind)
    return paths


def classify(folder: Path, scale: float, note: Callable[[], None]) -> int:
    """Classify samples and files in turn; return how many got no answer."""
    import irmas_tf

    model = irmas_tf.load()
    paths = itertools.cycle(write_sounds(folder, 25))
    wrong = 0
    for number, (sound, rate) in enumerate(itertools.islice(sounds(), max(3, round(PREDICTIONS * scale)))):
        answer = model.classify(next(paths)) if number % 2 else model.classify(sound, rate)
        wrong += not np.isfinite(list(answer.probabilities.values())).all()
        note()
    return wrong


def command(folder: Path, scale: float, note: Callable[[], None]) -> int:
    """Put files through the loop of the command; return how many got no answer."""
    from irmas_tf.audio.walk import AudioFiles
    from irmas_tf.inference.open_models import open_model
    from irmas_tf.reports.answer_output import write_answers
    from irmas_tf.reports.predict_run import predict_run

    model, count = open_model("", "", "auto"), max(3, round(PREDICTIONS * scale))
    paths = write_sounds(folder, 25)
    (links := folder / "links").mkdir()
    for number in range(count):
        os.link(paths[number % 25], links / f"{number:06}{paths[number % 25].suffix}")
    files = AudioFiles([str(links)])

    def noted() -> Iterator[Any]:
        with contextlib.closing(predict_run(model, files)) as results:
            for result in results:
                note()
                yield result

    output = folder / "answers.json"
    failures = write_answers(noted(), files, model.scheme, format="json", output=str(output))  # type: ignore[arg-type]
    with open(output) as lines:
        return max(failures, count - sum(1 for _ in lines))


def stream(folder: Path, scale: float, note: Callable[[], None]) -> int:
    """Push a day of sound; return how many windows got no answer."""
    from irmas_tf.inference.named_models import DEFAULT_MODEL, file_of
    from irmas_tf.streaming import StreamingClassifier

    classifier = StreamingClassifier(file_of(DEFAULT_MODEL) or DEFAULT_MODEL)
    rate, rng = classifier.sample_rate_hz, np.random.default_rng(0)
    blocks, answers = max(3, round(DAY_SECONDS * scale / BLOCK_SECONDS)), 0
    times = np.arange(BLOCK_SECONDS * rate) / rate
    for _ in range(blocks):
        sound = 0.3 * np.sin(2 * np.pi * rng.uniform(100, 2000) * times) + rng.normal(0, 0.02, len(times))
        for start in range(0, len(sound), 4096):
            answers += len(classifier.push(sound[start : start + 4096].astype(np.float32)))
        note()
    received = blocks * len(times)
    window, hop = (classifier.facts[name] for name in ("window_samples", "window_hop_samples"))
    has_end = np.isfinite(classifier.finish().mean).all()
    return abs(1 + (received - window) // hop - answers) + (not has_end)


def read_again_and_again(path: Path, pipe: Any) -> None:
    """Read a file until something comes through a pipe; then send the checksums seen, and how often it was away."""
    seen, reads, absent = set(), 0, 0
    while not pipe.poll():
        try:
            seen.add(hashlib.sha256(path.read_bytes()).hexdigest())
            reads += 1
        except FileNotFoundError:
            absent += 1
        time.sleep(0.002)
    pipe.send((seen, reads, absent))


def export(folder: Path, scale: float, note: Callable[[], None]) -> int:
    """Export under the eyes of a reader; return how often it saw what was no finished export."""
    from irmas_tf.deploy.export_run import export_tflite
    from tests.helpers.tiny_run import make_tiny_run

    # Two runs in turn, whose files differ in what they say of themselves: a mixture would show.
    runs = [str(make_tiny_run(folder / name).path) for name in ("first", "second, with a longer name")]
    target, whole = folder / "model.tflite", set()

    def export_one(run: str) -> None:
        export_tflite(run, str(target), overwrite=True)
        whole.add(hashlib.sha256(target.read_bytes()).hexdigest())

    export_one(runs[1])
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    reader = context.Process(target=read_again_and_again, args=(target, theirs))
    reader.start()
    for run in itertools.islice(itertools.cycle(runs), max(3, round(EXPORTS * scale))):
        export_one(run)
        note()
    ours.send("end")
    seen, reads, absent = ours.recv()
    reader.join()
    left = len(os.listdir(folder)) - 3
    print(f"the reader read {reads:,} times, {len(seen)} different files; away {absent} times; left over: {left}")
    return len(seen - whole) + absent + left + (reads == 0)


WORKS = {"classify": classify, "command": command, "stream": stream, "export": export}


def soak(name: str, scale: float, allowed_mb: float) -> int:
    """Do one kind of work in this process and print its row; return the exit status."""
    states: list[State] = []
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        wrong = WORKS[name](Path(folder), scale, lambda: states.append(state()))
    print(row(name, states, time.monotonic() - start, wrong))
    return 1 if wrong or not is_flat(states, allowed_mb) else 0


def main() -> int:
    """Do it, and print the table; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", required=True, help=f"of {', '.join(WORKS)}, between commas")
    parser.add_argument("--scale", type=float, default=1.0, help="part of the work that is done")
    parser.add_argument("--allowed_mb", type=float, default=50.0, help="growth of memory that is no fault")
    args = parser.parse_args()
    works = args.works.split(",")
    if unknown := sorted(set(works) - set(WORKS)):
        parser.error(f"--works={','.join(unknown)}: choose of {', '.join(WORKS)}")
    print(HEADS + "\n|---|" + "---:|" * 7, flush=True)
    if len(works) == 1:
        return soak(works[0], args.scale, args.allowed_mb)
    options = [f"--scale={args.scale}", f"--allowed_mb={args.allowed_mb}"]
    status = 0
    for name in works:
        done = subprocess.run(
            [sys.executable, __file__, f"--works={name}", *options], stdout=subprocess.PIPE, text=True
        )
        print("\n".join(done.stdout.splitlines()[2:]), flush=True)
        status = max(status, done.returncode)
    return status


if __name__ == "__main__":
    sys.exit(main())
