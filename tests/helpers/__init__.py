"""What several tests share: runs, files and servers that they make."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

DEEP = os.environ.get("IRMAS_TF_DEEP_TESTS", "") not in ("", "0")
"""Whether tests that try many cases shall take their time."""


def cases(usually: int, deep: int) -> int:
    """Return how many cases a test with generated cases tries."""
    return deep if DEEP else usually
