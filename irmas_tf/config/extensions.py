"""Modules of other packages that add front-ends, backbones, augmentations, data sets or artefacts by registering them.

Two ways to be heard of, both read at the first look into a registry:

- an installed package declares an entry point in the group ``irmas_tf.extensions``; its value is a module, which
  registers what it brings when it is imported:

      entry_points={"irmas_tf.extensions": ["gammatone = my_package.gammatone"]}

- the environment variable ``IRMAS_TF_EXTENSIONS`` lists modules, separated by commas, that Python can import.

A program that imports its module itself needs neither.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

from irmas_tf.config.settings import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "irmas_tf.extensions"
VARIABLE = "IRMAS_TF_EXTENSIONS"

_loaded: set[str] = set()


def load_extensions() -> None:
    """Import every extension that has not been imported yet.

    Raises:
        ConfigError: an extension cannot be imported; the message says which, and who asks for it.
    """
    modules = {entry.value.partition(":")[0]: f"entry point {entry.name!r}" for entry in _entry_points(tuple(sys.path))}
    for name in os.environ.get(VARIABLE, "").split(","):
        if name.strip():
            modules.setdefault(name.strip(), f"{VARIABLE}={os.environ[VARIABLE]}")
    for module, source in modules.items():
        if module in _loaded:
            continue
        _loaded.add(module)  # before the import: an extension looks into registries, too
        try:
            importlib.import_module(module)
        except Exception as error:
            _loaded.discard(module)
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ConfigError(
                f"{source}: the extension {module!r} cannot be imported ({reason}); mend or remove it"
            ) from error


@functools.lru_cache(maxsize=1)  # registries ask often, and every look goes through all installed packages
def _entry_points(path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    if not _may_have_entry_points(path):
        return ()
    from importlib.metadata import entry_points

    return tuple(entry_points(group=GROUP))


def _may_have_entry_points(path: tuple[str, ...]) -> bool:
    """Return whether an installed package may declare extensions; False is certain.

    The files that Python's own reader would parse are searched for the group's name alone, because loading that reader
    and parsing them all takes a tenth of the time of a whole command.
    """
    if any(hasattr(finder, "find_distributions") for finder in sys.meta_path if finder is not PathFinder):
        return True
    for place in path:
        try:
            with os.scandir(place or ".") as entries:
                names = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info", ".egg"))]
        except NotADirectoryError:
            return True  # an archive of packages
        except OSError:
            continue
        for name in names:
            with contextlib.suppress(OSError), open(os.path.join(name, "entry_points.txt"), "rb") as file:
                if GROUP.encode() in file.read():
                    return True
            if name.endswith(".egg"):
                return True
    return False
