"""Command-line flags from the configuration's declarations, and from a few declared by each command.

A command declares its own flags as a frozen dataclass of `setting` fields and runs through `run_main`:

    @dataclasses.dataclass(frozen=True)
    class TrainOptions(Section):
        run_dir: str = setting("", "Folder of the run; made if absent.")

    COMMAND = Command(
        "irmas_tf.train", "Train a model.", options=TrainOptions, config_fields=ALL, required=("run_dir",)
    )

    def main(flags: ParsedFlags) -> int | None:
        config = flags.config()             # defaults <- flagfiles <- command line
        run_dir = flags.options.run_dir

    def cli(argv: Sequence[str] | None = None) -> int:
        return run_main(main, COMMAND, argv)

``--flagfile=X`` is expanded where it stands, so later flags override it; X is a path or the name of a shipped
configuration. absl reads an indented or trailing ``#`` and quotes as part of a value; here they are errors that name
the file and the line.

``python -m irmas_tf.config.flags`` prints configs/reference.flags.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from absl import flags as absl_flags

from irmas_tf import __version__
from irmas_tf.config.commands import called_as
from irmas_tf.config.flagfile import KnownFlag, expand_flagfiles
from irmas_tf.config.settings import ConfigError, describe_rule, format_value, parse_text, setting_types, split_type
from irmas_tf.process.exit_codes import run_command
from irmas_tf.process.optional_packages import explained

if TYPE_CHECKING:
    from irmas_tf.config.run_config import Config

    ALL: tuple[str, ...]
    """Every configuration flag."""


def _sections() -> dict[str, type]:
    """Return the sections of a run's configuration; imported here, since a command without them starts sooner."""
    from irmas_tf.config.run_config import SECTIONS

    return SECTIONS


@functools.cache
def _configuration_flags() -> tuple[str, ...]:
    return tuple(field.name for section in _sections().values() for field in dataclasses.fields(section))


def __getattr__(name: str) -> Any:
    """Make `ALL` when it is asked for (PEP 562)."""
    if name == "ALL":
        return _configuration_flags()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _SettingParser(absl_flags.ArgumentParser[Any]):
    """Parses and checks the text of one setting."""

    def __init__(self, field: dataclasses.Field[Any], kind: Any) -> None:
        self.field, self.kind = field, kind
        self.syntactic_help = ""

    def parse(self, argument: Any) -> Any:
        return parse_text(self.field, argument, self.kind) if isinstance(argument, str) else argument

    def flag_type(self) -> str:
        return getattr(self.kind, "__name__", str(self.kind))


class _SettingSerializer(absl_flags.ArgumentSerializer[Any]):
    def serialize(self, value: Any) -> str:
        return format_value(value)


def define_flags(
    fields: Iterable[str] | None = None, flag_values: absl_flags.FlagValues | None = None
) -> absl_flags.FlagValues:
    """Define configuration flags, in a new set of flags unless one is given.

    Args:
        fields: names of configuration fields; by default all.
        flag_values: where to define them.

    Raises:
        ValueError: no such configuration field.
    """
    values = absl_flags.FlagValues() if flag_values is None else flag_values
    wanted = None if fields is None else list(fields)
    if wanted == []:
        return values
    every = _configuration_flags()
    if unknown := sorted(set(wanted or ()) - set(every)):
        raise ValueError(f"no configuration field called {unknown[0]!r}")
    for name, section in _sections().items():
        _define_section(section, name, every if wanted is None else wanted, values)
    return values


def _define_section(section: type, title: str, wanted: Sequence[str], values: absl_flags.FlagValues) -> None:
    kinds = setting_types(section)
    for field in dataclasses.fields(section):
        if field.name not in wanted:
            continue
        kind = kinds[field.name]
        flag = absl_flags.Flag(
            _SettingParser(field, kind),
            _SettingSerializer(),
            field.name,
            field.default,
            field.metadata["help"],
            boolean=split_type(kind) == (bool, False),
        )
        absl_flags.DEFINE_flag(flag, values, title)


def config_from_flags(flag_values: absl_flags.FlagValues, defaults: Config | None = None) -> Config:
    """Return the configuration: ``defaults`` (or the built-in ones) overridden by the flags that were given.

    Raises:
        ConfigError: the values are not allowed together.
    """
    from irmas_tf.config.run_config import Config

    sections = (defaults or Config()).to_dict()
    for name, section in _sections().items():
        for field in dataclasses.fields(section):
            if field.name in flag_values and flag_values[field.name].present:
                sections[name][field.name] = flag_values[field.name].value
    return Config.from_dict(sections)


@dataclasses.dataclass(frozen=True)
class Command:
    """What a command accepts.

    Attributes:
        module: as in ``python -m MODULE``.
        description: what it does; first paragraph of ``--help``.
        options: frozen dataclass of the command's own flags, made of `setting` fields; or None.
        config_fields: configuration flags it accepts (`ALL`, or some names).
        required: flags that must be given (and not empty).
        positional: name of the positional arguments for the help ("FILES", or "[FILE]" for one that may be left out);
            empty if it takes none.
    """

    module: str
    description: str
    options: type | None = None
    config_fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    positional: str = ""

    def groups(self) -> Iterator[tuple[str, list[tuple[dataclasses.Field[Any], Any]]]]:
        """Yield (title, [(field, type)]) of every group of flags, the command's own first."""
        sections = {"command": self.options} if self.options else {}
        if self.config_fields:
            sections |= _sections()
        for title, section in sections.items():
            wanted = None if title == "command" else self.config_fields
            kinds = setting_types(section)
            fields = [(f, kinds[f.name]) for f in dataclasses.fields(section) if wanted is None or f.name in wanted]
            if fields:
                yield title, fields

    def define(self) -> absl_flags.FlagValues:
        """Return a fresh set of the command's flags.

        Raises:
            absl.flags.DuplicateFlagError: an own flag has the name of a configuration flag.
        """
        values = define_flags(self.config_fields)
        if self.options is not None:
            names = [f.name for f in dataclasses.fields(self.options)]
            _define_section(self.options, "command", names, values)
        values.set_gnu_getopt(True)  # flags may follow positional arguments
        return values

    def help(self) -> str:
        """Return the text of ``--help``: every flag with type, unit, default and allowed values, by section."""
        usage = f"Usage: {called_as(self.module)} [--flagfile=FILE] [--FLAG=VALUE...]"
        if self.positional:
            usage += f" {self.positional}" if self.positional.startswith("[") else f" {self.positional}..."
        flagfile = "  --flagfile=FILE\n      Read flags from FILE, one per line; flags after it override it."
        if self.config_fields:
            flagfile += "\n      A shipped configuration goes by its name (irmas configs lists them)."
        parts = [usage, textwrap.dedent(self.description).strip(), f"{flagfile}\n  --help, --version"]
        for title, fields in self.groups():
            lines = [_help_entry(field, kind, field.name in self.required) for field, kind in fields]
            heading = "Flags of this command" if title == "command" else f"Configuration: {title}"
            parts.append(f"{heading}:\n" + "\n".join(lines))
        return "\n\n".join(parts) + "\n"


def _help_entry(field: dataclasses.Field[Any], kind: Any, required: bool) -> str:
    item, is_list = split_type(kind)
    word = {int: "INT", float: "NUMBER", str: "TEXT", bool: ""}[item]
    name = f"--[no]{field.name}" if item is bool else f"--{field.name}={word}{',...' if is_list else ''}"
    return f"  {name}\n" + textwrap.indent(
        textwrap.fill(_describe(field, required), 100, break_long_words=False), " " * 6
    )


def _describe(field: dataclasses.Field[Any], required: bool | None = None) -> str:
    """Return help, allowed values and unit; and, unless ``required`` is None, whether it is or what the default is."""
    facts = []
    if rule := describe_rule(field):
        facts.append(rule)
    if unit := field.metadata["unit"]:
        facts.append(f"in {unit}")
    if known := field.metadata["known"]:
        facts.append(f"known: {', '.join(known()) or 'none'}")
    if required is not None:
        facts.append("required" if required else f"default {format_value(field.default) or 'empty'}")
    return field.metadata["help"] + (f" [{'; '.join(facts)}]" if facts else "")


@dataclasses.dataclass(frozen=True)
class ParsedFlags:
    """A parsed command line.

    Attributes:
        options: instance of the command's ``options`` dataclass (None if it has none).
        positional: positional arguments, in order.
        flag_values: the absl flags.
    """

    options: Any
    positional: tuple[str, ...]
    flag_values: absl_flags.FlagValues

    def config(self, defaults: Config | None = None) -> Config:
        """Return the configuration: ``defaults`` overridden by the flags that were given; see `config_from_flags`."""
        return config_from_flags(self.flag_values, defaults)

    def given(self, name: str) -> bool:
        """Return whether a flag was given, in a flagfile or on the command line."""
        return name in self.flag_values and bool(self.flag_values[name].present)

    def all_given(self, *names: str) -> list[str]:
        """Return those of some flags that were given."""
        return [name for name in names if self.given(name)]


class _KnownFlags(dict[str, KnownFlag]):
    """The flags of a command; a name that is not among them is looked for in the configuration."""

    def __missing__(self, name: str) -> KnownFlag:
        if name not in _configuration_flags():
            raise KeyError(name)
        return KnownFlag(None)  # a flag of other commands

    def __contains__(self, name: object) -> bool:
        return self.get(str(name)) is not None

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default


def parse_flags(command: Command, argv: Sequence[str]) -> ParsedFlags:
    """Parse a command line (without the program's name), strictly.

    Raises:
        ConfigError: unknown flag, value that is not allowed, missing value or required flag, stray positional argument,
            malformed or missing flagfile; a place where nothing can be written.
    """
    values, called = command.define(), called_as(command.module)
    known = _KnownFlags()
    for name in values:
        known[name] = KnownFlag(values[name].parser.parse, bool(values[name].boolean))
    args = expand_flagfiles(argv, known, called)
    rest = tuple(values([called, *args])[1:])
    if rest and not command.positional:
        raise ConfigError(
            f"unexpected argument {rest[0]!r}: {called} takes only flags, written --name=value"
            " (a switch is --name or --noname)"
        )
    for name in command.required:
        if not values[name].value:
            raise ConfigError(f"--{name} is required: {values[name].help}")
    options = None
    if command.options is not None:
        names = [f.name for f in dataclasses.fields(command.options)]
        options = command.options(**{name: values[name].value for name in names})
        _try_places(options)
    return ParsedFlags(options, rest, values)


def _try_places(options: Any) -> None:
    """Refuse places to write to that take nothing, before anything else is loaded."""
    for field in dataclasses.fields(options):
        if (kind := field.metadata["writes"]) and (place := getattr(options, field.name)):
            from irmas_tf.process.places import FILE, why_no_file, why_no_folder

            if reason := (why_no_file if kind == FILE else why_no_folder)(place):
                raise ConfigError(f"--{field.name}={place}: {reason}")


def run_main(main: Callable[[ParsedFlags], int | None], command: Command, argv: Sequence[str] | None = None) -> int:
    """Parse the command line, run ``main`` and return the exit status; errors end as `run_command` says.

    Args:
        main: the command; it imports TensorFlow itself, so that ``--help`` does not.
        command: what the command accepts.
        argv: arguments without the program's name; by default those of the process.
    """
    args = list(sys.argv[1:] if argv is None else argv)
    flags_only = args[: args.index("--")] if "--" in args else args
    if any(arg in ("--help", "-h", "-help", "--helpfull", "--helpshort") for arg in flags_only):
        return run_command(lambda: print(command.help(), end=""))
    if "--version" in flags_only:
        return run_command(lambda: print(__version__))
    return run_command(lambda: _explaining(main, parse_flags(command, args), called_as(command.module)))


def _explaining(main: Callable[[ParsedFlags], int | None], flags: ParsedFlags, called: str) -> int | None:
    """Run a command; a package that it lacks is told with the command's name."""
    try:
        return main(flags)
    except ModuleNotFoundError as error:
        if missing := explained(error, called):
            raise missing from error
        raise


def reference() -> str:
    """Return the text of configs/reference.flags: every configuration flag at its default, commented."""
    lines = [
        "# What:     every configuration flag with its default.",
        "# Source:   python -m irmas_tf.config.flags",
        "# Use:      copy the lines you want to change into a file of your own and pass it with --flagfile=FILE; later",
        "#           flags override it. Comments need a line of their own that starts with '#'.",
    ]
    for title, section in _sections().items():
        lines += ["", f"# ---- {title} ----"]
        for field in dataclasses.fields(section):
            lines.append("")
            lines += textwrap.wrap(
                _describe(field), 118, initial_indent="# ", subsequent_indent="# ", break_long_words=False
            )
            lines.append(f"--{field.name}={format_value(field.default)}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(reference(), end="")
