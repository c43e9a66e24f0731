"""Name the instruments in audio files: ``irmas predict --run_dir=R FILES_OR_FOLDERS...``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError, setting
from irmas_tf.process.cpu import (
    pause_garbage_collection,
    resume_garbage_collection,
    reuse_blocks,
    start_one_blas_thread,
)
from irmas_tf.process.csv_cells import ESCAPE, FORMULAS, FORMULAS_HELP


@dataclasses.dataclass(frozen=True)
class PredictOptions:
    """Flags of this command."""

    run_dir: str = setting("", "Folder of the trained run.")
    model: str = setting(
        "",
        "Model that answers in place of --run_dir: .tflite file, folder of a SavedModel's version or of a run, or other"
        " kind; or a name: composed (in the package; answers where neither flag is given), mn04, mn04:audioset,"
        " mn04:audioset:CLASSES. irmas models lists them.",
    )
    engine: str = setting(
        "auto",
        "What computes. A .tflite file runs in LiteRT, a SavedModel in TensorFlow; a run in LiteRT if its folder holds"
        " a model.tflite made from its model.keras, as training leaves it (and export-tflite makes it), else in"
        " TensorFlow.",
        choices=("auto", "tensorflow", "litert"),
    )
    format: str = setting(
        "table", "Table for people, JSON (one object per line) or CSV for programs.", choices=("table", "json", "csv")
    )
    output: str = setting(
        "", "File that the answers go to instead of standard output; it appears when all are there.", writes="file"
    )
    batch_size: int = setting(16, "Most windows the model sees at once.", minimum=1, maximum=4096)
    top_k: int = setting(3, "Classes in a row of the table; JSON and CSV always hold them all.", minimum=1)
    thresholds: str = setting(
        "run",
        "Thresholds for naming a class: run (a multi-label model's own; a single-label one names the most probable"
        " class), none (always the most probable class), or a number for all classes.",
    )
    activity: str = setting(
        "", "Folder for files of each clip's activity over time; made if absent. Empty: none.", writes="folder"
    )
    activity_formats: tuple[str, ...] = setting(("csv",), "Their formats.", choices=("csv", "json", "audacity", "png"))
    csv_formulas: str = setting(ESCAPE, FORMULAS_HELP, choices=FORMULAS)


COMMAND = Command(
    "irmas_tf.predict",
    """
    Name the instruments in audio files, with the model in the package, a trained run or an exported model: a window
    slides over each file, and probabilities are averaged over windows. A single-label model names the most probable
    class, a multi-label model every class at or above its threshold. Folders are searched recursively; '-' is standard
    input: a sound, or names of files, one per line.

    Silence (an RMS below -85 dBFS) names no class, and silent windows do not count. What is odd about a file is a note
    on its answer: silence, channels that cancel, integers stored as floats, a narrow band, a short or cut file.

    A file that cannot be read is named on stderr; the others still get their answer, and the exit status is then 1.
    """,
    options=PredictOptions,
    positional="FILES_OR_FOLDERS",
)


def main(flags: ParsedFlags) -> int:
    """Run the command; the exit status is 1 if any file got no answer."""
    options = flags.options
    if options.run_dir and options.model:
        raise ConfigError(
            "--run_dir and --model both name a model: leave one out; without either, the package's answers"
        )
    if not flags.positional:
        raise ConfigError("no audio given: name files or folders after the flags")
    if flags.given("activity_formats") and not options.activity:
        raise ConfigError("--activity_formats: has no effect without --activity=FOLDER")
    from irmas_tf.audio.walk import AudioFiles
    from irmas_tf.inference.named_models import about_line, split_name
    from irmas_tf.inference.naming import check_levels, decision_levels
    from irmas_tf.inference.open_models import open_model, origin_of
    from irmas_tf.reports.answer_output import check_output, say_engine, write_answers
    from irmas_tf.reports.predict_run import predict_run

    check_output(options.output)
    check_levels(options.thresholds)
    model = open_model(options.run_dir, options.model, options.engine)
    say_engine(model)
    resume_garbage_collection()
    reuse_blocks()
    called = options.model or options.run_dir
    files = AudioFiles(flags.positional)
    answers = predict_run(
        model,
        files,
        batch_size=options.batch_size,
        thresholds=options.thresholds,
        activity=options.activity,
        activity_formats=options.activity_formats,
        csv_formulas=options.csv_formulas,
    )
    failures = write_answers(
        answers,
        files,
        model.scheme,
        format=options.format,
        output=options.output,
        top_k=options.top_k,
        mark_named=decision_levels(options.thresholds, model) is not None,
        origin=origin_of(model, called),
        heading=""
        if options.run_dir or (options.model and not split_name(called))
        else about_line(called, model.source),
        csv_formulas=options.csv_formulas,
    )
    return 1 if failures else 0


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    start_one_blas_thread()
    pause_garbage_collection()
    try:
        return run_main(main, COMMAND, argv)
    finally:
        resume_garbage_collection()


if __name__ == "__main__":
    sys.exit(cli())
