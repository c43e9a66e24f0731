"""Safe and atomic extraction of a .tgz file, under the same rules as `irmas_tf.datasets.archive` has for zip files."""

from __future__ import annotations

import errno
import tarfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

from irmas_tf.datasets.archive import (
    MAX_ENTRIES,
    MAX_RATIO,
    MAX_TOTAL_BYTES,
    ArchiveError,
    FileNames,
    name_parts,
    put_in_place,
    remove_stale,
    unsafe_entry,
)
from irmas_tf.datasets.irmas_layout import display, is_ignored
from irmas_tf.downloads.http_download import DownloadError, disk_full, require_space
from irmas_tf.process.full_disks import bytes_in_words
from irmas_tf.process.held_temporary import held_folder

_CHUNK_BYTES = 1 << 18


def extract_tar(tar_path: Path, target: Path, *, md5: str | None = None, progress: bool = True) -> int:
    """Extract a .tgz file into the folder ``target`` and return the number of files.

    It is read once, from its start to its end, into a temporary folder beside ``target`` that takes its name only when
    complete. A top folder named as ``target`` is not repeated; litter of operating systems is left out.

    Args:
        tar_path: the archive.
        target: the folder; files of an earlier, incomplete copy in it are replaced one by one.
        md5: checksum of the archive, for the manifest.
        progress: show a bar on stderr.

    Raises:
        ArchiveError: damaged, unsafe or implausibly large; nothing is left behind.
        DownloadError: not enough disk space.
    """
    from tqdm import tqdm

    try:
        size = tar_path.stat().st_size
        remove_stale(target.parent)
        require_space(target.parent, size, f"the contents of {tar_path.name}")
        with (
            open(tar_path, "rb") as file,
            tqdm(desc=f"unpacking {tar_path.name}", total=size, unit="B", unit_scale=True,
                 disable=None if progress else True) as bar,
            held_folder(target.parent) as temporary,
        ):  # fmt: skip
            root = temporary / "content"
            root.mkdir()
            sizes = _extract(tar_path, file, size, root, target.name, bar)
            put_in_place(root, target, tar_path, md5, sizes)
    except (tarfile.TarError, EOFError, zlib.error, ValueError, OverflowError) as error:
        raise ArchiveError(
            f"{display(tar_path)}: damaged .tgz file ({error}); delete it and run the same command again"
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(target) from error
        raise DownloadError(
            f"{display(target)}: cannot be written ({error.strerror or error}); check the folder"
        ) from error
    return len(sizes)


def _extract(tar_path: Path, file: BinaryIO, size: int, root: Path, top: str, bar: Any) -> dict[str, int]:
    """Write all files below a folder; return relative name -> bytes."""
    sizes: dict[str, int] = {}
    names = FileNames(tar_path)
    most = min(MAX_TOTAL_BYTES, MAX_RATIO * size)
    total = 0
    with tarfile.open(fileobj=file, mode="r|gz") as archive:
        for number, member in enumerate(archive, 1):
            total += member.size
            if number > MAX_ENTRIES or total > most or member.size < 0:  # of what is left out, too: it is read over
                raise ArchiveError(
                    f"{display(tar_path)}: unsafe archive: more than {MAX_ENTRIES} files, or more than"
                    f" {bytes_in_words(most)} unpacked"
                )
            parts = name_parts(tar_path, member.name)
            if member.isdir() or not parts or any(is_ignored(part) for part in parts):
                continue
            if not member.isreg() or member.issparse():
                raise unsafe_entry(tar_path, member.name, "is no plain file")
            if len(parts) > 1 and parts[0].casefold() == top.casefold():
                parts = parts[1:]
            names.add(parts)
            _write(archive, member, root.joinpath(*parts))
            sizes["/".join(parts)] = member.size
            bar.n = file.tell()
            bar.update(0)
    if not sizes:
        raise ArchiveError(f"{display(tar_path)}: holds no files")
    return sizes


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source = archive.extractfile(member)
    written = 0
    with open(target, "xb") as file:
        while source is not None and (chunk := source.read(_CHUNK_BYTES)):
            written += len(chunk)
            file.write(chunk)
    if written != member.size:
        raise tarfile.ReadError(f"{member.name!r} is shorter than the archive says")
