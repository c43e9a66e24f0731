"""An exported SavedModel in a worker: loaded once a process, asked for the bytes of WAV files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from irmas_tf.beam.beam_files import BeamFilesError, local_saved_model
from irmas_tf.client.server_errors import RefusedError, refusal
from irmas_tf.client.transport import DURATION, INPUT, PROBABILITIES, SIGNATURE, SILENT, ClipOutputs
from irmas_tf.inference.exported_labels import ExportedLabels
from irmas_tf.process.quiet_tensorflow import import_tensorflow


def read_labels(folder: str) -> ExportedLabels:
    """Return the labels of an exported SavedModel, without loading it or TensorFlow.

    Raises:
        BeamFilesError, LabelsError: it is not there, or not one of ours.
    """
    with local_saved_model(folder) as local:
        return ExportedLabels.from_file(f"{local}/signature.json")


class ExportedModel:
    """A SavedModel as a function of WAV files; may be called from several threads.

    Args:
        folder: of the version, on any of Beam's filesystems.

    Raises:
        BeamFilesError, SavedModelError: there is no SavedModel, or it is damaged.
    """

    def __init__(self, folder: str) -> None:
        import_tensorflow()
        import tensorflow as tf

        from irmas_tf.deploy.session_model import SessionModel

        self._refused = tf.errors.InvalidArgumentError
        with local_saved_model(folder) as local:
            self._model = SessionModel(local)
        if SIGNATURE not in self._model.signatures:
            raise BeamFilesError(f"--saved_model={folder}: has no signature {SIGNATURE}; export it with irmas_tf")
        assert list(self._model.signatures[SIGNATURE].inputs) == [INPUT]

    def classify(self, contents: Sequence[bytes]) -> ClipOutputs:
        """Return the outputs for the bytes of WAV files.

        Raises:
            RefusedError: the graph refuses one of them.
        """
        try:
            outputs = self._model(SIGNATURE, np.array(list(contents), object))
        except self._refused as error:
            raise RefusedError(refusal(error.message)) from error
        probabilities, seconds = (np.asarray(outputs[name], np.float64) for name in (PROBABILITIES, DURATION))
        silent = np.asarray(outputs[SILENT], bool) if SILENT in outputs else None
        return ClipOutputs(probabilities, seconds, len(contents), silent)
