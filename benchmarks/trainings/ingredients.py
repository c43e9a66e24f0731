"""What every ingredient of a composed corpus brings, no real recording used: learnt from one source, asked of others.

Every variant renders the same songs, once with nothing, once with each ingredient alone, and with all. A small learner
(benchmarks/trainings/audioset_prior.py: mn04 frozen, AudioSet's head as a prior) is fitted to each and scored on songs
that others have never played: another seed, another sound source, without and with all ingredients. --real scores the
same heads on folders in IRMAS's layout; choose nothing by that.

    irmas convert --backbone=mn04 --weights=mn04_as_mAP_432.pt --out=mn04.npz
    python benchmarks/trainings/ingredients.py --weights=mn04.npz --cache=/tmp/ingredients [--real=DIR,DIR]

A variant is RANDOMIZATION@CHANGES@SOUNDS as in --randomization, --timbre_changes and --sounds of irmas soundfont.
Features are kept in --cache, so that scoring again costs seconds.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from pathlib import Path

import numpy as np
from audioset_prior import (
    IRMAS_CODES,
    Features,
    Network,
    accuracy,
    features_of_folder,
    fit,
    mono_32k,
    untrained,
    write_network,
)

from irmas_tf.randomization.ingredients import INGREDIENTS

SONG_SECONDS = 36.0


def render(job: tuple[list[str], int, int, int, Path]) -> dict[str, Features]:
    """Return the features of some songs of a corpus in every variant: (variants, seed, first, last song, network)."""
    from irmas_tf.corpus.composition import compose_song
    from irmas_tf.corpus.plan import training_songs
    from irmas_tf.corpus.rendering import draw_chain, render_training_song, with_backing
    from irmas_tf.process.cpu import keep_freed_memory
    from irmas_tf.randomization.ingredients import Randomization
    from irmas_tf.timbres.sources import parse_sounds

    variants, seed, first, last, path = job
    keep_freed_memory()
    network = Network(path)
    ensembles = {}
    for variant in variants:
        _, changes, sounds = variant.split("@")
        ensembles[variant] = ensembles.get((sounds, changes)) or parse_sounds(sounds, changes).open(44100, 128 << 20)
        ensembles[sounds, changes] = ensembles[variant]
    rows: dict[str, list] = {variant: [] for variant in variants}
    for plan in list(training_songs(3 * last))[first:last]:
        composed = compose_song(plan.code, plan.seed(seed), SONG_SECONDS)
        label = np.eye(len(IRMAS_CODES), dtype=np.int8)[IRMAS_CODES.index(plan.code)]
        for variant in variants:
            chain = draw_chain(Randomization.parse(variant.split("@")[0]), composed)
            for piece in render_training_song(ensembles[variant], with_backing(composed, chain), 3, chain):
                logits, embedding = network(mono_32k(piece.audio))
                rows[variant].append((logits, embedding, label, f"{seed}/{plan.index}"))
    return {
        variant: Features(*(np.stack([row[k] for row in found]) for k in range(3)), np.array([row[3] for row in found]))
        for variant, found in rows.items()
    }


def features(
    variants: list[str], seed: int, excerpts: int, network: Path, cache: Path, workers: int
) -> dict[str, Features]:
    """Return features of a corpus in every variant, from the cache where it has them."""

    def place(variant: str) -> Path:
        return cache / f"{variant.replace('/', '_')}-{seed}-{excerpts}.npz"

    missing = [variant for variant in variants if not place(variant).is_file()]
    if missing:
        songs, step = excerpts // 3, 11
        jobs = [(missing, seed, first, min(first + step, songs), network) for first in range(0, songs, step)]
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            parts = pool.map(render, jobs, chunksize=1)
        for variant in missing:
            Features.joined([part[variant] for part in parts]).save(place(variant))
    return {variant: Features.load(place(variant)) for variant in variants}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True, help="mn04's weights, as irmas convert writes them")
    parser.add_argument("--cache", type=Path, required=True, help="folder for features")
    parser.add_argument("--sounds", default="fluid,musescore", help="sources that are learnt from")
    parser.add_argument("--test_sounds", default="freepats", help="sources that are asked")
    parser.add_argument("--excerpts", type=int, default=528, help="per seed and variant, a multiple of 33")
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--strength", type=float, default=0.1, help="of the L2 term")
    parser.add_argument("--variants", default="", help="further ones between semicolons")
    parser.add_argument("--real", default="", help="folders in IRMAS's layout between commas, scored and nothing else")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    network = write_network(args.weights, args.cache / "mn04.tflite")

    single = [f"{name}@none@{args.sounds}" for name in INGREDIENTS]
    variants = [f"none@none@{args.sounds}", *single, f"all@none@{args.sounds}", f"none@all@{args.sounds}",
                f"all@all@{args.sounds}"]  # fmt: skip
    variants += [variant for variant in args.variants.split(";") if variant]
    seeds = [int(seed) for seed in args.seeds.split(",")]
    asked = [f"none@none@{args.test_sounds}", f"all@none@{args.test_sounds}"]
    tests = features(asked, 1000, max(args.excerpts, 330), network, args.cache, args.workers)
    for folder in filter(None, args.real.split(",")):
        kept = args.cache / f"real-{Path(folder).name}.npz"
        if not kept.is_file():
            features_of_folder(Path(folder), network, args.workers).save(kept)
        tests[folder] = Features.load(kept)
    trained = {seed: features(variants, seed, args.excerpts, network, args.cache, args.workers) for seed in seeds}

    columns = " | ".join(f"{name} ({len(test.songs)}) | five" for name, test in tests.items())
    print(f"| learnt from | own songs named by AudioSet | {columns} |\n|---" + "|---" * (1 + 2 * len(tests)) + "|")
    cells = []
    for test in tests.values():
        result = accuracy(untrained().logits(untrained_width(test)), test)
        cells.append(f"{result['accuracy']:.3f} [{result['interval'][0]:.2f}, {result['interval'][1]:.2f}]")
        cells.append(f"{result['five']:.3f}")
    print(f"| nothing (AudioSet's head) | | {' | '.join(cells)} |")
    for variant in variants:
        heads = [fit(trained[seed][variant], args.strength) for seed in seeds]
        named = [np.mean(trained[s][variant].logits.argmax(1) == trained[s][variant].true) for s in seeds]
        cells = []
        for test in tests.values():
            results = [accuracy(head.logits(test), test) for head in heads]
            low, high = (np.mean([r["interval"][k] for r in results]) for k in (0, 1))
            cells.append(f"{', '.join(format(r['accuracy'], '.3f') for r in results)} [{low:.2f}, {high:.2f}]")
            cells.append(f"{np.mean([r['five'] for r in results]):.3f}")
        print(f"| {variant} | {np.mean(named):.3f} | {' | '.join(cells)} |")
    return 0


def untrained_width(test: Features) -> Features:
    """Return features whose embedding has one dimension, as the untrained head's weight."""
    return Features(test.logits, test.embeddings[:, :1], test.labels, test.songs)


if __name__ == "__main__":
    sys.exit(main())
