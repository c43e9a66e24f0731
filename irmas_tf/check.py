"""Tell what a data set is: ``irmas check [--dataset=NAME] --data_dir=D [--format=json] [--deep]``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import setting
from irmas_tf.process.csv_cells import ESCAPE, FORMULAS, FORMULAS_HELP


@dataclasses.dataclass(frozen=True)
class CheckOptions:
    """Flags of this command."""

    format: str = setting("table", "Table for people, JSON for programs.", choices=("table", "json"))
    deep: bool = setting(
        False,
        "Decode all audio: finds damage, silence, clipping and, in other data sets than IRMAS, near-duplicates."
        " Otherwise only headers are read.",
    )
    write_manifest: str = setting(
        "",
        "CSV file to write the data set to, with the groups that are proposed; for --dataset=manifest.",
        writes="file",
    )
    csv_formulas: str = setting(ESCAPE, FORMULAS_HELP, choices=FORMULAS)


COMMAND = Command(
    "irmas_tf.check",
    """
    Report what a data set holds: counts per class, for IRMAS against the official ones, bad audio, duplicates, labels
    that contradict each other, groups.

    Exit status: 0 usable, 1 findings that break training or evaluation, 2 wrong usage.
    """,
    options=CheckOptions,
    config_fields=("dataset", "data_dir", "label_scheme", "classes"),
    required=("data_dir",),
)


def main(flags: ParsedFlags) -> int:
    """Run the command; the exit status is 1 if training or evaluation would refuse the data."""
    from irmas_tf.config.datasets import IRMAS

    options, settings = flags.options, flags.config().data
    target = options.write_manifest
    if target:
        from irmas_tf.own_data.manifest_writing import check_free

        check_free(target)
    if settings.dataset == IRMAS:
        from irmas_tf.datasets.irmas_check import check

        report = check(settings.data_dir, deep=options.deep)
        _print(report.to_json() if options.format == "json" else report.to_table())
        usable = report.is_usable
    else:
        from irmas_tf.own_data.set_check import check_dataset

        checked = check_dataset(settings, deep=options.deep)
        _print(checked.report.to_json() if options.format == "json" else checked.report.to_table())
        usable = checked.report.is_usable
    if target:
        from irmas_tf.own_data.manifest_writing import write_checked, write_listed

        if settings.dataset == IRMAS:
            text = write_listed(target, settings, options.csv_formulas)
        else:
            text = write_checked(target, checked, options.csv_formulas)
        print(text, file=sys.stderr)
    return 0 if usable else 1


def _print(text: str) -> None:
    """Print a text, also in a terminal that lacks letters of the files' names."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
