"""The acceptance check of an exported page: in a real browser, it must answer as ``irmas predict`` does."""

from __future__ import annotations

import dataclasses
import http
import json
import queue
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.browser.browsers import open_in_browser, version_of
from irmas_tf.browser.check_sounds import DYNAMIC_TOLERANCE, TOLERANCES, write_sounds
from irmas_tf.browser.page_server import PageHandler, PageServer
from irmas_tf.process.held_temporary import temporary_folder
from irmas_tf.streaming import read_model_facts

CHECK_FOLDER = Path(__file__).resolve().parent / "check"
_STEP_SECONDS = 120.0  # until the next answer
_PREFIX = "/check/"


class PageCheckError(ValueError):
    """A page does not answer as it should; the message holds the table."""


@dataclasses.dataclass(frozen=True)
class Row:
    """What came out for a sound.

    Attributes:
        name: of the file.
        method: who brought it to the model's rate: the page ("wav", "own_resampler") or the browser.
        difference: greatest difference of a probability of a window to that of ``irmas predict``.
        tolerance: how far it may be.
        problem: what else is wrong; empty if nothing is.
    """

    name: str
    method: str
    difference: float
    tolerance: float
    problem: str = ""

    @property
    def is_right(self) -> bool:
        """Whether the page answers as it should."""
        return not self.problem and self.difference <= self.tolerance


@dataclasses.dataclass(frozen=True)
class PageReport:
    """The outcome of a check.

    Attributes:
        browser: what it calls itself.
        rows: a row per sound.
        problems: what the browser said of the page: errors, refusals by its policy.
    """

    browser: str
    rows: tuple[Row, ...]
    problems: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether all is as it should be."""
        return not self.problems and all(row.is_right for row in self.rows)

    def table(self) -> str:
        """Return it for a terminal."""
        width = max(len(row.name) for row in self.rows) if self.rows else 0
        lines = [f"{self.browser}: greatest difference of a probability to irmas predict"]
        for row in self.rows:
            outcome = "ok" if row.is_right else row.problem or f"FAILED, more than {row.tolerance:g}"
            difference = f"{row.difference:.1e}" if np.isfinite(row.difference) else "-"
            lines.append(f"  {row.name:{width}}  {difference:>8}  {row.method:17}  {outcome}")
        return "\n".join([*lines, *(f"  {problem}" for problem in self.problems)]) + "\n"


class _CheckHandler(PageHandler):
    """The page, and beside it what checks it."""

    server: CheckServer  # type: ignore[assignment]

    def translate_path(self, path: str) -> str:
        """Return the file of an address: the check's own, a sound, or the page's."""
        if not path.startswith(_PREFIX):
            return super().translate_path(path)
        folder, rest = CHECK_FOLDER, path[len(_PREFIX) - 1 :]
        if rest.startswith("/sounds/"):
            folder, rest = self.server.sounds, rest[len("/sounds") :]
        page, self.directory = self.directory, str(folder)
        try:
            return super().translate_path(rest)
        finally:
            self.directory = page

    def do_GET(self) -> None:
        """Send a file, or what is to be done."""
        if self.path != f"{_PREFIX}tasks.json":
            super().do_GET()
            return
        content = json.dumps({"tasks": self.server.tasks}).encode()
        self.send_response(http.HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        """Take an answer."""
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.answers.put(json.loads(content))
        self.send_response(http.HTTPStatus.NO_CONTENT)
        self.end_headers()


class CheckServer(PageServer):
    """Serves a page with the check beside it.

    Args:
        folder: of the page.
        sounds: folder of files that the page is to answer for.
        tasks: ``{"sounds": [{"name": NAME}, ...], "options": {...}}``, the latter for ``loadModel``.
    """

    handler = _CheckHandler

    def __init__(self, folder: Path, sounds: Path, tasks: Mapping[str, Any]) -> None:
        super().__init__(folder)
        self.sounds, self.tasks = sounds, tasks
        self.answers: queue.Queue[dict[str, Any]] = queue.Queue()


def ask_page(
    folder: Path,
    sounds: Path,
    names: Sequence[str | Mapping[str, Any]],
    browser: str,
    *,
    on_answer: Callable[[dict[str, Any], int], None] = lambda answer, process: None,
    options: Mapping[str, Any] | None = None,
    arguments: Sequence[str] = (),
    step_seconds: float = _STEP_SECONDS,
) -> list[dict[str, Any]]:
    """Return what a page says in a browser: how it loaded, an answer per sound, and at the end its problems.

    Args:
        folder: of the page.
        sounds: folder of the sounds.
        names: of the files in it; or ``{"name": NAME, "repeat": N}``, a WAV file of open size N times over.
        browser: "chromium" or "firefox".
        on_answer: called with each answer, and with the browser's process id.
        options: of the page's ``loadModel``.
        arguments: more of the browser's own.
        step_seconds: longest wait for an answer.

    Raises:
        ConfigError: there is no such browser.
        PageCheckError: the browser fell silent.
    """
    tasks = {
        "sounds": [{"name": name} if isinstance(name, str) else name for name in names],
        "options": dict(options or {}),
    }
    answers: list[dict[str, Any]] = []
    with (
        CheckServer(folder, sounds, tasks) as server,
        open_in_browser(browser, f"{server.url}{_PREFIX[1:]}index.html", arguments) as process,
    ):
        assert isinstance(server, CheckServer)
        limit = time.monotonic() + step_seconds
        while not (answers and "end" in answers[-1]):
            try:
                answers.append(server.answers.get(timeout=1.0))
                on_answer(answers[-1], process.pid)
                limit = time.monotonic() + step_seconds
            except queue.Empty:
                if process.poll() is not None:
                    raise PageCheckError(
                        f"{browser} ended with status {process.returncode} before the check did"
                    ) from None
                if time.monotonic() > limit:
                    raise PageCheckError(f"{browser} says nothing any more, after {len(answers)} answers") from None
    return answers


def check_page(folder: Path, model: Path, browser: str, work: Path | None = None) -> PageReport:
    """Return the report on a page that passes.

    Args:
        folder: of the page.
        model: the .tflite file in it.
        browser: "chromium" or "firefox".
        work: folder for the sounds; None is a temporary one.

    Raises:
        ConfigError: there is no such browser.
        PageCheckError: a check failed; the message holds the table.
    """

    from irmas_tf.inference.open_models import load_model
    from irmas_tf.inference.prediction import predict_files

    with temporary_folder() as temporary:
        sounds = work or temporary
        files = write_sounds(sounds)
        loaded = load_model(model)
        least = DYNAMIC_TOLERANCE if read_model_facts(model).get("quantization") == "dynamic" else 0.0
        answers = ask_page(folder, sounds, [path.name for path in files], browser)
        by_name = {answer["name"]: answer for answer in answers if "name" in answer}
        expected = predict_files(loaded, map(str, files), levels=loaded.thresholds, with_activity=True)
        rows = tuple(
            _row(path.name, answer, by_name.get(path.name), least) for path, answer in zip(files, expected, strict=True)
        )
    report = PageReport(version_of(browser), rows, tuple(answers[-1]["problems"]))
    if not report.is_right:
        raise PageCheckError(f"the page does not answer as irmas predict does\n{report.table()}")
    return report


def _row(name: str, expected: Any, answer: Mapping[str, Any] | None, least: float) -> Row:
    """Return the outcome for a sound; `least` is the least tolerance."""
    tolerance = max(least, TOLERANCES.get(Path(name).suffix, TOLERANCES[""]))
    if answer is None or "failed" in answer:
        problem = "no answer" if answer is None else f"FAILED, {answer['failed']}"
        return Row(name, "", np.nan, tolerance, problem)
    activity = expected.activity
    probabilities = np.array(answer["probabilities"])
    method = str(answer["method"])
    if probabilities.shape != activity.probabilities.shape:
        problem = f"FAILED, {len(probabilities)} windows in place of {len(activity.probabilities)}"
        return Row(name, method, np.nan, tolerance, problem)
    difference = max(
        float(np.abs(probabilities - activity.probabilities).max()),
        float(np.abs(np.array(answer["clip"]["probabilities"]) - expected.vector).max()),
    )
    problems = []
    if not np.allclose(answer["startSeconds"], activity.starts, atol=1e-6):
        problems.append("other windows")
    if answer["silent"] != activity.silence.tolist():
        problems.append("other windows are silent")
    codes = [note["code"] for note in answer["clip"]["notes"]]
    if codes != [note.code for note in expected.notes]:
        problems.append(f"notes {codes}")
    if tuple(answer["clip"]["labels"]) != expected.labels and difference > 0:
        # Near a level, a rounding may decide.
        levels = activity.thresholds if activity.thresholds is not None else np.max(expected.vector)
        if np.abs(expected.vector - levels).min() > tolerance:
            problems.append(f"names {answer['clip']['labels']}")
    return Row(name, method, difference, tolerance, f"FAILED, {'; '.join(problems)}" if problems else "")
