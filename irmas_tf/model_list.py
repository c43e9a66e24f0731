"""List the models that answer by name: ``irmas models [NAME]``."""

from __future__ import annotations

import dataclasses
import json
import sys
import textwrap
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError, setting


@dataclasses.dataclass(frozen=True)
class ModelsOptions:
    """Flags of this command."""

    format: str = setting("table", "Text for people, or JSON, a model per line.", choices=("table", "json"))


COMMAND = Command(
    "irmas_tf.model_list",
    """
    List the models that answer by name: the one in the package, and those that can be fetched, with size, licence of
    the weights, how good they are, and whether they are here. With the name of one that is here, print what an app must
    know of its file; with mn04:audioset, AudioSet's 527 classes.
    """,
    options=ModelsOptions,
    positional="[NAME]",
)


def main(flags: ParsedFlags) -> None:
    """Run the command."""
    if len(flags.positional) > 1:
        raise ConfigError(f"unexpected argument {flags.positional[1]!r}: name one model, or none for the list")
    from irmas_tf.inference.named_models import NAMED_MODELS

    if flags.positional:
        _print_one(flags.positional[0])
        return
    rows = [row for name in NAMED_MODELS.names() for row in NAMED_MODELS.get(name).rows()]
    for row in rows:
        size = row.path.stat().st_size if row.path else None
        if flags.options.format == "json":
            about = dataclasses.asdict(row)
            print(json.dumps({**about, "path": str(row.path) if row.path else None, "bytes": size, "schema": 1}))
            continue
        state = row.state + (f": {row.path}, {size / 1e6:.2f} MB" if size else f": {row.remedy}" if row.remedy else "")
        print(f"{row.name}\n{_paragraph(row.title)}")
        for text in (state, row.quality, row.licence):
            if text:
                print(_paragraph(text))
    if flags.options.format == "table":
        print("\ncomposed answers where no model is named; others by --model=NAME or irmas_tf.load(NAME).")


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 118, initial_indent="    ", subsequent_indent="      ", break_on_hyphens=False)


def _print_one(name: str) -> None:
    """Print what is known of a model, or the classes that it can be asked for."""
    from irmas_tf.inference.named_models import NAMED_MODELS, file_of
    from irmas_tf.shipped.audioset import class_names
    from irmas_tf.tflite.facts import facts_text

    if name == "mn04:audioset":
        for place, class_name in enumerate(class_names()):
            print(f"{place:3}  {class_name}")
        return
    path = file_of(name)
    if path is None:
        raise ConfigError(f"{name}: is not the name of a model; names are {', '.join(NAMED_MODELS.names())}")
    print(facts_text(path), end="")


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
