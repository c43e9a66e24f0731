"""An attack on the commands: full disks, kill -9, two at once, read-only places, liars and hostile files.

    python benchmarks/chaos.py [--attempts=500] [--seed=0] [--only=TEXT] [--processes=1] [--keep=FILE]

Each attempt lays out what a user has, disturbs one command at a drawn moment, and looks at what is left: nothing that
was there may be lost, no file under its final name may be half, nothing outside the folder may be touched, no
traceback, no foreign code; the same command again must then finish, with the very files of a run that nobody disturbed,
weights bit for bit, and leave nothing of the first. Prints a table; the exit status is 1 if anything was otherwise.

Disks are made of memory (tmpfs), which needs root; without it those attempts are left out, and a line says so.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from irmas_tf.process.cpu import start_one_blas_thread  # noqa: E402

start_one_blas_thread()  # as answering commands do; several threads add up in another order now and then

from benchmarks import chaos_attacks, chaos_commands, chaos_process, chaos_strangers  # noqa: E402
from benchmarks.chaos_attacks import ATTACKS, COLUMNS, NEEDS_DISK, Outcome, Rehearsal  # noqa: E402
from benchmarks.chaos_process import Room  # noqa: E402
from benchmarks.chaos_strangers import Stranger  # noqa: E402

SHARES = {"disk full": 30, "kill -9": 35, "two at once": 12, "read-only": 8, "hostile file": 20, "lying server": 20}
STRANGERS = ("hostile file", "lying server")


class Attempt(NamedTuple):
    """An attempt to make: the kind of attack, and what is attacked or attacks."""

    kind: str
    subject: Rehearsal | Stranger | str

    @property
    def work(self) -> str:
        if isinstance(self.subject, str):
            return self.subject.partition(":")[0]
        return self.subject.work if isinstance(self.subject, Stranger) else self.subject.work.name

    def make(self, inputs: Path, room: Room, rng: random.Random) -> Outcome:
        if isinstance(self.subject, Rehearsal):
            return chaos_attacks.attempt(self.kind, self.subject, inputs, room, rng)
        if isinstance(self.subject, Stranger):
            return chaos_strangers.hostile_file(self.subject, inputs, room, rng)
        return chaos_strangers.lying_server(self.subject, inputs, room, rng)


def draw(attempts: list[Attempt], count: int, seed: int) -> list[Attempt]:
    """Return attempts: each once in a drawn order, as far as they are wanted, then by their shares."""
    rng = random.Random(seed)
    in_order = attempts.copy()
    rng.shuffle(in_order)
    numbers = Counter(attempt.kind for attempt in attempts)
    weights = [
        SHARES[a.kind] * (a.subject.work.share / 4 if isinstance(a.subject, Rehearsal) else 15 / numbers[a.kind])
        for a in attempts
    ]
    return in_order[:count] + rng.choices(attempts, weights, k=max(0, count - len(attempts)))


def work_through(
    numbers: Sequence[int], drawn: Sequence[Attempt], inputs: Path, base: Path, seed: int, lines: Path
) -> None:
    """Make some of the attempts, one after the other, and add a line of JSON on each to a file."""
    for number in numbers:
        rng = random.Random(f"{seed} {number}")
        room = Room(base / f"room-{number}", is_tight=rng.random() < 0.5)
        start = time.monotonic()
        try:
            outcome = drawn[number].make(inputs, room, rng)
        except Exception as error:  # the attack itself failed: never a silent success
            outcome = Outcome(drawn[number].kind, drawn[number].work)
            outcome.blame("not finished", f"the attempt itself: {type(error).__name__}: {error}")
        record = {**vars(outcome), "number": number, "seconds": round(time.monotonic() - start, 2)}
        with lines.open("a") as file:
            file.write(json.dumps(record) + "\n")
        if any(outcome.counts.values()):
            text = " ".join(outcome.notes)
            print(f"attempt {number}: {outcome.kind}, {outcome.work}: {text}", file=sys.stderr, flush=True)


def table(records: list[dict[str, Any]]) -> str:
    """Return the table of attempts and what went wrong: a row per attack, a sum, a row per command with a fault."""
    heads = ["attack", "attempts", "of them on", *COLUMNS]
    rows = [heads, ["---", "---:", "---", *["---:"] * len(COLUMNS)]]

    def add(title: str, of: list[dict[str, Any]], works: str) -> None:
        sums = [sum(r["counts"][column] for r in of) for column in COLUMNS]
        rows.append([title, f"{len(of):,}", works, *map(str, sums)])

    for kind in sorted({r["kind"] for r in records}):
        of = [r for r in records if r["kind"] == kind]
        numbers = Counter(r["work"].replace(",", ":") for r in of)
        add(kind, of, ", ".join(f"{work} {numbers[work]}" for work in sorted(numbers)))
    add("all", records, "")
    for kind, work in sorted({(r["kind"], r["work"]) for r in records if any(r["counts"].values())}):
        add(f"{kind}, {work}", [r for r in records if (r["kind"], r["work"]) == (kind, work)], "")
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main() -> int:
    """Rehearse, attack, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attempts", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="part of the names of commands or attacks, between commas")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--keep", default="", help="file to add a line of JSON per attempt to")
    args = parser.parse_args()
    words = [word.strip() for word in args.only.split(",") if word.strip()]
    works = [w for w in chaos_commands.works() if not words or any(word in w.name for word in words)]
    kinds = [k for k in SHARES if any(word in k for word in words)] or list(SHARES)
    works = works or chaos_commands.works()
    if not chaos_attacks.can_mount():
        kinds = [kind for kind in kinds if kind not in NEEDS_DISK]
        print("small disks cannot be made here (root and mount are needed): no full and no read-only ones")
    chaos_process.preload()
    base = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        return attack(works, kinds, base, args)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def attack(works: list[chaos_commands.Work], kinds: list[str], base: Path, args: argparse.Namespace) -> int:
    """Do it below a folder, and return the exit status."""
    inputs, lines = base / "inputs", Path(args.keep or base / "lines").absolute()
    if problem := chaos_process.call(lambda: chaos_commands.make_inputs(inputs)):
        raise SystemExit(problem)
    (canary := base / "canary").mkdir()
    (canary / f"{chaos_strangers.CANARY}.py").write_text(chaos_strangers.CANARY_SOURCE)
    sys.path.append(str(canary))
    room = Room(base / "preparation")
    room.make()
    if any(work.needs_run for work in works):
        chaos_commands.make_runs(inputs, room)
    attempts: list[Attempt] = []
    for number, work in enumerate(works if set(kinds) - set(STRANGERS) else ()):
        room = Room(base / f"rehearsal-{number}")
        rehearsal = chaos_attacks.rehearse(work, inputs, room, base / f"before-{number}")
        attempts += [Attempt(kind, rehearsal) for kind in kinds if kind in ATTACKS]
        shutil.rmtree(room.path)
    names = {work.name.partition(",")[0] for work in works}
    if "hostile file" in kinds:
        present = {"", *(path.name for path in inputs.iterdir())}
        of_files = [Attempt("hostile file", stranger) for stranger in chaos_strangers.strangers()]
        attempts += [
            a for a in of_files if a.work.partition(",")[0] in names and a.subject.source.partition("/")[0] in present
        ]
    if "lying server" in kinds:
        of_servers = [Attempt("lying server", liar) for liar in chaos_strangers.liars()]
        is_all = len(works) == len(chaos_commands.works())
        attempts += [attempt for attempt in of_servers if attempt.work in names or is_all]
    drawn = draw(attempts, args.attempts, args.seed)
    workers = []
    for share in range(args.processes):
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                numbers = list(range(share, len(drawn), args.processes))
                work_through(numbers, drawn, inputs, base, args.seed, lines)
                status = 0
            finally:
                sys.stderr.flush()
                os._exit(status)
        workers.append(pid)
    broken = [pid for pid in workers if os.waitpid(pid, 0)[1]]
    records = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
    print(table(records))
    faults = sum(sum(record["counts"].values()) for record in records)
    print(f"\n{len(records)} attempts, {faults} faults")
    return 1 if faults or broken or len(records) < len(drawn) else 0


if __name__ == "__main__":
    sys.exit(main())
