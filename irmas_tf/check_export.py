"""Compare an artefact with its run, number by number: ``irmas check-export ARTEFACT --run_dir=R``.

Or a .tflite file with itself in other runtimes: ``irmas check-export irmas.tflite --runtimes=all``.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError, setting
from irmas_tf.process.optional_packages import require


def known_runtimes() -> tuple[str, ...]:
    """Return what ``--runtimes`` may name."""
    from irmas_tf.runtimes.runtime import ALL, RUNTIMES

    return (ALL, *RUNTIMES.names())


@dataclasses.dataclass(frozen=True)
class CheckExportOptions:
    """Flags of this command."""

    run_dir: str = setting("", "Folder of the run that the artefact was made from.")
    data_dir: str = setting("", "Folder of the data set, for int8; empty: the one the run was trained on.")
    keep: bool = setting(False, "Leave an artefact that fails where it is, instead of deleting it.")
    facts: bool = setting(
        False, "Print what an app must know of a .tflite file (rate, window, classes and more), and compare nothing."
    )
    runtimes: tuple[str, ...] = setting(
        (),
        "Compare a .tflite file with LiteRT in other runtimes, with or without --run_dir: all that are installed, or"
        " those that are named.",
        known=known_runtimes,
    )


COMMAND = Command(
    "irmas_tf.check_export",
    """
    Compare a SavedModel (the folder of a version), a .tflite file or another kind of artefact with the model it was
    made from: on silence, noise, a sine, a click, a chirp and music; labels, operations, size and latency. An artefact
    that fails is deleted and the exit status is 2. One that was made from another run, or does not say from which, is
    left alone.

    With --runtimes a .tflite file runs in whatever is installed of LiteRT, OpenVINO, ONNX Runtime, TFLite Micro and
    MediaPipe, in each as it comes and as it should be set, and a table gives the greatest differences of a probability
    to LiteRT. The exit status is 1 if one of them is wrong however it is set, or crashes.
    """,
    options=CheckExportOptions,
    positional="ARTEFACT",
)


def main(flags: ParsedFlags) -> int:
    """Run the command; the exit status is 1 if a runtime is wrong however it is set."""
    if not flags.positional:
        raise ConfigError("no artefact given: name the folder of a SavedModel's version, or a .tflite file")
    options = flags.options
    if options.facts:
        from irmas_tf.tflite.facts import facts_text

        print("\n".join(facts_text(artefact) for artefact in flags.positional), end="")
        return 0
    if not options.run_dir and not options.runtimes:
        raise ConfigError("--run_dir is required, unless other --runtimes are compared or --facts printed")
    runtimes = _chosen(options.runtimes)
    if options.run_dir:
        _check(flags.positional, options)
    return max([_compare(artefact, runtimes) for artefact in flags.positional] if runtimes else [0])


def _check(artefacts: Sequence[str], options: CheckExportOptions) -> None:
    """Compare artefacts with their run."""
    require("tensorflow", "comparing with a run")
    from irmas_tf.deploy.acceptance import showing_failures
    from irmas_tf.deploy.export_run import check_artefact

    for artefact in artefacts:
        with showing_failures():
            report = check_artefact(artefact, options.run_dir, options.data_dir, options.keep)
        print(report.table(), end="", flush=True)


def _chosen(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the runtimes that were named, none if none were; without loading anything in that case."""
    if not names:
        return ()
    from irmas_tf.runtimes.comparison import chosen_runtimes

    return chosen_runtimes(names)


def _compare(artefact: str, runtimes: Sequence[str]) -> int:
    """Print a .tflite file's table of runtimes and return the exit status."""
    from irmas_tf.runtimes.comparison import compare, is_right, table

    rows = []
    for row in compare(artefact, runtimes):
        rows.append(row)
        print(f"{row.runtime}{f', {row.setup}' if row.setup else ''}: {row.verdict}", file=sys.stderr, flush=True)
    print(f"{artefact}: greatest difference of a probability to LiteRT\n{table(rows)}", end="", flush=True)
    return 0 if is_right(rows) else 1


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
