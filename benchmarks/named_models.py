"""Scores models on excerpts in the layout of IRMAS, as they answer to their names; nothing is trained.

    python benchmarks/named_models.py --data_dir=EXCERPTS --models=composed,mn04,mn04:audioset [--format=json]

Per model: accuracy with a 95 % interval over songs; the mean over the classes that have at least five excerpts of the
share that is right, which no large class can raise; how often the instrument is among those named, and how many are
named; and the excerpts by class. With ``--test_dir``, a folder of test clips, LRAP and mAP as well. With
``--rate_hz=22050`` the models hear everything as if it had been recorded at that rate: what one that learnt from such
recordings makes of the frequencies above 11 kHz.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import irmas_tf
from irmas_tf.audio.walk import Failure
from irmas_tf.config.data import DataConfig
from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.datasets.irmas import group_clips, index_testing
from irmas_tf.datasets.irmas_dataset import Irmas
from irmas_tf.dsp.resample import resample
from irmas_tf.evaluation.evaluate_arrays import evaluate

FEW = 5


def answers_of(model: Any, paths: list[Path], rate_hz: int = 0) -> list[Any]:
    """Return the answers for files, all of them; ``rate_hz``: as if recorded at that rate (0: as they are)."""
    if rate_hz:
        return [model.classify(resample(*decode_mono(path), rate_hz), rate_hz) for path in paths]
    answers = list(model.classify_files(paths))
    if failed := [answer for answer in answers if isinstance(answer, Failure)]:
        raise SystemExit(f"{failed[0].path}: {failed[0].reason}")
    return answers


def decode_mono(path: Path) -> tuple[np.ndarray, int]:
    """Return the mean of a file's channels, and its rate."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return samples.mean(axis=1), rate_hz


def score_excerpts(model: Any, data_dir: str, rate_hz: int = 0) -> dict[str, Any]:
    """Return the figures on excerpts of one instrument each."""
    excerpts = Irmas(DataConfig()).training(data_dir)
    labels = np.array([IRMAS_CODES.index(excerpt.code) for excerpt in excerpts])
    answers = answers_of(model, [excerpt.path for excerpt in excerpts], rate_hz)
    scores = np.stack([answer.vector for answer in answers])
    right = scores.argmax(axis=1) == labels
    result = evaluate(labels, scores, [str(excerpt.group) for excerpt in excerpts], classes=IRMAS_CODES)
    by_class = {code: right[labels == k] for k, code in enumerate(IRMAS_CODES) if (labels == k).any()}
    large = {code: hits.mean() for code, hits in by_class.items() if len(hits) >= FEW}
    return {
        "excerpts": len(labels),
        "songs": len({excerpt.group for excerpt in excerpts}),
        "accuracy": result["accuracy"],
        "class_mean": float(np.mean(list(large.values()))) if large else None,
        "classes_in_mean": list(large),
        "is_named": float(np.mean([e.code in answer.labels for e, answer in zip(excerpts, answers, strict=True)])),
        "named": float(np.mean([len(answer.labels) for answer in answers])),
        "right_by_class": {code: f"{int(hits.sum())}/{len(hits)}" for code, hits in by_class.items()},
    }


def score_clips(model: Any, test_dir: str, rate_hz: int = 0) -> dict[str, Any]:
    """Return the figures on clips of several instruments each."""
    clips = index_testing(test_dir, progress=False)
    labels = np.array([[code in clip.irmas_codes for code in IRMAS_CODES] for clip in clips])
    scores = np.stack([answer.vector for answer in answers_of(model, [clip.path for clip in clips], rate_hz)])
    result = evaluate(labels, scores, list(map(str, group_clips(clips))), classes=IRMAS_CODES)
    ranking = result["aggregations"]["scores"]
    return {"clips": len(clips), "lrap": ranking["lrap"], "mean_average_precision": ranking["mean_average_precision"]}


def interval_text(figure: dict[str, Any]) -> str:
    """Return a figure with its interval: ".709 [.57, .82]"."""
    low, high = figure.get("low"), figure.get("high")
    return f"{figure['value']:.3f}" + ("" if low is None else f" [{low:.3f}, {high:.3f}]")


def main() -> int:
    """Print a block per model."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data_dir", required=True, help="excerpts, in folders of their classes' codes")
    parser.add_argument("--test_dir", default="", help="test clips")
    parser.add_argument("--models", default="composed,mn04,mn04:audioset", help="names or paths (%(default)s)")
    parser.add_argument("--rate_hz", default=0, type=int, help="as if recorded at this rate (0: as it is)")
    parser.add_argument("--format", default="table", choices=("table", "json"))
    options = parser.parse_args()
    for name in options.models.split(","):
        model = irmas_tf.load(name)
        figures = score_excerpts(model, options.data_dir, options.rate_hz)
        if options.test_dir:
            figures |= score_clips(model, options.test_dir, options.rate_hz)
        if options.format == "json":
            print(json.dumps({"model": name, **figures}))
            continue
        print(
            f"{name}: accuracy {interval_text(figures['accuracy'])} of {figures['excerpts']} excerpts of"
            f" {figures['songs']} songs; mean of {len(figures['classes_in_mean'])} classes {figures['class_mean']:.3f};"
            f" named {figures['is_named']:.3f}, {figures['named']:.2f} classes per excerpt"
        )
        print("  " + ", ".join(f"{code} {hits}" for code, hits in figures["right_by_class"].items()))
        if options.test_dir:
            print(
                f"  {figures['clips']} test clips: LRAP {interval_text(figures['lrap'])},"
                f" mAP {interval_text(figures['mean_average_precision'])}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
