"""Near-duplicates: which re-encodings and cuts of a sound are found, and how near two different sounds come.

    python benchmarks/near_duplicates.py [--files=30] [--folder=FOLDER]

Every sound is taken for 3 seconds, re-encoded in each way of the table, written with libsndfile and read again as
``irmas check --deep`` reads it. A row says how many of the sounds are found (`near_pairs` of
`irmas_tf.own_data.fingerprints`), and which share of the bits differs where they fit best. A copy is found if that
share is `MOST_DIFFERING` at most, and if two words of 32 bits or more are the same in both. Then come all pairs of
different sounds: how many are taken for the same, and the nearest of them. Without --folder the sounds are generated:
notes with harmonics that die away, over soft noise, of a seed each. With it they are its first files, in the order of
their names, of 2 seconds or more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from irmas_tf.audio.decode import iter_blocks  # noqa: E402
from irmas_tf.audio.walk import AudioFiles, Failure  # noqa: E402
from irmas_tf.own_data.fingerprints import (  # noqa: E402
    HOP_LENGTH,
    LEAST_FRAMES,
    MOST_DIFFERING,
    Fingerprint,
    differing,
    fingerprint_of,
    near_pairs,
)

RATE_HZ = 44100
SECONDS = 3.0
Change = Callable[[np.ndarray], np.ndarray]


def melody(seed: int) -> np.ndarray:
    """Return notes with harmonics that die away, over soft noise; float64 [samples] at `RATE_HZ`."""
    rng = np.random.default_rng(seed)
    out = 0.003 * rng.standard_normal(round(SECONDS * RATE_HZ))
    for start in np.arange(0, SECONDS - 0.3, 0.25):
        length = min(len(out) - round(start * RATE_HZ), RATE_HZ // 2)
        times = np.arange(length) / RATE_HZ
        pitch = 220.0 * 2.0 ** (rng.integers(0, 25) / 12)
        note = sum(np.sin(2 * np.pi * pitch * k * times + rng.uniform(0, 6)) / k for k in range(1, 6))
        out[round(start * RATE_HZ) :][:length] += 0.1 * note * np.exp(-5 * times)
    return out


def sounds(folder: str, most: int) -> Iterator[np.ndarray]:
    """Yield the sounds: those of a folder, or generated ones."""
    if not folder:
        yield from (melody(seed) for seed in range(most))
        return
    count = 0
    for path in AudioFiles([folder]):
        if count == most:
            return
        if not isinstance(path, Failure):
            sound = np.concatenate(list(iter_blocks(Path(path), RATE_HZ)))[: round(SECONDS * RATE_HZ)]
            if len(sound) >= 2 * RATE_HZ and sound.any():
                count += 1
                yield sound


def with_noise(sound: np.ndarray) -> np.ndarray:
    """Return a sound with white noise 20 dB below it."""
    return sound + 0.1 * sound.std() * np.random.default_rng(9).standard_normal(len(sound))


WAYS: dict[str, tuple[str, str | None, Change]] = {
    "a quarter of the level, FLAC": ("flac", None, lambda x: 0.25 * x),
    "MP3": ("mp3", None, lambda x: x),
    "Vorbis": ("ogg", None, lambda x: x),
    "cut by .337 s, halved, Vorbis": ("ogg", None, lambda x: 0.5 * x[round(0.337 * RATE_HZ) :]),
    "one second of it": ("wav", None, lambda x: x[RATE_HZ : 2 * RATE_HZ]),
    "8 bits, peak at full scale": ("wav", "PCM_U8", lambda x: 0.99 * x / np.abs(x).max()),
    "8 bits, peak 12 dB below": ("wav", "PCM_U8", lambda x: 0.25 * x / np.abs(x).max()),
    "8 bits, peak 24 dB below": ("wav", "PCM_U8", lambda x: 0.0625 * x / np.abs(x).max()),
    "8 bits, peak 30 dB below": ("wav", "PCM_U8", lambda x: 0.03125 * x / np.abs(x).max()),
    "white noise 20 dB below": ("wav", None, with_noise),
}


def print_of(sound: np.ndarray, suffix: str, subtype: str | None, folder: Path) -> Fingerprint:
    """Return the fingerprint of a sound that was written to a file and read again."""
    path = folder / f"sound.{suffix}"
    soundfile.write(path, sound, RATE_HZ, subtype=subtype)
    return fingerprint_of(path)


def nearest(first: Fingerprint, second: Fingerprint) -> float:
    """Return the least share of differing bits, at any shift that leaves half a second in common."""
    shifts = range(LEAST_FRAMES - len(second.words), len(first.words) - LEAST_FRAMES + 1)
    return min((differing(first, second, shift) for shift in shifts), default=1.0)


def main() -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=30, help="sounds (default 30)")
    parser.add_argument("--folder", default="", help="take the sounds of a folder")
    args = parser.parse_args()
    chosen = [sound / max(1.0, float(np.abs(sound).max())) for sound in sounds(args.folder, args.files)]
    if len(chosen) < 2:
        parser.error(f"--folder={args.folder}: holds fewer than two files of 2 s or more; give another")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        originals = [print_of(sound, "wav", "PCM_16", folder) for sound in chosen]
        print(f"{len(chosen)} sounds; same sound up to {MOST_DIFFERING} of the bits\n")
        print("| re-encoded as | found | median | most |\n|---|---:|---:|---:|")
        for way, (suffix, subtype, change) in WAYS.items():
            copies = [print_of(change(sound), suffix, subtype, folder) for sound in chosen]
            shares = [nearest(a, b) for a, b in zip(originals, copies, strict=True)]
            found = sum(bool(near_pairs([a, b])) for a, b in zip(originals, copies, strict=True))
            print(f"| {way} | {found} of {len(chosen)} | {np.median(shares):.3f} | {max(shares):.3f} |")
    pairs = near_pairs(originals)
    others = [nearest(a, b) for k, a in enumerate(originals) for b in originals[:k]]
    print(
        f"\n{len(others):,} pairs of different sounds: {len(pairs)} taken for the same; the nearest, at any shift of"
        f" {HOP_LENGTH / 8:g} ms, differ in {min(others):.3f} of the bits"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
