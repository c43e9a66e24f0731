"""Score a trained run on its own split: ``python -m irmas_tf.evaluate --run_dir=R --data_dir=D --split=validation``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.flag_config import Command, ParsedFlags, run_main
from irmas_tf.quiet_tensorflow import import_tensorflow
from irmas_tf.settings import setting


@dataclasses.dataclass(frozen=True)
class EvaluateOptions:
    """Flags of this command."""

    run_dir: str = setting("", "Folder of the trained run; reports go to its subfolder evaluation/SPLIT.")
    data_dir: str = setting("", "Folder of the data set; empty: the one the run was trained on.")
    split: str = setting("validation", "Side of the run's split: validation, or train.")
    format: str = setting("table", "Summary for people, or the content of metrics.json.", choices=("table", "json"))
    batch_size: int = setting(32, "Windows the model sees at once.", minimum=1, maximum=4096)
    replicates: int = setting(1000, "Bootstrap replicates of the intervals.", minimum=100, maximum=1000000)
    report: bool = setting(True, "Also write report.html, a page for people: one file that needs no network.")
    report_clips: int = setting(6, "Worst and best clips on the page, of each.", minimum=0, maximum=50)
    report_audio: bool = setting(True, "Whether the page holds the sound of its clips (8 MB of MP3 at most).")


COMMAND = Command(
    "irmas_tf.evaluate",
    """
    Score the best model of a run: accuracy and macro F1 with 95 % bootstrap intervals over songs, precision, recall and
    F1 of each class, the confusion matrix, and the majority baseline. Reports are written into the run folder.
    """,
    options=EvaluateOptions,
    required=("run_dir",),
)


def main(flags: ParsedFlags) -> None:
    """Run the command."""
    import_tensorflow()
    from irmas_tf.evaluation.evaluate_run import evaluate_run

    options = flags.options
    evaluate_run(
        options.run_dir,
        options.data_dir,
        options.split,
        format=options.format,
        batch_size=options.batch_size,
        replicates=options.replicates,
        report=options.report,
        report_clips=options.report_clips,
        report_audio=options.report_audio,
    )


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
