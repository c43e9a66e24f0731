"""This checkout against an earlier one, in pairs: training step, front-ends, and predict as a whole process.

    git worktree add ../before COMMIT
    python benchmarks/against_before.py --before=../before --run_dir=RUN FILES_OR_FOLDERS...

Both run with this interpreter and its packages, one after the other in every round, so that a machine whose speed
drifts treats them alike; the ratios are those of the pairs. Stop other programs first.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run(checkout: Path, *arguments: str) -> str:
    """Run Python in a checkout and return what it prints."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": str(checkout)}
    done = subprocess.run([sys.executable, *arguments], cwd=checkout, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{checkout}: {' '.join(arguments)}: {done.stderr[-2000:]}")
    return done.stdout


def training_step(checkout: Path) -> float:
    """Return milliseconds per step of 32 excerpts, two threads."""
    output = run(checkout, "benchmarks/training_step.py", "--child=keras", "--threads=2", "--steps=12")
    return 1e3 * json.loads(output.splitlines()[-1])["step"]


def front_ends(checkout: Path) -> float:
    """Return milliseconds per excerpt of three log-mels as training computes them, one thread."""
    output = run(checkout, "-c", FRONT_ENDS)
    return float(output.splitlines()[-1])


FRONT_ENDS = """
import statistics, time
import numpy as np
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
from irmas_tf.layers.spectrogram import Spectrogram
layers = [Spectrogram(22050, frame_length=n, hop_length=h, num_bins=b) for n, h, b in
          ((512, 256, 64), (1024, 512, 96), (4096, 1024, 128))]
waveform = (0.1 * np.random.default_rng(0).standard_normal((32, 66150))).astype(np.float32)
function = tf.function(lambda x: [layer(x, training=True) for layer in layers])
times = []
for _ in range(12):
    start = time.perf_counter()
    [y.numpy() for y in function(waveform)]
    times.append(time.perf_counter() - start)
print(1e3 / 32 * statistics.median(times[2:]))
"""


def main() -> None:
    """Print a table of medians and of the pairs' ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="checkout of the build before")
    parser.add_argument("--run_dir", type=Path, required=True, help="trained run that both can read")
    parser.add_argument("--rounds", type=int, default=5, help="pairs (default 5)")
    parser.add_argument("files", nargs="+", type=Path, help="audio that predict answers for")
    args = parser.parse_args()
    files = [str(path.resolve()) for path in args.files]

    def predict(checkout: Path) -> float:
        """Return seconds of the whole process."""
        start = time.perf_counter()
        run(checkout, "-m", "irmas_tf.predict", f"--run_dir={args.run_dir.resolve()}", "--format=json", *files)
        return time.perf_counter() - start

    measures: dict[str, Callable[[Path], float]] = {
        "training step, ms": training_step,
        "three log-mels, ms per excerpt": front_ends,
        "predict, s for the whole process": predict,
    }
    print(f"load average {os.getloadavg()[0]:.1f} before the start; {args.rounds} pairs\n")
    print("| | before | now | now / before, median of the pairs (least, most) |")
    print("|---|---|---|---|")
    for name, measure in measures.items():
        measure(args.before.resolve())  # files into the page cache
        pairs = [(measure(args.before.resolve()), measure(ROOT)) for _ in range(args.rounds)]
        before, now = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratios = [after / earlier for earlier, after in pairs]
        print(f"| {name} | {before:.3g} | {now:.3g} | {statistics.median(ratios):.2f}"
              f" ({min(ratios):.2f}, {max(ratios):.2f}) |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
