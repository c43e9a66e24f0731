"""From a run to artefacts that passed the acceptance check: the work of the export commands."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from irmas_tf.config.settings import ConfigError
from irmas_tf.deploy.export_inputs import LoadedRun, load_run, training_windows, validation_accuracy
from irmas_tf.process.atomic_files import atomic_path

if TYPE_CHECKING:
    from irmas_tf.deploy.acceptance import Report

REPRESENTATIVE_WINDOWS = 200
"""For int8, with a window of silence, which short clips are padded with. No clicks and noise: they stretch the ranges,
and the rest gets coarser steps."""


def _accept(report: Report) -> None:
    """Print a report.

    Raises:
        AcceptanceError: a check failed.
    """
    print(report.table(), end="", flush=True)
    report.raise_if_failed()


def _note_scores(loaded: LoadedRun, run_dir: str) -> None:
    """Say so if what was exported carries no scores."""
    if loaded.facts["metrics"] is None:
        print(
            f"note: no scores inside; python -m irmas_tf.evaluate --run_dir={run_dir} --split=validation, then export"
            " again"
        )


def _require_writable(out: str, folder: Path) -> None:
    """Refuse a folder that cannot be made or written to before the work, not after minutes of it.

    Raises:
        ExportError: files cannot be made in it.
    """
    from irmas_tf.deploy.saved_model import ExportError

    # It is made with what is written: nothing is left of an export that fails.
    present = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    try:
        # Permissions alone do not tell: root has them all, and the disk may be read-only.
        with tempfile.TemporaryFile(dir=present):
            pass
    except OSError as error:
        raise ExportError(
            f"--out={out}: nothing can be written to the folder {folder} ({error.strerror}); choose another place"
        ) from error


def export_saved_model(run_dir: str, out: str, name: str, version: int = 0, overwrite: bool = False) -> Path:
    """Export a run as a SavedModel, checked, and return the folder of the version.

    Args:
        run_dir: folder of the trained run.
        out, name: the versions are folders below OUT/NAME.
        version: 0 is the one after the highest.
        overwrite: replace the version if it is there.

    Raises:
        RunDirError, ModelError: the run cannot be used.
        ExportError: the version is there already, or nothing can be written there.
        AcceptanceError: the SavedModel does not compute what the model does; nothing is left of it.
    """
    from irmas_tf.deploy import saved_model
    from irmas_tf.deploy.saved_model_check import check_saved_model

    base = Path(out).expanduser() / name
    saved_model.choose_version(base, version, overwrite)  # before the work
    _require_writable(out, base)
    loaded = load_run(run_dir)

    def check(folder: Path) -> None:
        _accept(check_saved_model(folder, loaded.facts, loaded.live, loaded.music, label=f"SavedModel of {run_dir}"))

    folder = saved_model.export_saved_model(
        loaded.model, loaded.config, loaded.facts, base, version=version, overwrite=overwrite, check=check
    )
    _note_scores(loaded, run_dir)
    return folder


def export_tflite(
    run_dir: str, out: str, quantization: str = "none", data_dir: str = "", overwrite: bool = False
) -> Path:
    """Export a run as a .tflite file with metadata, checked, and return its path.

    Args:
        run_dir: folder of the trained run.
        out: file to write.
        quantization: one of `irmas_tf.deploy.tflite.QUANTIZATIONS`.
        data_dir: folder of the data set, which int8 takes its ranges from and is scored on; empty is the one the run
            was trained on.
        overwrite: replace the file if it is there.

    Raises:
        RunDirError, ModelError: the run cannot be used.
        ExportError: the file is there already, or cannot be written, or the quantisation needs something that is not
            there.
        DataError: int8 wants data that is not there.
        AcceptanceError: the file does not compute what the model does; nothing is left of it.
    """
    from irmas_tf.deploy.saved_model import ExportError
    from irmas_tf.deploy.tflite import convert
    from irmas_tf.deploy.tflite_check import check_tflite
    from irmas_tf.deploy.tflite_metadata import embed

    target = Path(out).expanduser()
    if target.suffix != ".tflite":
        raise ConfigError(f"--out={out}: end the name in .tflite")
    if target.is_dir():
        raise ExportError(f"--out={out}: is a folder; name a file")
    if target.exists() and not overwrite:
        raise ExportError(f"--out={out}: is already there; give --overwrite, or another name")
    _require_writable(out, target.parent)
    loaded = load_run(run_dir)
    representative = None
    if quantization == "int8":
        music = training_windows(loaded, data_dir, REPRESENTATIVE_WINDOWS)
        representative = np.concatenate([music, np.zeros_like(music[:1])])
    content = convert(loaded.model, loaded.config, quantization, representative)
    with atomic_path(target) as temporary:
        temporary.write_bytes(embed(content, {**loaded.facts, "quantization": quantization}))
        _accept(
            check_tflite(
                temporary,
                loaded.facts,
                loaded.live,
                loaded.music,
                label=f"TFLite file of {run_dir}",
                accuracy=functools.partial(_accuracies, loaded, data_dir),
            )
        )
    _note_scores(loaded, run_dir)
    return target


def _accuracies(
    loaded: LoadedRun, data_dir: str, probabilities: Callable[[np.ndarray], np.ndarray]
) -> tuple[float, float, int]:
    """Return (accuracy of the run's model, of another function of windows, number of excerpts), on validation."""
    before, excerpts = validation_accuracy(loaded, data_dir)
    after, _ = validation_accuracy(loaded, data_dir, probabilities)
    return before, after, excerpts


def check_artefact(artefact: str, run_dir: str, data_dir: str = "", keep: bool = False) -> None:
    """Check an artefact against its run, print the report, and delete the artefact if a check fails.

    Args:
        artefact: folder of a SavedModel's version, or a .tflite file.
        run_dir: the run it was made from.
        data_dir: as for `export_tflite`.
        keep: leave a failed artefact where it is.

    Raises:
        ConfigError: it is neither, or made from another run (it is then left alone).
        ExportError: it does not say what it was made from (it is left alone, too).
        AcceptanceError: a check failed.
    """
    from irmas_tf.deploy import saved_model, tflite_metadata
    from irmas_tf.deploy.acceptance import AcceptanceError
    from irmas_tf.deploy.saved_model_check import check_saved_model
    from irmas_tf.deploy.tflite_check import check_tflite

    path = Path(artefact).expanduser()
    is_folder = (path / "saved_model.pb").is_file()
    if not is_folder and not path.is_file():
        raise ConfigError(f"{artefact}: is neither the folder of a SavedModel's version nor a .tflite file")
    written = saved_model.read_facts(path) if is_folder else tflite_metadata.read_facts(path)
    loaded = load_run(run_dir)
    _check_origin(artefact, written, loaded)
    try:
        if is_folder:
            report = check_saved_model(path, loaded.facts, loaded.live, loaded.music)
        else:
            accuracy = functools.partial(_accuracies, loaded, data_dir)
            report = check_tflite(path, loaded.facts, loaded.live, loaded.music, accuracy=accuracy)
        _accept(report)
    except AcceptanceError as error:
        if keep:
            raise
        if is_folder:
            saved_model.remove_version(path.resolve())
        else:
            path.unlink()
        raise AcceptanceError(f"{error}. It was deleted") from error


def _check_origin(artefact: str, written: dict[str, object], loaded: LoadedRun) -> None:
    """Refuse an artefact of another run: it may be a good one, and must not be deleted for the difference."""
    for name in ("config_hash", "model_sha256"):
        if written.get(name) != loaded.facts[name]:
            raise ConfigError(
                f"{artefact}: was not made from --run_dir={loaded.run.path} as it is now ({name} differs);"
                " name its own run, or export again"
            )
