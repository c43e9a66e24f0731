"""From a server's address and a list of paths to answers on standard output or in a file."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from irmas_tf.audio.walk import AudioFiles
from irmas_tf.client.connection import connect
from irmas_tf.client.model_address import ModelAddress
from irmas_tf.client.server_answers import Sending, server_answers
from irmas_tf.inference.exported_labels import ExportedLabels
from irmas_tf.process.csv_cells import ESCAPE
from irmas_tf.process.retry import Retry
from irmas_tf.reports.answer_output import check_output, say, write_answers


def client_run(
    address: ModelAddress,
    paths: Sequence[str],
    labels: ExportedLabels,
    *,
    format: str = "table",
    output: str = "",
    top_k: int = 3,
    timeout_seconds: float = 60.0,
    retry: Retry | None = None,
    sending: Sending | None = None,
    note: str = "",
    csv_formulas: str = ESCAPE,
) -> int:
    """Write a server's answer for every audio file behind ``paths`` and report on stderr what got none.

    Args:
        address: of the model.
        paths: files and folders; see `AudioFiles`.
        labels: what the model's probabilities are of.
        format, output, top_k, csv_formulas: see `write_answers`.
        timeout_seconds: longest wait for an answer to a request.
        retry: how often a request is repeated that gets none.
        sending: how files are sent.
        note: what is to be said before the answers, on stderr.

    Returns:
        The number of files and folders that got no answer.

    Raises:
        ConfigError: ``output`` cannot be written.
        LabelsError: the model has another number of classes.
        ServerError: the server cannot be used, or has stopped answering.
    """
    check_output(output)
    retry = retry or Retry()
    with contextlib.closing(connect(address, timeout_seconds)) as transport:
        labels.check_width(retry.call(transport.num_classes), str(address))
        if note:
            say(f"note: {note}")
        files = AudioFiles(paths)
        results = server_answers(transport, files, labels, retry, sending or Sending())
        return write_answers(
            results,
            files,
            labels.scheme,
            format=format,
            output=output,
            top_k=top_k,
            title="client",
            mark_named=labels.thresholds is not None,
            csv_formulas=csv_formulas,
        )
