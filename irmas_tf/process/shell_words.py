"""Paths in commands that a message proposes: right in any folder, and one word for the shell whatever they hold."""

from __future__ import annotations

import os
import shlex


def shell_path(path: str | os.PathLike[str]) -> str:
    """Return a path from the root, quoted where the shell needs it."""
    return shlex.quote(os.path.abspath(os.path.expanduser(os.fspath(path))))
