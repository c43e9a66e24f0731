"""Score a trained run: ``irmas evaluate --run_dir=R --data_dir=D --split=test``; or a file of scores.

In Python, ``irmas_tf.evaluate(labels, scores, songs)`` does it on arrays (`irmas_tf.evaluation.evaluate_arrays`).
The attribute of the package is this module as soon as anyone has imported it, so the module itself can be called.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import types
from collections.abc import Sequence
from typing import Any

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError, setting
from irmas_tf.process.csv_cells import ESCAPE, FORMULAS, FORMULAS_HELP
from irmas_tf.process.optional_packages import require
from irmas_tf.process.quiet_tensorflow import import_tensorflow


@dataclasses.dataclass(frozen=True)
class EvaluateOptions:
    """Flags of this command."""

    run_dir: str = setting("", "Folder of the trained run; reports are written to its subfolder evaluation/SPLIT.")
    data_dir: str = setting("", "Folder of the data set; empty: the one the run was trained on.")
    split: str = setting("validation", "Side of the run's split, validation or train; or the test set, test.")
    unique_clips: bool = setting(False, "Count byte-identical test clips only once.")
    scores: str = setting("", "CSV file to score instead of a run; columns: file, one per class, and those above.")
    dataset: str = setting(
        "", "Data set whose classes --scores has, and whose test set --data_dir holds; empty: told by the columns."
    )
    labels: str = setting("", "CSV file with file and labels (and song, part) for --scores; or give --data_dir.")
    threshold: float = setting(0.5, "Threshold for --scores, fixed in advance.")
    output: str = setting("", "Folder for the reports on --scores; empty: none.", writes="folder")
    format: str = setting("table", "Summary for people, or the content of metrics.json.", choices=("table", "json"))
    batch_size: int = setting(32, "Windows the model sees at once.", minimum=1, maximum=4096)
    replicates: int = setting(
        1000, "Has no effect any more; for flag files of earlier versions.", minimum=100, maximum=1000000
    )
    report: bool = setting(True, "Also write report.html, a page for people: one file that needs no network.")
    report_clips: int = setting(6, "Number of worst and of best clips on the page.", minimum=0, maximum=50)
    report_audio: bool = setting(True, "Whether the page holds the sound of its clips (8 MB of MP3 at most).")
    csv_formulas: str = setting(ESCAPE, FORMULAS_HELP, choices=FORMULAS)


COMMAND = Command(
    "irmas_tf.evaluate",
    """
    Score the best model of a run, or anyone's file of scores, with 95 % intervals over songs and trivial baselines. One
    label per excerpt: accuracy, figures per class, confusion matrix. Several (a test set, or a multi-label run's
    validation excerpts, as mixtures where each has one class): LRAP and mAP for three ways to combine windows; micro
    and macro F1 with thresholds fixed in advance, tuned on other songs, and as an oracle; calibration. --scores may
    also have the columns labels (codes separated by blanks, names by ';'; ? is unknown), song (otherwise guessed from
    the file's name) and part (of the test set; 0: unknown). Unknown labels count nowhere.
    """,
    options=EvaluateOptions,
)


def main(flags: ParsedFlags) -> None:
    """Run the command."""
    options = flags.options
    require("sklearn", "evaluation")
    if bool(options.run_dir) == bool(options.scores):
        raise ConfigError("--run_dir is required: the run to score; or --scores=FILE.csv in its place")
    if not options.report and (given := flags.all_given("report_clips", "report_audio")):
        raise ConfigError(f"--{given[0]}: has no effect beside --noreport")
    if flags.given("replicates"):
        print("warning: --replicates has no effect: intervals are computed, not drawn; leave it out", file=sys.stderr)
    if options.scores:
        if given := flags.all_given("split", "batch_size"):
            raise ConfigError(f"--{given[0]}: is for --run_dir, not for --scores")
        for name in ("scores", "labels", "data_dir"):
            if (path := getattr(options, name)) and not os.path.exists(os.path.expanduser(path)):
                raise ConfigError(f"--{name}={path}: no such file or folder; correct the name")
        from irmas_tf.evaluation.score_file import read_score_file
        from irmas_tf.evaluation.test_part import dataset_named

        # What is wrong with the table is said before the libraries are there that score it.
        scores = read_score_file(options.scores, dataset_named(options.dataset).labels if options.dataset else None)
        from irmas_tf.reports.evaluate_scores import evaluate_scores
        from irmas_tf.reports.page import PageOptions

        report = evaluate_scores(
            scores,
            options.labels,
            options.data_dir,
            dataset=options.dataset,
            threshold=options.threshold,
            unique_clips=options.unique_clips,
            output=options.output,
            page=PageOptions(options.report_clips, options.report_audio) if options.report else None,
            csv_formulas=options.csv_formulas,
        )
    else:
        if given := flags.all_given("labels", "threshold", "output", "dataset"):
            raise ConfigError(f"--{given[0]}={getattr(options, given[0])}: is for --scores; a run has its own")
        from irmas_tf.inference.run_data import TEST, look_before_scoring

        if options.unique_clips and options.split != TEST:
            raise ConfigError(f"--unique_clips: is for --split={TEST}, not {options.split}")
        model = look_before_scoring(options.run_dir, options.data_dir, options.split)
        import_tensorflow("evaluating a run")
        from irmas_tf.reports.answer_output import shown
        from irmas_tf.reports.evaluate_run import evaluate_run
        from irmas_tf.reports.page import PageOptions

        report = evaluate_run(
            model,
            options.data_dir,
            options.split,
            batch_size=options.batch_size,
            unique_clips=options.unique_clips,
            page=PageOptions(options.report_clips, options.report_audio) if options.report else None,
            csv_formulas=options.csv_formulas,
            progress=shown("evaluate"),
        )
    print(report.text(options.format), end="")


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


class _CallableModule(types.ModuleType):
    """This module, as a function of arrays."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the figures of scores; see `irmas_tf.evaluation.evaluate_arrays.evaluate`."""
        require("sklearn", "irmas_tf.evaluate")
        from irmas_tf.evaluation.evaluate_arrays import evaluate

        return evaluate(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule


if __name__ == "__main__":
    sys.exit(cli())
