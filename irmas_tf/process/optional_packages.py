"""Packages that not every installation has: what they are needed for, and the one line that says how to get them.

The core (`pip install irmas_tf`) answers for audio; training, evaluation and export bring TensorFlow and more with the
extra ``train``.
"""

from __future__ import annotations

import sys

TRAIN = 'pip install "irmas_tf[train]"'
REMEDIES = {
    "tensorflow": ("TensorFlow", TRAIN),
    "keras": ("Keras", TRAIN),
    "scipy": ("SciPy", TRAIN),
    "sklearn": ("scikit-learn", TRAIN),
    "jinja2": ("Jinja2", TRAIN),
    "h5py": ("h5py", TRAIN),
    "matplotlib": ("Matplotlib", "pip install matplotlib"),
    "ai_edge_litert": ("LiteRT", "pip install ai-edge-litert"),
    "av": ("PyAV", "pip install av"),
    "pretty_midi": ("pretty_midi", 'pip install "irmas_tf[demo]"'),
    "apache_beam": ("Apache Beam", 'pip install "irmas_tf[beam]"'),
    "pyarrow": ("PyArrow", 'pip install "irmas_tf[beam]"'),
    "mirdata": ("mirdata", 'pip install "irmas_tf[mirdata]"'),
    "grpc": ("gRPC", 'pip install "irmas_tf[serving]"'),
}
"""Module -> what people call it, and the command that installs it."""


class MissingPackageError(ImportError, ValueError):
    """A package that is needed is not installed; the message names what needs it, and the command that installs it."""


def is_installed(module: str) -> bool:
    """Return whether a package can be imported, without importing it; one that is blocked cannot."""
    import importlib.util

    if module in sys.modules:
        return sys.modules[module] is not None
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def require(module: str, purpose: str = "this") -> None:
    """Check that a package is there, before the work.

    Args:
        module: its name in `REMEDIES`.
        purpose: what needs it, for the message: "training".

    Raises:
        MissingPackageError: it is not installed.
    """
    if not is_installed(module):
        raise missing(module, purpose)


def missing(module: str, purpose: str = "this") -> MissingPackageError:
    """Return the error for a package in `REMEDIES` that is not installed."""
    name, remedy = REMEDIES[module]
    return MissingPackageError(f"{purpose} needs {name}: {remedy}", name=module)


def explained(error: ModuleNotFoundError, purpose: str = "this") -> MissingPackageError | None:
    """Return the error for an import that failed, or None if it was not that of a package in `REMEDIES`."""
    module = (error.name or "").partition(".")[0]
    return missing(module, purpose) if module in REMEDIES and not is_installed(module) else None
