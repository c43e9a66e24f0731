"""All commands under one name: ``irmas COMMAND ...`` or ``python -m irmas_tf COMMAND ...``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from irmas_tf import __version__
from irmas_tf.config.commands import COMMANDS, GROUPS, umbrella
from irmas_tf.process.exit_codes import EXIT_ERROR, run_command


def help_text() -> str:
    """Return the text of ``irmas --help``: every command with a line of what it does."""
    program, width = umbrella(), max(map(len, COMMANDS))
    lines = [
        f"Usage: {program} COMMAND [--FLAG=VALUE...]",
        "",
        "Predominant instrument recognition: waveform in, scores out, one graph.",
    ]
    for title, entries in GROUPS.items():
        lines += ["", f"{title}:", *(f"  {entry.name:{width}}  {entry.summary}" for entry in entries)]
    lines += ["", f"{program} COMMAND --help lists the flags of a command, {program} --version prints the version."]
    return "\n".join(lines) + "\n"


def _unknown(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, COMMANDS, n=1)
    remedy = f"did you mean {near[0]}?" if near else f"{umbrella()} --help lists the commands"
    return f"error: unknown {'flag' if name.startswith('-') else 'command'} {name}; {remedy}"


def cli(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; 2 if there is no such command."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["help"] and len(arguments) > 1:
        arguments = [arguments[1], "--help"]
    if not arguments:
        print(help_text(), end="", file=sys.stderr)
        return EXIT_ERROR
    first, *rest = arguments
    if first in ("--help", "-h", "help"):
        return run_command(lambda: print(help_text(), end=""))
    if first == "--version":
        return run_command(lambda: print(__version__))
    name = first if first.startswith("-") else first.replace("_", "-")
    if name not in COMMANDS:
        print(_unknown(name), file=sys.stderr)
        return EXIT_ERROR
    status: int = importlib.import_module(COMMANDS[name].module).cli(rest)
    return status


if __name__ == "__main__":
    sys.exit(cli())
