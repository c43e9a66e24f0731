"""How long every command takes to refuse a mistake that can be seen without TensorFlow.

    python benchmarks/refusals.py [--slowest=20] [COMMAND...]

The mistakes are those of ``tests/helpers/refusals.py``: missing, empty and damaged runs, wrong kinds of files, missing
data, places that cannot be written, contradictory and misspelt flags. Each runs once as a process of its own, as a user
would start it; seconds are on the wall and of the processor (user and system), start of Python included. The table has
a row per command, then come the slowest mistakes. Stop other programs first: under load only the processor's seconds
say anything.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.helpers.refusals import Refusal, make_inputs, refusals  # noqa: E402


def spend(case: Refusal, folder: Path) -> tuple[float, float, int, str]:
    """Return (seconds on the wall, of the processor, exit status, last line on stderr) of a refusal."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    before, start = os.times(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "irmas_tf", *case.arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    wall, after = time.perf_counter() - start, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu, done.returncode, (done.stderr.strip().splitlines() or [""])[-1]


def main() -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commands", nargs="*", metavar="COMMAND", help="all by default")
    parser.add_argument("--slowest", type=int, default=10, help="mistakes in the second table (default: 10)")
    args = parser.parse_args()
    cases = [case for case in refusals() if not args.commands or case.command in args.commands]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(Path(folder))
        for case in cases:
            wall, cpu, status, message = spend(case, Path(folder))
            wrong = "" if status == case.status and case.named in message else f"  status {status}, {message}"
            rows.append((cpu, wall, case, wrong))
    print("| command | mistakes | median s | slowest s | slowest s of the processor |\n|---|---:|---:|---:|---:|")
    for command in dict.fromkeys(case.command for case in cases):
        of = [row for row in rows if row[2].command == command]
        walls = [wall for _, wall, _, _ in of]
        print(
            f"| {command} | {len(of)} | {statistics.median(walls):.2f} | {max(walls):.2f} |"
            f" {max(cpu for cpu, _, _, _ in of):.2f} |"
        )
    print("\n| mistake | s | s of the processor |\n|---|---:|---:|")
    for cpu, wall, case, _ in sorted(rows, key=lambda row: -row[0])[: args.slowest]:
        print(f"| {case} | {wall:.2f} | {cpu:.2f} |")
    for _, _, case, wrong in rows:
        if wrong:
            print(f"{case}: expected {case.named!r};{wrong}", file=sys.stderr)
    return 1 if any(wrong for *_, wrong in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
