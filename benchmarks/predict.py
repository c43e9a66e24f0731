"""``irmas predict`` as a user meets it: this checkout against an earlier one, and against other programs' commands.

    git worktree add ../before COMMIT
    python benchmarks/predict.py --before=../before --mn04_weights=mn04.npz
    python benchmarks/predict.py --before=../before --run_dir=RUN --light=LIGHT_ENVIRONMENT/bin/python
        --peer='basic-pitch {out} {file}' --peer='python -m birdnet_analyzer.analyze {file} -o {out}'

Four things, each as whole processes: the answer for one file of 3 s, clips per second over a folder of clips of 5 to
20 s, the peak memory of a long file, and how far the probabilities of both engines are from each other. The clips are
made here, two thirds WAV, the others FLAC, MP3 and Ogg Vorbis. Processes are started in turn, one of each in every
round, so that a machine whose speed drifts treats them alike; figures are medians with (least, most). Bytecode is
compiled before, as pip does, into a folder of the benchmark's own, and files are in the page cache. Stop other programs
first.

``--light`` runs this checkout with the Python of another environment, such as one without TensorFlow. A peer is a
command line, in which {file} is the 3 s file and {out} an empty folder.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[1]
RATE_HZ = 44100
# A small process that starts the measured one: Linux counts the memory of the process that forks as the child's own.
LAUNCHER = """
import json, os, sys, time
start = time.perf_counter()
process = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(process, 0)
seconds = time.perf_counter() - start
json.dump([status, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss], open(sys.argv[1], "w"))
"""
SUFFIXES = ("wav", "wav", "flac", "wav", "wav", "mp3", "wav", "wav", "ogg")


@dataclasses.dataclass(frozen=True)
class Spent:
    """What a process took: seconds on the wall and of all processors, its largest memory in MB, its output."""

    wall: float
    cpu: float
    memory: float
    out: str


@dataclasses.dataclass(frozen=True)
class Build:
    """A checkout and the Python that runs it."""

    name: str
    checkout: Path
    python: str

    def spend(self, cache: Path, *arguments: str) -> Spent:
        """Run Python in the checkout."""
        environment = os.environ | {"PYTHONPATH": str(self.checkout), "PYTHONPYCACHEPREFIX": str(cache)}
        environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return spend([self.python, *arguments], environment, cache.parent)

    def predict(self, cache: Path, *arguments: str) -> Spent:
        """Run ``irmas predict``, answers as JSON."""
        return self.spend(cache, "-m", "irmas_tf.predict", "--format=json", *arguments)


def spend(command: list[str], environment: dict[str, str], folder: Path) -> Spent:
    """Run a command to its end.

    Raises:
        SystemExit: it failed.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.NamedTemporaryFile() as spent:
        launcher = [sys.executable, "-S", "-E", "-c", LAUNCHER, spent.name, *command]
        subprocess.run(launcher, stdout=out, stderr=err, env=environment, cwd=folder, check=True)
        status, wall, cpu, memory = json.loads(spent.read())
        out.seek(0)
        err.seek(0)
        if status:
            raise SystemExit(f"{shlex.join(command)}: {err.read().decode(errors='replace')[-2000:]}")
        return Spent(wall, cpu, memory / 1024, out.read().decode())


def make_clip(path: Path, seconds: float, seed: int) -> None:
    """Write a stereo file: gliding tones under a rhythm, and noise; block by block, however long."""
    rng = np.random.default_rng(seed)
    pitches, phases = rng.uniform(100, 3000, 5), rng.uniform(0, 6, 5)
    total, subtype = round(seconds * RATE_HZ), {"wav": "PCM_16", "flac": "PCM_16"}.get(path.suffix[1:])
    with soundfile.SoundFile(path, "w", RATE_HZ, 2, subtype) as file:
        for first in range(0, total, 20 * RATE_HZ):
            t = np.arange(first, min(total, first + 20 * RATE_HZ)) / RATE_HZ
            tones = np.sin(2 * np.pi * pitches[:, None] * t + phases[:, None] + np.sin(3 * t)).sum(axis=0)
            mono = 0.08 * tones * np.abs(np.sin(2 * np.pi * 0.7 * t)) + 0.01 * rng.normal(size=len(t))
            file.write(np.stack([mono, 0.8 * mono], axis=1))


def row(title: str, before: list[float], now: list[float], *, more: bool = False) -> str:
    """Return a row of medians with (least, most), and how many times better ``now`` is; better is less, or ``more``."""
    cells = [f"{statistics.median(c):.3g} ({min(c):.3g}, {max(c):.3g})" for c in (before, now)]
    ratio = statistics.median(now) / statistics.median(before)
    return f"| {title} | {' | '.join(cells)} | {ratio if more else 1 / ratio:.2f} |"


def measure_models(args: argparse.Namespace, before: Build, now: Build, full: Build, work: Path) -> None:
    """Print the table of the two builds for every run."""
    one, clips = work / "one.wav", work / "clips"
    clips.mkdir()
    make_clip(one, 3.0, 1)
    durations = np.random.default_rng(0).uniform(5, 20, args.clips)
    for k, seconds in enumerate(durations):
        make_clip(clips / f"{k:04d}.{SUFFIXES[k % len(SUFFIXES)]}", seconds, k)
    long_files = {f"{minutes:g} minutes": work / f"long_{minutes:g}.wav" for minutes in args.minutes}
    for minutes, path in zip(args.minutes, long_files.values(), strict=True):
        make_clip(path, 60 * minutes, 7)
    cache = {build: work / f"bytecode{k}" for k, build in enumerate((before, now, full))}
    for run in run_folders(args, before, cache[before], work):
        mine = shutil.copytree(run, work / "mine" / run.name)
        made = full.spend(cache[full], "-c", "import sys; from irmas_tf.deploy.run_tflite import write_run_tflite;"
                          "print(write_run_tflite(sys.argv[1]))", str(mine)).out.strip()  # fmt: skip
        print(f"\n## {run.name}\n\n{made.replace(str(work), '')}\n")
        print("| | before | now | times better |\n|---|---|---|---|")
        flags = {before: f"--run_dir={run}", now: f"--run_dir={mine}"}

        def rounds(path: Path, count: int) -> dict[Build, list[Spent]]:
            spent: dict[Build, list[Spent]] = {before: [], now: []}
            for k in range(count + 1):
                for build in (before, now):
                    answer = build.predict(cache[build], flags[build], str(path))  # noqa: B023
                    spent[build] += [answer] if k else []  # the first fills caches
            return spent

        cold = rounds(one, args.rounds)
        for title, what in (("3 s file, s", "wall"), ("3 s file, CPU s", "cpu"), ("3 s file, peak MB", "memory")):
            print(row(title, *([getattr(s, what) for s in cold[b]] for b in (before, now))), flush=True)
        many = rounds(clips, args.rounds)
        total = float(durations.sum())
        rates = [[len(durations) / s.wall for s in many[b]] for b in (before, now)]
        print(row(f"{args.clips} clips, clips per s", *rates, more=True))
        print(row("times real time", *([total / s.wall for s in many[b]] for b in (before, now)), more=True))
        print(row("CPU s", *([s.cpu for s in many[b]] for b in (before, now))))
        print(row("peak MB", *([s.memory for s in many[b]] for b in (before, now))), flush=True)
        for title, path in long_files.items():
            spent = {b: [b.predict(cache[b], flags[b], str(path)) for _ in range(args.long_rounds)] for b in flags}
            for words, what in ((f"{title}, peak MB", "memory"), (f"{title}, s", "wall")):
                print(row(words, *([getattr(s, what) for s in spent[b]] for b in (before, now))), flush=True)
        keras = full.predict(cache[full], f"--run_dir={mine}", "--engine=tensorflow", str(clips)).out
        print(f"\nGreatest difference of a probability, {args.clips} clips: {agreement(many[now][-1].out, keras)}")


def agreement(lite: str, keras: str) -> str:
    """Return how far answers of the two engines are apart."""
    pairs = [tuple(map(json.loads, lines)) for lines in zip(lite.splitlines(), keras.splitlines(), strict=True)]
    assert all(a["file"] == b["file"] for a, b in pairs)
    engines = {(a.get("engine"), b.get("engine")) for a, b in pairs}
    worst = max(abs(a["probabilities"][c] - b["probabilities"][c]) for a, b in pairs for c in a["probabilities"])
    named = sum(a["labels"] != b["labels"] for a, b in pairs)
    return f"{worst:.1e} between {', '.join(map(' and '.join, engines))}; {named} of {len(pairs)} named otherwise"


def run_folders(args: argparse.Namespace, before: Build, cache: Path, work: Path) -> list[Path]:
    """Return the runs to answer with; untrained ones are made by the build before, so that both can read them."""
    if args.run_dir:
        return [path.resolve() for path in args.run_dir]
    wanted = {"three_branch": "", **({"mn04": str(args.mn04_weights.resolve())} if args.mn04_weights else {})}
    code = "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path;"
    code += "from benchmarks.exports import untrained_run; untrained_run(sys.argv[2], Path(sys.argv[3]), sys.argv[4])"
    for name, weights in wanted.items():
        before.spend(cache, "-c", code, str(before.checkout), name, str(work / "runs"), weights)
    return [work / "runs" / name for name in wanted]


def measure_peers(commands: list[str], rounds: int, now: Build, run: Path, work: Path) -> None:
    """Print how long other programs' commands take for the 3 s file, in turn with ours."""
    print("\n## Other programs, one 3 s file\n\n| command | s | CPU s |\n|---|---|---|")
    out, one = work / "out", work / "one.wav"

    def start(command: str) -> Spent:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        words = [word.format(file=one, out=out) for word in shlex.split(command)]
        return spend(words, dict(os.environ), work)

    spent: dict[str, list[Spent]] = {command: [] for command in ["irmas predict", *commands]}
    for k in range(rounds + 1):
        for command, answers in spent.items():
            ours = command == "irmas predict"
            answer = now.predict(work / "bytecode1", f"--run_dir={run}", str(one)) if ours else start(command)
            answers += [answer] if k else []
    for command, answers in spent.items():
        walls, cpus = [s.wall for s in answers], [s.cpu for s in answers]
        print(f"| `{command}` | {statistics.median(walls):.3g} | {statistics.median(cpus):.3g} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="checkout of the build before")
    parser.add_argument("--run_dir", type=Path, action="append", help="trained run that both can read; may be repeated")
    parser.add_argument(
        "--mn04_weights", type=Path, help="published weights of mn04 (irmas convert), without --run_dir"
    )
    parser.add_argument("--light", default=sys.executable, help="Python that runs this checkout (default: this one)")
    parser.add_argument("--peer", action="append", default=[], help="command line with {file} and {out}")
    parser.add_argument("--clips", type=int, default=300, help="default 300")
    parser.add_argument("--rounds", type=int, default=5, help="default 5")
    parser.add_argument("--minutes", type=float, nargs="*", default=[10, 120], help="long files (default 10 120)")
    parser.add_argument("--long_rounds", type=int, default=1, help="of long files (default 1)")
    args = parser.parse_args()
    before = Build("before", args.before.resolve(), sys.executable)
    now, full = Build("now", ROOT, args.light), Build("full", ROOT, sys.executable)
    cpus = len(os.sched_getaffinity(0))
    print(f"{cpus} CPUs, load average {os.getloadavg()[0]:.1f} before the start; medians of {args.rounds} rounds")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder).resolve()
        measure_models(args, before, now, full, work)
        if args.peer:
            measure_peers(args.peer, args.rounds, now, next((work / "mine").iterdir()), work)


if __name__ == "__main__":
    main()
