"""Where exports go: free and writable, which is found out before the work and without TensorFlow."""

from __future__ import annotations

from pathlib import Path

from irmas_tf.process.places import why_not_writable, why_too_small


class ExportError(ValueError):
    """Something cannot be exported; the message says what and the remedy."""


def choose_version(base: Path, version: int, overwrite: bool) -> int:
    """Return the version to write below ``base``; 0 asks for the one after the highest that is there.

    Raises:
        ExportError: the version is there and may not be overwritten.
    """
    present = [int(path.name) for path in base.iterdir() if path.name.isdecimal()] if base.is_dir() else []
    if version == 0:
        return max(present, default=0) + 1
    if version in present and not overwrite:
        raise ExportError(f"{base / str(version)}: is already there; give --overwrite, or another --model_version")
    return version


def require_writable(out: str, folder: Path) -> None:
    """Refuse a folder that cannot be made or written to before the work, not after minutes of it.

    Raises:
        ExportError: files cannot be made in it.
    """
    if reason := why_not_writable(folder):
        raise ExportError(
            f"--out={out}: nothing can be written to the folder {folder} ({reason}); choose another place"
        )


def require_free(out: str, target: Path, overwrite: bool) -> None:
    """Refuse a target that is there already, or cannot be written.

    Raises:
        ExportError: the message says what is wrong with it.
    """
    if target.is_dir():
        raise ExportError(f"--out={out}: is a folder; name a file")
    if target.exists() and not overwrite:
        raise ExportError(f"--out={out}: is already there; give --overwrite, or another name")
    require_writable(out, target.parent)


def require_room(out: str, folder: Path, weight_bytes: float) -> None:
    """Refuse a disk on which not even the weights find room, before they are converted.

    Args:
        out: the flag's value.
        folder: where the artefact goes; need not be there.
        weight_bytes: of the weights as the artefact holds them.

    Raises:
        ExportError: less is free there.
    """
    if reason := why_too_small(folder, weight_bytes):
        raise ExportError(f"--out={out}: {reason}")
