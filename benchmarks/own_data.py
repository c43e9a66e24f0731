"""Index, check and split of a large data set of the user's own: seconds and megabytes.

    python benchmarks/own_data.py [--items=100000] [--classes=20] [--dataset=manifest|folder]

The files are the shortest plain WAV files (four samples, no two alike), ten to a group, written before the clock starts
and then left alone for a few seconds: of newer files a change could go unseen, so that they are listed at every step.
Everything is measured in one process of its own, with empty caches: describe and list (`Dataset.describe`,
`Dataset.training`, which hashes every file once), check without --deep (`check_dataset`, which reads every header and
finds the hashes in the cache), split (`make_split`, `split_sides`). Seconds are on the wall and of the processor; under
load only the latter say anything, and even those grow with it. Memory is the process's peak, the interpreter and NumPy
included.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES_AGE_SECONDS = 5  # beyond the tick of a file system's clock (irmas_tf.own_data.last_listing)


def write_data(folder: Path, items: int, classes: int) -> None:
    """Write the files, in a folder per class, and a manifest with groups."""
    lines = ["path,labels,group"]
    for number in range(items):
        name = f"class_{number % classes:03}/take{number // (10 * classes):05}_{number // classes % 10}.wav"
        if number < classes:
            (folder / name).parent.mkdir()
        samples = struct.pack("<q", number + 1)
        header = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 44, b"WAVEfmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", 8)
        (folder / name).write_bytes(header + samples)
        lines.append(f"{name},{name.split('/')[0]},{name.rpartition('_')[0]}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def measure(dataset: str, data_dir: str) -> None:
    """Do the work, and print seconds and megabytes as JSON."""
    from irmas_tf.config.run_config import Config, DataConfig
    from irmas_tf.datasets.split_sides import split_sides
    from irmas_tf.datasets.splits import make_split
    from irmas_tf.own_data.set_check import check_dataset

    rows = []

    def clock(name: str, started: tuple[float, float]) -> tuple[float, float]:
        now = (time.perf_counter(), time.process_time())
        rows.append((name, now[0] - started[0], now[1] - started[1], peak_megabytes()))
        return time.perf_counter(), time.process_time()

    at = time.perf_counter(), time.process_time()
    settings = DataConfig(dataset=dataset, data_dir=data_dir)
    config = Config(data=Config(data=settings).dataset.describe(data_dir))
    excerpts = config.dataset.training(data_dir)
    at = clock("index", at)
    report = check_dataset(settings, progress=False).report
    at = clock("check", at)
    sides = split_sides(make_split(excerpts), excerpts, config.labels)
    clock("split", at)
    facts = {"usable": report.is_usable, "files": report.files, "train": len(sides.train), "validation": len(sides[1])}
    print(json.dumps({"rows": rows, **facts}))


def peak_megabytes() -> float:
    """Return the most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> int:
    """Write the data, measure in a process of its own, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000, help="files (default 100,000)")
    parser.add_argument("--classes", type=int, default=20, help="classes (default 20)")
    parser.add_argument("--dataset", choices=("manifest", "folder"), default="manifest")
    parser.add_argument("--measure", default="", help=argparse.SUPPRESS)  # the process of its own
    args = parser.parse_args()
    if args.measure:
        measure(args.dataset, args.measure)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        data.mkdir()
        write_data(data, args.items, args.classes)
        time.sleep(FILES_AGE_SECONDS)
        place = data / "manifest.csv" if args.dataset == "manifest" else data
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "IRMAS_TF_CACHE": str(Path(folder, "cache"))}
        command = [sys.executable, __file__, f"--dataset={args.dataset}", f"--measure={place}"]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    result = json.loads(done.stdout)
    print(f"{args.dataset}: {result['files']:,} files, {args.classes} classes, {result['validation']:,} validate\n")
    print("| step | s | s of the processor | peak MB |\n|---|---:|---:|---:|")
    for name, wall, cpu, megabytes in result["rows"]:
        print(f"| {name} | {wall:.1f} | {cpu:.1f} | {megabytes:.0f} |")
    wall, cpu = (sum(row[k] for row in result["rows"]) for k in (1, 2))
    print(f"| together | {wall:.1f} | {cpu:.1f} | {result['rows'][-1][3]:.0f} |")
    return 0 if result["usable"] else 1


if __name__ == "__main__":
    sys.exit(main())
