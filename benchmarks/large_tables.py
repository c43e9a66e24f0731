"""What the largest tables take to be read: processor time, and memory beyond the size of the file.

    python benchmarks/large_tables.py [--lines=480000]

A table of scores of eleven classes with so many lines, and a manifest that names twice as many files, none of which
there is. Each is read in a process of its own.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def write_scores(path: Path, lines: int) -> None:
    from irmas_tf.config.labels import IRMAS_CODES

    numbers = ",".join(f"{0.087654 * k:.6f}" for k in range(len(IRMAS_CODES)))
    with path.open("w") as file:
        file.write(f"file,song,labels,{','.join(IRMAS_CODES)}\n")
        for k in range(lines):
            file.write(f"Part1/clip {k:06d}.wav,song {k // 10},{IRMAS_CODES[k % 11]},{numbers}\n")


def write_manifest(path: Path, lines: int) -> None:
    with path.open("w") as file:
        file.write("path,labels,group\n")
        file.writelines(f"folder/violin/clip {k:07d} of a song.wav,violin,{k // 10}\n" for k in range(lines))


def measure(kind: str, path: Path) -> None:
    """Read a table in this process; print a row."""
    from irmas_tf.evaluation.score_file import read_score_file
    from irmas_tf.own_data.manifest import read_manifest

    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    (read_score_file if kind == "scores" else read_manifest)(path)
    seconds = time.process_time() - start
    size = path.stat().st_size / 1e6
    beyond = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / 1e6 - size
    print(f"| {kind} | {size:.0f} | {seconds:.1f} | {beyond:.0f} |", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=480_000, help="of the table of scores (default 480000)")
    parser.add_argument("--measure", nargs=2, default=(), help=argparse.SUPPRESS)  # the process of its own
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure[0], Path(arguments.measure[1]))
        return 0
    print("| table | MB | s of the processor | MB beyond its size |\n|---|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for kind, write, lines in (
            ("scores", write_scores, arguments.lines),
            ("manifest", write_manifest, 2 * arguments.lines),
        ):
            path = Path(folder) / f"{kind}.csv"
            write(path, lines)
            # Linux counts the memory of the process that forks as the child's own: this one is small.
            subprocess.run([sys.executable, __file__, "--measure", kind, str(path)], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
