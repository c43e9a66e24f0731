"""Commands as processes of their own, forked from one that has imported everything and computed nothing.

An attempt then costs what the command does and not the seconds that an import of TensorFlow takes. The child gets a
group of its own, so that nothing of it outlives an attempt, and ends as Python would: output flushed, threads awaited.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

# What the commands import while they work; a child should not have to.
PRELOADED = (
    "irmas_tf.__main__", "irmas_tf.train", "irmas_tf.evaluate", "irmas_tf.predict", "irmas_tf.embed", "irmas_tf.mirex",
    "irmas_tf.check", "irmas_tf.soundfont", "irmas_tf.convert", "irmas_tf.download", "irmas_tf.client.command",
    "irmas_tf.export_saved_model", "irmas_tf.export_tflite", "irmas_tf.export_page", "irmas_tf.training.loop",
    "irmas_tf.training.sides", "irmas_tf.reports.evaluate_run", "irmas_tf.inference.run_model",
    "irmas_tf.inference.lite_run", "irmas_tf.deploy.saved_model", "irmas_tf.deploy.tflite",
    "irmas_tf.deploy.tflite_check", "irmas_tf.corpus.writer", "irmas_tf.reports.evaluation_report",
    "irmas_tf.reports.predict_run", "irmas_tf.weights.conversion", "irmas_tf.client.client_run",
    "irmas_tf.datasets.irmas_download", "irmas_tf.datasets.archive", "irmas_tf.browser.page_export", "h5py",
    "soundfile", "ai_edge_litert.interpreter", "tqdm", "requests",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Room:
    """The folders of an attempt: everything a command may touch lies below ``path``.

    Attributes:
        path: holds ``disk`` with ``place`` (where the command writes), ``home``, ``cwd`` and what it printed.
        is_tight: whether temporary files and caches lie on that disk, too.
    """

    path: Path
    is_tight: bool = False

    @property
    def disk(self) -> Path:
        return self.path / "disk"

    @property
    def place(self) -> Path:
        return self.disk / "place"

    @property
    def temporary(self) -> Path:
        return (self.disk if self.is_tight else self.path) / "tmp"

    @property
    def cache(self) -> Path:
        return (self.disk if self.is_tight else self.path) / "cache"

    @property
    def marker(self) -> Path:
        """Appears if foreign code runs."""
        return self.path / "foreign-code-ran"

    def make(self) -> None:
        for folder in (self.place, self.temporary, self.cache, self.path / "home", self.path / "cwd"):
            folder.mkdir(parents=True, exist_ok=True)

    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.path / "home"),
            "TMPDIR": str(self.temporary),
            "IRMAS_TF_CACHE": str(self.cache),
            "XDG_CACHE_HOME": str(self.cache),
            "MPLCONFIGDIR": str(self.cache / "matplotlib"),
            "CHAOS_MARKER": str(self.marker),
        }


@dataclasses.dataclass(frozen=True)
class End:
    """How a command ended.

    Attributes:
        status: exit status; negative if a signal ended it.
        out, err: what it printed.
        seconds: until it ended.
    """

    status: int
    out: str
    err: str
    seconds: float

    @property
    def is_crash(self) -> bool:
        """Whether a user saw a traceback, or the process died of something other than our SIGKILL."""
        return "Traceback (most recent call last)" in self.err + self.out or (
            self.status < 0 and self.status != -signal.SIGKILL
        )


class Child:
    """A command under way."""

    def __init__(
        self, arguments: Sequence[str], room: Room, number: int = 0, before: Callable[[], None] | None = None
    ) -> None:
        self._out, self._err = room.path / f"out-{number}", room.path / f"err-{number}"
        self._start = time.monotonic()
        self._end: End | None = None
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _become(list(arguments), room, self._out, self._err, before)
        with contextlib.suppress(OSError):
            os.setpgid(self.pid, self.pid)

    def poll(self) -> bool:
        """Return whether it has ended."""
        if self._end is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._finish(os.waitstatus_to_exitcode(status))
        return self._end is not None

    def kill(self) -> None:
        """End it as ``kill -9`` does: this process, and none of those it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, seconds: float = 300.0) -> End:
        """Return how it ended; one that takes longer is killed and counts as a crash."""
        limit = time.monotonic() + seconds
        while not self.poll():
            if time.monotonic() > limit:
                self.kill()
                os.waitpid(self.pid, 0)
                self._finish(-signal.SIGALRM)
                break
            time.sleep(0.002)
        assert self._end is not None
        return self._end

    def _finish(self, status: int) -> None:
        seconds = time.monotonic() - self._start
        # Workers that it has started end by themselves when they see that it is gone; none may go on for long.
        limit = time.monotonic() + 10.0
        while _group_lives(self.pid) and time.monotonic() < limit:
            time.sleep(0.01)
        is_left = _group_lives(self.pid)
        if is_left:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        texts = [path.read_text(errors="replace") if path.exists() else "" for path in (self._out, self._err)]
        if is_left:
            texts[1] += "\nTraceback (most recent call last): processes it had started were still there after 10 s"
        self._end = End(status, texts[0], texts[1], seconds)


def run(arguments: Sequence[str], room: Room, **options: object) -> End:
    """Run a command to its end."""
    return Child(arguments, room, **options).wait()  # type: ignore[arg-type]


def call(function: Callable[[], object], seconds: float = 300.0) -> str:
    """Call a function in a child, and return why it failed, or an empty text.

    What needs TensorFlow's operations must not run in the process that others are forked from.
    """
    with tempfile.TemporaryFile() as file:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                function()
                status = 0
            except BaseException as error:
                file.write(f"{type(error).__name__}: {error}".encode(errors="replace")[:2000] or b"unknown")
                file.flush()
            finally:
                os._exit(status)
        limit = time.monotonic() + seconds
        while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
            if time.monotonic() > limit:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return f"took more than {seconds:g} s"
            time.sleep(0.002)
        file.seek(0)
        return file.read().decode(errors="replace") or ("" if ended[1] == 0 else f"ended with {ended[1]}")


def preload() -> None:
    """Import what commands need, without computing anything."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from irmas_tf.process.cpu import prefer_onednn

    prefer_onednn()
    import keras  # noqa: F401
    import tensorflow  # noqa: F401

    for name in PRELOADED:
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _become(arguments: list[str], room: Room, out: Path, err: Path, before: Callable[[], None] | None) -> None:
    status = 1
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, path in ((0, Path(os.devnull)), (1, out), (2, err)):
            flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            os.dup2(os.open(path, flags), number)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        os.chdir(room.path / "cwd")
        os.environ.update(room.environment())
        tempfile.tempdir = None
        sys.argv = ["irmas", *arguments]
        if before:
            before()
        from irmas_tf.__main__ import cli

        status = cli(sys.argv[1:])  # what `before` may have completed
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            threading._shutdown()  # type: ignore[attr-defined]
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:
            traceback.print_exc()
            status = status or 120
        finally:
            os._exit(status)
