"""How real composed music sounds to a network that never heard any: the share of renders that AudioSet's head names.

mn04 was trained on AudioSet alone. Of its 527 logits the eleven of our classes are taken; a render is recognised if its
own class has the largest. No real recording and no label of one is used, so sources, programs and changes of timbre can
be compared, and left out, without touching what is scored in the end.

    irmas convert --backbone=mn04 --weights=mn04_as_mAP_432.pt --out=mn04.npz
    python benchmarks/realism.py --weights=mn04.npz --data_dir=/path/to/corpus
    python benchmarks/realism.py --weights=mn04.npz --sounds=fluid,freepats --songs=8

With --data_dir, 3 s training excerpts of a corpus, per class. With --sounds, every source plays the same solo songs of
every class, without accompaniment, rooms and equalisers: per class and source, and per program with --programs. With
--variants, every variant of a computed source plays one line: those that are recognised are the ones that it keeps.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import random
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.corpus.instruments import PROGRAM_TO_CODE

# Rows of AudioSet's class_labels_indices.csv (527 classes), in the order of IRMAS_CODES.
AUDIOSET_ROWS = {
    "cel": 193, "cla": 198, "flu": 196, "gac": 143, "gel": 141, "org": 155, "pia": 153, "sax": 197, "tru": 187,
    "vio": 191, "voi": 27,
}  # fmt: skip
WINDOW_HZ, SECONDS = 32000, 3.0
UNRECOGNISED = 0.1


class Meter:
    """mn04's eleven logits."""

    def __init__(self, weights: str) -> None:
        from irmas_tf.config.backbones import BACKBONES
        from irmas_tf.models.pretrained import published_classifier
        from irmas_tf.weights.loading import load_pretrained

        spec = BACKBONES.get("mn04")
        self._model = published_classifier(spec)
        load_pretrained(self._model, spec, weights)
        self._rows = [AUDIOSET_ROWS[code] for code in IRMAS_CODES]

    def logits(self, waveforms: np.ndarray) -> np.ndarray:
        """Return logits [n, 11] of waveforms [n, 96000] at 32 kHz."""
        rows = []
        for begin in range(0, len(waveforms), 64):
            outputs: dict[str, Any] = self._model(waveforms[begin : begin + 64], training=False)
            probabilities = np.asarray(outputs["probabilities"], np.float64)[:, self._rows]
            rows.append(np.log(np.clip(probabilities, 1e-12, 1 - 1e-12) / np.clip(1 - probabilities, 1e-12, 1)))
        return np.concatenate(rows)


def table(title: str, groups: dict[str, tuple[list[int], np.ndarray]]) -> str:
    """Return lines of figures per group: its true classes [n] and logits [n, 11]."""
    lines = [f"{title:<26}{'n':>6}{'right':>8}{'p>.1':>8}{'p':>7}  taken for"]
    for name, (true, logits) in groups.items():
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares = shifted / shifted.sum(axis=1, keepdims=True)
        own = shares[np.arange(len(true)), true]
        best = logits.argmax(axis=1)
        wrong = [IRMAS_CODES[i] for i, t in zip(best, true, strict=True) if i != t]
        common = sorted(set(wrong), key=lambda c: -wrong.count(c))[:3]
        confused = ", ".join(f"{c} {wrong.count(c) / len(true):.2f}" for c in common)
        right = float(np.mean(best == true))
        lines.append(
            f"{name:<26}{len(true):>6}{right:>8.3f}{np.mean(own > UNRECOGNISED):>8.3f}{own.mean():>7.3f}  {confused}"
        )
    return "\n".join(lines)


def of_corpus(folder: Path, limit: int, meter: Meter) -> str:
    """Return the table of a corpus in IRMAS's layout: at most ``limit`` excerpts per class."""
    from irmas_tf.audio.decode import decode_file

    groups: dict[str, tuple[list[int], np.ndarray]] = {}
    for number, code in enumerate(IRMAS_CODES):
        files = sorted(file for file in folder.rglob("*.wav") if file.parent.name == code)
        random.Random(0).shuffle(files)
        if files:
            audio = np.stack([_fitted(decode_file(str(file), WINDOW_HZ)) for file in files[:limit]])
            groups[code] = [number] * len(audio), meter.logits(audio)
    if not groups:
        raise SystemExit(f"--data_dir={folder}: no class folders with .wav files in it")
    together = [n for true, _ in groups.values() for n in true], np.concatenate([x for _, x in groups.values()])
    return table("class", groups | {"all": together})


def _fitted(audio: np.ndarray) -> np.ndarray:
    size = round(WINDOW_HZ * SECONDS)
    mono = audio.reshape(-1)[:size]
    return np.pad(mono, (0, size - len(mono))).astype(np.float32)


def of_sounds(text: str, changes: str, songs: int, by_program: bool, classes: list[str], meter: Meter) -> str:
    """Return the table of every class as each source plays it: ``songs`` solo songs, two places each."""
    import soxr

    from irmas_tf.corpus.composition import compose_song
    from irmas_tf.corpus.rendering import SongRenderer, choose_starts
    from irmas_tf.timbres.sources import Sounds, parse_sounds

    groups: dict[str, tuple[list[int], list[np.ndarray]]] = {}
    sounds = parse_sounds(text, changes)
    for source in sounds.sources:
        ensemble = Sounds((source,), sounds.changes).open(44100, 128 << 20)
        for number, code in enumerate(IRMAS_CODES):
            if source.weight_for(code) <= 0 or code not in classes:
                continue
            for take in range(songs):
                song = compose_song(code, f"realism/{take}", 20.0)
                solo = dataclasses.replace(song, parts=[song.leads[0]])
                renderer = SongRenderer(ensemble, solo)
                for start in choose_starts(solo, 2, SECONDS, random.Random(take)):
                    stem = renderer.stem(solo.parts[0], start, round(SECONDS * 44100))[renderer.desk.pre_roll :]
                    level = float(np.sqrt(np.mean(stem**2)))
                    if level > 1e-6:
                        heard = soxr.resample(stem * np.float32(0.08 / level), 44100, WINDOW_HZ)
                        name = f"{source.name} {code}" + (f" {solo.parts[0].program}" if by_program else "")
                        true, audio = groups.setdefault(name, ([], []))
                        true.append(number)
                        audio.append(_fitted(heard))
    scored = {name: (true, meter.logits(np.stack(audio))) for name, (true, audio) in sorted(groups.items())}
    for source in sounds.sources:
        own = [pair for name, pair in scored.items() if name.split(" ")[0] == source.name]
        if own:
            scored[f"{source.name} (all)"] = [n for true, _ in own for n in true], np.concatenate([x for _, x in own])
    return table("source, class", scored)


def of_variants(name: str, count: int, programs: list[int], meter: Meter) -> str:
    """Return, per program of a computed source, which variants the meter gives more than a tenth, each on one line."""
    import soxr

    from irmas_tf.corpus.composition import compose_song
    from irmas_tf.corpus.rendering import SongRenderer, choose_starts
    from irmas_tf.timbres.orchestra import Layer, PartPlayer, Timbre
    from irmas_tf.timbres.sampler import Sampler
    from irmas_tf.timbres.sources import parse_sounds

    bank = parse_sounds(name).sources[0].open().with_all_variants()  # type: ignore[attr-defined]
    sampler = Sampler(bank, 44100, 64 << 20)
    lines = [f"{'program':<9}{'class':<7}{'variants':>9}{'p>.1':>7}{'p':>7}  those"]
    for number, code in enumerate(IRMAS_CODES):
        for program in [p for p in range(128) if bank.zones(0, p) and PROGRAM_TO_CODE.get(p) == code]:
            if programs and program not in programs:
                continue
            song, start = _song_for(compose_song, choose_starts, code, program)
            audio = []
            for variant in range(min(bank.variants, count)):  # type: ignore[attr-defined]
                player = PartPlayer([Timbre((Layer(sampler, variant, program, 0, 1.0),))])
                renderer = SongRenderer(_Always(player), song)
                stem = renderer.stem(song.parts[0], start, round(SECONDS * 44100))[renderer.desk.pre_roll :]
                level = max(float(np.sqrt(np.mean(stem**2))), 1e-6)
                audio.append(_fitted(soxr.resample(stem * np.float32(0.08 / level), 44100, WINDOW_HZ)))
            logits = meter.logits(np.stack(audio))
            shares = np.exp(logits - logits.max(axis=1, keepdims=True))
            own = (shares / shares.sum(axis=1, keepdims=True))[:, number]
            kept = np.flatnonzero(own > UNRECOGNISED).tolist()
            lines.append(
                f"{program:<9}{code:<7}{len(own):>9}{len(kept) / len(own):>7.2f}{own.mean():>7.3f}"
                f"  {', '.join(map(str, kept))}"
            )
            print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


class _Always:
    """An ensemble of one player."""

    def __init__(self, player: Any) -> None:
        self._player = player

    def player(self, seed: str, role: str, bank: int, program: int, code: str) -> Any:
        return self._player


def _song_for(compose: Any, choose: Any, code: str, program: int) -> tuple[Any, float]:
    """Return a solo song whose lead is on a program, and a place in it."""
    for take in range(400):
        song = compose(code, f"variants/{take}", 20.0)
        if song.leads[0].program == program:
            solo = dataclasses.replace(song, parts=[song.leads[0]])
            return solo, choose(solo, 1, SECONDS, random.Random(take))[0]
    raise SystemExit(f"no song of {code} on program {program} in 400")


def main(arguments: list[str]) -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", required=True, help="mn04.npz, by irmas convert")
    parser.add_argument("--data_dir", type=Path, help="a corpus")
    parser.add_argument("--limit", type=int, default=200, help="excerpts per class of --data_dir")
    parser.add_argument("--sounds", help="sources, as in irmas soundfont")
    parser.add_argument("--timbre_changes", default="none", help="as in irmas soundfont")
    parser.add_argument("--songs", type=int, default=8, help="solo songs per class and source")
    parser.add_argument("--programs", action="store_true", help="a line per program")
    parser.add_argument("--variants", help="a computed source of which every variant is tried")
    parser.add_argument("--count", type=int, default=1000, help="variants of --variants")
    parser.add_argument("--only", help="programs of --variants, between commas")
    parser.add_argument("--classes", help="only these codes of --sounds, between commas")
    options = parser.parse_args(arguments)
    if not (options.data_dir or options.sounds or options.variants):
        parser.error("give --data_dir, --sounds or --variants")
    classes = options.classes.split(",") if options.classes else list(IRMAS_CODES)
    programs = [int(p) for p in options.only.split(",")] if options.only else []
    meter = Meter(options.weights)
    if options.data_dir:
        print(of_corpus(options.data_dir, options.limit, meter))
    if options.sounds:
        print(of_sounds(options.sounds, options.timbre_changes, options.songs, options.programs, classes, meter))
    if options.variants:
        print(of_variants(options.variants, options.count, programs, meter))


if __name__ == "__main__":
    main(sys.argv[1:])
