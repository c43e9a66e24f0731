"""A .tflite file as an artefact: read for use without TensorFlow, and compared with its run."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irmas_tf.deploy.lite_model import LiteModel
from irmas_tf.deploy.places import ExportError
from irmas_tf.inference.window_model import LITERT
from irmas_tf.streaming import StreamingError, read_model_facts

if TYPE_CHECKING:
    from irmas_tf.deploy.acceptance import Report
    from irmas_tf.deploy.export_inputs import LoadedRun

_IDENTIFIER = b"TFL3"  # bytes 4 to 8 of the file


def read_facts(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the facts inside a .tflite file.

    Raises:
        ExportError: it was not exported by this package.
        OSError: it cannot be read.
    """
    try:
        return read_model_facts(path)
    except StreamingError as error:
        raise ExportError(str(error)) from error


class TfliteArtefact:
    """The kind of artefact; a `irmas_tf.inference.artefacts.Artefact`."""

    description = "a .tflite file"
    engine = LITERT

    def recognises(self, path: Path) -> bool:
        """Return whether it is a file of this name or content."""
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return path.suffix == ".tflite" or file.read(8)[4:] == _IDENTIFIER

    def load(self, path: Path) -> LiteModel:
        """Return the model; see `LiteModel.open`."""
        return LiteModel.open(path)

    def read_facts(self, path: Path) -> Mapping[str, Any]:
        """Return what stands in the file.

        Raises:
            ExportError: it was not exported by this package.
            OSError: it cannot be read.
        """
        return read_facts(path)

    def write(self, model: Any, config: Any, facts: Mapping[str, Any], path: Path) -> None:
        """Write a file in float32; other numbers are `irmas_tf.deploy.export_run.export_tflite`'s."""
        from irmas_tf.deploy.tflite import convert
        from irmas_tf.tflite.metadata import embed

        path.write_bytes(embed(convert(model, config), {**facts, "quantization": "none"}))

    def check(self, path: Path, loaded: LoadedRun, data_dir: str = "", label: str = "") -> Report:
        """Return the report on its windows; of an int8 file also on the run's validation split."""
        from irmas_tf.deploy.export_inputs import validation_scores
        from irmas_tf.deploy.tflite_check import check_tflite

        scores = functools.partial(validation_scores, loaded, data_dir)
        return check_tflite(path, loaded.facts, loaded.live, loaded.music, label=label, scores=scores)


TFLITE = TfliteArtefact()
