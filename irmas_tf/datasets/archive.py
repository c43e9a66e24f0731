"""Safe and atomic extraction of a zip file: nothing leaves the target folder, and the target is complete or absent."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import stat
import struct
import sys
import unicodedata
import zipfile
import zlib
from pathlib import Path

from irmas_tf.datasets.irmas_layout import MANIFEST_NAME, display, is_ignored
from irmas_tf.downloads.http_download import DownloadError, disk_full, require_space
from irmas_tf.process.bounded_json import read_json
from irmas_tf.process.full_disks import bytes_in_words
from irmas_tf.process.held_temporary import held_folder, remove_leftovers
from irmas_tf.process.printable import shortened

MAX_ENTRIES = 50_000
MAX_TOTAL_BYTES = 20 << 30
MAX_NAME = 1000
# Sound compresses by 1.1-3; digital silence and text by much more, but a file of a megabyte at 200 is a bomb.
MAX_RATIO = 200
_RATIO_APPLIES_FROM_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 18
# What zipfile and zlib raise, beside BadZipFile, when the bytes of an archive make no sense.
_DAMAGE = (EOFError, NotImplementedError, OverflowError, RuntimeError, ValueError, struct.error, zlib.error)
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UTF8_FLAG = 0x800
_ENCRYPTED_FLAG = 0x1


class ArchiveError(DownloadError):
    """A zip file is damaged or unsafe; nothing was extracted."""


def _entry_name(info: zipfile.ZipInfo) -> str:
    """Return an entry's name; names stored as UTF-8 without the flag that says so are repaired.

    zipfile decodes such names as code page 437. Several archivers (macOS among them) write plain UTF-8 instead.
    """
    name = info.orig_filename
    if not info.flag_bits & _UTF8_FLAG:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name


def unsafe_entry(archive_path: Path, name: str, reason: str) -> ArchiveError:
    """Return the error for an entry that must not be extracted."""
    return ArchiveError(
        f"{display(archive_path)}: unsafe archive: entry '{shortened(name)}' {reason}; nothing was extracted."
        " Delete the file and fetch it from the official source"
    )


def name_parts(archive_path: Path, name: str) -> tuple[str, ...]:
    """Return the folder and file names in the name of an entry.

    Raises:
        ArchiveError: the entry could leave the target folder, or its name is none for a file.
    """
    path = name.replace("\\", "/")
    parts = tuple(p for p in path.split("/") if p not in ("", "."))
    reason = ""
    if any(unicodedata.category(letter) == "Cc" for letter in path):
        reason = "has a control character in its name"
    elif len(path) > MAX_NAME or any(len(part.encode("utf-8", "surrogatepass")) > 255 for part in parts):
        reason = "has a name that is too long"
    elif path.startswith("/"):
        reason = "is an absolute path"
    elif re.match(r"[A-Za-z]:", path):
        reason = "names a drive"
    elif ".." in parts:
        reason = "leaves the target folder"
    if reason:
        raise unsafe_entry(archive_path, name, reason)
    return parts


class FileNames:
    """The files of an archive so far: each once, and none of them a folder as well."""

    def __init__(self, archive_path: Path) -> None:
        self._archive_path = archive_path
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def add(self, parts: tuple[str, ...]) -> None:
        """Take a file by the names of its folders and its own.

        Raises:
            ArchiveError: it is there already, or a folder of its name is, or a file of the name of a folder of it.
        """
        # Names that differ in case or normalisation only are one file on macOS and Windows.
        key = unicodedata.normalize("NFC", "/".join(parts)).casefold()
        folders = {key[:end] for end, letter in enumerate(key) if letter == "/"}
        if key in self._files:
            raise unsafe_entry(self._archive_path, "/".join(parts), "occurs twice")
        if key in self._folders or folders & self._files:
            raise unsafe_entry(self._archive_path, "/".join(parts), "is a file and a folder")
        self._files.add(key)
        self._folders |= folders


def _safe_parts(zip_path: Path, info: zipfile.ZipInfo) -> tuple[str, ...]:
    """Return the folder and file names of an entry, or () for a folder or litter.

    Raises:
        ArchiveError: the entry could leave the target folder or is not a plain file.
    """
    name = _entry_name(info)
    parts = name_parts(zip_path, name)

    def refuse(reason: str) -> ArchiveError:
        return unsafe_entry(zip_path, name, reason)

    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise refuse("is a symbolic link")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise refuse("is a device or pipe")
    if info.flag_bits & _ENCRYPTED_FLAG:
        raise refuse("is encrypted")
    if info.compress_type not in _COMPRESSIONS:
        raise refuse(f"uses compression method {info.compress_type}")
    if name.endswith(("/", "\\")) or kind == stat.S_IFDIR or any(is_ignored(p) for p in parts):
        return ()
    return parts


def _plan(zip_path: Path, archive: zipfile.ZipFile) -> list[tuple[zipfile.ZipInfo, tuple[str, ...]]]:
    """Check every entry before anything is written, and return what to extract."""
    infos = archive.infolist()
    if len(infos) > MAX_ENTRIES:
        raise ArchiveError(f"{display(zip_path)}: unsafe archive: {len(infos)} entries, at most {MAX_ENTRIES} allowed")
    plan, names, total = [], FileNames(zip_path), 0
    for info in infos:
        parts = _safe_parts(zip_path, info)
        if not parts:
            continue
        names.add(parts)
        total += info.file_size
        if info.file_size >= _RATIO_APPLIES_FROM_BYTES and info.file_size > MAX_RATIO * max(1, info.compress_size):
            raise unsafe_entry(zip_path, "/".join(parts), f"would grow {MAX_RATIO}-fold or more")
        plan.append((info, parts))
    if total > MAX_TOTAL_BYTES:
        raise ArchiveError(
            f"{display(zip_path)}: unsafe archive: {bytes_in_words(total)} unpacked, at most"
            f" {bytes_in_words(MAX_TOTAL_BYTES)} allowed"
        )
    if not plan:
        raise ArchiveError(f"{display(zip_path)}: holds no files")
    return plan


def _write_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(info) as source, open(target, "xb") as file:
        while chunk := source.read(_CHUNK_BYTES):
            written += len(chunk)
            if written > info.file_size:  # the directory of the archive lied about the size
                raise zipfile.BadZipFile(f"{info.filename!r} is larger than the archive says")
            file.write(chunk)
    if written != info.file_size:
        raise zipfile.BadZipFile(f"{info.filename!r} is shorter than the archive says")


def put_in_place(source: Path, target: Path, archive_path: Path, md5: str | None, sizes: dict[str, int]) -> None:
    """Move what was extracted to its place, with a manifest in it that says that it is all there.

    Args:
        source: folder with everything.
        target: its place; files of an earlier, incomplete copy are replaced one by one, others stay.
        archive_path: where it is from.
        md5: checksum of that, if it is known.
        sizes: relative name -> bytes of each file.
    """
    manifest = {"archive": archive_path.name, "md5": md5, "files": dict(sorted(sizes.items()))}
    (source / MANIFEST_NAME).write_text(json.dumps(manifest, indent=0) + "\n", encoding="utf-8")
    if not target.exists():
        os.rename(source, target)
        return
    for path in sorted(source.rglob("*")):
        destination = target / path.relative_to(source)
        if path.is_dir():
            destination.mkdir(parents=True, exist_ok=True)
        elif path.name != MANIFEST_NAME:
            os.replace(path, destination)
    os.replace(source / MANIFEST_NAME, target / MANIFEST_NAME)  # last: it says that everything is there


def extract_archive(zip_path: Path, target: Path, *, md5: str | None = None, progress: bool = True) -> int:
    """Extract a zip file into the folder ``target`` and return the number of files.

    A single top folder of the same name inside the archive is not repeated. Everything is written to a temporary
    folder beside ``target`` that takes its name only when complete, with a manifest of names and sizes in it
    (`irmas_tf.datasets.irmas_layout.MANIFEST_NAME`).

    Raises:
        ArchiveError: damaged, unsafe or implausibly large archive; nothing is left behind.
        DownloadError: not enough disk space.
    """
    from tqdm import tqdm

    try:
        with zipfile.ZipFile(zip_path) as archive:
            plan = _plan(zip_path, archive)
            require_space(target.parent, sum(info.file_size for info, _ in plan), f"the contents of {zip_path.name}")
            with held_folder(target.parent) as temporary:
                tops = {parts[0] for _, parts in plan}
                strip = len(tops) == 1 and next(iter(tops)).casefold() == target.name.casefold()
                root = temporary / "content"
                root.mkdir()
                sizes = {}
                for info, parts in tqdm(
                    plan, f"unpacking {zip_path.name}", unit="file", disable=None if progress else True
                ):
                    inside = parts[1:] if strip and len(parts) > 1 else parts
                    _write_entry(archive, info, root.joinpath(*inside))
                    sizes["/".join(inside)] = info.file_size
                put_in_place(root, target, zip_path, md5, sizes)
    except zipfile.BadZipFile as error:
        raise ArchiveError(
            f"{display(zip_path)}: damaged zip file ({error}); delete it and run the same command again"
        ) from error
    except _DAMAGE as error:
        if isinstance(error, DownloadError):
            raise
        raise ArchiveError(
            f"{display(zip_path)}: cannot be unpacked ({error}); delete it and fetch it again"
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(target) from error
        if error.errno == errno.EINVAL:  # an offset in the archive points before its start
            raise ArchiveError(
                f"{display(zip_path)}: damaged zip file ({error}); delete it and fetch it again"
            ) from error
        raise DownloadError(
            f"{display(target)}: cannot be written ({error.strerror or error}); check the folder"
        ) from error
    return len(plan)


def read_manifest(folder: Path) -> dict[str, int] | None:
    """Return relative name -> size of what was extracted into ``folder``, or None without a usable manifest."""
    try:
        files = read_json(folder / MANIFEST_NAME)["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(files, dict) or not all(isinstance(size, int) for size in files.values()):
        return None
    return files


def missing_from_manifest(folder: Path, manifest: dict[str, int]) -> list[str]:
    """Return the names of a manifest that are missing from ``folder`` or have another size, sorted."""
    missing = []
    for name, size in manifest.items():
        try:
            complete = os.stat(folder / name).st_size == size
        except OSError:
            complete = False
        if not complete:
            missing.append(name)
    return sorted(missing)


def remove_stale(folder: Path) -> None:
    """Delete what a killed extraction left behind in ``folder``."""
    for path in remove_leftovers(folder):
        print(f"removed the remains of an interrupted extraction: {display(path)}", file=sys.stderr)
