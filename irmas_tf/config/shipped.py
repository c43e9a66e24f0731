"""Files that come with the package beside its code: configurations and the serving kit.

In a checkout they stand where a reader looks for them, in configs/ and export/serving/ of its root; the build copies
them into the installed package (setup.py).
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from irmas_tf.config.settings import ConfigError

_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = _PACKAGE / "shipped"
_SUFFIX = ".flags"


def configs_dir() -> Path:
    """Return the folder of the shipped flagfiles."""
    folder = _INSTALLED / "configs"
    return folder if folder.is_dir() else _PACKAGE.parent / "configs"


def serving_kit_dir() -> Path:
    """Return the folder of the files that start TensorFlow Serving."""
    folder = _INSTALLED / "serving"
    return folder if folder.is_dir() else _PACKAGE.parent / "export" / "serving"


def config_names() -> list[str]:
    """Return the names of the shipped configurations, sorted."""
    return sorted(path.stem for path in configs_dir().glob(f"*{_SUFFIX}"))


def find_flagfile(text: str) -> Path:
    """Return the flagfile that a user means: a file of that path, else the shipped configuration of that name.

    Args:
        text: path, or name with or without ``.flags``.

    Raises:
        ConfigError: neither is there; the message lists the shipped ones.
    """
    path = Path(text).expanduser()
    # A folder is none: who lets the demo write into ./demo still means the configuration. A pipe is one.
    if path.exists() and not path.is_dir():
        return path
    names = config_names()
    name = path.name.removesuffix(_SUFFIX)
    if path.name == text and name in names:
        return configs_dir() / f"{name}{_SUFFIX}"
    if name in names:
        remedy = f"the shipped configuration is --flagfile={name}"
    elif path.name != text:
        remedy = "give a path that exists, or the name of a shipped configuration (irmas configs lists them)"
    else:
        near = difflib.get_close_matches(name, names, n=1)
        remedy = (f"did you mean {near[0]}? " if near else "") + f"shipped configurations: {', '.join(names)}"
    raise ConfigError(f"--flagfile={text}: no such file; {remedy}")


def summary_of(name: str) -> str:
    """Return what a shipped configuration says of itself: the text after ``# What:`` up to the next such heading."""
    header = (configs_dir() / f"{name}{_SUFFIX}").read_text(encoding="utf-8")
    said = re.search(r"^# What: (.*?)(?=^# \w+:|^(?!#)|\Z)", header, re.DOTALL | re.MULTILINE)
    return " ".join(said.group(1).replace("\n#", "\n").split()) if said else ""
