"""Writing a corpus in the layout of IRMAS: songs for the eleven classes, played from a SoundFont.

3 s training excerpts and labelled test clips. Free of rights but for the SoundFont's own licence; a source for
demonstrations and pre-training.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irmas_tf import __version__
from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.corpus.plan import (
    TESTING_FOLDER,
    TRAINING_FOLDER,
    CorpusError,
    test_songs,
    training_songs,
)
from irmas_tf.process.atomic_files import write_json_atomic
from irmas_tf.process.bounded_json import read_json
from irmas_tf.process.held_temporary import remove_leftovers, remove_leftovers_below
from irmas_tf.process.locks import exclusive
from irmas_tf.process.ordered_threads import usable_cpus
from irmas_tf.randomization.ingredients import RANDOMIZATION_VERSION, Randomization
from irmas_tf.timbres.sources import Sounds

if TYPE_CHECKING:
    from irmas_tf.corpus.plan import TestSong, TrainingSong
    from irmas_tf.corpus.writer import Tally

MANIFEST = "corpus.json"
_NOTHING = Randomization()
# Raised whenever the same seed would give other audio.
GENERATOR_VERSION = 2
_LICENCE_NOTE = (
    "Composed and rendered by irmas_tf from the SoundFont named here, whose licence applies to its samples (TimGM6mb:"
    " GPL-2). Not part of IRMAS; scores on this corpus are not IRMAS scores."
)


# What corpora of earlier versions do not say about themselves.
_EARLIER = {"randomization": "none", "sounds_version": 1}


def _identity(
    seed: int, soundfont: Path | Sounds, sha256: str = "", randomization: Randomization = _NOTHING
) -> dict[str, Any]:
    version = f"v{RANDOMIZATION_VERSION} " if randomization else ""
    return {
        "generator_version": GENERATOR_VERSION,
        "seed": seed,
        **(
            soundfont.identity()
            if isinstance(soundfont, Sounds)
            else {"soundfont": soundfont.name, "soundfont_sha256": sha256}
        ),
        "randomization": f"{version}{randomization.text}",
    }


def _claim(out: Path, identity: dict[str, Any], excerpts: int, clips: int) -> None:
    """Make the folder ours, or find that it is: new, empty, or an earlier run of the same corpus.

    Raises:
        CorpusError: it holds something else, another corpus, or a larger one.
    """
    manifest = out / MANIFEST
    remove_leftovers(out)
    if any(out.iterdir()):
        if not manifest.is_file():
            raise CorpusError(f"--out={out}: not empty and not a corpus of this command; name a new or empty folder")
        try:
            manifested = _EARLIER | read_json(manifest)
            before = {key: manifested[key] for key in identity}
            size = int(manifested["excerpts"]), int(manifested["test_clips"])
        except (ValueError, KeyError, TypeError) as error:
            raise CorpusError(f"{manifest}: damaged; remove the folder, or name another with --out") from error
        different = [
            f"{key} {before[key]} instead of {identity[key]}" for key in identity if before[key] != identity[key]
        ]
        if different:
            raise CorpusError(f"--out={out}: holds another corpus ({'; '.join(different)}); name another folder")
        if size[0] > excerpts or size[1] > clips:
            raise CorpusError(
                f"--out={out}: already holds (or was begun with) {size[0]} excerpts and {size[1]} test clips of this"
                f" corpus, more than asked for; ask for at least as many, or name another folder"
            )
    # First: a folder that got no further is still known as ours.
    write_json_atomic(manifest, {**identity, "complete": False, "excerpts": excerpts, "test_clips": clips})
    for code in IRMAS_CODES:
        (out / TRAINING_FOLDER / code).mkdir(parents=True, exist_ok=True)
    if clips:
        (out / TESTING_FOLDER).mkdir(parents=True, exist_ok=True)


def make_corpus(
    out: str | os.PathLike[str],
    *,
    excerpts: int = 660,
    test_clips: int = 30,
    seed: int = 0,
    soundfont: str | os.PathLike[str] | None = None,
    workers: int = 0,
    progress: bool = True,
    randomization: Randomization = _NOTHING,
    sounds: Sounds | None = None,
) -> Tally:
    """Write a corpus, or what is missing of it.

    Args:
        out: data directory; new, empty, or begun by this command with the same seed and SoundFont.
        excerpts: training excerpts over all classes.
        test_clips: test clips.
        seed: the same seed and SoundFont give the same files, whatever ``workers`` is.
        soundfont: General MIDI SoundFont (.sf2); None takes the one in pretty_midi's wheel.
        workers: processes; 0 is one per CPU.
        progress: show a progress bar on stderr.
        randomization: ingredients of randomisation, drawn per song.
        sounds: several sources, in place of ``soundfont``.

    Returns:
        What was done, and what the corpus holds.

    Raises:
        CorpusError: the folder holds something else, or the disk is too small.
        irmas_tf.timbres.zones.SoundFontError: no SoundFont, an unreadable one, or one that lacks an instrument.
    """
    from irmas_tf.corpus.instruments import check_soundfont
    from irmas_tf.corpus.studio import SAMPLE_RATE_HZ
    from irmas_tf.process.checksums import checksum_of
    from irmas_tf.timbres.sf2 import SoundFont, bundled_soundfont

    folder = Path(out)
    font: Path | Sounds
    if sounds is not None:
        sounds.open(SAMPLE_RATE_HZ, 0).check()
        font, sha256 = sounds, ""
    else:
        font = Path(soundfont) if soundfont is not None else bundled_soundfont()
        check_soundfont(SoundFont(font))
        sha256 = checksum_of(font)
    if folder.exists() and not folder.is_dir():
        raise CorpusError(f"--out={out}: is a file; name a folder")
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder, CorpusError(f"--out={out}: another process is writing here; wait for it")):
        return _write(
            folder,
            _identity(seed, font, sha256, randomization),
            excerpts=excerpts,
            test_clips=test_clips,
            seed=seed,
            font=font,
            workers=workers or usable_cpus(),
            progress=progress,
            randomization=randomization,
        )


def _write(
    folder: Path,
    identity: dict[str, Any],
    *,
    excerpts: int,
    test_clips: int,
    seed: int,
    font: Path | Sounds,
    workers: int,
    progress: bool,
    randomization: Randomization,
) -> Tally:
    """Write what is missing of a corpus into a folder that this process holds."""
    import itertools

    from tqdm import tqdm

    from irmas_tf.corpus.writer import Tally, estimated_bytes, write_songs

    _claim(folder, identity, excerpts, test_clips)
    free, needed = shutil.disk_usage(folder).free, estimated_bytes(excerpts, test_clips)
    if needed > free + _size_of(folder):
        raise CorpusError(
            f"--out={folder}: needs about {needed / 1e9:.1f} GB and the disk has {free / 1e9:.1f} GB free; ask for"
            " fewer --excerpts, or name a folder on another disk"
        )
    remove_leftovers_below(folder)
    total = Tally()
    songs: Iterator[TrainingSong | TestSong] = itertools.chain(test_songs(test_clips), training_songs(excerpts))
    with tqdm(total=excerpts + test_clips, desc="rendering", unit="file", disable=None if progress else True) as bar:
        for tally in write_songs(songs, folder, seed, font, workers, randomization):
            total.add(tally)
            bar.update(tally.rendered + tally.kept)
    versions = {"irmas_tf": __version__} | {name: importlib.metadata.version(name) for name in ("numpy", "scipy")}
    write_json_atomic(
        folder / MANIFEST,
        {
            **identity,
            "complete": True,
            "excerpts": excerpts,
            "test_clips": test_clips,
            "excerpts_per_class": {code: total.training[code] for code in IRMAS_CODES},
            "test_labels": {code: total.testing[code] for code in IRMAS_CODES},
            "songs_per_genre": dict(sorted(total.genres.items())),
            "songs_with_drums": total.drums,
            "solo_songs": total.solos,
            "versions": versions,
            "licence": _LICENCE_NOTE if isinstance(font, Path) else font.licence_note(),
        },
    )
    return total


def _size_of(folder: Path) -> int:
    return sum(entry.stat().st_size for entry in folder.rglob("*.wav"))
