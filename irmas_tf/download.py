"""Fetch a data set from Zenodo, or a model.

``irmas download --out=D [--parts=train,test1]`` is IRMAS, ``irmas download openmic --out=D`` OpenMIC-2018,
``irmas download mn04`` a model.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError, setting
from irmas_tf.datasets.irmas_counts import ARCHIVES, BASE_URL, LICENCE_NOTICE
from irmas_tf.process.exit_codes import EXIT_INTERRUPTED, one_line
from irmas_tf.process.shell_words import shell_path

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class DownloadOptions:
    """Flags of this command."""

    out: str = setting("", "Data directory to fill.", writes="folder")
    parts: tuple[str, ...] = setting(
        tuple(ARCHIVES),
        "Parts of IRMAS to fetch: the training excerpts, and three parts of test clips.",
        choices=tuple(ARCHIVES),
    )
    base_url: str = setting(
        BASE_URL,
        "Folder of the files on the web; a mirror must hold the same files. Another by default for what is named.",
    )
    keep_zips: bool = setting(False, "Keep the archives after unpacking.")
    retries: int = setting(8, "Failures in a row before giving up.", minimum=0)
    limit_hours: float = setting(
        0.0, "Give up after so many hours; the same command continues where it stopped. 0: no limit.", minimum=0.0
    )

    @property
    def limit_seconds(self) -> float:
        """Longest time for a download."""
        return 3600.0 * self.limit_hours or math.inf


COMMAND = Command(
    "irmas_tf.download",
    """
    Download, verify and unpack IRMAS from Zenodo. Run it again to continue an interrupted download: archives are
    verified before they are unpacked, and a part is either complete or absent.

    Or fetch OpenMIC-2018, in the same way: irmas download openmic --out=DATA. Or a model, which goes into the cache
    folder (the environment variable IRMAS_TF_CACHE moves it) and then answers to its name: irmas download mn04,
    irmas predict --model=mn04 FILES.

    Exit status: 0 all is there, 1 something could not be fetched, 2 wrong usage.
    """,
    options=DownloadOptions,
    positional="[NAME]",
)
OPENMIC = "openmic"
MODELS = ("mn04",)


def main(flags: ParsedFlags) -> int:
    """Run the command; the exit status is 1 if something could not be fetched."""
    options, names = flags.options, flags.positional
    if not names:
        return _fetch_irmas(flags)
    if len(names) > 1 or names[0] not in (OPENMIC, *MODELS):
        known = ", ".join((OPENMIC, *MODELS))
        raise ConfigError(f"{' '.join(names)}: can be fetched is one of {known}; without a name it is IRMAS")
    of_irmas = ("parts",) if names[0] == OPENMIC else ("out", "parts", "keep_zips")
    for name in of_irmas:
        if flags.given(name):
            where = "is one archive" if names[0] == OPENMIC else "goes into the cache folder (IRMAS_TF_CACHE moves it)"
            raise ConfigError(f"--{name}: is for IRMAS; {names[0]} {where}")
    base_url = options.base_url if flags.given("base_url") else ""
    return _fetch_openmic(options, base_url) if names[0] == OPENMIC else _fetch_model(options, base_url)


def _attempted(fetch: Callable[[], T]) -> T | int:
    """Return what was fetched, or the exit status after printing why it was not."""
    from irmas_tf.downloads.http_download import DownloadError

    try:
        return fetch()
    except DownloadError as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; run the same command again: it continues where it stopped", file=sys.stderr)
        return EXIT_INTERRUPTED


def _fetch_irmas(flags: ParsedFlags) -> int:
    options = flags.options
    if not options.out:
        raise ConfigError(
            "--out is required: Data directory to fill; or name what else to fetch, such as irmas download mn04"
        )
    if not options.parts:
        raise ConfigError(f"--parts is empty; name some of {', '.join(ARCHIVES)}")
    print(LICENCE_NOTICE, end="\n\n", flush=True)
    from irmas_tf.datasets.irmas_download import download

    results = _attempted(
        lambda: download(
            options.out,
            options.parts,
            base_url=options.base_url,
            keep_zips=options.keep_zips,
            retries=options.retries,
            limit_seconds=options.limit_seconds,
        )
    )
    if isinstance(results, int):
        return results
    for result in results:
        print(f"{result.part}: {'already complete' if result.skipped else 'unpacked'}: {result.folder}")
    print(f"\nNext: irmas check --data_dir={shell_path(options.out)}")
    return 0


def _fetch_openmic(options: Any, base_url: str) -> int:
    if not options.out:
        raise ConfigError(f"--out is required: the folder to unpack {OPENMIC} into")
    from irmas_tf.own_data import openmic_download

    print(openmic_download.LICENCE_NOTICE, end="\n\n", flush=True)
    result = _attempted(
        lambda: openmic_download.download_openmic(
            options.out,
            base_url=base_url or openmic_download.BASE_URL,
            keep_zips=options.keep_zips,
            retries=options.retries,
            limit_seconds=options.limit_seconds,
        )
    )
    if isinstance(result, int):
        return result
    print(f"{OPENMIC}: {'already complete' if result.skipped else 'unpacked'}: {result.folder}")
    print(f"\nNext: irmas check --dataset={OPENMIC} --data_dir={shell_path(options.out)}")
    return 0


def _fetch_model(options: Any, base_url: str) -> int:
    from irmas_tf.shipped.fetching import fetch_mn04
    from irmas_tf.shipped.mn04 import LICENCE

    print(LICENCE, flush=True)
    fetched = _attempted(lambda: fetch_mn04(base_url, retries=options.retries, limit_seconds=options.limit_seconds))
    if isinstance(fetched, int):
        return fetched
    print(f"{'already here' if fetched.was_there else 'fetched'}: {fetched.weights}")
    for name, path in fetched.models.items():
        print(f"{name}: {path}")
    print(f"\nNext: irmas predict --model={next(iter(fetched.models))} FILES_OR_FOLDERS...")
    return 0


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
