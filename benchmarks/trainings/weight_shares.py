"""Between a fine-tuned network and the pretrained one that it began as: the weights' mean, at several shares.

A weight-space ensemble (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022) costs nothing at run
time. The run must begin with every weight pretrained, the head's too: --head_from_pretrained. A share of 1 is the run
itself.

    python benchmarks/trainings/weight_shares.py --run_dir=RUN --train_dir=DATA --data_dir=ORIGINALS --test_dir=CLIPS

prints, per share, accuracy on the run's validation excerpts under DATA and on ORIGINALS, and the LRAP of CLIPS.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from benchmarks.named_models import answers_of, interval_text, score_clips, score_excerpts
from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.inference.classifier import Classifier
from irmas_tf.inference.run_model import RunModel
from irmas_tf.process.bounded_json import read_json
from irmas_tf.training.fine_tuning import load_pretrained_weights


def validation_accuracy(model: Classifier, opened: RunModel, train_dir: Path) -> float:
    """Return the share of a run's validation excerpts that is right; their folder's name is their class."""
    names = read_json(opened.run.split_path)["validation"]
    answers = answers_of(model, [train_dir / name for name in names])
    right = [IRMAS_CODES[int(np.argmax(a.vector))] == Path(n).parts[-2] for a, n in zip(answers, names, strict=True)]
    return float(np.mean(right))


def main() -> int:
    """Print a row per share."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--run_dir", required=True)
    parser.add_argument("--train_dir", required=True, type=Path, help="the run's excerpts, in folders of their classes")
    parser.add_argument("--data_dir", required=True, help="other excerpts, in folders of their classes' codes")
    parser.add_argument("--test_dir", required=True, help="test clips")
    parser.add_argument("--shares", default="0,0.5,0.75,1", help="of the fine-tuned weights (%(default)s)")
    options = parser.parse_args()
    opened = RunModel.open(options.run_dir)
    if not opened.config.model.head_from_pretrained:
        parser.error(
            f"--run_dir={options.run_dir}: its head began with random weights; train with --head_from_pretrained"
        )
    tuned = opened.model.get_weights()
    load_pretrained_weights(opened.model, opened.config)
    start = opened.model.get_weights()
    print("| share | validation | others [95 %] | mean of classes | clips, LRAP |\n|---|---|---|---|---|")
    for share in map(float, options.shares.split(",")):
        opened.model.set_weights([(1 - share) * a + share * b for a, b in zip(start, tuned, strict=True)])
        model = Classifier(RunModel(opened.run, opened.config, opened.model))
        others, clips = score_excerpts(model, options.data_dir), score_clips(model, options.test_dir)
        held_out = validation_accuracy(model, opened, options.train_dir)
        print(
            f"| {share:g} | {held_out:.3f} | {interval_text(others['accuracy'])} | {others['class_mean']:.3f}"
            f" | {clips['lrap']['value']:.3f} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
