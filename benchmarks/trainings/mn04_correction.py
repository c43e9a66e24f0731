"""Fit irmas_tf/shipped/mn04_correction.npz: what composed music teaches about AudioSet's head of mn04.

No real recording is read, and nothing of sources whose weights may not be passed on. The L2 term's strength comes from
benchmarks/trainings/ingredients.py, which asks a source that was not learnt from; one song in twelve is not learnt from
but mixed with others, and thresholds for several instruments are chosen on these mixtures. These commands make the file
again:

    irmas soundfont --out=CORPUS --excerpts=12000 --test_clips=0 --seed=27 --timbre_changes=all \
        --sounds=fluid,musescore,freepats:cel=0.25:gel=0.5:sax=0.5,tonejs:2,organ,voice,additive,stk \
        --randomization=all,noise=0.5
    irmas convert --backbone=mn04 --weights=mn04_as_mAP_432.pt --out=mn04.npz
    python benchmarks/trainings/mn04_correction.py --weights=mn04.npz --data_dir=CORPUS --cache=FOLDER \
        --audioset_share=0.5 --out=irmas_tf/shipped/mn04_correction.npz

--other is a corpus of other sources, of which figures are printed and written into the file. --score prints the figures
of a written file on folders in IRMAS's layout, beside AudioSet's own head; it fits nothing.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from pathlib import Path
from typing import Any

import numpy as np
from audioset_prior import (
    IRMAS_CODES,
    RATE_HZ,
    WINDOW,
    Features,
    Head,
    Network,
    accuracy,
    features_of_clips,
    features_of_excerpts,
    features_of_folder,
    fit,
    untrained,
    write_network,
)

MIXTURES, MIXTURE_SEED = 1500, 0
HELD_BACK = 12  # one song in so many


def _mixed(job: tuple[list[str], list[float], list[int], Path]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return logits, embedding and labels of excerpts added up: (paths, levels, classes, network)."""
    from irmas_tf.audio.decode import decode_file

    paths, levels, classes, path = job
    total = np.zeros(WINDOW, np.float32)
    for name, level in zip(paths, levels, strict=True):
        sound = decode_file(name, RATE_HZ).reshape(-1)[:WINDOW]
        loudness = float(np.sqrt(np.mean(sound**2))) + 1e-6
        total[: len(sound)] += sound * np.float32(0.08 / loudness * 10 ** (level / 20))
    labels = np.zeros(len(IRMAS_CODES), np.int8)
    labels[classes] = 1
    global _network
    _network = _network or Network(path)
    return (*_network(total), labels)


_network: Network | None = None


def mixtures(excerpts: list[Any], network: Path, workers: int) -> Features:
    """Return the features of mixtures of one to three excerpts of different classes, the later ones quieter."""
    rng = np.random.default_rng(MIXTURE_SEED)
    by_class = [[e for e in excerpts if e.irmas_code == code] for code in IRMAS_CODES]
    jobs = []
    for _ in range(MIXTURES):
        classes = rng.choice(len(IRMAS_CODES), rng.choice((1, 2, 3), p=(0.4, 0.4, 0.2)), replace=False)
        chosen = [by_class[k][rng.integers(len(by_class[k]))] for k in classes]
        levels = [0.0, *rng.uniform(-8, 0, len(classes) - 1)]
        jobs.append(([str(e.path) for e in chosen], levels, [int(k) for k in classes], network))
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        rows = pool.map(_mixed, jobs, chunksize=16)
    logits, embeddings, labels = (np.stack([row[k] for row in rows]) for k in range(3))
    return Features(logits, embeddings, labels, np.arange(len(rows)).astype(str))


def choose_thresholds(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the probability per class from which F1 on the mixtures is best, float32 [classes].

    The F1 of a level is taken as the mean over its neighbours in a grid of 0.02, so that no single mixture decides.
    """
    grid = np.arange(0.02, 0.981, 0.02)
    levels = []
    for scores, truth in zip(probabilities.T, labels.T.astype(bool), strict=True):
        named = scores[None] >= grid[:, None]
        hits = (named & truth).sum(axis=1)
        f1 = 2 * hits / np.maximum(named.sum(axis=1) + truth.sum(), 1)
        smooth = np.convolve(np.pad(f1, 2, mode="edge"), np.ones(5) / 5, mode="valid")
        levels.append(grid[int(np.argmax(smooth))])
    return np.array(levels, np.float32)


def centred(head: Head, mixed: Features) -> Head:
    """Return a head with one number added to all offsets, so that sigmoids are right on average on the mixtures.

    A softmax does not know that number; the answer of one class stays the same.
    """
    logits, wanted = head.logits(mixed), float(mixed.labels.mean())
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        mean = float(np.mean(1 / (1 + np.exp(-np.clip(logits + middle, -60, 60)))))
        low, high = (middle, high) if mean < wanted else (low, middle)
    return Head(head.scale, head.offset + middle, head.weight)


def between(head: Head, share: float) -> Head:
    """Return the head whose logits are ``share`` of AudioSet's and the rest of ``head``'s."""
    rest = 1.0 - share
    return Head(share + rest * head.scale, rest * head.offset, rest * head.weight)


def ranking(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the label ranking average precision."""
    from irmas_tf.metrics.multilabel import lrap

    return float(lrap(labels.astype(bool), 1 / (1 + np.exp(-logits))))


def read(path: Path) -> Head:
    """Return the head in a written file."""
    with np.load(path) as file:
        return Head(float(file["scale"]), file["offset"], file["weight"])


def score(path: Path, folders: list[Path], network: Path, cache: Path, workers: int) -> None:
    """Print the figures of a written file on folders in IRMAS's layout."""
    head, plain = read(path), untrained()
    print("| folder | head | excerpts | accuracy [95 % over songs] | five classes | per class |")
    print("|---|---|---|---|---|---|")
    for folder in folders:
        kept = cache / f"real-{folder.name}.npz"
        if not kept.is_file():
            features_of_folder(folder, network, workers).save(kept)
        test = Features.load(kept)
        for name, logits in (("AudioSet's", plain.scale * test.logits), ("corrected", head.logits(test))):
            r = accuracy(logits, test)
            low, high = r["interval"]
            classes = " ".join(f"{code} {value:.2f}" for code, value in r["per_class"].items())
            print(
                f"| {folder.name} | {name} | {r['count']} | {r['accuracy']:.3f} [{low:.2f}, {high:.2f}] |"
                f" {r['five']:.3f} | {classes} |"
            )


def score_clips(path: Path, folder: Path, network: Path, cache: Path, workers: int) -> None:
    """Print LRAP and micro F1 of the test clips under a folder: the mean of a clip's windows, the file's thresholds."""
    kept = cache / f"clips-{folder.name}.npz"
    if not kept.is_file():
        features_of_clips(folder, network, workers).save(kept)
    windows = Features.load(kept)
    clips, place = np.unique(windows.songs, return_inverse=True)
    labels = np.stack([windows.labels[place == k][0] for k in range(len(clips))]).astype(bool)
    with np.load(path) as file:
        thresholds = file["thresholds"]
    for name, logits in (("AudioSet's", windows.logits), ("corrected", read(path).logits(windows))):
        probabilities = 1 / (1 + np.exp(-logits))
        means = np.stack([probabilities[place == k].mean(axis=0) for k in range(len(clips))])
        answer = f"{len(clips)} test clips, {name} head: LRAP {ranking(np.log(means / (1 - means)), labels):.3f}"
        if name == "corrected":
            named = means >= thresholds
            answer += f", micro F1 {2 * (named & labels).sum() / (named.sum() + labels.sum()):.3f}"
        print(answer)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True, help="mn04's weights, as irmas convert writes them")
    parser.add_argument("--data_dir", type=Path, help="corpus that is learnt from")
    parser.add_argument("--other", type=Path, help="corpus of other sources, for figures")
    parser.add_argument("--strength", type=float, default=0.1, help="of the L2 term")
    parser.add_argument(
        "--recognised",
        type=float,
        default=0.0,
        help="learn from excerpts whose class has more than this of AudioSet's softmax",
    )
    parser.add_argument(
        "--audioset_share", type=float, default=0.0, help="of AudioSet's own head in the logits of what is written"
    )
    parser.add_argument("--cache", type=Path, required=True, help="folder for features")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--excerpts", type=int, default=0, help="the corpus's first ones; 0 is all")
    parser.add_argument("--figures", default="", help="how good it is, in words, for whoever asks the model")
    parser.add_argument("--score", default="", help="folders in IRMAS's layout between commas")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    network = write_network(args.weights, args.cache / "mn04.tflite")
    if args.score:
        folders = [Path(folder) for folder in args.score.split(",")]
        score(args.out, folders, network, args.cache, args.workers)
        for folder in folders:
            if any(folder.glob("IRMAS-TestingData*")):
                score_clips(args.out, folder, network, args.cache, args.workers)
        return 0
    from irmas_tf.datasets.irmas import index_training

    excerpts = sorted(index_training(args.data_dir, content_ids=False), key=lambda e: (e.song_id, e.excerpt_number))
    excerpts = excerpts[: args.excerpts or None]
    kept = [args.cache / f"{name}-{len(excerpts)}.npz" for name in ("corpus", "mixed")]
    if not kept[0].is_file():
        features_of_excerpts(excerpts, network, args.workers).save(kept[0])
    corpus = Features.load(kept[0])
    # Classes take turns from song to song, eleven of them; one song in twelve is of another class every time.
    back = np.array([int(song) % HELD_BACK == 0 for song in corpus.songs])
    if not kept[1].is_file():
        mixtures([e for e, held in zip(excerpts, back, strict=True) if held], network, args.workers).save(kept[1])
    mixed = Features.load(kept[1])
    figures = {}

    def report(name: str, asked: Features) -> None:
        for head_name, logits in (("", head.logits(asked)), (" by AudioSet's head", asked.logits)):
            figures[f"{name}: accuracy{head_name}"] = round(accuracy(logits, asked)["accuracy"], 3)

    powers = np.exp(corpus.logits - corpus.logits.max(axis=1, keepdims=True))
    own = powers[np.arange(len(powers)), corpus.true] / powers.sum(axis=1)
    learnt = corpus.where(~back & (own > args.recognised))
    head = centred(between(fit(learnt, args.strength), args.audioset_share), mixed)
    report(f"{int(back.sum())} composed excerpts of other songs", corpus.where(back))
    if args.other:
        place = args.cache / f"other-{args.other.name}.npz"
        if not place.is_file():
            features_of_folder(args.other, network, args.workers).save(place)
        asked = Features.load(place)
        report(f"{len(asked.songs)} composed excerpts of other sound sources", asked)
    probabilities = 1 / (1 + np.exp(-head.logits(mixed)))
    # Every second mixture chooses, the others are reported.
    thresholds = choose_thresholds(probabilities[::2], mixed.labels[::2])
    named, truth = probabilities[1::2] >= thresholds, mixed.labels[1::2].astype(bool)
    micro = 2 * (named & truth).sum() / (named.sum() + truth.sum())
    figures[f"{len(truth)} composed mixtures: micro F1"] = round(float(micro), 3)
    figures[f"{len(truth)} composed mixtures: LRAP"] = round(ranking(head.logits(mixed)[1::2], mixed.labels[1::2]), 3)
    print("\n".join(f"{name}: {value}" for name, value in figures.items()))
    manifest = json.loads((args.data_dir / "corpus.json").read_text(encoding="utf-8"))
    keys = ("generator_version", "excerpts", "seed", "sounds", "timbre_changes", "randomization")

    facts = {
        "sources": [source["name"] for source in manifest["sounds"]],
        "licence": "Learnt from music that irmas_tf composed and rendered; for any purpose. mn04 itself: MIT.",
        "licence_of_sources": manifest.get("licence", ""),
        "corpus": {key: manifest[key] for key in keys},
        "excerpts": len(excerpts),
        "held_back": int(back.sum()),
        "learnt_from": len(learnt.songs),
        "recognised": args.recognised,
        "l2": args.strength,
        "audioset_share": args.audioset_share,
        "command": "python benchmarks/trainings/mn04_correction.py",
        "seed": manifest["seed"],
        "figures": args.figures
        or "; ".join(f"{value} {name}" for name, value in figures.items() if "by AudioSet" not in name),
        "measured": figures,
    }
    from irmas_tf.process.atomic_files import atomic_path

    with atomic_path(args.out) as temporary, open(temporary, "wb") as stream:
        np.savez(
            stream,
            scale=np.float32(head.scale),
            offset=head.offset.astype(np.float32),
            weight=head.weight.astype(np.float32),
            feature=np.array("embedding"),
            thresholds=thresholds,
            classes=np.array(IRMAS_CODES),
            facts=np.array(json.dumps(facts)),
        )
    levels = " ".join(f"{code} {level:.2f}" for code, level in zip(IRMAS_CODES, thresholds, strict=True))
    print(f"scale {head.scale:.3f}; thresholds {levels}")
    print(f"wrote {args.out}: {args.out.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
