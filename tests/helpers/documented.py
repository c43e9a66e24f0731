"""The modules in docs/extending.md, written where Python can import them: what the page says is what the tests run."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from irmas_tf.config import extensions
from irmas_tf.config.augmentations import AUGMENTATIONS
from irmas_tf.config.backbones import BACKBONES
from irmas_tf.config.branches import FRONT_ENDS
from irmas_tf.config.datasets import DATASETS
from irmas_tf.config.registry import Registry
from irmas_tf.inference.artefacts import ARTEFACTS
from tests.helpers import ROOT, fresh_process

PAGE = ROOT / "docs" / "extending.md"
_MODULE = re.compile(r"^```python\n(# (\w+)\.py\n.*?)^```$", re.MULTILINE | re.DOTALL)


def write_documented(folder: Path, *names: str) -> Path:
    """Write modules of the page into a folder and return it.

    Raises:
        KeyError: the page has no module of that name.
    """
    modules = {name: code for code, name in _MODULE.findall(PAGE.read_text(encoding="utf-8"))}
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.py").write_text(modules[name], encoding="utf-8")
    return folder


@contextlib.contextmanager
def extension(folder: Path, *names: str) -> Iterator[Path]:
    """Write modules of the page into a folder and name the first in IRMAS_TF_EXTENSIONS, inside the block.

    The others are what it refers to. What was registered is forgotten afterwards.
    """
    registries: tuple[Registry[Any], ...] = (FRONT_ENDS, BACKBONES, AUGMENTATIONS, DATASETS, ARTEFACTS)
    before = [set(registry) for registry in registries]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(write_documented(folder, *names)))
        patch.setenv(extensions.VARIABLE, names[0])
        patch.setattr(extensions, "_loaded", set(extensions._loaded))
        try:
            yield folder
        finally:
            for registry, known in zip(registries, before, strict=True):
                for name in set(registry) - known:
                    registry.unregister(name)
            for name in names:
                sys.modules.pop(name, None)


def in_a_new_process(folder: Path, module: str, code: str, *, with_tensorflow: bool = False) -> str:
    """Run code in a process that hears of a module in a folder by the environment variable; return its output.

    Args:
        folder, module: what it hears of.
        code: what it does.
        with_tensorflow: whether TensorFlow may be imported already, which saves seconds.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT))), extensions.VARIABLE: module}
    if with_tensorflow:
        done = fresh_process.run(["-c", code], environment)
    else:
        done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
