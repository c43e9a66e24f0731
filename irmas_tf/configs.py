"""List the shipped configurations, or print one: ``irmas configs [NAME]``."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError
from irmas_tf.config.shipped import config_names, find_flagfile, summary_of

COMMAND = Command(
    "irmas_tf.configs",
    """
    List the shipped configurations, each for --flagfile=NAME; or print one of them, to read or to change a copy:
    irmas configs three_branch > mine.flags. The one called reference documents every flag of the configuration.
    """,
    positional="[NAME]",
)


def main(flags: ParsedFlags) -> None:
    """Run the command."""
    if len(flags.positional) > 1:
        raise ConfigError(f"unexpected argument {flags.positional[1]!r}: name one configuration, or none for the list")
    if flags.positional:
        print(find_flagfile(flags.positional[0]).read_text(encoding="utf-8"), end="")
        return
    names = config_names()
    width = max(map(len, names)) + 2
    for name in names:
        print(textwrap.fill(summary_of(name), 118, initial_indent=name.ljust(width), subsequent_indent=" " * width))


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
