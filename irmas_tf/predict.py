"""Name the instruments in audio files: ``python -m irmas_tf.predict --run_dir=R FILES_OR_FOLDERS...``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError, setting
from irmas_tf.process.quiet_tensorflow import import_tensorflow


@dataclasses.dataclass(frozen=True)
class PredictOptions:
    """Flags of this command."""

    run_dir: str = setting("", "Folder of the trained run.")
    format: str = setting(
        "table", "Table for people, JSON (one object a line) or CSV for programs.", choices=("table", "json", "csv")
    )
    output: str = setting("", "File that the answers go to instead of standard output; it appears when all are there.")
    batch_size: int = setting(16, "Most windows the model sees at once.", minimum=1, maximum=4096)
    top_k: int = setting(3, "Classes in a row of the table; JSON and CSV always hold them all.", minimum=1)
    thresholds: str = setting(
        "run",
        "Levels at which a class is named: run (a multi-label run's own; of others the most probable class is named),"
        " none (the most probable class in any case), or a number for all classes.",
    )
    activity: str = setting("", "Folder for each file's activity over time; made if absent. Empty: none is written.")
    activity_formats: tuple[str, ...] = setting(("csv",), "Its formats.", choices=("csv", "json", "audacity", "png"))


COMMAND = Command(
    "irmas_tf.predict",
    """
    Answer for audio files with a trained run: the window slides over each file, probabilities are the mean over
    windows, labels the most probable class or, of a multi-label run, those at or above their thresholds. Folders are
    searched recursively; '-' reads file names from standard input, one a line.

    A file that cannot be read is named on stderr, the others still get their answer, and the exit status is then 1.
    """,
    options=PredictOptions,
    required=("run_dir",),
    positional="FILES_OR_FOLDERS",
)


def main(flags: ParsedFlags) -> int:
    """Run the command; the exit status is 1 if any file got no answer."""
    options = flags.options
    if not flags.positional:
        raise ConfigError("no audio given: name files or folders after the flags")
    if flags.given("activity_formats") and not options.activity:
        raise ConfigError("--activity_formats: has no effect without --activity=FOLDER")
    import_tensorflow()
    from irmas_tf.reports.predict_run import predict_run

    failures = predict_run(
        options.run_dir,
        flags.positional,
        format=options.format,
        output=options.output,
        batch_size=options.batch_size,
        top_k=options.top_k,
        thresholds=options.thresholds,
        activity=options.activity,
        activity_formats=options.activity_formats,
    )
    return 1 if failures else 0


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
