"""Export a run for TF Serving: ``irmas export-saved-model --run_dir=R --out=DIR``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError, setting
from irmas_tf.process.optional_packages import require


@dataclasses.dataclass(frozen=True)
class ExportSavedModelOptions:
    """Flags of this command."""

    run_dir: str = setting("", "Folder of the trained run.")
    out: str = setting("", "Folder of the models; the version is written to OUT/NAME/VERSION.", writes="folder")
    name: str = setting("irmas", "Name of the model, as clients ask for it.")
    model_version: int = setting(0, "Number of the version; 0 is the one after the highest that is there.", minimum=0)
    overwrite: bool = setting(False, "Replace the version if it is there.")


COMMAND = Command(
    "irmas_tf.export_saved_model",
    """
    Export the best model of a finished run as a SavedModel with the signatures serving_default (waveforms),
    classify_audio (WAV files) and activity (every window). It is compared with the model, number by number, before it
    appears under its name; if it differs, nothing is left of it and the exit status is 2.
    """,
    options=ExportSavedModelOptions,
    required=("run_dir", "out"),
)


def main(flags: ParsedFlags) -> None:
    """Run the command."""
    options = flags.options
    if not options.name or options.name.startswith(".") or "/" in options.name:
        raise ConfigError(f"--name={options.name}: must be the name of a folder, like irmas")
    require("tensorflow", "exporting")
    from irmas_tf.deploy.acceptance import showing_failures
    from irmas_tf.deploy.export_run import export_saved_model

    with showing_failures():
        export = export_saved_model(
            options.run_dir, options.out, options.name, options.model_version, options.overwrite
        )
    print(export.text(), end="")


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
