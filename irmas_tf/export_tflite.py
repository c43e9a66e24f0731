"""Export a run for phones and small machines: ``irmas export-tflite --run_dir=R --out=FILE.tflite``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import setting
from irmas_tf.process.optional_packages import require


@dataclasses.dataclass(frozen=True)
class ExportTfliteOptions:
    """Flags of this command."""

    run_dir: str = setting("", "Folder of the trained run.")
    out: str = setting("", "File to write, ending in .tflite.", writes="file")
    quantization: str = setting(
        "none",
        "Numbers in the file: none (float32), float16 (half the size), dynamic (8-bit weights), int8 (8-bit weights and"
        " activations). Front-ends always compute in float.",
        choices=("none", "float16", "dynamic", "int8"),
    )
    data_dir: str = setting("", "Folder of the data set, for int8; empty: the one the run was trained on.")
    overwrite: bool = setting(False, "Replace the file if it is there.")


COMMAND = Command(
    "irmas_tf.export_tflite",
    """
    Export the best model of a finished run as a .tflite file: one window of waveform in, probabilities out, with the
    metadata that MediaPipe's AudioClassifier and Android Studio read. It is compared with the model, number by number,
    before it appears under its name; int8 also on the run's validation split, where it may lose one point of
    accuracy, or of micro F1 where excerpts have several classes; of few excerpts, two excerpts' worth.
    If it differs by more, nothing is left of it and the exit status is 2.
    """,
    options=ExportTfliteOptions,
    required=("run_dir", "out"),
)


def main(flags: ParsedFlags) -> None:
    """Run the command."""
    require("tensorflow", "exporting")
    from irmas_tf.deploy.acceptance import showing_failures
    from irmas_tf.deploy.export_run import export_tflite

    options = flags.options
    with showing_failures():
        export = export_tflite(options.run_dir, options.out, options.quantization, options.data_dir, options.overwrite)
    print(export.text(), end="")


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
