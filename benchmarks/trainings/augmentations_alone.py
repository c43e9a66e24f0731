"""What every augmentation does for a model by itself: one short training each, and a table.

All trainings share a small model, seed, split and number of epochs, and answer with several labels; they are scored on
the same mixtures of validation songs, after the last epoch (not the best, which would be chosen on what it is scored
on). Each is an ordinary run below --out: interrupted, the same command goes on; trained ones are read, not repeated.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

# Everything off.
PLAIN = [
    "--task=multi_label",
    "--random_gain_db=0",
    "--random_speed_semitones=0",
    "--random_equalization_db=0",
    "--mixup_alpha=0",
    "--time_masks=0",
    "--frequency_masks=0",
]
MIX = "--mix_probability=0.8 --mix_max_excerpts=3"
MASKS = "--time_masks=1 --frequency_masks=1"
ALONE = {
    "none": "",
    "gain 6 dB": "--random_gain_db=6",
    "white noise 10-40 dB": "--noise_probability=0.5 --noise_kind=white",
    "pink noise 10-40 dB": "--noise_probability=0.5 --noise_kind=pink",
    "shift .5 s": "--random_shift_seconds=0.5",
    "silence .5 s": "--silence_probability=0.5",
    "empty examples": "--empty_probability=0.1 --noise_probability=0.5 --noise_kind=pink",
    "stretch 10 %": "--random_time_stretch=0.1",
    "pitch 1 semitone": "--random_pitch_semitones=1",
    "speed 1 semitone": "--random_speed_semitones=1",
    "equalisation 1.5 dB": "--random_equalization_db=1.5",
    "masks": MASKS,
    "mixup .3": "--mixup_alpha=0.3",
    "mixing, union": MIX,
    "mixing, by level": f"{MIX} --mix_targets=level",
    "mixing, predominant": f"{MIX} --mix_targets=predominant",
    "mixing, speed, equalisation, masks": f"{MIX} --random_speed_semitones=1 --random_equalization_db=1.5 {MASKS}",
}
SCORES = ("validation_mean_average_precision", "validation_lrap", "validation_micro_f1", "train_loss")


def train(name: str, flags: str, args: argparse.Namespace) -> dict[str, str]:
    """Return the last line of the history of the run with these augmentations, trained if it is not there."""
    run_dir = Path(args.out) / "".join(c if c.isalnum() else "_" for c in name)
    command = [sys.executable, "-m", "irmas_tf.train", f"--flagfile={args.flagfile}", f"--epochs={args.epochs}"]
    command += [f"--seed={args.seed}", f"--data_dir={args.data_dir}", f"--run_dir={run_dir}", *PLAIN, *flags.split()]
    print(f"{name}: {run_dir}", file=sys.stderr)
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    with (run_dir / "history.csv").open() as file:
        return list(csv.DictReader(file))[-1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_dir", required=True, help="folder that holds IRMAS-TrainingData")
    parser.add_argument("--out", required=True, help="folder for the runs")
    parser.add_argument("--flagfile", default="configs/morlet_light.flags", help="the model (default %(default)s)")
    parser.add_argument("--epochs", type=int, default=12, help="epochs of each training (default 12)")
    parser.add_argument("--seed", type=int, default=0, help="seed of all trainings (default 0)")
    parser.add_argument("--only", nargs="+", choices=list(ALONE), default=list(ALONE), help="rows of the table")
    args = parser.parse_args()
    args.data_dir, args.out = (str(Path(path).resolve()) for path in (args.data_dir, args.out))
    rows = {name: train(name, ALONE[name], args) for name in args.only}
    print(f"{args.flagfile}, {args.epochs} epochs, seed {args.seed}, scores after the last epoch\n")
    print("| augmentation | mAP | LRAP | micro F1 | training loss | excerpts/s in training |")
    print("|---" * 6 + "|")
    for name, row in rows.items():
        scores = " | ".join(f"{float(row[score]):.3f}" for score in SCORES)
        print(f"| {name} | {scores} | {float(row['excerpts_per_second']):.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
