"""Make an IRMAS-shaped corpus from a SoundFont: ``python -m irmas_tf.soundfont --out D``.

Composes songs for the eleven classes, plays them with sampled instruments and writes 3 s training excerpts and labelled
test clips in the official layout. Free of rights but for the SoundFont's own licence; a source for demonstrations and
pre-training. Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from irmas_tf import __version__
from irmas_tf.config.labels import IRMAS_CODES, IRMAS_NAMES
from irmas_tf.corpus.plan import (
    EXCERPTS_PER_SONG,
    TESTING_FOLDER,
    TRAINING_FOLDER,
    CorpusError,
    test_songs,
    training_songs,
)
from irmas_tf.process.atomic_files import write_json_atomic
from irmas_tf.process.exit_codes import run_command
from irmas_tf.process.locks import exclusive

if TYPE_CHECKING:
    from irmas_tf.corpus.plan import TestSong, TrainingSong
    from irmas_tf.corpus.writer import Tally

MANIFEST = "corpus.json"
# Raised whenever the same seed would give other audio.
GENERATOR_VERSION = 2
DEFAULT_SONGS_PER_CLASS = 20
DEFAULT_TEST_CLIPS = 30
_LICENCE_NOTE = (
    "Composed and rendered by irmas_tf from the SoundFont named here, whose licence applies to its samples (TimGM6mb:"
    " GPL-2). Not part of IRMAS; scores on this corpus are not IRMAS scores."
)


def _identity(seed: int, soundfont: Path, sha256: str) -> dict[str, Any]:
    return {
        "generator_version": GENERATOR_VERSION,
        "seed": seed,
        "soundfont": soundfont.name,
        "soundfont_sha256": sha256,
    }


def _claim(out: Path, identity: dict[str, Any], excerpts: int, clips: int) -> None:
    """Make the folder ours, or find that it is: new, empty, or an earlier run of the same corpus.

    Raises:
        CorpusError: it holds something else, another corpus, or a larger one.
    """
    manifest = out / MANIFEST
    if any(out.iterdir()):
        if not manifest.is_file():
            raise CorpusError(f"--out={out}: not empty and not a corpus of this command; name a new or empty folder")
        try:
            found = json.loads(manifest.read_text(encoding="utf-8"))
            before = {key: found[key] for key in identity}
            size = int(found["excerpts"]), int(found["test_clips"])
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
    for code in IRMAS_CODES:
        (out / TRAINING_FOLDER / code).mkdir(parents=True, exist_ok=True)
    if clips:
        (out / TESTING_FOLDER).mkdir(parents=True, exist_ok=True)
    write_json_atomic(manifest, {**identity, "complete": False, "excerpts": excerpts, "test_clips": clips})


def make_corpus(
    out: str | os.PathLike[str],
    *,
    excerpts: int = DEFAULT_SONGS_PER_CLASS * EXCERPTS_PER_SONG * len(IRMAS_CODES),
    test_clips: int = DEFAULT_TEST_CLIPS,
    seed: int = 0,
    soundfont: str | os.PathLike[str] | None = None,
    workers: int = 0,
    progress: bool = True,
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

    Returns:
        What was done, and what the corpus holds.

    Raises:
        CorpusError: the folder holds something else, or the disk is too small.
        irmas_tf.corpus.sf2.SoundFontError: no SoundFont, an unreadable one, or one that lacks an instrument.
    """
    from irmas_tf.corpus.instruments import check_soundfont
    from irmas_tf.corpus.sf2 import SoundFont, bundled_soundfont, file_sha256

    folder = Path(out)
    font = Path(soundfont) if soundfont is not None else bundled_soundfont()
    check_soundfont(SoundFont(font))
    if folder.exists() and not folder.is_dir():
        raise CorpusError(f"--out={out}: is a file; name a folder")
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder, CorpusError(f"--out={out}: another process is writing here; wait for it")):
        return _write(
            folder,
            _identity(seed, font, file_sha256(font)),
            excerpts=excerpts,
            test_clips=test_clips,
            seed=seed,
            font=font,
            workers=workers or os.cpu_count() or 1,
            progress=progress,
        )


def _write(
    folder: Path,
    identity: dict[str, Any],
    *,
    excerpts: int,
    test_clips: int,
    seed: int,
    font: Path,
    workers: int,
    progress: bool,
) -> Tally:
    """Write what is missing of a corpus into a folder that this process holds."""
    import itertools

    from tqdm import tqdm

    from irmas_tf.corpus.writer import TEMPORARY_SUFFIX, Tally, estimated_bytes, write_songs

    _claim(folder, identity, excerpts, test_clips)
    free, needed = shutil.disk_usage(folder).free, estimated_bytes(excerpts, test_clips)
    if needed > free + _size_of(folder):
        raise CorpusError(
            f"--out={folder}: needs about {needed / 1e9:.1f} GB and the disk has {free / 1e9:.1f} GB free; ask for"
            " fewer --excerpts, or name a folder on another disk"
        )
    for left in folder.rglob(f".*{TEMPORARY_SUFFIX}"):
        left.unlink(missing_ok=True)
    total = Tally()
    songs: Iterator[TrainingSong | TestSong] = itertools.chain(test_songs(test_clips), training_songs(excerpts))
    with tqdm(total=excerpts + test_clips, desc="rendering", unit="file", disable=None if progress else True) as bar:
        for tally in write_songs(songs, folder, seed, font, workers):
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
            "licence": _LICENCE_NOTE,
        },
    )
    return total


def _size_of(folder: Path) -> int:
    return sum(entry.stat().st_size for entry in folder.rglob("*.wav"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m irmas_tf.soundfont",
        description="Compose and render an IRMAS-shaped corpus with a General MIDI SoundFont. Run it again to continue"
        " an interrupted run; ask for more to extend a corpus.",
        allow_abbrev=False,
    )
    parser.add_argument("--out", required=True, metavar="D", help="data directory to make")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--excerpts", type=int, metavar="N", help="training excerpts over all eleven classes")
    size.add_argument(
        "--songs_per_class", type=int, metavar="N", default=DEFAULT_SONGS_PER_CLASS,
        help=f"songs of each class, {EXCERPTS_PER_SONG} excerpts each (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--test_clips", type=int, metavar="N", default=DEFAULT_TEST_CLIPS,
        help="multi-label test clips of 5 to 20 s (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="same seed, same files on this machine (default: 0)"
    )
    parser.add_argument(
        "--soundfont", metavar="FILE", help="General MIDI SoundFont, .sf2 (default: TimGM6mb from pretty_midi's wheel)"
    )
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="processes; 0 is one per CPU (default: 0)")
    return parser


def _print_summary(tally: Tally, seconds: float, out: str) -> None:
    print(f"\n{'class':<22}{'excerpts':>9}{'test labels':>13}")
    for code in IRMAS_CODES:
        print(f"{code}  {IRMAS_NAMES[code]:<17}{tally.training[code]:>9}{tally.testing[code]:>13}")
    print(f"{'total':<22}{sum(tally.training.values()):>9}{sum(tally.testing.values()):>13}  in {tally.clips} clips")
    rate = f" ({60 * tally.rendered / seconds:.0f} a minute)" if tally.rendered else ""
    kept = f"; {tally.kept} were there already" if tally.kept else ""
    print(f"\n{tally.rendered} files, {tally.bytes / 1e6:.0f} MB, written in {seconds:.0f} s{rate}{kept}: {out}")
    print(f"Next: python -m irmas_tf.check --data_dir {out}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = _parser()
    args = parser.parse_args(argv)
    for name, least in (("excerpts", 1), ("songs_per_class", 1), ("test_clips", 0), ("seed", 0), ("workers", 0)):
        value = getattr(args, name)
        if value is not None and value < least:
            parser.error(f"--{name}={value}: must be at least {least}")
    excerpts = args.excerpts or args.songs_per_class * EXCERPTS_PER_SONG * len(IRMAS_CODES)

    def run() -> None:
        start = time.monotonic()
        tally = make_corpus(
            args.out, excerpts=excerpts, test_clips=args.test_clips, seed=args.seed, soundfont=args.soundfont,
            workers=args.workers,
        )  # fmt: skip
        _print_summary(tally, time.monotonic() - start, args.out)

    status = run_command(run)
    if status == 130:
        print("run the same command again: it continues where it stopped", file=sys.stderr)
    return status


def cli() -> None:
    """Entry point of the console script."""
    sys.exit(main())


if __name__ == "__main__":
    cli()
