"""Answers of .tflite files beside those of the run they were made from: through MediaPipe, and on the validation split.

MediaPipe's AudioClassifier gets whole clips, resampled to the model's rate, cuts windows without overlap and names the
classes from the file; the run's model gets the same windows. Accuracy is that of ai-edge-litert on the run's validation
split, windows and mean as in predict; it is left out without ``--data_dir``.

    python benchmarks/tflite_agreement.py irmas.tflite --run_dir=runs/mn04 --clips CLIPS/*.wav --data_dir=DATA
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402

from irmas_tf.audio.decode import decode_file  # noqa: E402
from irmas_tf.deploy.export_inputs import LoadedRun, load_run, validation_score  # noqa: E402
from irmas_tf.deploy.lite_model import LiteModel  # noqa: E402
from irmas_tf.inference.window_model import PROBABILITIES  # noqa: E402


def through_mediapipe(path: str, clips: Sequence[np.ndarray], rate_hz: int, codes: Sequence[str]) -> np.ndarray:
    """Return MediaPipe's probabilities of all windows of clips [samples], [windows, classes] in the order of codes."""
    from mediapipe.tasks import python as tasks
    from mediapipe.tasks.python import audio
    from mediapipe.tasks.python.components.containers import AudioData

    options = audio.AudioClassifierOptions(base_options=tasks.BaseOptions(model_asset_path=path))
    rows = []
    with audio.AudioClassifier.create_from_options(options) as classifier:
        for clip in clips:
            for result in classifier.classify(AudioData.create_from_array(clip, rate_hz)):
                scores = {one.category_name: one.score for one in result.classifications[0].categories}
                rows.append([scores.pop(code) for code in codes])
                assert not scores, f"classes that the run does not know: {', '.join(scores)}"
    return np.array(rows)


def windows_without_overlap(clip: np.ndarray, window_samples: int) -> np.ndarray:
    """Return a clip [samples] as windows [n, window_samples], the last one filled up with zeros."""
    return np.pad(clip, (0, -len(clip) % window_samples)).reshape(-1, window_samples)


def cells(path: str, loaded: LoadedRun, clips: Sequence[np.ndarray], live: np.ndarray, data_dir: str) -> list[str]:
    """Return a row of the table."""
    row = [Path(path).name]
    if clips:
        found = through_mediapipe(path, clips, loaded.config.audio.sample_rate_hz, loaded.config.labels.codes)
        same = int((found.argmax(axis=1) == live.argmax(axis=1)).sum())
        row += [f"{np.abs(found - live).max():.1e}", f"{same} of {len(live)}"]
    if data_dir:
        score = validation_score(loaded, data_dir, LiteModel.open(path))
        row.append(f"{score.value:.4f} on {score.excerpts}")
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="FILE.tflite")
    parser.add_argument("--run_dir", required=True, help="the run that the files were made from")
    parser.add_argument("--clips", nargs="*", default=[], help="audio files for MediaPipe (pip install mediapipe)")
    parser.add_argument("--data_dir", default="", help="folder of the data set, for the accuracy")
    args = parser.parse_args()
    loaded = load_run(args.run_dir)
    audio = loaded.config.audio
    clips = [decode_file(clip, audio.sample_rate_hz) for clip in args.clips]
    live = np.zeros([0, loaded.config.labels.num_classes])
    if clips:
        windows = np.concatenate([windows_without_overlap(clip, audio.window_samples) for clip in clips])
        live = loaded.live.values(windows, PROBABILITIES)
    columns = (
        ["file"]
        + ["MediaPipe: greatest difference", "same class"] * bool(clips)
        + ["accuracy (of several classes: micro F1)"] * bool(args.data_dir)
    )
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|", flush=True)
    if args.data_dir:
        score = validation_score(loaded, args.data_dir)
        cell = f"{score.value:.4f} on {score.excerpts}"
        print(f"| {' | '.join(['the run', *['-', '-'] * bool(clips), cell])} |", flush=True)
    for path in args.files:
        print(f"| {' | '.join(cells(path, loaded, clips, live, args.data_dir))} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
