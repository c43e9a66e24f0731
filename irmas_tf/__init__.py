"""Predominant instrument recognition on IRMAS with TensorFlow. Importing the package loads nothing heavy."""

from __future__ import annotations

__version__ = "0.1.0"
