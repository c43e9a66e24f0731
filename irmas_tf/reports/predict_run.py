"""Answers of a model for files and folders, as the predict command gives them: streamed, with activity saved beside."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from irmas_tf.audio.walk import AudioFiles, Failure
from irmas_tf.inference.answers import Answer
from irmas_tf.inference.naming import OF_RUN, decision_levels
from irmas_tf.inference.prediction import predict_files
from irmas_tf.inference.window_model import PROBABILITIES, ClassModel
from irmas_tf.process.csv_cells import ESCAPE


def predict_run(
    model: ClassModel,
    files: AudioFiles,
    *,
    batch_size: int = 16,
    thresholds: str = OF_RUN,
    activity: str = "",
    activity_formats: Sequence[str] = ("csv",),
    csv_formulas: str = ESCAPE,
) -> Generator[Answer | Failure, None, None]:
    """Return the answers for files in their order, each as soon as it is there, or the reason for none.

    What is wrong with the arguments or the model is raised at once, not with the first answer.

    Args:
        model: the model.
        files: what is answered.
        batch_size: most windows the model sees at once.
        thresholds: decision levels; see `decision_levels`.
        activity: folder for the activity of each file over time; empty writes none.
        activity_formats: what is written there; see `ActivityFiles`.
        csv_formulas: one of `irmas_tf.process.csv_cells.FORMULAS`.

    Raises:
        ModelError, ThresholdsError: the model cannot be used.
        ConfigError: ``activity`` cannot be written, or another argument is not allowed.
    """
    levels = decision_levels(thresholds, model)
    saved = None
    if activity:
        from irmas_tf.reports.activity_files import ActivityFiles, saved_activity

        saved = ActivityFiles(activity, activity_formats, model.scheme, levels, csv_formulas)
    # Before the first file, so that the first answer takes no longer than the others.
    if hasattr(model, "warm_up"):
        model.warm_up()
    else:
        model.values(np.zeros([1, model.audio.window_samples], np.float32), PROBABILITIES)
    results = predict_files(model, files, batch_size=batch_size, levels=levels, with_activity=saved is not None)
    return results if saved is None else saved_activity(results, saved)
