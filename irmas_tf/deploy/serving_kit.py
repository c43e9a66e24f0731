"""The files that start TensorFlow Serving, copied out of the package to where they are used and changed."""

from __future__ import annotations

import os
from pathlib import Path

from irmas_tf.config.settings import ConfigError
from irmas_tf.config.shipped import serving_kit_dir
from irmas_tf.process.atomic_files import write_text_atomic

# In a checkout the kit lies two folders below the models' default place, a copy beside it.
_MODELS_OF_A_CHECKOUT, _MODELS_OF_A_COPY = ":-../../models}", ":-../models}"
_COMPOSE = "docker-compose.yml"


def copy_serving_kit(out: str | os.PathLike[str], *, overwrite: bool = False) -> tuple[Path, Path]:
    """Copy the kit and return (its folder, the folder in which it expects the models: ``models`` beside it).

    Args:
        out: folder; made if absent. Other files in it are left alone.
        overwrite: replace files of the kit that are there with another content.

    Raises:
        ConfigError: the folder is a file, or holds a file of the kit with another content; nothing is written then.
    """
    folder = Path(out).expanduser()
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--out={out}: is a file; name a folder")
    files = sorted(path for path in serving_kit_dir().iterdir() if path.is_file())
    texts = {path.name: path.read_text(encoding="utf-8") for path in files}
    texts[_COMPOSE] = texts[_COMPOSE].replace(_MODELS_OF_A_CHECKOUT, _MODELS_OF_A_COPY)
    changed = [
        name
        for name, text in texts.items()
        if (folder / name).exists() and (folder / name).read_text(encoding="utf-8", errors="replace") != text
    ]
    if changed and not overwrite:
        raise ConfigError(f"{folder / changed[0]}: is there and differs; give --overwrite, or another --out")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_text_atomic(folder / name, text)
    return folder, folder.parent / "models"
