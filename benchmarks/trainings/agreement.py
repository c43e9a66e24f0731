"""What several trained runs know together: accuracy of the mean of their probabilities, and where all of them fail.

Reads the ``predictions.csv`` that ``irmas evaluate`` left for each run; the runs must have been evaluated
on the same excerpts. The mean of equally good networks that were trained apart is usually better than each of them;
where it is not, and all of them fail in the same way, the labels may be to blame.

Each run's file holds its own validation side, so that files that are alike hold songs that none of the runs has learnt
from; whatever evaluate has warned of is printed. The best mean of several is chosen on the songs that it is scored on:
a figure of new songs is that of all runs together.

    python benchmarks/trainings/agreement.py RUN_DIRS [--split=validation]
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import sys
from pathlib import Path

import numpy as np

NOT_CLASSES = {"file", "song_group", "label", "label_name", "predicted", "predicted_name", "model_sha256"}


def read_predictions(path: Path) -> tuple[list[str], list[str], np.ndarray, np.ndarray]:
    """Return files, class codes, labels [files] and probabilities [files, classes]."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["file"])
    classes = [name for name in rows[0] if name not in NOT_CLASSES]
    labels = np.array([classes.index(row["label"]) for row in rows])
    return [row["file"] for row in rows], classes, labels, np.array([[float(row[c]) for c in classes] for row in rows])


def read_warnings(path: Path) -> list[str]:
    """Return what an evaluation has warned of."""
    return json.loads(path.read_text(encoding="utf-8"))["warnings"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_dirs", nargs="+", help="folders of evaluated runs")
    parser.add_argument("--split", default="validation", help="the split they were evaluated on (default validation)")
    args = parser.parse_args()
    found = [read_predictions(Path(run) / "evaluation" / args.split / "predictions.csv") for run in args.run_dirs]
    files, classes, labels, _ = found[0]
    if any((other[0], other[1]) != (files, classes) for other in found):
        print("error: the runs were not evaluated on the same excerpts and classes", file=sys.stderr)
        return 1
    for run in args.run_dirs:
        for warning in read_warnings(Path(run) / "evaluation" / args.split / "metrics.json"):
            print(f"note: {run}: {warning}", file=sys.stderr)
    names = [Path(run).name for run in args.run_dirs]
    probabilities = np.stack([values for *_, values in found])
    print("| mean of | accuracy |\n|---|---|")
    for size in range(1, len(names) + 1):
        for chosen in itertools.combinations(range(len(names)), size):
            right = probabilities[list(chosen)].mean(axis=0).argmax(axis=1) == labels
            print(f"| {', '.join(names[run] for run in chosen)} | {right.mean():.3f} |")
    predicted = probabilities.argmax(axis=2)
    wrong = (predicted != labels).all(axis=0)
    same = wrong & (predicted == predicted[0]).all(axis=0)
    print(f"\n{len(files)} excerpts: all wrong on {wrong.mean():.3f}, all with the same answer on {same.mean():.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
