"""The names of all augmentations, and the short text in which those of other packages are switched on.

The augmentations of this package have flags of their own (`irmas_tf.config.augment`). One that another package
registers is written ``NAME`` or ``NAME:KEY=VALUE:...`` in ``--augmentations``, its keys being its settings.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from irmas_tf.config.registry import Registry
from irmas_tf.config.settings import ConfigError, format_value, setting_types
from irmas_tf.config.spec_text import parse_pairs

BUILT_IN = {
    "tempo_and_pitch": "irmas_tf.augment.tempo_and_pitch:TempoAndPitch",
    "gain": "irmas_tf.augment.gain:Gain",
    "time_shift": "irmas_tf.augment.time_shift:TimeShift",
    "equalization": "irmas_tf.augment.equalization:Equalization",
    "silence": "irmas_tf.augment.silence:Silence",
    "excerpt_mixing": "irmas_tf.augment.excerpt_mixing:ExcerptMixing",
    "backing": "irmas_tf.augment.backing:Backing",
    "emptying": "irmas_tf.augment.emptying:Emptying",
    "noise": "irmas_tf.augment.noise:Noise",
    "mixup": "irmas_tf.augment.mixup:Mixup",
}
"""Name -> class, in the order in which they are applied; `irmas_tf.augment.pipeline` says why in this one."""

AUGMENTATIONS: Registry[Any] = Registry("augmentation", BUILT_IN, extensible=True)
"""Name -> subclass of `irmas_tf.augment.augmentation.Augmentation`."""


def registered_elsewhere() -> list[str]:
    """Return the names that other packages have registered, sorted."""
    return [name for name in AUGMENTATIONS.names() if name not in BUILT_IN]


def describe_registered() -> list[str]:
    """Return every augmentation of another package as one would write it, with its defaults ("hum:level_db=-40")."""
    return [_written(name) for name in registered_elsewhere()]


def _written(name: str) -> str:
    fields = dataclasses.fields(AUGMENTATIONS.get(name))
    return ":".join([name, *(f"{field.name}={_default(field.default)}" for field in fields)])


def _default(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else format_value(value)


def parse_augmentation(spec: str) -> Any:
    """Return the augmentation that a text describes, with its settings.

    Raises:
        ConfigError: unknown name, unknown or repeated key, a value that is malformed or not allowed.
    """
    name, *pairs = spec.strip().split(":")
    shown = f"--augmentations={spec}"
    if name in BUILT_IN:
        raise ConfigError(
            f"{shown}: {name} is one of this package's augmentations, which have flags of their own; see --help"
        )
    if name not in AUGMENTATIONS:
        known = ", ".join(registered_elsewhere()) or "none; install the package that registers it"
        raise ConfigError(
            f"{shown}: {name!r} is not an augmentation of another package; known: {known}, or name its module in"
            " IRMAS_TF_EXTENSIONS"
        )
    kind = AUGMENTATIONS.get(name)
    hints = setting_types(kind)
    types = {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    if pairs and not types:
        raise ConfigError(f"{shown}: {name} has no settings")
    values = parse_pairs(pairs, types, shown)
    try:
        return kind(**values)
    except ConfigError as error:
        raise ConfigError(f"{shown}: {str(error).removeprefix('--')}") from error
