"""Compare an artefact with its run, number by number: ``irmas check-export ARTEFACT --run_dir=R``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError, setting
from irmas_tf.process.quiet_tensorflow import import_tensorflow


@dataclasses.dataclass(frozen=True)
class CheckExportOptions:
    """Flags of this command."""

    run_dir: str = setting("", "Folder of the run that the artefact was made from.")
    data_dir: str = setting("", "Folder of the data set, for int8; empty: the one the run was trained on.")
    keep: bool = setting(False, "Leave an artefact that fails where it is, instead of deleting it.")


COMMAND = Command(
    "irmas_tf.check_export",
    """
    Compare a SavedModel (the folder of a version), a .tflite file or another kind of artefact with the model it was
    made from: on silence, noise, a sine, a click, a chirp and music; labels, operations, size and latency. An artefact
    that fails is deleted and the exit status is 2. One that was made from another run, or does not say from which, is
    left alone.
    """,
    options=CheckExportOptions,
    required=("run_dir",),
    positional="ARTEFACT",
)


def main(flags: ParsedFlags) -> None:
    """Run the command."""
    if not flags.positional:
        raise ConfigError("no artefact given: name the folder of a SavedModel's version, or a .tflite file")
    import_tensorflow("comparing with a run")
    from irmas_tf.deploy.acceptance import showing_failures
    from irmas_tf.deploy.export_run import check_artefact

    options = flags.options
    for artefact in flags.positional:
        with showing_failures():
            report = check_artefact(artefact, options.run_dir, options.data_dir, options.keep)
        print(report.table(), end="", flush=True)


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
