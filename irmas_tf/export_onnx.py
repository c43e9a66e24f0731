"""Export a run as ONNX: ``irmas export-onnx --run_dir=R --out=FILE.onnx``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError, setting
from irmas_tf.process.optional_packages import require


@dataclasses.dataclass(frozen=True)
class ExportOnnxOptions:
    """Flags of this command."""

    run_dir: str = setting("", "Folder of the trained run.")
    out: str = setting("", "File to write, ending in .onnx.", writes="file")
    overwrite: bool = setting(False, "Replace the file if it is there.")


COMMAND = Command(
    "irmas_tf.export_onnx",
    """
    Export the best model of a finished run as an .onnx file in float32: one window of waveform in; probabilities,
    logits and embedding out; what must be known about them in its metadata. It is compared with the model, number by
    number, before it appears under its name; if it differs, nothing is left of it and the exit status is 2. irmas
    predict --model=FILE.onnx answers with it, without TensorFlow.
    """,
    options=ExportOnnxOptions,
    required=("run_dir", "out"),
)


def main(flags: ParsedFlags) -> None:
    """Run the command."""
    options = flags.options
    if not options.out.endswith(".onnx"):
        raise ConfigError(f"--out={options.out}: end the name in .onnx")
    require("tensorflow", "exporting")
    from irmas_tf.deploy.acceptance import showing_failures
    from irmas_tf.deploy.export_run import check_run, export_artefact
    from irmas_tf.runtimes.onnx_artefact import require_packages

    check_run(options.run_dir, options.out, options.overwrite)
    require_packages()

    with showing_failures():
        export = export_artefact("onnx", options.run_dir, options.out, options.overwrite)
    print(export.text(), end="")


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
