"""Files wherever Beam reaches: local paths, gs://, s3://, hdfs:// and more, as far as they are installed."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence

from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems

from irmas_tf.audio.decode import AudioError
from irmas_tf.audio.heard import Heard
from irmas_tf.audio.wav_upload import wav_upload
from irmas_tf.process.held_temporary import temporary_folder
from irmas_tf.process.places import why_no_file


class BeamFilesError(ValueError):
    """Files are missing or in the way; the message names them and the remedy."""


def is_remote(path: str) -> bool:
    """Return whether a path needs one of Beam's filesystems."""
    return "://" in path


def is_folder(path: str) -> bool:
    """Return whether a path is a folder, or what some stores keep in the place of one."""
    return path.endswith("/") if is_remote(path) else os.path.isdir(path)


def rooted(pattern: str) -> str:
    """Return a pattern as Beam wants it: one of names alone ("*.wav") matches nothing without its folder."""
    return pattern if "/" in pattern else f"./{pattern}"


def reason_of(error: OSError) -> str:
    """Return what is wrong in one line; Beam puts the causes into a dict."""
    causes = getattr(error, "exception_details", None) or {}
    text = "; ".join(str(cause) for cause in causes.values()) or error.strerror or str(error)
    return " ".join(text.split())


def match_problem(error: OSError | ValueError) -> str:
    """Return why files could not be looked for; a ValueError says that there is no filesystem for the scheme."""
    return reason_of(error) if isinstance(error, OSError) else " ".join(str(error).split())


def require_matches(patterns: Sequence[str]) -> None:
    """Refuse patterns that match nothing, before any worker is started.

    Raises:
        BeamFilesError: nothing matches, or the place cannot be read.
    """
    for pattern in patterns:
        if is_folder(pattern):
            raise BeamFilesError(f"--input={pattern}: is a folder; write {pattern.rstrip('/')}/** for the files in it")
        try:
            (matched,) = FileSystems.match([rooted(pattern)], limits=[1])
        except (OSError, ValueError) as error:
            raise BeamFilesError(f"--input={pattern}: cannot be read ({match_problem(error)})") from error
        if not matched.metadata_list:
            raise BeamFilesError(f"--input={pattern}: matches no files")


def clear_outputs(patterns: Sequence[str], overwrite: bool) -> None:
    """Refuse to mix new shards with old ones, or delete the old ones.

    Raises:
        BeamFilesError: there are some, and they may not be deleted.
    """
    try:
        matched = FileSystems.match(list(patterns))
    except BeamIOError:  # the folder does not exist yet
        return
    except ValueError as error:
        raise BeamFilesError(f"--output: {match_problem(error)}") from error
    present = [file.path for result in matched for file in result.metadata_list]
    if present and not overwrite:
        raise BeamFilesError(
            f"{present[0]}: is already there (and {len(present) - 1} more); give --overwrite, or another --output"
        )
    if present:
        FileSystems.delete(present)


def require_place(output: str) -> None:
    """Refuse a prefix of outputs on this machine where nothing can be written, before the work; others are Beam's.

    Raises:
        BeamFilesError: the message says why nothing can be written there.
    """
    if "://" not in output and (reason := why_no_file(f"{output}-00000")):
        raise BeamFilesError(f"--output={output}: {reason}")


def read_upload(path: str, rate_hz: int, max_bytes: int, heard: Heard | None = None) -> bytes:
    """Return the bytes of a WAV file with a file's audio (`irmas_tf.audio.wav_upload`), from wherever it is.

    Args:
        path: file of any format.
        rate_hz: the model's rate.
        max_bytes: most bytes to return, and to fetch four times of.
        heard: gathers what is odd about the file.

    Raises:
        AudioError: it is not audio, or too long.
        OSError: it cannot be read.
    """
    if not is_remote(path):
        return wav_upload(path, rate_hz, max_bytes, heard)
    with temporary_folder() as folder:
        local = folder / (os.path.basename(path) or "clip")
        try:
            with FileSystems.open(path, compression_type="uncompressed") as source, local.open("wb") as target:
                while block := source.read(1 << 20):
                    target.write(block)
                    if target.tell() > 4 * max_bytes:
                        raise AudioError(path, f"is too large ({4 * max_bytes / 2**20:.3g} MB and more); cut it")
        except BeamIOError as error:
            raise OSError(reason_of(error)) from error
        return wav_upload(local, rate_hz, max_bytes, heard)


@contextlib.contextmanager
def local_saved_model(folder: str) -> Iterator[str]:
    """Yield a SavedModel's folder on this machine; a copy that is removed afterwards if it is elsewhere.

    Raises:
        BeamFilesError: there is no SavedModel.
    """
    if not is_remote(folder):
        yield folder
        return
    base = folder.rstrip("/") + "/"
    try:
        (matched,) = FileSystems.match([f"{base}**"])
    except (OSError, ValueError) as error:
        raise BeamFilesError(f"--saved_model={folder}: cannot be read ({match_problem(error)})") from error
    if not any(file.path == f"{base}saved_model.pb" for file in matched.metadata_list):
        raise BeamFilesError(f"--saved_model={folder}: has no saved_model.pb; name the folder of an exported version")
    with temporary_folder() as copy:
        for file in matched.metadata_list:
            target = copy / file.path.removeprefix(base)
            if is_folder(file.path):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with FileSystems.open(file.path, compression_type="uncompressed") as source, target.open("wb") as out:
                shutil.copyfileobj(source, out)
        yield str(copy)
