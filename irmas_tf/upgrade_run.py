"""Let the files of a run that an earlier version wrote name each other: ``irmas upgrade-run --run_dir=R``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import setting


@dataclasses.dataclass(frozen=True)
class UpgradeRunOptions:
    """Flags of this command."""

    run_dir: str = setting("", "Folder of the trained run.")


COMMAND = Command(
    "irmas_tf.upgrade_run",
    """
    Runs name their model by checksum in identity.json and thresholds.json, so that another run's files are not taken
    for their own. This writes it down for a run of an earlier version, if its model fits its configuration. A run that
    says so already stays as it is. Figures of evaluations are left as they are: evaluate again before an export.
    """,
    options=UpgradeRunOptions,
    required=("run_dir",),
)


def main(flags: ParsedFlags) -> None:
    """Run the command."""
    from irmas_tf.runs.identity import upgrade
    from irmas_tf.runs.run_dir import RunDir

    run = RunDir.open(flags.options.run_dir)
    print(upgrade(run, run.load_config()))


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
