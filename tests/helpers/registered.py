"""Having something registered that another package brings, for one test."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from types import ModuleType

from irmas_tf.config.registry import Registry


@contextlib.contextmanager
def registered(module: str, registry: Registry, name: str) -> Iterator[ModuleType]:
    """Import a module that registers ``name``, and forget both at the end."""
    try:
        yield importlib.import_module(module)
    finally:
        registry.unregister(name)
        sys.modules.pop(module, None)
