"""Versions that a result may depend on: of this code, of Python, of packages, and of the machine."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

from irmas_tf import __version__

_RECORDED_PACKAGES = ("tensorflow", "keras", "numpy", "soundfile", "tensorflow-io")


def git_commit() -> str | None:
    """Return the commit of the checkout this package is imported from, or None (installed package, no git)."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():  # an environment inside somebody else's repository is not our commit
        return None
    import subprocess

    try:
        done = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def collect_versions() -> dict[str, Any]:
    """Return what a result may depend on besides the configuration, without importing TensorFlow."""
    import importlib.metadata  # an answer from a run does not wait for it

    versions: dict[str, Any] = {
        "irmas_tf": __version__,
        "git_commit": git_commit(),
        "python": platform.python_version(),
    }
    for package in _RECORDED_PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    versions["platform"] = platform.platform()
    versions["machine"] = platform.machine()
    versions["cpu_count"] = os.cpu_count()
    return versions
