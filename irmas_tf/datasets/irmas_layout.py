"""Finding the IRMAS folders in what a user calls their data directory, and listing files in them.

Folders are walked with `os.scandir`: the file names hold ``[`` and ``]``, which are metacharacters to glob.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from irmas_tf.audio.walk import AUDIO_SUFFIXES
from irmas_tf.config.labels import IRMAS_NAMES
from irmas_tf.kinds.data_layouts import FOLDER, MANIFEST, OPENMIC, layout_of
from irmas_tf.process.shell_words import shell_path

MANIFEST_NAME = ".irmas_tf_manifest.json"

# Folder names by which a training or testing folder is recognised, most official first (see `_key`).
_TRAINING_KEYS = (
    "irmastrainingdata", "irmastraining", "irmastrain", "irmastrainingset",
    "trainingdata", "trainingset", "training", "train",
)  # fmt: skip
_TESTING = re.compile(r"(irmas|ir)?test(ing)?(data|set)?(part[0-9]+)?|(irmas)?part[0-9]+")
_PART = re.compile(r"part[ _.-]*([0-9]+)", re.IGNORECASE)
_TRAINING_FILE = re.compile(r"(\d+__)?\[[a-z]{3}\].*__\d+\.[A-Za-z0-9]+", re.ASCII)
_CLASS_KEYS = {code: code for code in IRMAS_NAMES} | {name.replace(" ", ""): code for code, name in IRMAS_NAMES.items()}
_MAX_DEPTH = 5


class DataError(ValueError):
    """The data set on disk is not what was asked for; the message names the file or folder and the remedy."""


def display(path: str | os.PathLike[str]) -> str:
    """Return a path that can be printed anywhere, even if its bytes are not valid UTF-8."""
    return os.fspath(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKC", name).casefold())


def class_of_folder(name: str) -> str | None:
    """Return the IRMAS code a folder name stands for ("cel", "Cello", "acoustic_guitar"), or None."""
    return _CLASS_KEYS.get(_key(name))


def is_ignored(name: str) -> bool:
    """Return whether a file or folder name is litter of an operating system (AppleDouble, .DS_Store, __MACOSX...)."""
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini", "Desktop.ini")


def is_testing_folder(name: str) -> bool:
    """Return whether a folder name looks like a part of the test set ("IRMAS-TestingData-Part1", "Part3")."""
    return _TESTING.fullmatch(_key(name)) is not None


def part_of(path: Path) -> int:
    """Return the test part number that the deepest folder naming one says, or 0 if none does."""
    for name in reversed(path.parts):
        found = _PART.search(name)
        if found:
            return int(found.group(1))
    return 0


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return the entries of a folder without operating-system litter, sorted by name.

    Raises:
        DataError: the folder cannot be listed.
    """
    try:
        with os.scandir(folder) as scan:
            return sorted((e for e in scan if not is_ignored(e.name)), key=lambda e: e.name)
    except OSError as error:
        raise DataError(
            f"{display(folder)}: cannot be listed ({error.strerror}); check the path and its permissions"
        ) from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_listed(entry: os.DirEntry[str]) -> bool:
    """Regular files, and symbolic links that lead nowhere (so that they are reported); never pipes or devices."""
    try:
        return entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path))
    except OSError:
        return True


def walk_files(root: Path, *, skip_testing: bool = False) -> Iterator[Path]:
    """Yield every file under ``root`` in sorted order, at most five folders deep, following links but never in circles.

    Args:
        root: folder to walk.
        skip_testing: leave out folders that look like parts of the test set.
    """
    seen: set[str] = set()

    def walk(folder: Path, depth: int) -> Iterator[Path]:
        real = os.path.realpath(folder)
        if real in seen or depth > _MAX_DEPTH:
            return
        seen.add(real)
        folders = []
        for entry in entries(folder):
            if _is_folder(entry):
                if not (skip_testing and is_testing_folder(entry.name)):
                    folders.append(entry)
            elif _is_listed(entry):
                yield folder / entry.name
        for entry in folders:
            yield from walk(folder / entry.name, depth + 1)

    yield from walk(Path(root), 0)


def check_data_dir(data_dir: str | os.PathLike[str]) -> Path:
    """Return ``data_dir`` as a path.

    Raises:
        DataError: it is empty, missing, or not a folder.
    """
    if not os.fspath(data_dir):
        raise DataError("--data_dir is empty: give the folder that holds IRMAS-TrainingData")
    path = Path(data_dir).expanduser()
    if not path.exists():
        raise DataError(
            f"{display(path)}: no such folder; give --data_dir the folder that holds IRMAS-TrainingData,"
            f" or fetch it with: irmas download --out={shell_path(display(path))}"
        )
    if not path.is_dir():
        hint = "unpack it first and " if path.suffix.lower() == ".zip" else _OTHER_DATA.get(layout_of(path), "")
        raise DataError(f"{display(path)}: is a file; {hint}give the folder that holds IRMAS-TrainingData")
    return path


_OTHER_DATA = {
    FOLDER: "a folder of classes is read with --dataset=folder",
    MANIFEST: "a manifest is read with --dataset=manifest; else ",
    OPENMIC: "OpenMIC-2018 is read with --dataset=openmic",
}


def _other_data(base: Path) -> str:
    """Return what else a folder without IRMAS seems to hold, for a message, or an empty string."""
    remedy = _OTHER_DATA.get(layout_of(base), "")
    return f"; {remedy}" if remedy else ""


def _holds_training(folder: Path) -> bool:
    """True if the folder, or a class folder in it, has a file named as the training set names them."""
    for entry in entries(folder):
        if _is_folder(entry):
            if class_of_folder(entry.name) and any(
                _TRAINING_FILE.fullmatch(e.name) for e in entries(folder / entry.name)
            ):
                return True
        elif _TRAINING_FILE.fullmatch(entry.name):
            return True
    return False


def find_training_root(data_dir: str | os.PathLike[str]) -> Path:
    """Return the folder that holds the class folders (or, flattened, the training files themselves).

    ``data_dir`` may be that folder, its parent, or its grandparent; common renamings are understood. Links to the same
    folder count once.

    Raises:
        DataError: nothing there looks like the training set, or two folders do: which one is meant is not guessed.
    """
    base = check_data_dir(data_dir)
    level, roots = [base], list[Path]()
    for depth in range(3):
        roots += [folder for folder in level if _holds_training(folder)]
        below = []
        for folder in level:
            if folder in roots:
                continue  # what lies in it belongs to it
            found = [e.name for e in entries(folder) if _is_folder(e) and not is_testing_folder(e.name)]
            rank = {name: _TRAINING_KEYS.index(_key(name)) for name in found if _key(name) in _TRAINING_KEYS}
            # Only recognised names are followed below the first level: a data directory may sit beside huge others.
            names = found if depth == 0 else list(rank)
            below += [folder / name for name in sorted(names, key=lambda n: (rank.get(n, 99), n))]
        level = below
    different = {os.path.realpath(root): root for root in reversed(roots)}
    if len(different) > 1:
        first, second = [display(root) for root in reversed(different.values())][:2]
        raise DataError(f"{display(base)}: holds two training sets, {first} and {second}; give --data_dir one of them")
    if roots:
        return roots[0]
    raise DataError(
        f"{display(base)}: holds no IRMAS training audio{_other_data(base)} (expected"
        " IRMAS-TrainingData/<class>/*.wav with names such as '[cel][cla]0001__1.wav'); correct"
        " --data_dir, or fetch it with:"
        f" irmas download --out={shell_path(display(base))}"
    )


def find_testing_roots(data_dir: str | os.PathLike[str]) -> list[Path]:
    """Return the folders that hold parts of the test set, sorted; an empty list if there are none.

    ``data_dir`` may be their parent or grandparent, the training folder beside them, one of them, or a plain folder
    of clips with label files.
    """
    base = check_data_dir(data_dir)
    if is_testing_folder(base.name):
        return [base]
    places = [base]
    if _key(base.name) in _TRAINING_KEYS:
        places.append(base.resolve().parent)
    places += [base / e.name for e in entries(base) if _is_folder(e) and _key(e.name).startswith("irmas")]
    for place in places:
        roots = [place / e.name for e in entries(place) if _is_folder(e) and is_testing_folder(e.name)]
        if roots:
            return roots
    names = {e.name for e in entries(base) if not _is_folder(e)}
    if any(n.lower().endswith(".txt") and any(n[:-4] + s in names for s in AUDIO_SUFFIXES) for n in names):
        return [base]
    return []
