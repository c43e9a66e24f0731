"""Fetch IRMAS from Zenodo: ``python -m irmas_tf.download --out D [--parts train,test1,test2,test3]``.

Interrupted downloads continue, archives are verified before they are unpacked, and a part is either complete or absent.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from irmas_tf.datasets import irmas_counts
from irmas_tf.datasets.irmas_counts import ARCHIVES, Archive
from irmas_tf.datasets.irmas_layout import DataError, part_of
from irmas_tf.datasets.irmas_scan import scan_testing, scan_training


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


@contextlib.contextmanager
def _only_download(out: Path) -> Iterator[None]:
    """Hold a lock in ``out``: two downloads into one folder would delete each other's temporary files."""
    from irmas_tf.datasets.http_download import DownloadError

    path = out / ".irmas_tf_download.lock"
    with open(path, "w") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            pass
        except BlockingIOError as error:
            raise DownloadError(f"{out}: another download into this folder is running; wait for it") from error
        except OSError:
            pass  # a file system without locks
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                path.unlink()


def _obtain_zip(archive: Archive, url: str, zip_path: Path, options: dict[str, Any]) -> None:
    """Make sure that ``zip_path`` is there and verified, downloading it if need be."""
    from irmas_tf.datasets.http_download import download_file, md5_of, set_aside

    if zip_path.exists():
        print(f"{zip_path.name}: verifying the file that is there", file=sys.stderr)
        if md5_of(zip_path) == archive.md5.lower():
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
    progress: bool = True,
    **transfer_options: Any,
) -> list[PartResult]:
    """Download, verify and unpack parts of IRMAS into ``out``.

    Args:
        out: data directory; made if missing.
        parts: keys of ``archives``.
        base_url: folder of the zip files on the web.
        keep_zips: keep the archives beside the unpacked folders.
        archives: names, checksums and folders of the parts.
        progress: show progress bars on stderr.
        transfer_options: further arguments of `irmas_tf.datasets.http_download.download_file` (retries, timeouts).

    Raises:
        irmas_tf.datasets.http_download.DownloadError: the message says what to do; what was fetched is kept.
        DataError: an unknown part.
    """
    from irmas_tf.datasets.archive import extract_archive, remove_stale
    from irmas_tf.datasets.http_download import DownloadError

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
    results = []
    with _only_download(folder):
        remove_stale(folder)
        for part in dict.fromkeys(parts):
            archive = archives[part]
            target = folder / archive.folder
            skipped = is_complete(target, archive)
            if not skipped:
                zip_path = folder / archive.zip_name
                url = f"{base_url.rstrip('/')}/{archive.zip_name}?download=1"
                _obtain_zip(archive, url, zip_path, {"progress": progress, **transfer_options})
                extract_archive(zip_path, target, md5=archive.md5, progress=progress)
                if not keep_zips:
                    zip_path.unlink()
            results.append(PartResult(part, target, skipped))
    return results


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m irmas_tf.download",
        description="Download, verify and unpack IRMAS from Zenodo. Run it again to continue an interrupted download.",
        allow_abbrev=False,
    )
    parser.add_argument("--out", required=True, metavar="D", help="data directory to fill")
    parser.add_argument(
        "--parts",
        default="train,test1,test2,test3",
        help="comma-separated parts to fetch: train (training excerpts), test1, test2, test3; default: all",
    )
    parser.add_argument(
        "--base_url",
        default=irmas_counts.BASE_URL,
        metavar="URL",
        help="folder of the zip files on the web; a mirror must hold the same files (default: %(default)s)",
    )
    parser.add_argument("--keep_zips", action="store_true", help="keep the zip files after unpacking")
    parser.add_argument(
        "--retries", type=int, default=8, metavar="N", help="failures in a row before giving up (default: 8)"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status (0 done, 1 failed, 2 usage, 130 interrupted)."""
    parser = _parser()
    args = parser.parse_args(argv)
    parts = [part.strip() for part in args.parts.split(",") if part.strip()]
    unknown = [part for part in parts if part not in ARCHIVES]
    if unknown or not parts:
        parser.error(f"--parts={args.parts}: must be a comma-separated list of {', '.join(ARCHIVES)}")
    if args.retries < 0:
        parser.error(f"--retries={args.retries}: must be at least 0")
    print(irmas_counts.LICENCE_NOTICE, end="\n\n", flush=True)
    from irmas_tf.datasets.http_download import DownloadError

    try:
        results = download(args.out, parts, base_url=args.base_url, keep_zips=args.keep_zips, retries=args.retries)
    except (DownloadError, DataError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; run the same command again: it continues where it stopped", file=sys.stderr)
        return 130
    for result in results:
        print(f"{result.part}: {'already complete' if result.skipped else 'unpacked'}: {result.folder}")
    print(f"\nNext: python -m irmas_tf.check --data_dir {args.out}")
    return 0


def cli() -> None:
    """Entry point of the console script."""
    sys.exit(main())


if __name__ == "__main__":
    cli()
