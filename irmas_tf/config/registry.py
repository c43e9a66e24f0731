"""Named registries of interchangeable parts (blocks, front-ends, augmentations, data sets, artefacts)."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from irmas_tf.config.extensions import load_extensions

T = TypeVar("T")


class Registry(Generic[T]):
    """A mapping from names to objects in which a duplicate or an unknown name is an error that helps.

    Args:
        kind: what is registered, in the singular ("block"); used in messages.
        built_in: entries that come with the package, as name -> "module:attribute"; imported when they are asked for,
            so that a list of names costs nothing.
        extensible: whether modules of other packages may add entries (`irmas_tf.config.extensions`).
    """

    def __init__(self, kind: str, built_in: dict[str, str] | None = None, *, extensible: bool = False) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}
        self._built_in = dict(built_in or {})
        self._extensible = extensible

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that registers its argument under ``name``.

        Raises:
            ValueError: the name is taken.
        """

        def decorate(entry: T) -> T:
            if name in self._entries or name in self._built_in:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._entries[name] = entry
            return entry

        return decorate

    def unregister(self, name: str) -> None:
        """Forget the entry called ``name``, if there is one that was registered; for tests and notebooks."""
        self._entries.pop(name, None)

    def get(self, name: str) -> T:
        """Return the entry called ``name``.

        Raises:
            ValueError: no such entry; the message lists the known ones.
            ConfigError: an extension cannot be imported.
        """
        if name in self._entries:
            return self._entries[name]
        if name in self._built_in:
            module, _, attribute = self._built_in[name].partition(":")
            entry: Any = getattr(importlib.import_module(module), attribute)
            return self._entries.setdefault(name, entry)
        if name not in self:
            raise ValueError(f"unknown {self.kind} {name!r}; known: {', '.join(self.names())}{self._remedy()}")
        return self._entries[name]

    def names(self) -> tuple[str, ...]:
        """Return the names, sorted."""
        if self._extensible:
            load_extensions()
        return tuple(sorted({*self._built_in, *self._entries}))

    def _remedy(self) -> str:
        if not self._extensible:
            return ""
        return "; a name of another package needs its extension installed or named in IRMAS_TF_EXTENSIONS"

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self._built_in or name in self.names()
