"""Fetch IRMAS from Zenodo, or a model: ``irmas download --out=D [--parts=train,test1]``, ``irmas download mn04``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError, setting
from irmas_tf.datasets.irmas_counts import ARCHIVES, BASE_URL, LICENCE_NOTICE
from irmas_tf.process.exit_codes import EXIT_INTERRUPTED, one_line
from irmas_tf.process.shell_words import shell_path


@dataclasses.dataclass(frozen=True)
class DownloadOptions:
    """Flags of this command."""

    out: str = setting("", "Data directory to fill.")
    parts: tuple[str, ...] = setting(
        tuple(ARCHIVES),
        "Parts to fetch: the training excerpts, and three parts of test clips.",
        choices=tuple(ARCHIVES),
    )
    base_url: str = setting(
        BASE_URL, "Folder of the files on the web; a mirror must hold the same files. Of a model another by default."
    )
    keep_zips: bool = setting(False, "Keep the zip files after unpacking.")
    retries: int = setting(8, "Failures in a row before giving up.", minimum=0)


COMMAND = Command(
    "irmas_tf.download",
    """
    Download, verify and unpack IRMAS from Zenodo. Run it again to continue an interrupted download: archives are
    verified before they are unpacked, and a part is either complete or absent.

    Or fetch a model, which goes into the cache folder (the environment variable IRMAS_TF_CACHE moves it) and then
    answers to its name: irmas download mn04, irmas predict --model=mn04 FILES.

    Exit status: 0 all is there, 1 something could not be fetched, 2 wrong usage.
    """,
    options=DownloadOptions,
    positional="[MODEL]",
)
MODELS = ("mn04",)


def main(flags: ParsedFlags) -> int:
    """Run the command; the exit status is 1 if something could not be fetched."""
    options = flags.options
    if flags.positional:
        return _fetch_model(flags)
    if not options.out:
        raise ConfigError("--out is required: Data directory to fill; or name a model: irmas download mn04")
    if not options.parts:
        raise ConfigError(f"--parts is empty; name some of {', '.join(ARCHIVES)}")
    print(LICENCE_NOTICE, end="\n\n", flush=True)
    from irmas_tf.datasets.irmas_download import download
    from irmas_tf.downloads.http_download import DownloadError

    try:
        results = download(
            options.out,
            options.parts,
            base_url=options.base_url,
            keep_zips=options.keep_zips,
            retries=options.retries,
        )
    except DownloadError as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; run the same command again: it continues where it stopped", file=sys.stderr)
        return EXIT_INTERRUPTED
    for result in results:
        print(f"{result.part}: {'already complete' if result.skipped else 'unpacked'}: {result.folder}")
    print(f"\nNext: irmas check --data_dir={shell_path(options.out)}")
    return 0


def _fetch_model(flags: ParsedFlags) -> int:
    """Fetch a model; return the exit status."""
    options, names = flags.options, flags.positional
    if len(names) > 1 or names[0] not in MODELS:
        raise ConfigError(f"{' '.join(names)}: can be fetched is {', '.join(MODELS)}; without a name it is IRMAS")
    for name in ("out", "parts", "keep_zips"):
        if flags.given(name):
            raise ConfigError(
                f"--{name}: is for IRMAS; {names[0]} goes into the cache folder (IRMAS_TF_CACHE moves it)"
            )
    from irmas_tf.downloads.http_download import DownloadError
    from irmas_tf.shipped.fetching import fetch_mn04
    from irmas_tf.shipped.mn04 import LICENCE

    print(LICENCE, flush=True)
    try:
        fetched = fetch_mn04(options.base_url if flags.given("base_url") else "", retries=options.retries)
    except DownloadError as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; run the same command again: it continues where it stopped", file=sys.stderr)
        return EXIT_INTERRUPTED
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
