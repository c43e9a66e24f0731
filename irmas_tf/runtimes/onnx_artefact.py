"""An .onnx file as an artefact: written from the float32 .tflite file, compared with its run, read without TensorFlow.

Keras's own ONNX export writes invalid files for models with spectrograms in them, without an error; tf2onnx reads the
.tflite file, whose front-ends are made of matrix products, rightly. Weights stay float32: tf2onnx stores those of a
float16 file as float32 again, and makes products of small integers of the others.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from irmas_tf.process.held_temporary import temporary_folder
from irmas_tf.process.optional_packages import is_installed
from irmas_tf.process.quiet_tensorflow import filtered_stderr
from irmas_tf.runtimes.onnx_model import ENGINE, FACTS, INPUT, OnnxModel, OnnxModelError, facts_of, open_session
from irmas_tf.weights.model_files import kind_of_model

SUFFIX = ".onnx"


class OnnxArtefact:
    """The kind of artefact; a `irmas_tf.inference.artefacts.Artefact`."""

    description = "an .onnx file"
    engine = ENGINE

    def recognises(self, path: Path) -> bool:
        """Return whether it is a file of this name or content."""
        return path.is_file() and (path.suffix == SUFFIX or kind_of_model(path).name == "onnx")

    def load(self, path: Path) -> OnnxModel:
        """Return the model; see `OnnxModel.open`."""
        return OnnxModel.open(path)

    def read_facts(self, path: Path) -> Mapping[str, Any]:
        """Return what stands in the file.

        Raises:
            OnnxModelError: it was not exported by this package, or ONNX Runtime is not installed.
            OSError: it cannot be read.
        """
        return facts_of(open_session(path), path)

    def write(self, model: Any, config: Any, facts: Mapping[str, Any], path: Path) -> None:
        """Write a file in float32.

        Raises:
            OnnxModelError: what it needs is not installed.
        """
        require_packages()
        from irmas_tf.deploy.tflite import convert

        path.write_bytes(from_tflite(convert(model, config), {**facts, "quantization": "none"}))


def require_packages() -> None:
    """Check that what an export needs is installed, before the work.

    Raises:
        OnnxModelError: it is not; the message says how to get it.
    """
    missing = [name for name in ("tf2onnx", "onnxruntime") if not is_installed(name)]
    if missing:
        raise OnnxModelError(f"an ONNX export needs {' and '.join(missing)}: pip install 'irmas_tf[onnx]'")


def from_tflite(content: bytes, facts: Mapping[str, Any]) -> bytes:
    """Return a .tflite file's content as an ONNX model with the names of its signature.

    Args:
        content: with the signature ``serving_default``.
        facts: what the file is to say about itself, JSON-ready.
    """
    import tf2onnx

    with temporary_folder() as folder:
        path = folder / "model.tflite"
        path.write_bytes(content)
        # It runs TensorFlow's own interpreter, which warns of its age and tells of the processor.
        with warnings.catch_warnings(), filtered_stderr():
            warnings.simplefilter("ignore")
            model, _ = tf2onnx.convert.from_tflite(str(path))
    _rename(model.graph, _signature_names(content))
    model.producer_name = "irmas_tf"
    entry = model.metadata_props.add()
    entry.key, entry.value = FACTS, json.dumps(facts, ensure_ascii=False)
    return bytes(model.SerializeToString())


def _signature_names(content: bytes) -> dict[str, str]:
    """Return tensor -> name in the signature, of the input and the outputs."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=content).get_signature_runner("serving_default")
    details = {**runner.get_input_details(), **runner.get_output_details()}
    assert INPUT in details
    return {str(detail["name"]): name for name, detail in details.items()}


def _rename(graph: Any, names: Mapping[str, str]) -> None:
    """Rename tensors of an ONNX graph wherever they occur."""
    for node in graph.node:
        for places in (node.input, node.output):
            for k, name in enumerate(places):
                places[k] = names.get(name, name)
    for value in (*graph.input, *graph.output, *graph.value_info):
        value.name = names.get(value.name, value.name)


ONNX = OnnxArtefact()
