"""From a run to artefacts that passed the acceptance check: what the export commands do; they print the outcome."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from irmas_tf.config.settings import ConfigError
from irmas_tf.deploy.export_inputs import LoadedRun, load_run, open_finished_run, training_windows
from irmas_tf.deploy.places import choose_version, require_free, require_room, require_writable
from irmas_tf.inference.artefacts import ARTEFACTS, Artefact, Writable, recognise
from irmas_tf.inference.run_data import look_at_sides
from irmas_tf.inference.run_folder import RUN_FOLDER
from irmas_tf.inference.window_model import ModelError
from irmas_tf.process.atomic_files import atomic_path
from irmas_tf.process.held_temporary import held_folder, made_folder, remove_leftovers, working_folder
from irmas_tf.process.shell_words import shell_path
from irmas_tf.runs.run_dir import RunDir

if TYPE_CHECKING:
    from irmas_tf.deploy.acceptance import Report

REPRESENTATIVE_WINDOWS = 200
"""For int8, with a window of silence, which short clips are padded with. No clicks and noise: they stretch the ranges,
and the rest gets coarser steps."""
_SHARE_OF_FLOAT32 = {"none": 1.0, "float16": 0.5, "dynamic": 0.25, "int8": 0.25}


@runtime_checkable
class SelfChecking(Protocol):
    """A kind of artefact with an acceptance check of its own."""

    def check(self, path: Path, loaded: LoadedRun, data_dir: str = "", label: str = "") -> Report:
        """Return the report on an artefact that was made from a run; arguments as for `accept`."""
        ...


@dataclasses.dataclass(frozen=True)
class Export:
    """An artefact that was written.

    Attributes:
        path: where it is.
        report: of its acceptance check, which it passed.
        notes: what is to be said about it.
    """

    path: Path
    report: Report
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """Return it for a terminal: the report, the notes, the path."""
        notes = "".join(f"note: {note}\n" for note in self.notes)
        return f"{self.report.table()}{notes}exported: {self.path}\n"


def accept(kind: Artefact, path: Path, loaded: LoadedRun, data_dir: str = "", label: str = "") -> Report:
    """Return the report of an artefact that passes its acceptance check.

    Args:
        kind: of the artefact.
        path: where it is.
        loaded: the run that it was made from.
        data_dir: folder of the data set, where the check wants it; empty is the one the run was trained on.
        label: what the report calls the artefact; its path by default.

    Raises:
        AcceptanceError: a check failed; it holds the report.
    """
    from irmas_tf.deploy.window_check import check_windows

    if isinstance(kind, SelfChecking):
        report = kind.check(path, loaded, data_dir, label)
    else:
        report = check_windows(kind, path, loaded, label)
    report.raise_if_failed()
    return report


def _weight_bytes(loaded: LoadedRun) -> int:
    return sum(weight.nbytes for weight in loaded.model.get_weights())


def _notes(loaded: LoadedRun) -> tuple[str, ...]:
    """Return what is to be said if what was exported carries no scores."""
    if loaded.facts["metrics"] is not None:
        return ()
    run_dir, folder = shell_path(loaded.run.path), loaded.run.evaluation_dir("validation")
    reason = f" (those in {folder} are not known to be of this model)" if (folder / "metrics.json").exists() else ""
    return (f"no scores inside{reason}; irmas evaluate --run_dir={run_dir} --split=validation, then export again",)


@working_folder()
def export_saved_model(run_dir: str, out: str, name: str, version: int = 0, overwrite: bool = False) -> Export:
    """Export a run as a SavedModel, checked; the path is the folder of the version.

    Args:
        run_dir: folder of the trained run.
        out, name: the versions are folders below OUT/NAME.
        version: 0 is the one after the highest.
        overwrite: replace the version if it is there.

    Raises:
        RunDirError, ModelError: the run cannot be used.
        ExportError: the version is there already, nothing can be written there, or its disk is too small.
        AcceptanceError: the SavedModel does not compute what the model does; nothing is left of it.
    """
    base = Path(out).expanduser() / name
    choose_version(base, version, overwrite)  # before the work
    require_writable(out, base)
    loaded = load_run(run_dir)
    require_room(out, base, _weight_bytes(loaded))
    from irmas_tf.deploy import saved_model
    from irmas_tf.deploy.saved_model_artefact import SAVED_MODEL

    reports: list[Report] = []

    def check(folder: Path) -> None:
        reports.append(accept(SAVED_MODEL, folder, loaded, label=f"SavedModel of {run_dir}"))

    folder = saved_model.export_saved_model(
        loaded.model, loaded.config, loaded.facts, base, version=version, overwrite=overwrite, check=check
    )
    return Export(folder, reports[0], _notes(loaded))


@working_folder()
def export_tflite(
    run_dir: str, out: str, quantization: str = "none", data_dir: str = "", overwrite: bool = False
) -> Export:
    """Export a run as a .tflite file with metadata, checked.

    Args:
        run_dir: folder of the trained run.
        out: file to write.
        quantization: one of `irmas_tf.deploy.tflite.QUANTIZATIONS`.
        data_dir: folder of the data set, which int8 takes its ranges from and is scored on; empty is the one the run
            was trained on.
        overwrite: replace the file if it is there.

    Raises:
        RunDirError, ModelError: the run cannot be used.
        ExportError: the file is there already, or cannot be written, its disk is too small, or the quantisation needs
            something that is not there.
        DataError: int8 wants data that is not there.
        AcceptanceError: the file does not compute what the model does; nothing is left of it.
    """
    target = Path(out).expanduser()
    if target.suffix != ".tflite":
        raise ConfigError(f"--out={out}: end the name in .tflite")
    require_free(out, target, overwrite)
    if quantization == "int8":
        live = open_finished_run(run_dir)
        look_at_sides(live.run, live.config, data_dir)
    loaded = load_run(run_dir)
    require_room(out, target.parent, _weight_bytes(loaded) * _SHARE_OF_FLOAT32[quantization])
    from irmas_tf.deploy.tflite import convert
    from irmas_tf.deploy.tflite_artefact import TFLITE
    from irmas_tf.tflite.metadata import embed

    representative = None
    if quantization == "int8":
        music = training_windows(loaded, data_dir, REPRESENTATIVE_WINDOWS)
        representative = np.concatenate([music, np.zeros_like(music[:1])])
    content = convert(loaded.model, loaded.config, quantization, representative)
    with atomic_path(target) as temporary:
        temporary.write_bytes(embed(content, {**loaded.facts, "quantization": quantization}))
        report = accept(TFLITE, temporary, loaded, data_dir, label=f"TFLite file of {run_dir}")
    return Export(target, report, _notes(loaded))


def check_run(run_dir: str, out: str, overwrite: bool) -> None:
    """Refuse what an export to a file would refuse, as far as that can be seen without TensorFlow; arguments as below.

    Raises:
        RunDirError, ModelError, ExportError: the run cannot be used, or the file is there already or cannot be written.
    """
    require_free(out, Path(out).expanduser(), overwrite)
    open_finished_run(run_dir)


@working_folder()
def export_artefact(kind: str, run_dir: str, out: str, overwrite: bool = False) -> Export:
    """Export a run as any kind of artefact that can be written, checked; for kinds that other packages register.

    Args:
        kind: its name in `irmas_tf.inference.artefacts.ARTEFACTS`.
        run_dir: folder of the trained run.
        out: file or folder to write.
        overwrite: replace a file that is there; a folder never is.

    Raises:
        ConfigError: this kind cannot be written.
        RunDirError, ModelError: the run cannot be used.
        ExportError: there is something already, or nothing can be written there.
        AcceptanceError: it does not compute what the model does; nothing is left of it.
    """
    writer = ARTEFACTS.get(kind)
    if not isinstance(writer, Writable):
        raise ConfigError(f"{kind}: {writer.description} cannot be written by an export")
    target = Path(out).expanduser()
    require_free(out, target, overwrite)
    loaded = load_run(run_dir)
    with made_folder(target.parent):
        remove_leftovers(target.parent)
        with held_folder(target.parent) as folder:  # in which it may be a file or a folder
            temporary = folder / target.name
            writer.write(loaded.model, loaded.config, loaded.facts, temporary)
            report = accept(writer, temporary, loaded, label=f"{kind} of {run_dir}")
            temporary.replace(target)
    return Export(target, report, _notes(loaded))


@working_folder()
def check_artefact(artefact: str, run_dir: str, data_dir: str = "", keep: bool = False) -> Report:
    """Check an artefact against its run; if a check fails, delete it.

    Args:
        artefact: folder of a SavedModel's version, a .tflite file, or what else is registered.
        run_dir: the run it was made from.
        data_dir: as for `export_tflite`.
        keep: leave a failed artefact where it is.

    Raises:
        ConfigError: it is no artefact, or made from another run (it is then left alone).
        ExportError: it does not say what it was made from (it is left alone, too).
        AcceptanceError: a check failed; it holds the report.
    """
    from irmas_tf.deploy.acceptance import AcceptanceError

    path = Path(artefact).expanduser()
    RunDir.open(run_dir)
    try:
        _, kind = recognise(path)
    except ModelError as error:
        raise ConfigError(str(error)) from error
    if kind is RUN_FOLDER:
        raise ConfigError(f"{artefact}: is a run; name what was exported from it")
    written = kind.read_facts(path)
    loaded = load_run(run_dir)
    for name in ("config_hash", "model_sha256"):
        # It may be a good one, and must not be deleted for the difference.
        if written.get(name) != loaded.facts[name]:
            raise ConfigError(
                f"{artefact}: was not made from --run_dir={loaded.run.path} as it is now ({name} differs);"
                " name its own run, or export again"
            )
    try:
        return accept(kind, path, loaded, data_dir)
    except AcceptanceError as error:
        if keep:
            raise
        if path.is_dir():
            from irmas_tf.deploy import saved_model

            saved_model.remove_version(path.resolve())
        else:
            path.unlink()
        raise AcceptanceError(f"{error}. It was deleted", error.report) from error
