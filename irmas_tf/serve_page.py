"""Open an exported page on this machine: ``irmas serve-page FOLDER``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError, setting


@dataclasses.dataclass(frozen=True)
class ServePageOptions:
    """Flags of this command."""

    port: int = setting(8000, "Port on this machine; 0 is any free one.", minimum=0, maximum=65535)
    open: bool = setting(False, "Open the page in the browser.")


COMMAND = Command(
    "irmas_tf.serve_page",
    """
    Serve a page that irmas export-page wrote, for browsers on this machine alone, until Ctrl-C. For others, any web
    server or host of static files takes the folder as it is; microphones need https there.
    """,
    options=ServePageOptions,
    positional="FOLDER",
)


def main(flags: ParsedFlags) -> None:
    """Run the command."""
    if len(flags.positional) != 1:
        raise ConfigError("name the folder of one exported page")
    from irmas_tf.browser.page_server import PageServer

    server = PageServer(flags.positional[0], flags.options.port)
    print(f"{server.url} (Ctrl-C ends it)", flush=True)
    if flags.options.open:
        import webbrowser

        webbrowser.open(server.url)
    try:
        server.serve_forever()
    finally:
        server.server_close()


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
