"""From a run and a list of paths to answers on standard output or in a file: the work of the predict command."""

from __future__ import annotations

from collections.abc import Sequence

from irmas_tf.audio.walk import AudioFiles
from irmas_tf.inference.classifier import WindowClassifier
from irmas_tf.inference.naming import OF_RUN, check_levels, decision_levels
from irmas_tf.inference.prediction import predict_files
from irmas_tf.reports.activity_files import ActivityFiles, saved_activity
from irmas_tf.reports.answer_output import check_output, write_answers
from irmas_tf.runs.run_dir import RunDir


def predict_run(
    run_dir: str,
    paths: Sequence[str],
    *,
    format: str = "table",
    output: str = "",
    batch_size: int = 16,
    top_k: int = 3,
    thresholds: str = OF_RUN,
    activity: str = "",
    activity_formats: Sequence[str] = ("csv",),
) -> int:
    """Write an answer for every audio file behind ``paths`` and report on stderr what got none.

    Args:
        run_dir: folder of the trained run.
        paths: files and folders; see `AudioFiles`.
        format: table, json or csv; see `AnswerWriter`.
        output: file to write; empty is standard output.
        batch_size: most windows the model sees at once.
        top_k: classes in a row of the table.
        thresholds: decision levels; see `decision_levels`.
        activity: folder for the activity of each file over time; empty writes none.
        activity_formats: what is written there; see `ActivityFiles`.

    Returns:
        The number of files and folders that got no answer.

    Raises:
        RunDirError, ModelError, ThresholdsError: the run cannot be used.
        ConfigError: ``output`` or ``activity`` cannot be written, or another argument is not allowed.
    """
    check_output(output)
    check_levels(thresholds)
    run = RunDir.open(run_dir)
    config = run.load_config()
    levels = decision_levels(thresholds, run, config)
    saved = ActivityFiles(activity, activity_formats, config.labels, levels) if activity else None
    classifier = WindowClassifier.load(run)
    classifier.warm_up()
    files = AudioFiles(paths)
    results = predict_files(classifier, files, batch_size=batch_size, levels=levels, with_activity=saved is not None)
    if saved is not None:
        results = saved_activity(results, saved)
    return write_answers(
        results,
        files,
        config.labels,
        format=format,
        output=output,
        top_k=top_k,
        mark_named=levels is not None,
    )
