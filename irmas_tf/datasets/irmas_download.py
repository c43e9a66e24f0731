"""Fetching IRMAS from Zenodo.

Interrupted downloads continue, archives are verified before they are unpacked, and a part is either complete or absent.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from irmas_tf.datasets import irmas_counts
from irmas_tf.datasets.irmas_counts import ARCHIVES, Archive
from irmas_tf.datasets.irmas_layout import DataError, part_of
from irmas_tf.datasets.irmas_scan import scan_testing, scan_training
from irmas_tf.process.checksums import checksum_of
from irmas_tf.process.locks import exclusive


@dataclasses.dataclass(frozen=True)
class PartResult:
    """What happened to one part: its name, its folder, and whether it was there already."""

    part: str
    folder: Path
    skipped: bool


def is_complete(folder: Path, archive: Archive) -> bool:
    """Return whether a part is unpacked in ``folder``: every file of its manifest is there with its size.

    A copy that was unpacked by hand has no manifest; it is complete if its counts are the official ones.
    """
    from irmas_tf.datasets.archive import missing_from_manifest, read_manifest

    if not folder.is_dir():
        return False
    manifest = read_manifest(folder)
    if manifest is not None:
        return not missing_from_manifest(folder, manifest)
    try:
        if archive.part == "train":
            return Counter(e.irmas_code for e in scan_training(folder).excerpts) == irmas_counts.TRAINING_EXCERPTS
        clips = scan_testing(folder).clips
    except DataError:
        return False
    return len(clips) == irmas_counts.TESTING_CLIPS.get(part_of(folder), -1)


def _obtain_zip(archive: Archive, url: str, zip_path: Path, options: dict[str, Any]) -> None:
    """Make sure that ``zip_path`` is there and verified, downloading it if need be."""
    from irmas_tf.downloads.http_download import download_file, set_aside

    if zip_path.exists():
        print(f"{zip_path.name}: verifying the file that is there", file=sys.stderr)
        if checksum_of(zip_path, "md5") == archive.md5.lower():
            return
        bad = set_aside(zip_path)
        print(f"{zip_path.name}: wrong checksum; set aside as {bad.name} and fetched anew", file=sys.stderr)
    # The archive holds compressed audio, so unpacked it takes at least its own size again.
    download_file(url, zip_path, md5=archive.md5, extra_bytes=lambda total: total, **options)


def download(
    out: str | os.PathLike[str],
    parts: Sequence[str] = ("train",),
    *,
    base_url: str = irmas_counts.BASE_URL,
    keep_zips: bool = False,
    archives: Mapping[str, Archive] = ARCHIVES,
    complete: Callable[[Path, Archive], bool] = is_complete,
    extract: Callable[..., int] | None = None,
    progress: bool = True,
    **download_options: Any,
) -> list[PartResult]:
    """Download, verify and unpack parts of IRMAS into ``out``.

    Args:
        out: data directory; made if missing.
        parts: keys of ``archives``.
        base_url: folder of the zip files on the web.
        keep_zips: keep the archives beside the unpacked folders.
        archives: names, checksums and folders of the parts.
        complete: says whether a part is there already.
        extract: unpacks an archive; None: `irmas_tf.datasets.archive.extract_archive`.
        progress: show progress bars on stderr.
        download_options: further arguments of `irmas_tf.downloads.http_download.download_file` (retries, timeouts).

    Raises:
        irmas_tf.downloads.http_download.DownloadError: the message says what to do; what was fetched is kept.
        DataError: an unknown part.
    """
    from irmas_tf.datasets.archive import extract_archive, remove_stale
    from irmas_tf.downloads.http_download import DownloadError

    for part in parts:
        if part not in archives:
            raise DataError(f"--parts={part}: unknown part; known: {', '.join(archives)}")
    folder = Path(out).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(f"--out={folder}: cannot be made ({error.strerror}); choose another folder") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DownloadError(f"--out={folder}: not writable; choose another folder")
    extract = extract or extract_archive
    results = []
    # Two downloads into one folder would delete each other's temporary files.
    refusal = DownloadError(f"{folder}: another download into this folder is running; wait for it")
    with exclusive(folder, refusal):
        remove_stale(folder)
        for part in dict.fromkeys(parts):
            archive = archives[part]
            target = folder / archive.folder
            skipped = complete(target, archive)
            if not skipped:
                zip_path = folder / archive.zip_name
                url = f"{base_url.rstrip('/')}/{archive.zip_name}?download=1"
                _obtain_zip(archive, url, zip_path, {"progress": progress, **download_options})
                extract(zip_path, target, md5=archive.md5, progress=progress)
                if not keep_zips:
                    zip_path.unlink()
            results.append(PartResult(part, target, skipped))
    return results
