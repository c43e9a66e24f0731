"""What it costs every command to refuse a mistake that can be seen without TensorFlow, in seconds of the processor.

    python benchmarks/refusals.py [--slowest=10] [COMMAND...]

The mistakes are those of ``tests/helpers/refusals.py``: missing, empty and damaged runs, wrong kinds of files, missing
data, places that cannot be written, contradictory and misspelt flags. Each command is a process of its own, which makes
its mistakes one after the other. The first is what a user waits for: start of Python and all imports included. Those
after it cost what they add: their own work, and what they alone import; the slowest follow in a second table. Seconds
are user and system time, which other programs disturb least.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


class Answer(NamedTuple):
    """Seconds of the processor, exit status, and the last line on stderr."""

    seconds: float
    status: int
    message: str


def answer_here() -> None:
    """Make the mistakes that standard input lists, in this process, and print the answers as JSON."""
    cases, before, answers = json.load(sys.stdin), 0.0, []
    from irmas_tf.__main__ import cli

    for arguments in cases:
        err = io.StringIO()
        with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
            try:
                status = cli(arguments)
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 1
        now = time.process_time()
        answers.append(Answer(now - before, status, (err.getvalue().strip().splitlines() or [""])[-1]))
        before = time.process_time()
    print(json.dumps(answers))


def answers_of(cases: list[tuple[str, ...]], folder: Path) -> list[Answer]:
    """Return the answers of a process that makes the mistakes in order."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).resolve()), "--answer"],
        input=json.dumps(cases),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [Answer(*answer) for answer in json.loads(done.stdout)]


def main() -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commands", nargs="*", metavar="COMMAND", help="all by default")
    parser.add_argument("--slowest", type=int, default=10, help="mistakes in the second table (default: 10)")
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)  # the process of a command
    args = parser.parse_args()
    if args.answer:
        answer_here()
        return 0
    from tests.helpers.refusals import make_inputs, refusals

    cases = [case for case in refusals() if not args.commands or case.command in args.commands]
    later, wrong = [], []
    print(
        "| command | mistakes | the first, start included | median of the others | slowest of the others |", flush=True
    )
    print("|---|---:|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory() as name:
        make_inputs(Path(name))
        for command in dict.fromkeys(case.command for case in cases):
            of = [case for case in cases if case.command == command]
            answers = answers_of([case.arguments for case in of], Path(name))
            others = [answer.seconds for answer in answers[1:]]
            median, most = (f"{f(others):.3f}" if others else "" for f in (statistics.median, max))
            print(f"| {command} | {len(of)} | {answers[0].seconds:.2f} | {median} | {most} |", flush=True)
            later += [(answer.seconds, str(case)) for answer, case in zip(answers[1:], of[1:], strict=True)]
            wrong += [
                f"{case}: expected {case.named!r}; status {answer.status}, {answer.message}"
                for answer, case in zip(answers, of, strict=True)
                if answer.status != case.status or case.named not in answer.message
            ]
    print("\n| mistake, after the command's first | seconds |\n|---|---:|")
    for seconds, case in sorted(later, reverse=True)[: args.slowest]:
        print(f"| {case} | {seconds:.2f} |")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
