"""Train a model: ``irmas train --flagfile=demo --data_dir=D --run_dir=R``.

The same command again continues an interrupted training.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from irmas_tf.config.flags import ALL, Command, ParsedFlags, run_main
from irmas_tf.config.settings import Section, setting
from irmas_tf.process.optional_packages import require
from irmas_tf.process.quiet_tensorflow import import_tensorflow

if TYPE_CHECKING:
    from irmas_tf.runs.run_dir import RunDir


@dataclasses.dataclass(frozen=True)
class TrainOptions(Section):
    """Flags of this command only."""

    run_dir: str = setting("", "Folder of the run; made if absent, continued if it holds an unfinished run.")
    tflite: bool = setting(
        True,
        "At the end, also write the best model as model.tflite in the run, compared with it, which irmas predict starts"
        " faster with.",
    )


COMMAND = Command(
    "irmas_tf.train",
    "Train a model, or continue an interrupted training.",
    options=TrainOptions,
    config_fields=ALL,
    required=("run_dir", "data_dir"),
)


def main(flags: ParsedFlags) -> int:
    """Train, and return the exit status."""
    require("tensorflow", "training")
    from irmas_tf.runs.run_dir import RunDir
    from irmas_tf.training.sides import completed

    config = completed(flags.config())
    run = RunDir.prepare(flags.options.run_dir, config)
    from irmas_tf.training.progress import finished_progress

    result = finished_progress(run)
    if result:
        print(f"{run.path}: is already finished ({result.finished}); nothing to do")
        return _end(run, flags.options)
    from irmas_tf.process.cpu import prefer_onednn

    prefer_onednn()
    import_tensorflow()
    from irmas_tf.training.callbacks import Interrupted
    from irmas_tf.training.loop import train

    try:
        result = train(config, run)
    except Interrupted as interruption:
        print(f"stopped by {interruption}; saved. The same command goes on from here.", file=sys.stderr)
        return 128 + interruption.signal_number
    print(
        f"{run.path}: finished, {result.finished}. Best validation {result.score_name} {result.best_score:.4f}"
        f" in epoch {result.best_epoch}: {run.model_path}"
    )
    _end(run, flags.options)
    print(f"Next: irmas evaluate --run_dir={run.path}")
    return 0


def _end(run: RunDir, options: TrainOptions) -> int:
    """Make what belongs to a finished run; return the exit status."""
    if options.tflite:
        from irmas_tf.deploy.run_tflite import write_run_tflite

        if line := write_run_tflite(run):
            print(line)
    return 0


def cli(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
