"""Exported files in other people's runtimes, each runtime in an environment of its own, with pinned versions.

Environments are made once and kept in the user's cache folder (about 3 GB, most of it TensorFlow for tf2onnx); pip
fetches what they hold. The table has a column for each file: the greatest difference of a probability to LiteRT on
silence, noise, a sine, a click and music. Bold is what is further off than a runtime's own rounding.

    python benchmarks/runtimes.py none.tflite float16.tflite dynamic.tflite int8.tflite
    python benchmarks/runtimes.py irmas.tflite --runtimes openvino mediapipe
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from irmas_tf.process.cache_folder import cache_folder  # noqa: E402
from irmas_tf.runtimes.comparison import CRASHED, DIFFERS, RIGHT, Row, compare  # noqa: E402
from irmas_tf.runtimes.runtime import RUNTIMES  # noqa: E402

# What irmas_tf needs to compare, and LiteRT, which everything is compared with.
CORE = (
    "ai-edge-litert==2.3.0", "soundfile==0.14.0", "absl-py==2.5.1", "threadpoolctl==3.8.0", "tqdm==4.70.1",
)  # fmt: skip
NUMPY = ("numpy==2.4.6",)
PINNED: Mapping[str, tuple[str, ...]] = {
    "litert": NUMPY,
    "litert_compiled": NUMPY,
    "mediapipe": (*NUMPY, "mediapipe==1.2.3"),
    "onnxruntime": (*NUMPY, "onnxruntime==1.32.0", "tf2onnx==1.17.0", "tensorflow-cpu==2.21.0"),
    "openvino": (*NUMPY, "openvino==2026.4.1"),
    "tflite_micro": (*NUMPY, "tflite-micro==0.dev20261023182759"),
    "tflite_runtime": ("numpy==1.26.4", "tflite-runtime==2.14.0"),
}


def environment(folder: Path, packages: Sequence[str]) -> Path:
    """Return the Python of an environment with these packages, made if it is not there."""
    python = folder / "bin" / "python"
    done = folder / "packages.json"
    if not done.is_file() or json.loads(done.read_text()) != list(packages):
        print(f"making {folder}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        subprocess.run([*pip, *packages], check=True)
        done.write_text(json.dumps(list(packages)))
    return python


def rows_in(python: Path, runtime: str, file: str) -> list[Row]:
    """Return what comes of a file in a runtime of another environment."""
    command = [str(python), __file__, file, "--runtimes", runtime, "--here"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    return [Row(**row) for row in json.loads(done.stdout.splitlines()[-1])]


def cell(row: Row) -> str:
    """Return a row in a word: the greatest difference, bold if it is too great, or the verdict."""
    if not row.differences:
        return f"**{row.verdict}**" if row.verdict in (DIFFERS, CRASHED) else row.verdict
    worst = max(row.differences.values(), key=lambda value: float("inf") if value != value else value)
    text = "NaN" if worst != worst else f"{worst:.0e}" if worst else "0"
    return text if row.verdict == RIGHT else f"**{text}**"


def reasons(files: Sequence[str], columns: Sequence[Sequence[Row]]) -> list[str]:
    """Return why there are no numbers, where there are none."""
    return [
        f"- {row.runtime}, {Path(file).stem}: {row.verdict}: {row.reason}"
        for file, rows in zip(files, columns, strict=True)
        for row in rows
        if row.reason
    ]


def table(files: Sequence[str], results: Mapping[str, Sequence[Sequence[Row]]]) -> str:
    """Return the table in Markdown.

    Args:
        files: its columns.
        results: runtime -> rows of each file, a row for each way to set it up.
    """
    lines = [["runtime", "set", *(Path(file).stem for file in files)], ["---"] * (2 + len(files))]
    for columns in results.values():
        for same in zip(*columns, strict=True):
            found = [row.setup for row in same if row.differences]
            setups = ", ".join(dict.fromkeys(found)) or same[0].setup
            lines.append([f"{same[0].runtime} {same[0].version}".strip(), setups, *map(cell, same)])
    return "\n".join(f"| {' | '.join(text.replace('|', '/') for text in line)} |" for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="FILE.tflite")
    parser.add_argument("--runtimes", nargs="+", choices=RUNTIMES.names(), default=RUNTIMES.names())
    parser.add_argument("--environments", default=str(cache_folder("runtimes")), help="folder of the environments")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # in the environment itself
    args = parser.parse_args()
    if args.here:
        rows = compare(args.files[0], args.runtimes)
        print(json.dumps([{**dataclasses.asdict(row), "differences": dict(row.differences)} for row in rows]))
        return 0
    results = {}
    for runtime in args.runtimes:
        python = environment(Path(args.environments) / runtime, (*CORE, *PINNED[runtime]))
        results[runtime] = [rows_in(python, runtime, file) for file in args.files]
        print(table(args.files, {runtime: results[runtime]}), file=sys.stderr, flush=True)
    print(table(args.files, results))
    print("\n".join(line for columns in results.values() for line in reasons(args.files, columns)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
