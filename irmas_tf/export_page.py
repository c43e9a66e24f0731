"""Export a page that names instruments in a browser: ``irmas export-page --out=FOLDER``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import setting

BROWSERS = ("chromium", "firefox")


@dataclasses.dataclass(frozen=True)
class ExportPageOptions:
    """Flags of this command."""

    model: str = setting(
        "", "A .tflite file, the folder of a run, or the name of a model (irmas models); empty: the one in the package."
    )
    out: str = setting("", "Folder to write.", writes="folder")
    overwrite: bool = setting(False, "Replace the page that is there.")
    litert_js: str = setting(
        "", "The npm package of LiteRT.js as a file, where there is no network; empty: fetched once, then kept."
    )
    check: tuple[str, ...] = setting(
        (),
        "Open the page in these browsers, without a window, and compare its answers with those of irmas predict before"
        " it gets its name.",
        choices=BROWSERS,
    )


COMMAND = Command(
    "irmas_tf.export_page",
    """
    Write a folder of static files that any web server serves as it is: a page on which people drop songs, or use the
    microphone, and see who plays when. The model runs in the browser; nothing leaves the machine, no other host is
    asked, and it works offline after the first visit. irmas serve-page FOLDER opens it here; docs/browser.md has more.
    """,
    options=ExportPageOptions,
    required=("out",),
)


def main(flags: ParsedFlags) -> None:
    """Run the command."""
    options = flags.options
    from irmas_tf.browser import litert
    from irmas_tf.browser.page_export import check_place, model_file, read_facts, write_page
    from irmas_tf.process.atomic_folders import new_folder
    from irmas_tf.process.shell_words import shell_path

    target = check_place(options.out, options.overwrite)
    with model_file(options.model) as model:
        read_facts(model)
        package = litert.get_package(options.litert_js)
        with new_folder(target) as folder:
            page = write_page(model, package, folder)
            if options.check:
                from irmas_tf.browser.page_check import check_page

                for browser in options.check:
                    print(check_page(folder, model, browser).table(), end="", flush=True)
    print(dataclasses.replace(page, folder=target).text(), end="")
    print(f"Next: irmas serve-page {shell_path(target)}")


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
