"""Fetching OpenMIC-2018 from Zenodo, as `irmas_tf.datasets.irmas_download` fetches IRMAS."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from irmas_tf.datasets.irmas_counts import Archive
from irmas_tf.datasets.irmas_download import PartResult, download
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.own_data.openmic_files import FOLDER

LICENCE_NOTICE = (
    "OpenMIC-2018 (E. J. Humphrey, S. Durand, B. McFee; Spotify and New York University) is licensed CC BY 4.0\n"
    "(https://creativecommons.org/licenses/by/4.0/): use with attribution. Its clips are cut from recordings of the\n"
    "Free Music Archive, each under a licence of its own, some non-commercial (openmic-2018-metadata.csv).\n"
    "Source: https://zenodo.org/records/1432913"
)
BASE_URL = "https://zenodo.org/records/1432913/files"
ARCHIVES = {"openmic": Archive("openmic", "openmic-2018-v1.0.0.tgz", "e4ccf187e2bb5ab2e115416e8aafe7f4", FOLDER)}
CLIPS = 20_000


def is_complete(folder: Path, archive: Archive) -> bool:
    """Return whether the data set is unpacked in ``folder``: every file that its manifest names is there.

    A copy that was unpacked by hand has no manifest; it is complete if it can be read and has all of its clips.
    """
    from irmas_tf.datasets.archive import missing_from_manifest, read_manifest
    from irmas_tf.own_data.openmic_listing import read_openmic

    if not folder.is_dir():
        return False
    manifest = read_manifest(folder)
    if manifest is not None:
        return not missing_from_manifest(folder, manifest)
    try:
        return len(read_openmic(folder).entries) == CLIPS
    except DataError:
        return False


def download_openmic(
    out: str | os.PathLike[str],
    *,
    base_url: str = BASE_URL,
    archives: Mapping[str, Archive] | None = None,
    **options: Any,
) -> PartResult:
    """Download, verify and unpack OpenMIC-2018 into ``out/openmic-2018``.

    Args:
        out: folder; made if missing.
        base_url: folder of the archive on the web.
        archives: name, checksum and folder of the archive; None: `ARCHIVES`.
        options: further arguments of `irmas_tf.datasets.irmas_download.download`.

    Raises:
        irmas_tf.downloads.http_download.DownloadError: the message says what to do; what was fetched is kept.
    """
    from irmas_tf.own_data.tar_archive import extract_tar

    archives = archives or ARCHIVES
    (result,) = download(
        out, tuple(archives), base_url=base_url, archives=archives, complete=is_complete, extract=extract_tar, **options
    )
    return result
