"""Imported for its effect by the process that `tests.helpers.fresh_process` forks from: TensorFlow, without its log."""

from __future__ import annotations

import os

_stderr = os.dup(2)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
try:
    import keras  # noqa: F401
    import tensorflow  # noqa: F401
finally:
    os.dup2(_stderr, 2)
    os.close(_stderr)
