"""Damaged files for every reader of a user's files: how many are read and refused, how long it takes, how much memory.

    python benchmarks/fuzz_readers.py [--mutations=2000] [--seed=1] [READER...]

The readers and the damage are those of ``tests/helpers/fuzz_readers.py``; each reader has a process of its own, so that
a crash or a hang is seen and costs only the rest of that reader's files. A file is read, or refused in one line that
names it; ``wrong`` is all else: tracebacks, crashes, hangs, lines that name nothing. Seconds are those of the slowest
file, on whatever else the machine is doing; memory is the peak of a file beyond what the process had before and the
file's size, on Linux. Exits with 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
SETTINGS = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
COLUMNS = ("reader", "files", "read", "refused", "wrong", "slowest, s", "memory, MB")


def outcome_of(name: str, mutations: int, seed: int) -> dict[str, Any]:
    """Return what became of a reader's files; a crash is one of its wrongs."""
    with tempfile.TemporaryDirectory() as folder:
        program = [
            sys.executable,
            "-m",
            "tests.helpers.fuzz_readers",
            folder + "/files",
            str(mutations),
            str(seed),
            name,
        ]
        environment = {**os.environ, **SETTINGS, "XDG_CACHE_HOME": f"{folder}/cache"}
        done = subprocess.run(program, capture_output=True, text=True, env=environment, cwd=ROOT)
    if done.returncode or not done.stdout:
        reason = f"{name}: the process ended with {done.returncode}: {done.stderr[-500:]}"
        zeros = dict.fromkeys(("files", "read", "refused", "slowest_seconds", "extra_megabytes"), 0)
        return {"reader": name, **zeros, "wrong": [reason]}
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return outcome


def row(outcome: dict[str, Any]) -> str:
    """Return a line of the table."""
    cells = (
        outcome["reader"],
        f"{outcome['files']:,}",
        f"{outcome['read']:,}",
        f"{outcome['refused']:,}",
        f"{len(outcome['wrong'])}",
        f"{outcome['slowest_seconds']:.2f}",
        f"{max(0.0, outcome['extra_megabytes']):.0f}",
    )
    return f"| {' | '.join(cells)} |"


def main(argv: list[str] | None = None) -> int:
    """Print the table."""
    from tests.helpers.fuzz_readers import READERS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=2000, help="damaged files for each reader (default 2000)")
    parser.add_argument("--seed", type=int, default=1, help="of the damage (default 1)")
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"default: all: {', '.join(READERS)}")
    arguments = parser.parse_args(argv)
    if unknown := [name for name in arguments.readers if name not in READERS]:
        parser.error(f"no such reader: {', '.join(unknown)}")
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    wrong = []
    for name in arguments.readers or READERS:
        outcome = outcome_of(name, arguments.mutations, arguments.seed)
        print(row(outcome), flush=True)
        wrong += outcome["wrong"]
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
