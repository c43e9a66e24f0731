"""Train a model: ``irmas train --flagfile=demo --data_dir=D --run_dir=R``.

The same command again continues an interrupted training.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from irmas_tf.config.backbones import BACKBONES
from irmas_tf.config.flags import ALL, Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError, Section, setting
from irmas_tf.process.full_disks import disk_error, in_words
from irmas_tf.process.optional_packages import require
from irmas_tf.process.quiet_tensorflow import import_tensorflow
from irmas_tf.process.shell_words import shell_path

if TYPE_CHECKING:
    from irmas_tf.config.run_config import Config
    from irmas_tf.datasets.dataset import DataLook
    from irmas_tf.runs.run_dir import RunDir


@dataclasses.dataclass(frozen=True)
class TrainOptions(Section):
    """Flags of this command only."""

    run_dir: str = setting(
        "", "Folder of the run; made if absent, continued if it holds an unfinished run.", writes="folder"
    )
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
    from irmas_tf.beginnings.source import check_resumed_weights
    from irmas_tf.runs.run_dir import RunDir, RunDirError
    from irmas_tf.training.sides import completed, find_sides

    config = completed(_with_whole_path(flags.config()))
    run = RunDir.prepare(flags.options.run_dir, config, more_epochs=True)
    from irmas_tf.training.progress import check_continued, finished_progress

    check_continued(run)
    result = finished_progress(run, config)
    if result:
        print(f"{run.path}: is already finished ({result.finished}); nothing to do")
        return _end(run, flags.options)
    if not run.is_started:
        _check_weights(config)
    look = _look_at_data(config)
    if run.is_started:
        check_resumed_weights(config, run.load_pretrained() or [])  # before anything is recorded of this start
    sides = find_sides(config, run)
    _say_what_is_there(look, run)
    from irmas_tf.process.cpu import prefer_onednn

    prefer_onednn()
    import_tensorflow()
    from irmas_tf.training.callbacks import Interrupted
    from irmas_tf.training.loop import train

    try:
        result = train(config, run, sides=sides)
    except Interrupted as interruption:
        print(f"stopped by {interruption}; saved. The same command goes on from here.", file=sys.stderr)
        return 128 + interruption.signal_number
    except Exception as error:
        if refused := disk_error(error):
            raise RunDirError(f"{in_words(refused)}. The same command goes on from the last checkpoint") from error
        raise
    print(
        f"{run.path}: finished, {result.finished}. Best validation {result.score_name} {result.best_score:.4f}"
        f" in epoch {result.best_epoch}: {run.model_path}"
    )
    _end(run, flags.options)
    print(f"Next: irmas evaluate --run_dir={shell_path(run.path)}")
    return 0


def _with_whole_path(config: Config) -> Config:
    """Return the configuration with paths of data from the root, so that the run is of use elsewhere."""

    def whole(path: str) -> str:
        return os.path.abspath(os.path.expanduser(path)) if path else ""

    data, model = config.data, config.model
    data = dataclasses.replace(data, data_dir=whole(data.data_dir), extra_data_dir=whole(data.extra_data_dir))
    return dataclasses.replace(config, data=data, model=dataclasses.replace(model, init_from=whole(model.init_from)))


def _look_at_data(config: Config) -> DataLook:
    """Return what a glance at the data tells; refuse data that is not there or too little.

    Raises:
        ConfigError, DataError: it cannot be trained on.
    """
    from irmas_tf.datasets.irmas_layout import display

    look: DataLook = config.dataset.look(config.data.data_dir)
    batch_size = config.training.batch_size - config.extra_per_batch
    if look.excerpts is not None and look.excerpts < batch_size:
        raise ConfigError(
            f"--batch_size={config.training.batch_size}: must be at most the {look.excerpts} excerpts of"
            f" {display(look.folder)}"
        )
    return look


def _say_what_is_there(look: DataLook, run: RunDir) -> None:
    """Say where the data is and what is odd about it, and leave that to the run."""
    from irmas_tf.datasets.irmas_layout import display

    print(f"data: {display(look.folder)}")
    for note in look.notes:
        print(f"note: {note}", file=sys.stderr)
    run.about_data = {"folder": display(look.folder), "excerpts": look.excerpts, "notes": list(look.notes)}


def _check_weights(config: Config) -> None:
    """Refuse files of ``--pretrained_weights`` that are not there or of another kind.

    Raises:
        WeightsError: the message says what is there, and where the weights are published.
    """
    from irmas_tf.weights.weight_sources import require_weights

    networks = [branch.scale for branch in config.model.branch_configs if branch.scale in BACKBONES]
    for path in config.model.pretrained_weights:
        require_weights(BACKBONES.get(networks[0]), path, "pretrained_weights")


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
