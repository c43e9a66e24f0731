"""Flagfiles: expanded where ``--flagfile=FILE`` stands, strictly, with errors that name the file and the line.

absl's own reader takes an indented or trailing ``#``, quotes and blanks around ``=`` for parts of a value, silently.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from irmas_tf.config.settings import ConfigError
from irmas_tf.config.shipped import find_flagfile
from irmas_tf.process.bounded_text import BoundedTextError, read_bounded

_MOST_BYTES = 1 << 20  # of a file; that with every flag has 13 kB
_FLAG = re.compile(r"--?([A-Za-z]\w*)(?:=(.*))?", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class KnownFlag:
    """A flag that may appear.

    Attributes:
        check: raises `ConfigError` if a text is not a value of the flag; None marks a flag that exists elsewhere but
            that this command does not take.
        boolean: a switch, written ``--name`` or ``--noname``.
    """

    check: Callable[[str], object] | None
    boolean: bool = False


class _FlagfileError(ConfigError):
    """An error that already says in which file and line."""


def expand_flagfiles(argv: Sequence[str], known: Mapping[str, KnownFlag], program: str) -> list[str]:
    """Return the arguments with every flagfile replaced by its flags, each checked where it stands.

    Flags come out as ``--name=value`` or ``--name``; positional arguments and all after ``--`` are left alone.

    Args:
        argv: arguments without the program's name.
        known: the flags, by name.
        program: name of the command for messages.

    Raises:
        ConfigError: unknown flag, missing or refused value; a flagfile that is missing, malformed or includes itself.
    """
    return list(_expand(argv, known, program, ()))


def _expand(
    argv: Sequence[str], known: Mapping[str, KnownFlag], program: str, including: tuple[Path, ...]
) -> Iterator[str]:
    args = iter(argv)
    for arg in args:
        if arg == "--":
            yield arg
            yield from args
            return
        if not arg.startswith("-") or arg == "-":
            yield arg
            continue
        match = _FLAG.fullmatch(arg)
        if not match:
            raise ConfigError(_malformed(arg, known, program))
        name, text = match.groups()
        if name == "flagfile":
            yield from _read(find_flagfile(_value(name, text, args)), known, program, including)
            continue
        flag = known.get(name)
        if flag is None and name.startswith("no") and name[2:] in known and known[name[2:]].boolean:
            if text is not None:
                raise ConfigError(f"--{name} takes no value")
            yield arg
            continue
        if flag is None or flag.check is None:
            raise ConfigError(_unknown(name, known, program))
        if text is None and flag.boolean:
            yield arg
            continue
        text = _value(name, text, args)
        flag.check(text)
        yield f"--{name}={text}"


def _value(name: str, text: str | None, args: Iterator[str]) -> str:
    """Return the text after ``=``, or the next argument."""
    if text is None:
        text = next(args, None)
        if text is None or text.startswith("--"):
            raise ConfigError(f"--{name} has no value; write --{name}=VALUE")
    return text


def _malformed(arg: str, known: Mapping[str, KnownFlag], program: str) -> str:
    """Say what is wrong with an argument that starts like a flag; hyphens in names are other programs' habit."""
    hyphenated = re.fullmatch(r"--?([A-Za-z][\w-]*)(=.*)?", arg, re.DOTALL)
    if hyphenated:
        return _unknown(hyphenated[1], known, program)
    return f"{arg!r} is not a flag; flags are written --name=value"


def _unknown(name: str, known: Mapping[str, KnownFlag], program: str) -> str:
    if name in known:
        return f"--{name} is a configuration flag that {program} does not take; see --help"
    taken = [flag for flag, entry in known.items() if entry.check is not None]
    import difflib

    near = difflib.get_close_matches(name[:80], [*taken, "flagfile"], n=1)
    return f"unknown flag --{name}; " + (f"did you mean --{near[0]}?" if near else "see --help")


def _read(path: Path, known: Mapping[str, KnownFlag], program: str, including: tuple[Path, ...]) -> Iterator[str]:
    """Yield the flags of a flagfile."""
    resolved = path.resolve()
    if resolved in including:
        raise ConfigError(f"{path}: includes itself through --flagfile")
    try:
        lines = read_bounded(path, _MOST_BYTES, with_pipes=True).decode().splitlines()
    except BoundedTextError as error:
        raise _FlagfileError(f"{path}: {error}; is it a flagfile?") from error
    except UnicodeDecodeError as error:
        raise _FlagfileError(f"{path}: is not a text file in UTF-8") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith(("#", "//")):
            continue
        try:
            _check_line(line)
            yield from _expand([line.strip()], known, program, (*including, resolved))
        except _FlagfileError:
            raise
        except ConfigError as error:
            raise _FlagfileError(f"{path}:{number}: {error}") from error


def _check_line(line: str) -> None:
    """Refuse what absl would silently take for a value or an argument."""
    flag = line.strip()
    if flag.startswith(("#", "//")):
        raise ConfigError("an indented '#' is not a comment in a flagfile; move it to the start of the line")
    if not flag.lstrip("-") or not flag.startswith("-"):
        raise ConfigError(f"{flag!r} is not a flag; each line is --name=value, or a comment starting with '#'")
    if re.search(r"\s(#|//)", flag):
        raise ConfigError("a trailing '#' is not a comment in a flagfile but part of the value; give it its own line")
    name, _, value = flag.partition("=")
    if re.search(r"\s", name):
        raise ConfigError(f"{flag!r}: write --name=value without blanks around '=', one flag per line")
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        raise ConfigError("quotes are part of the value in a flagfile; write the value without them")
