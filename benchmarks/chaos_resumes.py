"""Trainings that are killed again and again end with the weights of one that nobody disturbed, bit for bit.

    python benchmarks/chaos_resumes.py [--kills=20] [--seed=0]

Two tiny trainings, one of a single-label model and one of a multi-label model with every augmentation that needs no
other audio, each saving a checkpoint after every update. Each is killed (SIGKILL) at drawn touches of its files, most
of them inside a checkpoint, or at drawn moments between them, started again, and compared at its end: weights of
model.keras and last.keras, all variables of the last checkpoint with the optimizer's, thresholds, history. Prints where
each kill fell; the exit status is 1 if a bit differs.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import chaos_commands, chaos_process  # noqa: E402
from benchmarks.chaos_attacks import start_and_wait  # noqa: E402
from benchmarks.chaos_commands import TRAINING, Work  # noqa: E402
from benchmarks.chaos_process import Room  # noqa: E402
from benchmarks.chaos_readers import fingerprints  # noqa: E402

EPOCHS = 3
AUGMENTED = (
    "--mixup_alpha=0.4", "--mix_probability=0.5", "--empty_probability=0.1", "--noise_probability=0.5",
    "--random_pitch_semitones=1", "--random_gain_db=6", "--time_mask_seconds=0.05", "--accumulation_steps=2",
    "--early_stopping_patience=2",
)  # fmt: skip
CONFIGURATIONS = {
    "single_label": ("--task=single_label",),
    "multi_label, augmented": ("--task=multi_label", *AUGMENTED),
}


def kill_and_resume(name: str, flags: tuple[str, ...], kills: int, inputs: Path, base: Path, rng: random.Random) -> int:
    """Train undisturbed and killed; print what came of it, and return the number of files that differ.

    A training that comes to its end before it has been killed so often is compared, and another one begins.
    """
    work = Work(name, (*TRAINING, f"--epochs={EPOCHS}", "--notflite", *flags))
    whole = Room(base / "whole")
    whole.make()
    child, watch = start_and_wait(work, inputs, whole, lambda events, seconds: False, whole.place)
    end, events = child.wait(), watch.count()
    watch.close()
    if end.status:
        raise SystemExit(f"{name}: fails undisturbed: {end.err[-2000:]}")
    expected = fingerprints(whole.place, whole.path)
    done, faults, number = 0, 0, 0
    while done < kills:
        number += 1
        killed = Room(base / f"killed-{number}")
        killed.make()
        in_this = 0
        while done < kills:
            # Each start does a part of the whole, so that the end comes after the kills; a start itself is 15 touches.
            at_event = 15 + rng.randint(0, round(1.5 * events / kills))
            pause = rng.uniform(0.0, 0.02) if rng.random() < 0.5 else 0.0
            child, watch = start_and_wait(
                work, inputs, killed, lambda count, seconds, limit=at_event: count >= limit, killed.place
            )
            time.sleep(pause)
            child.kill()
            end = child.wait()
            watch.close()
            if end.status != -9:
                break
            done, in_this = done + 1, in_this + 1
            print(f"{name}: kill {done}: touch {watch.events}, of {watch.last}", flush=True)
        end = chaos_process.run(work.line(work.arguments, killed, inputs), killed)
        now = fingerprints(killed.place, killed.path)
        different = sorted(path for path in now.keys() | expected.keys() if now.get(path) != expected.get(path))
        faults += len(different) + bool(end.status)
        print(f"{name}: {in_this} kills, {len(now)} files compared, different: {different or 'none'}", flush=True)
        if end.status:
            print(f"{name}: does not finish: {end.err[-1000:]}")
    return faults


def main() -> int:
    """Run both, half of the kills each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    chaos_process.preload()
    base = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        if problem := chaos_process.call(lambda: chaos_commands.make_inputs(base / "inputs")):
            raise SystemExit(problem)
        different = 0
        for number, (name, flags) in enumerate(CONFIGURATIONS.items()):
            share = args.kills // 2 + (number < args.kills % 2)
            rng = random.Random(f"{args.seed} {name}")
            (base / name).mkdir()
            different += kill_and_resume(name, flags, share, base / "inputs", base / name, rng)
        return 1 if different else 0
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
