"""From a run and a list of paths to answers on standard output or in a file: the work of the predict command."""

from __future__ import annotations

from collections.abc import Sequence

from irmas_tf.evaluation.answer_output import check_output, write_answers
from irmas_tf.evaluation.audio_files import AudioFiles
from irmas_tf.evaluation.inference import WindowClassifier
from irmas_tf.evaluation.prediction import predict_files
from irmas_tf.run_dir import RunDir


def predict_run(
    run_dir: str,
    paths: Sequence[str],
    *,
    format: str = "table",
    output: str = "",
    batch_size: int = 16,
    top_k: int = 3,
) -> int:
    """Write an answer for every audio file behind ``paths`` and report on stderr what got none.

    Args:
        run_dir: folder of the trained run.
        paths: files and folders; see `AudioFiles`.
        format: table, json or csv; see `AnswerWriter`.
        output: file to write; empty is standard output.
        batch_size: most windows the model sees at once.
        top_k: classes in a row of the table.

    Returns:
        The number of files and folders that got no answer.

    Raises:
        RunDirError, ModelError: the run cannot be used.
        ConfigError: ``output`` cannot be written.
    """
    check_output(output)
    classifier = WindowClassifier.load(RunDir.open(run_dir))
    classifier.warm_up()
    files = AudioFiles(paths)
    results = predict_files(classifier, files, batch_size=batch_size)
    return write_answers(results, files, classifier.config.labels, format=format, output=output, top_k=top_k)
