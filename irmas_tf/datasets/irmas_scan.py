"""Listing of the IRMAS training and test sets on disk, with everything that is wrong about the files' names and labels.

Nothing here raises for a bad file: `irmas_tf.datasets.irmas` decides what is an error, `irmas_tf.check` reports all.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from irmas_tf.audio.walk import AUDIO_SUFFIXES
from irmas_tf.datasets.irmas_layout import (
    DataError,
    class_of_folder,
    display,
    find_testing_roots,
    find_training_root,
    part_of,
    walk_files,
)
from irmas_tf.datasets.irmas_records import (
    Excerpt,
    Problem,
    TestClip,
    TestingScan,
    TrainingScan,
    clip_song_id,
    parse_training_name,
    read_label_file,
)


def scan_training(data_dir: str | os.PathLike[str]) -> TrainingScan:
    """List the training set without judging it. Excerpts are sorted by `Excerpt.name`.

    Raises:
        DataError: there is no training folder.
    """
    root = find_training_root(data_dir)
    by_name: dict[str, Excerpt] = {}
    problems: list[Problem] = []
    others: list[Path] = []
    for path in walk_files(root, skip_testing=True):
        if path.suffix.lower() not in AUDIO_SUFFIXES:
            others.append(path)
            continue
        try:
            parsed = parse_training_name(path.name)
        except DataError as error:
            problems.append(Problem("surplus", path, f"{display(path.parent)}/{error}"))
            continue
        excerpt = Excerpt(path, *parsed)
        folder_code = class_of_folder(path.parent.name) if path.parent != root else None
        if folder_code not in (None, parsed.irmas_code):
            problems.append(
                Problem(
                    "label_mismatch",
                    path,
                    f"{display(path)}: the name says {parsed.irmas_code}, the folder {folder_code}; move the file to"
                    f" the folder {parsed.irmas_code}",
                )
            )
        elif excerpt.name in by_name:
            problems.append(
                Problem(
                    "repeated_name",
                    path,
                    f"{display(path)}: the same name as {display(by_name[excerpt.name].path)}; remove one of the two",
                )
            )
        else:
            by_name[excerpt.name] = excerpt
    excerpts = tuple(by_name[name] for name in sorted(by_name))
    return TrainingScan(root, excerpts, tuple(problems), tuple(others))


def scan_testing(data_dir: str | os.PathLike[str]) -> TestingScan:
    """List the test set without judging it. Clips are sorted by part, then by name.

    Audio and label files are paired by name, whichever Unicode normalisation or letter case either was stored with.
    """
    roots = find_testing_roots(data_dir)
    audio: dict[tuple[str, str], Path] = {}
    texts: dict[tuple[str, str], Path] = {}
    problems: list[Problem] = []
    for root in roots:
        for path in walk_files(root):
            key = (os.fspath(path.parent), unicodedata.normalize("NFC", path.stem).casefold())
            if path.suffix.lower() in AUDIO_SUFFIXES:
                if key in audio:
                    message = f"{display(path)}: the same name as {display(audio[key].name)}; remove one of the two"
                    problems.append(Problem("repeated_name", path, message))
                else:
                    audio[key] = path
            elif path.suffix.lower() == ".txt" and "readme" not in path.stem.lower():
                texts.setdefault(key, path)
    clips = []
    for key, path in audio.items():
        if key not in texts:
            message = f"{display(path)}: has no label file {display(path.stem)}.txt beside it; restore it"
            problems.append(Problem("missing_labels", path, message))
            continue
        try:
            codes = read_label_file(texts[key])
        except DataError as error:
            problems.append(Problem("bad_labels", texts[key], str(error)))
            continue
        clips.append(TestClip(path, codes, part_of(path.parent), clip_song_id(path.stem)))
    for key, path in texts.items():
        if key not in audio:
            message = f"{display(path)}: has no audio file beside it; restore {display(path.stem)}.wav"
            problems.append(Problem("missing_audio", path, message))
    clips.sort(key=lambda c: (c.part, unicodedata.normalize("NFC", c.path.name), os.fspath(c.path)))
    return TestingScan(tuple(roots), tuple(clips), tuple(sorted(problems, key=lambda p: os.fspath(p.path))))
