"""The acceptance check of a .tflite file, run by ai-edge-litert in one thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from irmas_tf.deploy.acceptance import Comparison, Report, median_milliseconds
from irmas_tf.deploy.check_signals import check_signals
from irmas_tf.deploy.lite_interpreter import LiteInterpreter, LiteModelError
from irmas_tf.deploy.lite_model import LiteModel
from irmas_tf.deploy.metadata import differences
from irmas_tf.deploy.places import ExportError
from irmas_tf.deploy.tflite_artefact import read_facts
from irmas_tf.inference.window_model import OUTPUTS, PROBABILITIES, ClassModel, WindowModel
from irmas_tf.models.probabilities import SINGLE_LABEL
from irmas_tf.tflite.facts import INPUT, SIGNATURE
from irmas_tf.tflite.flatbuffer import custom_operations

if TYPE_CHECKING:
    from irmas_tf.evaluation.validation_check import ValidationScore

TOLERANCES = {"none": 1e-4, "float16": 5e-3, "dynamic": 0.05, "int8": 0.2}
"""Greatest difference of a window's probability, by quantisation."""
VALUE_TOLERANCES = {"none": 1e-4, "float16": 5e-3, "dynamic": 0.1, "int8": 0.4}
"""Greatest difference of a logit, or of a number of the embedding, in parts of the greatest such number that the run's
model gives for the sounds of the check (of 1, if they are smaller)."""
MEAN_TOLERANCES = {"none": 1e-5, "float16": 5e-4, "dynamic": 5e-3, "int8": 0.03}
"""Mean difference over all probabilities of all windows."""
MAX_LOSS, MAX_LOST_EXCERPTS = 0.01, 2
"""Of int8, on the validation split: of accuracy (of micro F1, where excerpts have several classes), and excerpts' worth
of it. One answer of 20 excerpts is five per cent of them, and says nothing of a file."""


def check_tflite(
    path: Path,
    facts: Mapping[str, Any],
    live: WindowModel,
    music: Mapping[str, np.ndarray],
    *,
    label: str = "",
    scores: Callable[[ClassModel], tuple[ValidationScore, ValidationScore]] | None = None,
) -> Report:
    """Return the report on a .tflite file.

    Args:
        path: the file.
        facts: of the run, `irmas_tf.deploy.metadata.describe`.
        live: the run's model.
        music: real-like music, {name: float32 [samples] at the model's rate}.
        label: what the report calls the artefact; its path by default.
        scores: of an int8 file: given its model, returns the scores of the live model and of the file on the validation
            split.

    Raises:
        ExportError, OSError: it is not a file that this package exported.
    """
    report = Report(label or str(path))
    content = path.read_bytes()
    written = read_facts(path)
    wrong = differences(dict(facts), written)
    report.add("facts and label order", not wrong, "; ".join(wrong) or "as in the run", "as in the run")
    quantization = written.get("quantization", "")
    if quantization not in TOLERANCES:
        raise ExportError(f"{path}: says nothing about its quantisation; export it again")
    report.inform("size", f"{len(content) / 1e6:.2f} MB, quantization {quantization}")
    try:
        model = LiteInterpreter(content)
        foreign = custom_operations(content)
        report.add("operations", not foreign, ", ".join(foreign) or "built in", "built in")
        if not report.passed:  # such a file cannot run, or only here, with TensorFlow's own operations at hand
            return report
        model.run_once()
    except LiteModelError as error:
        report.add("loading", False, str(error), "loads in LiteRT")
        return report
    wanted = [name for name in OUTPUTS if name in live.outputs]
    _check_signature(report, model, wanted)
    shape = [1, facts["window_samples"]]
    report.add("input", model.input_shape == shape, str(model.input_shape), str(shape))
    if report.passed:
        _check_windows(report, model, facts, live, music, quantization)
        window = np.zeros(shape, np.float32)
        latency = median_milliseconds(lambda: model.probabilities(window))
        seconds = facts["window_samples"] / facts["sample_rate_hz"]
        report.inform("latency per window", f"{latency:.1f} ms for {seconds:g} s of audio, one thread")
    if quantization == "int8" and scores is not None and report.passed:
        before, after = scores(LiteModel(model, written, str(path)))
        found = f"{after.value:.2%} on {after.excerpts} excerpts, the run's model {before.value:.2%}"
        most = max(MAX_LOSS, MAX_LOST_EXCERPTS / after.excerpts)
        few = f", {MAX_LOST_EXCERPTS} excerpts," if most > MAX_LOSS else ""
        passed = before.value - after.value <= most + 1e-9
        report.add(f"validation {after.name}", passed, found, f"at most {most:.2%}{few} less")
    return report


def _check_signature(report: Report, model: LiteInterpreter, wanted: list[str]) -> None:
    """Check that there is one signature with one input, and outputs of which the run's model gives all."""
    found = model.signatures.get(SIGNATURE, {"inputs": [], "outputs": []})
    # Files of earlier versions give probabilities only.
    right = sorted(found["outputs"]) in (sorted(wanted), [PROBABILITIES])
    passed = list(model.signatures) == [SIGNATURE] and found["inputs"] == [INPUT] and right
    limit = f"{SIGNATURE}: {INPUT} to {', '.join(wanted)}"
    report.add("signatures", passed, limit if passed and len(found["outputs"]) > 1 else str(model.signatures), limit)


def _tolerance(output: str, quantization: str, values: np.ndarray) -> float:
    """Return the greatest difference that passes, of an output that has these values in the run's model."""
    if output == PROBABILITIES:
        return TOLERANCES[quantization]
    return VALUE_TOLERANCES[quantization] * max(1.0, float(np.abs(values).max()))


def _check_windows(
    report: Report,
    model: LiteInterpreter,
    facts: Mapping[str, Any],
    live: WindowModel,
    music: Mapping[str, np.ndarray],
    quantization: str,
) -> None:
    signals = check_signals(facts["sample_rate_hz"], facts["window_samples"], music)
    windows = np.stack(list(signals.values()))
    of_file = model.values(windows, model.outputs)
    of_model = {name: np.asarray(live.values(windows, name), np.float32) for name in model.outputs}
    tolerances = {name: _tolerance(name, quantization, values) for name, values in of_model.items()}
    for place, name in enumerate(signals):
        comparisons = [
            Comparison(output, of_file[output][place], of_model[output][place], tolerance)
            for output, tolerance in tolerances.items()
        ]
        report.compare(name, *comparisons)
    found, wanted = of_file[PROBABILITIES], of_model[PROBABILITIES]
    mean = np.abs(found.astype(np.float64) - wanted).mean(keepdims=True)
    report.compare("mean over all signals", Comparison("probabilities", mean, 0 * mean, MEAN_TOLERANCES[quantization]))
    if facts["kind"] == SINGLE_LABEL:
        sums = found.sum(axis=-1)
        report.compare("sum of a window's probabilities", Comparison("sum", sums, np.ones_like(sums), 1e-3))
    again = model.probabilities(windows)
    report.compare("the same again", Comparison("probabilities", again, found, 0.0))
