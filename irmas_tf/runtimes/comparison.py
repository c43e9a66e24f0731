"""A .tflite file in every runtime that is installed, compared with LiteRT on the sounds of the acceptance check."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import irmas_tf
from irmas_tf.config.settings import ConfigError
from irmas_tf.deploy.check_music import check_music
from irmas_tf.deploy.check_signals import check_signals
from irmas_tf.deploy.lite_model import LiteModel
from irmas_tf.inference.window_model import PROBABILITIES
from irmas_tf.process.held_temporary import temporary_folder
from irmas_tf.runtimes.runtime import ALL, RUNTIMES, ModelFile, Runtime, Setup
from irmas_tf.runtimes.worker import write_job
from irmas_tf.tflite.facts import SIGNATURE
from irmas_tf.weights.model_files import describe, kind_of_model

SIGNALS = ("silence", "noise", "sine", "click", "music")
# Greatest difference of a probability to LiteRT that is rounding, by the file's quantization. Of dynamic files LiteRT
# itself rounds the layers' inputs to 8 bits, and runtimes that compute them in float differ from it by that.
TOLERANCES = {"none": 1e-4, "float16": 1e-3, "dynamic": 0.05, "int8": 0.05}
RIGHT, DIFFERS, REFUSED, CRASHED, MISSING = "right", "differs", "refused", "crashed", "not installed"
_SECONDS = 600.0
_REASON_LETTERS = 200


@dataclasses.dataclass(frozen=True)
class Row:
    """What came of a runtime in one of its setups.

    Attributes:
        runtime: its title.
        version: of its package, "" if it is not installed.
        setup: what was set.
        verdict: `RIGHT`, `DIFFERS`, `REFUSED`, `CRASHED` or `MISSING`.
        differences: signal -> greatest absolute difference of a probability to LiteRT; may be NaN.
        reason: of the runtime that refused or crashed, or how to install it.
    """

    runtime: str
    version: str
    setup: str
    verdict: str
    differences: Mapping[str, float] = dataclasses.field(default_factory=dict)
    reason: str = ""


def chosen_runtimes(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of runtimes, ``all`` as all of them.

    Raises:
        ConfigError: one is unknown, or was named and is not installed.
    """
    if ALL in names:
        return RUNTIMES.names()
    for name in names:
        if name not in RUNTIMES:
            raise ConfigError(f"--runtimes={name}: unknown; known: {ALL} or {', '.join(RUNTIMES.names())}")
        if not RUNTIMES.get(name).is_installed():
            raise ConfigError(f"--runtimes={name}: is not installed: {RUNTIMES.get(name).install}")
    return tuple(dict.fromkeys(names))


def compare(path: str | os.PathLike[str], runtimes: Sequence[str]) -> Iterator[Row]:
    """Yield what comes of a .tflite file in runtimes, each in a process of its own.

    Args:
        path: of a file that irmas_tf exported.
        runtimes: names in `RUNTIMES`.

    Raises:
        ConfigError: it is something else.
        LiteModelError, LabelsError: it is damaged, or LiteRT is not installed.
    """
    kind = kind_of_model(path)
    if kind.name != "tflite":
        raise ConfigError(f"--runtimes: {path}: {describe(path, kind, 'a .tflite file')}")
    model = LiteModel.open(path)
    rate, samples = model.audio.sample_rate_hz, model.audio.window_samples
    music = check_music(rate)
    sounds = check_signals(rate, samples, music)
    names = [name for name in sounds if name in SIGNALS or name in music]
    windows = np.stack([sounds[name] for name in names])
    wanted = model.values(windows)
    file = ModelFile(Path(path).resolve(), tuple(model.scheme.codes), rate, *output_of(Path(path)))
    labels = [name if name in SIGNALS else "music" for name in names]
    tolerance = TOLERANCES.get(str(model.source.get("quantization")), TOLERANCES["none"])
    for name in runtimes:
        runtime = RUNTIMES.get(name)
        if not runtime.is_installed():
            yield Row(runtime.title, "", "", MISSING, reason=runtime.install)
            continue
        for setup in runtime.setups:
            result = _ask(name, setup, file, windows)
            yield _row(runtime, setup, result, wanted, labels, tolerance)


def is_right(rows: Sequence[Row]) -> bool:
    """Return whether every installed runtime is right in a setup of its own, or refuses the file."""
    verdicts: dict[str, set[str]] = {}
    for row in rows:
        verdicts.setdefault(row.runtime, set()).add(row.verdict)
    return all(not verdict.isdisjoint((RIGHT, REFUSED, MISSING)) for verdict in verdicts.values())


def output_of(path: Path) -> tuple[str, int]:
    """Return name and place of the probabilities among a file's outputs."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=path.read_bytes())
    interpreter.allocate_tensors()
    details = interpreter.get_signature_runner(SIGNATURE).get_output_details()[PROBABILITIES]
    places = [int(output["index"]) for output in interpreter.get_output_details()]
    return str(details["name"]), places.index(int(details["index"]))


def _ask(name: str, setup: Setup, file: ModelFile, windows: np.ndarray) -> dict[str, Any]:
    """Return what a worker answers (`irmas_tf.runtimes.worker.answer`), or how it ``crashed``."""
    package = str(Path(irmas_tf.__file__).resolve().parent.parent)
    paths = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    with temporary_folder() as folder:
        job = write_job(folder, name, setup, file, windows)
        command = [sys.executable, "-m", "irmas_tf.runtimes.worker", str(job)]
        environment = {**os.environ, "PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"}
        try:
            done = subprocess.run(command, env=environment, capture_output=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return {"crashed": f"no answer in {_SECONDS:.0f} s"}
        written = job.with_name("answer.json")
        if not written.exists():
            return {"crashed": _end_of(done.returncode, done.stderr)}
        result: dict[str, Any] = json.loads(written.read_text(encoding="utf-8"))
        if "refused" in result and (said := _said(done.stderr)):
            result["refused"] += f" ({'; '.join(said[-2:])})"
        return result


def _said(errors: bytes) -> list[str]:
    """Return what a process wrote to stderr that may be a reason: no logs, no warnings of Python."""
    lines = [line.strip() for line in errors.decode(errors="replace").splitlines()]
    return [line for line in lines if line and not line.startswith(("INFO", "WARNING", "I0", "W0", "warnings.warn"))]


def _end_of(status: int, errors: bytes) -> str:
    """Return how a process ended that should not have."""
    how = signal.Signals(-status).name if status < 0 else f"status {status}"
    return ", ".join([how, *_said(errors)[-1:]])


def _row(
    runtime: Runtime,
    setup: Setup,
    result: Mapping[str, Any],
    wanted: np.ndarray,
    labels: Sequence[str],
    tolerance: float,
) -> Row:
    for key, verdict in (("refused", REFUSED), ("crashed", CRASHED)):
        if key in result:
            reason = str(result[key])
            short = reason if len(reason) <= _REASON_LETTERS else f"{reason[:_REASON_LETTERS]}..."
            return Row(runtime.title, runtime.version(), setup.name, verdict, reason=short)
    found = np.asarray(result["probabilities"], np.float64)
    name = result.get("found") or setup.name
    if found.shape != wanted.shape:
        reason = f"answers of shape {list(found.shape)} in place of {list(wanted.shape)}"
        return Row(runtime.title, runtime.version(), name, DIFFERS, reason=reason)
    worst = np.abs(found - wanted).max(axis=1)
    differences = {
        signal_name: float(max(worst[[k for k, label in enumerate(labels) if label == signal_name]], key=_nan_first))
        for signal_name in SIGNALS
    }
    verdict = RIGHT if bool(np.all(worst <= tolerance)) else DIFFERS
    return Row(runtime.title, runtime.version(), name, verdict, differences)


def _nan_first(value: float) -> float:
    return float("inf") if np.isnan(value) else float(value)


def table(rows: Sequence[Row]) -> str:
    """Return rows as a table in Markdown."""
    lines = [["runtime", "version", "set", *SIGNALS, "verdict"]]
    for row in rows:
        numbers = [_number(row.differences.get(name)) for name in SIGNALS]
        verdict = f"{row.verdict}: {row.reason}" if row.reason else row.verdict
        lines.append([cell.replace("|", "/") for cell in (row.runtime, row.version, row.setup, *numbers, verdict)])
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]) - 1)]
    shown = [[*(cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=True)), line[-1]] for line in lines]
    rule = ["-" * width for width in (*widths, len(lines[0][-1]))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (shown[0], rule, *shown[1:])) + "\n"


def _number(value: float | None) -> str:
    return "" if value is None else "NaN" if np.isnan(value) else f"{value:.0e}" if value else "0"
