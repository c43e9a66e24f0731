"""Bringing mn04 into the cache folder: fetched, verified, made into .tflite files, and tried."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

from irmas_tf.downloads.http_download import DownloadError, download_file
from irmas_tf.process.locks import exclusive
from irmas_tf.shipped import mn04

_WEIGHTS_BYTES = 4_066_513  # of the published file


@dataclasses.dataclass(frozen=True)
class Fetched:
    """What is there now.

    Attributes:
        weights: the published file.
        was_there: whether it was there before.
        models: name for ``--model`` -> .tflite file made of it.
    """

    weights: Path
    was_there: bool
    models: dict[str, Path]


def fetch_mn04(
    base_url: str = "",
    *,
    retries: int = 8,
    limit_seconds: float = math.inf,
    progress: bool = True,
    model: mn04.Mn04 = mn04.MN04,
) -> Fetched:
    """Fetch mn04's published weights, unless they are there, and make .tflite files of them.

    Args:
        base_url: folder of a mirror that holds the file under its name; empty is where it was published.
        retries: failures in a row before giving up.
        limit_seconds: for the download.
        progress: show a bar on stderr.
        model: what is made of them.

    Raises:
        DownloadError: it could not be fetched; the message says where to put the file by hand.
        ModelError: nothing can be made of it.
    """
    target, name = mn04.weights_path(), mn04.SPEC.published_file
    url = f"{base_url.rstrip('/')}/{name}" if base_url else mn04.SPEC.url
    by_hand = f"without a network put {name} from {mn04.SPEC.url} into {target.parent}, and run the same command again"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(
            f"{target.parent}: cannot be made ({error.strerror}); set IRMAS_TF_CACHE to a folder that can be written"
        ) from error

    def download(path: Path) -> None:
        options = {
            "retries": retries,
            "limit_seconds": limit_seconds,
            "most_bytes": _WEIGHTS_BYTES,
            "progress": progress,
        }
        try:
            download_file(url, path, sha256=model.sha256, by_hand=by_hand, **options)  # type: ignore[arg-type]
        except DownloadError as error:
            text = str(error)
            raise DownloadError(text if by_hand in text else f"{text}; {by_hand}") from error

    with exclusive(target.parent, DownloadError(f"{target.parent}: another download runs there; wait for it")):
        weights, was_there = model.fetch(download)
    names = model.with_files()
    return Fetched(weights, was_there, {name: model.file(name.partition(":")[2]) for name in names})
