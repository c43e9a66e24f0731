"""Tell what a copy of IRMAS is: ``irmas check --data_dir=D [--format=json] [--deep]``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import setting


@dataclasses.dataclass(frozen=True)
class CheckOptions:
    """Flags of this command."""

    data_dir: str = setting("", "Folder that holds IRMAS-TrainingData.")
    format: str = setting("table", "Table for people, JSON for programs.", choices=("table", "json"))
    deep: bool = setting(False, "Decode all audio: finds damage, silence, clipping. Otherwise only headers are read.")


COMMAND = Command(
    "irmas_tf.check",
    """
    Report what a copy of IRMAS holds: counts against the official ones, bad audio, duplicates, labels.

    Exit status: 0 usable, 1 findings that break training or evaluation, 2 wrong usage.
    """,
    options=CheckOptions,
    required=("data_dir",),
)


def main(flags: ParsedFlags) -> int:
    """Run the command; the exit status is 1 if training or evaluation would refuse the data."""
    from irmas_tf.datasets.irmas_check import check

    report = check(flags.options.data_dir, deep=flags.options.deep)
    text = report.to_json() if flags.options.format == "json" else report.to_table()
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))  # names of files in a terminal that lacks their letters
    return 0 if report.is_usable else 1


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
