"""A folder of classes: what lies in DATA_DIR/violin, at any depth, is a violin."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from irmas_tf.audio.walk import AudioFiles, Failure, noun_of_other
from irmas_tf.datasets.check_report import Finding
from irmas_tf.datasets.irmas_layout import DataError, display, is_ignored
from irmas_tf.kinds.data_layouts import FOLDER, layout_of
from irmas_tf.kinds.file_kinds import counted
from irmas_tf.own_data.data_places import folder_remedy
from irmas_tf.own_data.label_grammar import LabelError, Labels, parse_folder_name
from irmas_tf.own_data.listing import Entry, Listing, counted_readings, gathered, is_utf8, listing, walked_name
from irmas_tf.process.garbage import no_collection

_PART_NAMES = frozenset(
    ("train", "training", "test", "testing", "tests", "val", "valid", "validation", "dev", "development", "eval")
)


@no_collection()
def read_class_folders(data_dir: str | os.PathLike[str], classes: Sequence[str] = ()) -> Listing:
    """Return what a folder of classes holds, with everything that is wrong about it. No audio is decoded.

    Every folder in ``data_dir`` names classes (`irmas_tf.own_data.label_grammar`), and all sound below it, at any
    depth, is of them. What is sound is told by name, or where that says nothing by content. Links to folders are
    followed on the first level alone.

    Args:
        data_dir: the folder that holds a folder for each class.
        classes: those that ``--classes`` names; empty for those of the folders, sorted.

    Raises:
        DataError: there is no such folder, or it holds no class folders; the message has the remedy.
    """
    if remedy := folder_remedy(data_dir):
        raise DataError(remedy)
    root = Path(data_dir).expanduser()
    folders, loose = _listed(root)
    _refuse_other_levels(root, folders)
    entries: list[Entry] = []
    counts: Counter[str] = Counter()
    read: dict[str, Labels] = {}
    findings: list[Finding] = []
    skipped: Counter[str] = Counter()
    base = os.fspath(root)
    read_from = [base]
    for name in folders:
        shown = display(name)
        try:
            if not is_utf8(name):
                raise LabelError("bad_name", "its name is not UTF-8; rename the folder")
            labels = parse_folder_name(name, classes)
        except LabelError as error:
            findings.append(Finding("error", error.kind, f"folder {shown!r}: {error}", (shown,)))
            continue
        files, place = AudioFiles([os.path.join(root, name)]), f"folder {shown!r}"
        files.on_folder = read_from.append
        failures: list[str] = []
        before = len(entries)
        for path in files:
            if isinstance(path, Failure):
                failures.append(f"{display(os.path.relpath(path.path, root))}: {path.reason}")
            else:
                entries.append(Entry(path, walked_name(path, base), labels, place))
        skipped += files.skipped
        read[name] = labels
        if len(entries) > before:
            counts[name] = len(entries) - before
        if failures:
            words, remedy = "files or folders cannot be read", "restore or remove them"
            findings.append(gathered("error", "unreadable", failures, words, remedy))
        if len(entries) == before:
            message = f"folder {shown!r}: holds no sound; add files, or remove it"
            findings.append(Finding("warning", "empty_folder", message, (shown,)))
    if not entries and not findings:
        raise DataError(_nothing(root, folders))
    sounds = [name for name in loose if not noun_of_other(root / name)]
    if sounds:
        words, remedy = "files lie in no class folder and are left out", "move them into the folders of their classes"
        findings.append(gathered("warning", "loose_files", [display(name) for name in sounds], words, remedy))
    if skipped:
        kinds = ", ".join(counted(count, noun) for noun, count in skipped.most_common())
        findings.append(Finding("note", "other_files", f"the class folders also hold {kinds}; ignored"))
    return listing(root, entries, findings, classes, readings=counted_readings(counts, read), read_from=read_from)


def _listed(root: Path) -> tuple[list[str], list[str]]:
    """Return the names of the folders in a folder, and of the other files, each sorted."""
    try:
        with os.scandir(root) as scan:
            found = [(entry.name, entry.is_dir()) for entry in scan if not is_ignored(entry.name)]
    except OSError as error:
        raise DataError(f"{display(root)}: cannot be listed ({error.strerror}); check its permissions") from error
    return sorted(n for n, is_dir in found if is_dir), sorted(n for n, is_dir in found if not is_dir)


def _refuse_other_levels(root: Path, folders: Sequence[str]) -> None:
    """Refuse a folder whose class folders are one level further down, below parts or below a single folder."""
    below = [name for name in folders if layout_of(root / name) == FOLDER]
    parts = [name for name in folders if name.casefold() in _PART_NAMES]
    if len(parts) > 1 and len(parts) == len(folders) and below:
        raise DataError(
            f"{display(root)}: its folders are parts ({', '.join(parts)}), not classes; list the files in a manifest"
            f" with the columns path, labels and split, or give one part: --data_dir={display(root / parts[0])}"
        )
    if len(folders) == 1 and below:
        raise DataError(
            f"{display(root)}: holds the one folder {folders[0]!r}, which holds folders of sound; if these are the"
            f" classes, give it: --data_dir={display(root / folders[0])}"
        )


def _nothing(root: Path, folders: Sequence[str]) -> str:
    if folders:
        return f"{display(root)}: its folders ({', '.join(map(display, folders[:5]))}) hold no sound"
    return (
        f"{display(root)}: holds no folders; make one for each class and put its sound there"
        f" ({display(root)}/violin/*.wav), or list the files in a manifest"
    )
