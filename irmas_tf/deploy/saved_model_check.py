"""The acceptance check of a SavedModel, run in a graph-mode session as TF Serving runs it."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from irmas_tf.audio.decode import decode_file
from irmas_tf.deploy.acceptance import Comparison, Report, median_milliseconds
from irmas_tf.deploy.check_signals import WAV_FILES, check_signals, wav_bytes
from irmas_tf.deploy.metadata import differences
from irmas_tf.deploy.saved_model import EXTRA_ASSETS, read_facts
from irmas_tf.deploy.session_model import SavedModelError, SessionModel
from irmas_tf.deploy.signatures import SILENT, WINDOW_SILENT
from irmas_tf.deploy.warmup import WARMUP_NAME, read_warmup
from irmas_tf.inference.samples import WindowValues, window_values
from irmas_tf.inference.window_model import OUTPUTS, WindowModel
from irmas_tf.process.held_temporary import temporary_folder

PROBABILITY_TOLERANCE = 2e-5
RELATIVE_TOLERANCE = 1e-4
"""Of logits and embeddings, times the largest absolute value of the live ones (at least 1)."""

Answer = Callable[[np.ndarray], WindowValues]


def check_saved_model(
    folder: Path, facts: Mapping[str, Any], live: WindowModel, music: Mapping[str, np.ndarray], label: str = ""
) -> Report:
    """Return the report on a SavedModel.

    Args:
        folder: with the ``saved_model.pb``.
        facts: of the run, `irmas_tf.deploy.metadata.describe`.
        live: the run's model.
        music: real-like music, {name: float32 [samples] at the model's rate}.
        label: what the report calls the artefact; its folder by default.

    Raises:
        ExportError: ``signature.json`` is missing or damaged.
    """
    report = Report(label or str(folder))
    written = read_facts(folder)
    wrong = differences(dict(facts), written)
    report.add("facts and label order", not wrong, "; ".join(wrong) or "as in the run", "as in the run")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    report.inform("size", f"{size / 1e6:.2f} MB")
    try:
        session = SessionModel(folder)
    except SavedModelError as error:
        report.add("loading", False, str(error), "loads in a session")
        return report
    with contextlib.closing(session) as model:
        _check_graph(report, model, written)
        if report.passed:  # or what follows would fail with worse words
            answer = functools.partial(_live_answer, live, has_rule="silence_dbfs" in written)
            _check_clips(report, model, facts, answer, music)
            _check_files(report, model, live.audio.sample_rate_hz, answer, music)
            _check_refusals(report, model)
            _check_warmup(report, model, folder / EXTRA_ASSETS / WARMUP_NAME)
            window = np.zeros([1, facts["window_samples"]], np.float32)
            latency = median_milliseconds(lambda: model("serving_default", window))
            report.inform("latency per window", f"{latency:.1f} ms")
    return report


def _check_graph(report: Report, model: SessionModel, written: Mapping[str, Any]) -> None:
    foreign = sorted(name for name in model.operations if not hasattr(tf.raw_ops, name))
    foreign += sorted(name for name in model.operations if "PyFunc" in name)
    report.add(
        "operations", not foreign, ", ".join(foreign) or f"{len(model.operations)} of TensorFlow", "TensorFlow's"
    )
    found, wanted = model.describe(), _without_units(written.get("signatures"))
    wrong = [name for name in sorted({*found, *wanted}) if found.get(name) != wanted.get(name)]
    words = [f"{name} is {found.get(name)}, described as {wanted.get(name)}" for name in wrong]
    report.add("signatures", not wrong, "; ".join(words) or ", ".join(sorted(found)), ", ".join(sorted(wanted)))


def _without_units(signatures: Any) -> dict[str, Any]:
    """Return the description of the signatures as `SessionModel.describe` has it."""

    def tensors(described: Mapping[str, Any]) -> dict[str, Any]:
        return {name: {"dtype": tensor["dtype"], "shape": tensor["shape"]} for name, tensor in described.items()}

    try:
        sides = ("inputs", "outputs")
        return {name: {side: tensors(described[side]) for side in sides} for name, described in signatures.items()}
    except (AttributeError, KeyError, TypeError):
        return {}  # not a description: then nothing is as described


def _live_answer(live: WindowModel, signal: np.ndarray, has_rule: bool) -> WindowValues:
    """Return the live model's answer; as graphs without the rule of silence have it, all windows count."""
    answer = window_values(live, signal)
    return answer if has_rule else dataclasses.replace(answer, silent=np.zeros_like(answer.silent))


def _compare(report: Report, name: str, found: Mapping[str, np.ndarray], answers: Sequence[WindowValues]) -> None:
    """Compare the outputs for clips with the live model's answers."""
    comparisons = []
    for key in OUTPUTS:
        wanted = np.stack([answer.mean(key) for answer in answers])
        scale = max(1.0, float(np.abs(wanted).max(initial=0.0)))
        tolerance = PROBABILITY_TOLERANCE if key == "probabilities" else RELATIVE_TOLERANCE * scale
        comparisons.append(Comparison(key, found[key], wanted, tolerance))
    if SILENT in found:
        silent = np.array([answer.silent.all() for answer in answers], float)
        comparisons.append(Comparison(SILENT, found[SILENT].astype(float), silent, 0.0))
    report.compare(name, *comparisons)


def _check_clips(
    report: Report, model: SessionModel, facts: Mapping[str, Any], answer: Answer, music: Mapping[str, np.ndarray]
) -> None:
    window, hop, rate = facts["window_samples"], facts["window_hop_samples"], facts["sample_rate_hz"]
    for name, signal in check_signals(rate, window, music).items():
        _compare(report, name, model("serving_default", signal[None]), [answer(signal)])
    lengths = {
        "one sample": 1,
        "one window": window,
        "one window and a sample": window + 1,
        "19 windows and a rest": window + 18 * hop + hop // 3 + 1,  # more than the graph runs at once
    }
    for title, samples in lengths.items():
        batch = np.stack([*check_signals(rate, samples, music).values()][-3:])
        batch[0, samples // 2 :] = 0.0  # half of a long clip is silent
        answers = [answer(signal) for signal in batch]
        _compare(report, f"batch of 3, {title}", model("serving_default", batch), answers)
        found = model("activity", batch)
        starts = np.stack([one.starts for one in answers]) / rate
        of_windows = np.stack([one.values["probabilities"] for one in answers])
        comparisons = [
            Comparison("probabilities", found["window_probabilities"], of_windows, PROBABILITY_TOLERANCE),
            Comparison("start", found["window_start_seconds"], starts, 1e-4),
            Comparison("end", found["window_end_seconds"], starts + window / rate, 1e-4),
        ]
        if WINDOW_SILENT in found:
            silent = np.stack([one.silent for one in answers]).astype(float)
            comparisons.append(Comparison(SILENT, found[WINDOW_SILENT].astype(float), silent, 0.0))
        report.compare(f"activity, {title}", *comparisons)


def _check_files(
    report: Report, model: SessionModel, rate_hz: int, answer: Answer, music: Mapping[str, np.ndarray]
) -> None:
    sound = next(iter(music.values()))
    contents = [wav_bytes(sound, *kind) for kind in WAV_FILES]
    found = model("classify_audio", np.array(contents, object))  # clips of different lengths in one batch
    for index, ((rate, channels, subtype, format), content) in enumerate(zip(WAV_FILES, contents, strict=True)):
        row = {key: values[index : index + 1] for key, values in found.items()}
        name = f"{format} {subtype}, {rate} Hz, {channels} channel{'s' if channels > 1 else ''}"
        _compare(report, name, row, [answer(decode_wav(content, rate_hz))])
    seconds = np.array([len(sound) / rate for rate, *_ in WAV_FILES])
    report.compare("durations of the files", Comparison("seconds", found["duration_seconds"], seconds, 1e-3))


def decode_wav(content: bytes, rate_hz: int) -> np.ndarray:
    """Return the bytes of a WAV file as mono float32 [samples] at a rate, decoded as files are everywhere."""
    with temporary_folder() as folder:
        path = folder / "clip.wav"
        path.write_bytes(content)
        return decode_file(path, rate_hz)


def _check_refusals(report: Report, model: SessionModel) -> None:
    good = np.zeros([1, 100], np.float32)
    before = model("serving_default", good)["probabilities"]
    for name, signature, value in (
        ("not a WAV file", "classify_audio", np.array([b"OggS" + bytes(100)], object)),
        ("an empty file", "classify_audio", np.array([b""], object)),
        ("NaN", "serving_default", np.full([1, 100], np.nan, np.float32)),
        ("no samples", "serving_default", np.zeros([1, 0], np.float32)),
    ):
        try:
            model(signature, value)
            found = "answered"
        except tf.errors.InvalidArgumentError:
            found = "INVALID_ARGUMENT"
        report.add(f"bad input: {name}", found == "INVALID_ARGUMENT", found, "INVALID_ARGUMENT")
    after = model("serving_default", good)["probabilities"]
    report.compare("good input after bad", Comparison("probabilities", after, before, 1e-6))


def _check_warmup(report: Report, model: SessionModel, path: Path) -> None:
    """Run the warm-up requests: TF Serving refuses a model that cannot answer its own."""
    wanted = sorted(model.signatures)
    try:
        requests = read_warmup(path)
        answers = [model(request.signature, request.value) for request in requests]
        asked = sorted({request.signature for request in requests})
        finite = all(np.isfinite(values).all() for answer in answers for values in answer.values())
        named = all([request.input] == list(model.signatures[request.signature].inputs) for request in requests)
        found = (
            f"{len(requests)} requests to {', '.join(asked)}" if finite and named else "not answered as they must be"
        )
        passed = finite and named and asked == wanted
    except (DecodeError, KeyError, ValueError, tf.errors.OpError) as error:
        found, passed = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", False
    report.add("warm-up requests", passed, found, "every signature answers")
