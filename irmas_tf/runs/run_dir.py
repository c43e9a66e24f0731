"""A run folder: one training run, self-describing, safe to kill at any moment.

Every file is written to a temporary path beside its target and then moved over it, so a reader never sees half a file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.process.atomic_files import write_json_atomic, write_text_atomic
from irmas_tf.process.bounded_json import read_json, reason_of
from irmas_tf.process.held_temporary import TEMPORARY_PREFIX, remove_leftovers_below
from irmas_tf.process.locks import exclusive
from irmas_tf.process.places import why_not_writable
from irmas_tf.process.versions import collect_versions

# A resumed run may change these: they say where things are and how fast, never what the weights become.
CHANGEABLE_ON_RESUME = (
    "data_dir",
    "cache",
    "cache_dir",
    "loader_threads",
    "checkpoint_minutes",
    "pretrained_weights",  # are in the checkpoint from the start
    "init_from",  # the same
    "extra_data_dir",
)


# What is written about the first weights and about data beside the run's own.
_OF_THE_START = ("pretrained.json", "origin.json", "seen.json")


class RunDirError(ValueError):
    """A run folder is missing, incomplete or belongs to another run; the message names the folder and the remedy."""


def _different_settings(old: Config, new: Config) -> list[str]:
    """Return "--flag=new (the run has old)" for every setting that must not change on resume."""
    differences = []
    before, after = old.to_dict(), new.to_dict()
    for section, values in after.items():
        for name, value in values.items():
            old_value = before[section][name]
            # A second data set may be elsewhere now, but it is there or it is not.
            is_same = name in CHANGEABLE_ON_RESUME and (name != "extra_data_dir" or bool(old_value) == bool(value))
            if not is_same and old_value != value:
                differences.append(f"--{name}={_as_flag(value)} (the run has {_as_flag(old_value)})")
    return differences


def _differ_in_epochs(old: Config, new: Config) -> bool:
    """Return whether all that differs, `CHANGEABLE_ON_RESUME` aside, is more epochs (of the last stage)."""
    before, after = old.training.stage_configs, new.training.stage_configs
    if len(before) != len(after) or after[-1].epochs <= before[-1].epochs:
        return False
    last = dataclasses.replace(after[-1], epochs=before[-1].epochs)
    if (*after[:-1], last) != before:
        return False
    training = dataclasses.replace(new.training, epochs=old.training.epochs, stages=old.training.stages)
    return not _different_settings(old, dataclasses.replace(new, training=training))


def _as_flag(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


class RunDir:
    """The files of one run. The constructor touches nothing; a training calls `prepare`, `lock` and `record`.

    Args:
        path: the folder.

    Attributes:
        about_data: what a glance at the data told (``folder``, ``excerpts``, ``notes``), for `record` to write down.
        continues: whether `prepare` found a run of fewer epochs, which is to be continued.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser()
        self.about_data: dict[str, Any] | None = None
        self.continues = False
        self._may_continue = False

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"RunDir({str(self.path)!r})"

    @property
    def config_path(self) -> Path:
        """The full resolved configuration (JSON)."""
        return self.path / "config.json"

    @property
    def split_path(self) -> Path:
        """Which excerpts are training and which validation (JSON)."""
        return self.path / "split.json"

    @property
    def versions_path(self) -> Path:
        """Versions of Python, packages and this code (JSON)."""
        return self.path / "versions.json"

    @property
    def history_path(self) -> Path:
        """One line per epoch (CSV)."""
        return self.path / "history.csv"

    @property
    def model_path(self) -> Path:
        """The best model so far, by the validation score."""
        return self.path / "model.keras"

    @property
    def tflite_path(self) -> Path:
        """The best model for LiteRT, in float32; what it says of itself names the ``model.keras`` it was made from."""
        return self.path / "model.tflite"

    @property
    def last_model_path(self) -> Path:
        """The model at the end of the last finished epoch."""
        return self.path / "last.keras"

    @property
    def pretrained_path(self) -> Path:
        """Where the weights of pretrained networks came from, and their licences (JSON)."""
        return self.path / "pretrained.json"

    @property
    def thresholds_path(self) -> Path:
        """Decision levels of a multi-label run's best model (`irmas_tf.runs.thresholds`)."""
        return self.path / "thresholds.json"

    @property
    def identity_path(self) -> Path:
        """Which model the other files belong to (`irmas_tf.runs.identity`)."""
        return self.path / "identity.json"

    @property
    def checkpoints_dir(self) -> Path:
        """Resumable training state."""
        return self.path / "checkpoints"

    @property
    def data_path(self) -> Path:
        """What ``--data_dir`` resolved to, and what was said about it (JSON)."""
        return self.path / "data.json"

    @property
    def log_path(self) -> Path:
        """Text log of the run."""
        return self.path / "train.log"

    @property
    def tensorboard_dir(self) -> Path:
        """TensorBoard event files."""
        return self.path / "tensorboard"

    @property
    def lock_path(self) -> Path:
        """Lock file of the process that is training here."""
        return self.path / ".lock"

    def evaluation_dir(self, split: str) -> Path:
        """Reports of an evaluation on ``split`` ("validation", "test")."""
        return self.path / "evaluation" / split

    @classmethod
    def prepare(cls, path: str | os.PathLike[str], config: Config, *, more_epochs: bool = False) -> RunDir:
        """Return the folder for a training, refused if it is not the place for it; nothing is written yet.

        Args:
            path: the folder; it need not exist.
            config: the resolved configuration.
            more_epochs: a run that differs in having fewer epochs is taken as well, to be continued.

        Raises:
            RunDirError: the folder holds a run of another configuration (the message names the flags that differ), or
                files of a run without its configuration; or ``path`` is a file.
        """
        if not str(path):
            raise RunDirError("--run_dir is empty: give the folder of the run, e.g. --run_dir=runs/first")
        run = cls(path)
        if run.path.exists() and not run.path.is_dir():
            raise RunDirError(f"--run_dir={run.path}: is a file, not a folder; choose another --run_dir")
        if reason := why_not_writable(run.path):
            raise RunDirError(
                f"--run_dir={run.path}: nothing can be written there ({reason}); choose another --run_dir"
            )
        run._may_continue = more_epochs
        run._refuse_another(config)
        return run

    @classmethod
    def create(cls, path: str | os.PathLike[str], config: Config) -> RunDir:
        """Make a run folder that describes itself, or return the existing one of the same configuration.

        A training does so in two steps, with a look at the data between them: `prepare` and `record`.

        Args:
            path: the folder; made with its parents if absent.
            config: the resolved configuration, saved as ``config.json``.

        Raises:
            RunDirError: as for `prepare`; or another process is training in the folder.
        """
        run = cls.prepare(path, config)
        with run.lock():
            run.record(config)
        return run

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> RunDir:
        """Return an existing run.

        Raises:
            RunDirError: no such folder, or it is not a run.
        """
        run = cls(path)
        if not str(path) or not run.path.is_dir():
            raise RunDirError(f"--run_dir={path}: no such folder; irmas train --run_dir=... makes one")
        if not run.config_path.exists():
            raise RunDirError(f"--run_dir={run.path}: is not a run: it has no {run.config_path.name}")
        return run

    def load_config(self) -> Config:
        """Return the configuration of the run.

        Raises:
            RunDirError: ``config.json`` is unreadable, or has settings this version does not know or allow.
        """
        try:
            return Config.from_dict(read_json(self.config_path))
        except OSError as error:
            raise RunDirError(f"{self.config_path}: cannot be read ({error.strerror})") from error
        except ConfigError as error:
            raise RunDirError(f"{self.config_path}: {error}; was it written by another version of irmas_tf?") from error
        except (ValueError, TypeError, AttributeError) as error:
            raise RunDirError(f"{self.config_path}: is not the JSON of a configuration ({reason_of(error)})") from error

    def load_pretrained(self) -> list[dict[str, Any]] | None:
        """Return where the weights of pretrained networks came from, and their licences; None if there are none.

        Raises:
            RunDirError: ``pretrained.json`` is damaged; without the licences nothing may leave the house.
        """
        try:
            return read_json(self.pretrained_path)
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise RunDirError(
                f"{self.pretrained_path}: is damaged ({reason_of(error)}); restore it, it names a licence"
            ) from error

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run for this process; the system lets go of it however the process ends.

        Makes the folder if it is absent, and removes temporary files that a killed process left.

        Raises:
            RunDirError: another process is training in this folder.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if not self.lock_path.exists():  # a finished run's folder stays as it is
            self.lock_path.touch()
        with exclusive(self.lock_path, RunDirError(f"--run_dir={self.path}: another process is training here")):
            remove_leftovers_below(self.path)
            yield

    @property
    def is_started(self) -> bool:
        """Whether there is anything of a training: a checkpoint or what is written after it."""
        if any(path.exists() for path in (self.model_path, self.last_model_path, self.history_path)):
            return True
        found = self.checkpoints_dir.iterdir() if self.checkpoints_dir.is_dir() else ()
        return any(not path.name.startswith(TEMPORARY_PREFIX) for path in found)

    def belongs_to(self, config: Config) -> bool:
        """Return whether the folder's files are of a run with these settings, `CHANGEABLE_ON_RESUME` aside.

        So they are if it is to be continued for more epochs.

        Raises:
            RunDirError: ``config.json`` is not a configuration.
        """
        if not self.config_path.exists():
            return False
        saved = self.load_config()
        return not _different_settings(saved, config) or (self.continues and _differ_in_epochs(saved, config))

    def record(self, config: Config) -> None:
        """Write ``config.json`` and ``versions.json``; the caller holds the `lock`, and has found the data.

        Settings in `CHANGEABLE_ON_RESUME` may differ from the saved ones. All may as long as no checkpoint has been
        written: a start that failed is not a run, and what it left is dropped.

        Raises:
            RunDirError: as for `prepare`.
        """
        self._refuse_another(config)
        if not self.is_started:
            for name in _OF_THE_START:
                (self.path / name).unlink(missing_ok=True)  # weights are loaded anew, or now there are none
        if not self.belongs_to(config):
            self.split_path.unlink(missing_ok=True)
            self.versions_path.unlink(missing_ok=True)
        self._record_versions()
        if self.about_data is not None:
            self._record_data(self.about_data)
        # Last, so that a folder with a configuration is complete.
        text = config.to_json()
        if not self.config_path.exists() or self.config_path.read_text(encoding="utf-8") != text:
            write_text_atomic(self.config_path, text)

    def _refuse_another(self, config: Config) -> None:
        """Raise `RunDirError` if the folder is a run of another configuration, or has lost its own."""
        if self.config_path.exists():
            saved = self.load_config()
            differences = _different_settings(saved, config)
            if differences and self.is_started:
                if self._may_continue and _differ_in_epochs(saved, config):
                    self.continues = True
                    return
                raise RunDirError(
                    f"--run_dir={self.path}: holds a run with other settings: {'; '.join(differences)}."
                    " Choose another --run_dir, or give the settings of the run to go on with it"
                )
            return
        ours = (self.model_path, self.last_model_path, self.checkpoints_dir, self.history_path, self.split_path)
        if found := [path.name for path in ours if path.exists()]:
            raise RunDirError(
                f"--run_dir={self.path}: has {', '.join(found)} but no {self.config_path.name};"
                " choose another --run_dir or remove the folder"
            )

    def _record_data(self, about: dict[str, Any]) -> None:
        """Write ``data.json``, and the same to the log."""
        write_json_atomic(self.data_path, about)
        lines = [f"data: {about['folder']}", *(f"note: {note}" for note in about["notes"])]
        with self.log_path.open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.writelines(f"{line}\n" for line in lines)

    def _record_versions(self) -> None:
        """Write ``versions.json``; a resumption under other versions is added to its list ``resumed_with``."""
        now = collect_versions()
        if not self.versions_path.exists():
            write_json_atomic(self.versions_path, now)
            return
        try:
            first = read_json(self.versions_path)
            later = first.get("resumed_with", [])
        except (ValueError, AttributeError):
            print(f"warning: {self.versions_path} was unreadable and is written anew", file=sys.stderr)
            write_json_atomic(self.versions_path, now)
            return
        latest = later[-1] if later else {key: value for key, value in first.items() if key != "resumed_with"}
        if latest != now:
            write_json_atomic(self.versions_path, {**first, "resumed_with": [*later, now]})
