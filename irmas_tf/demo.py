"""The main job in a few minutes, on audio it makes itself: ``irmas demo --out=build/demo``.

Runs the commands a user would type, prints them, and ends with what was made and what to type next. Every step can be
interrupted; the same command goes on from there.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from irmas_tf.config.commands import called_as
from irmas_tf.config.flags import parse_flags
from irmas_tf.config.labels import IRMAS_NAMES
from irmas_tf.config.settings import ConfigError
from irmas_tf.process.exit_codes import EXIT_ERROR, run_command
from irmas_tf.process.optional_packages import require
from irmas_tf.process.places import why_not_writable
from irmas_tf.process.shell_words import shell_path
from irmas_tf.train import COMMAND as TRAIN

FLAGFILE = "demo"
EXCERPTS = 1320
TEST_CLIPS = 22


class _StepFailed(Exception):
    """A command ended with an exit status other than 0."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _run(title: str, *arguments: str | Path) -> float:
    """Run ``irmas ARGUMENTS``, showing it, and return the seconds it took.

    Raises:
        _StepFailed: it did not succeed.
    """
    words = list(map(str, arguments))
    print(f"\n== {title}\n$ {shlex.join(['irmas', *words])}\n", flush=True)
    start = time.perf_counter()
    status = subprocess.run([sys.executable, "-m", "irmas_tf", *words]).returncode
    if status:
        # A negative status is the signal that ended the command.
        raise _StepFailed(status if status > 0 else 128 - status)
    return time.perf_counter() - start


def _shown(path: Path) -> Path:
    """Return a path as short as it can be typed here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _activation() -> str:
    """Return the line that makes ``irmas`` known, if it is that of an environment the shell does not use."""
    if sys.prefix == sys.base_prefix or os.environ.get("VIRTUAL_ENV") == sys.prefix:
        return ""
    return f"\n  In your shell     . {_shown(Path(sys.prefix))}/bin/activate"


def _summary(out: Path, clip: Path, codes: Sequence[str], seconds: dict[str, float]) -> str:
    data, run = out / "data", out / "run"
    metrics = json.loads((run / "evaluation" / "validation" / "metrics.json").read_text(encoding="utf-8"))
    accuracy, baseline = metrics["accuracy"], metrics["majority_baseline"]["accuracy"]
    low, high = accuracy["low"], accuracy["high"]
    score = f"{accuracy['value']:.0%}" + ("" if low is None else f" ({low:.0%} to {high:.0%})")
    made = {
        data: "a corpus in the layout of IRMAS, composed and rendered by the demo",
        run: "the run: model.keras and model.tflite, history.csv, config.json, and more",
        run / "evaluation" / "validation": "report.html, to read and listen to; metrics.json, and more",
        out / "irmas.tflite": "the model for phones, compared with the run number by number",
    }
    width = max(len(str(path)) for path in made)
    places = "\n".join(f"  {path!s:{width}}  {words}" for path, words in made.items())
    took = ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items())
    return f"""
== Done in {sum(seconds.values()) / 60:.1f} minutes ({took})

{places}

  On {metrics["excerpts"]} excerpts of songs kept out of training, the model is right {score} of the time;
  always naming the most frequent instrument would be right {baseline:.0%} of the time.
  What the demo put into {clip.name}: {", ".join(IRMAS_NAMES[code] for code in codes)}.

Next:{_activation()}
  Look at it        open {(run / "evaluation" / "validation" / "report.html").resolve()} in a browser
  How it learned    tensorboard --logdir {shell_path(run / "tensorboard")}
  Label your own    irmas predict FILES_OR_FOLDERS...
  With your model   irmas predict --run_dir={shell_path(run)} FILES_OR_FOLDERS...
  Get the real set  irmas download --out=data
  Train on it       irmas train --flagfile=three_branch --data_dir=data --run_dir=runs/first
"""


def run_demo(out: Path, flagfile: str, excerpts: int, test_clips: int, flags: Sequence[str] = ()) -> None:
    """Make a corpus, ask the package's model, train one on it, evaluate it, label a test clip, export it, and sum up.

    Args:
        out: folder for everything that is made; an earlier demo there is continued.
        flagfile: configuration of the training; a path, or the name of a shipped one.
        excerpts: training excerpts of the corpus, over all classes.
        test_clips: test clips of the corpus, at least one.
        flags: further flags of the training.

    Raises:
        MissingPackageError: the installation is one that only answers.
        ConfigError: there is no flagfile.
        _StepFailed: a command did not succeed.
    """
    require("tensorflow", "the demo")
    data, run = out / "data", out / "run"
    training = [f"--flagfile={flagfile}", f"--data_dir={data}", f"--run_dir={run}", *flags]
    # Or a mistake would be told only after the corpus is made.
    parse_flags(TRAIN, training).config()
    if test_clips < 1 or excerpts < 1:
        raise ConfigError(f"--test_clips={test_clips} --excerpts={excerpts}: there must be at least 1 of each")
    if reason := why_not_writable(data):
        raise ConfigError(f"--out={out}: nothing can be written there ({reason}); choose another place")
    seconds = {
        "corpus": _run(
            "1. A corpus of short pieces for eleven instruments",
            "soundfont", f"--out={data}", f"--excerpts={excerpts}", f"--test_clips={test_clips}",
        )
    }  # fmt: skip
    from irmas_tf.datasets.irmas import index_testing
    from irmas_tf.shipped.composed import COMPOSED

    clip = index_testing(data, progress=False)[0]
    if COMPOSED.path.is_file():
        seconds["first answer"] = _run(
            "2. What is in this file? The model in the package answers", "predict", clip.path
        )
    else:
        print("\n== 2. What is in this file? This build has no model of its own to ask", flush=True)
    seconds["training"] = _run("3. Training a model of your own", "train", *training)
    seconds["evaluation"] = _run("4. Scores on songs kept back", "evaluate", f"--run_dir={run}", "--split=validation")
    seconds["prediction"] = _run("5. Its labels for the file", "predict", f"--run_dir={run}", clip.path)
    seconds["export"] = _run(
        "6. A file for phones", "export-tflite", f"--run_dir={run}", f"--out={out / 'irmas.tflite'}",
        "--quantization=dynamic", "--overwrite",
    )  # fmt: skip
    print(_summary(out, clip.path, clip.irmas_codes, seconds), end="")


def cli(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: that of the step that failed, if any."""
    parser = argparse.ArgumentParser(
        prog=called_as("irmas_tf.demo"), description="Make a corpus, train on it, evaluate, label a file, and export."
    )
    parser.add_argument("--out", type=Path, default=Path("build/demo"), help="folder for all files (%(default)s)")
    parser.add_argument("--flagfile", default=FLAGFILE, help="training configuration (%(default)s)")
    parser.add_argument("--excerpts", type=int, default=EXCERPTS, help="training excerpts to make (%(default)s)")
    parser.add_argument("--test_clips", type=int, default=TEST_CLIPS, help="test clips to make (%(default)s)")
    parser.add_argument("flags", nargs="*", metavar="-- FLAG", help="further flags of the training, after --")

    def command() -> int:
        options = parser.parse_args(argv)
        try:
            run_demo(options.out, options.flagfile, options.excerpts, options.test_clips, options.flags)
        except _StepFailed as failure:
            if failure.status not in (130, EXIT_ERROR):
                print(f"\nThe step ended with status {failure.status}.", file=sys.stderr)
            print("The same command goes on from this step.", file=sys.stderr)
            return failure.status
        return 0

    return run_command(command)


if __name__ == "__main__":
    sys.exit(cli())
