"""Our sampler against FluidSynth on the same songs and SoundFont, by what AudioSet's head makes of them.

Every class's solo songs are played twice from one SoundFont: by irmas_tf's own sampler and by the program `fluidsynth`
(reverb and chorus off), which gets them as MIDI with a channel per sounding note, bends and vibrato as pitch wheel,
swells as expression. The table is benchmarks/realism.py's; processor seconds are per second of sound.

    python benchmarks/fluidsynth.py --weights=mn04.npz --soundfont=/usr/share/sounds/sf2/FluidR3_GM.sf2 [--songs=8]
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import mido
import numpy as np
import soundfile
import soxr

sys.path.insert(0, str(Path(__file__).parent))
from realism import SECONDS, WINDOW_HZ, Meter, _fitted, table

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.corpus.composition import Part, compose_song
from irmas_tf.corpus.rendering import SongRenderer, choose_starts
from irmas_tf.timbres.notes import Note
from irmas_tf.timbres.sources import parse_sounds

_TICKS_PER_SECOND = 960
_CHANNELS = [channel for channel in range(16) if channel != 9]
_BEND_SEMITONES = 12


def midi_of(part: Part, tuning_cents: float) -> mido.MidiFile:
    """Return a part as MIDI."""
    events: list[tuple[float, int, mido.Message]] = []
    for channel in _CHANNELS:
        for control, value in ((101, 0), (100, 0), (6, _BEND_SEMITONES), (7, 100)):
            events.append((0.0, 0, mido.Message("control_change", channel=channel, control=control, value=value)))
        events.append((0.0, 0, mido.Message("program_change", channel=channel, program=part.program)))
    for number, note in enumerate(part.notes):
        channel = _CHANNELS[number % len(_CHANNELS)]
        for at, cents in _bends(note):
            wheel = int(np.clip(round((cents + tuning_cents) / (100 * _BEND_SEMITONES) * 8192), -8192, 8191))
            events.append((note.start + at, 1, mido.Message("pitchwheel", channel=channel, pitch=wheel)))
        for at, gain in zip((0.0, 0.5, 1.0), note.swell or (1.0, 1.0, 1.0), strict=True):
            level = int(127 * gain**0.5)
            message = mido.Message("control_change", channel=channel, control=11, value=level)
            events.append((note.start + at * note.duration, 1, message))
        events.append((note.start, 2, mido.Message("note_on", channel=channel, note=note.key, velocity=note.velocity)))
        events.append((note.end, 3, mido.Message("note_off", channel=channel, note=note.key)))
    events.sort(key=lambda event: (event[0], event[1]))
    track, before = mido.MidiTrack(), 0
    track.append(mido.MetaMessage("set_tempo", tempo=500000))
    for at, _, message in events:
        tick = round(at * _TICKS_PER_SECOND)
        track.append(message.copy(time=tick - before))
        before = tick
    file = mido.MidiFile(ticks_per_beat=_TICKS_PER_SECOND // 2)
    file.tracks.append(track)
    return file


def _bends(note: Note) -> list[tuple[float, float]]:
    """Return (seconds after note-on, cents) every 10 ms, or once if nothing moves."""
    if not note.bend and note.vibrato is None:
        return [(0.0, 0.0)]
    times = np.arange(0, note.duration, 0.01)
    cents = np.zeros(len(times))
    if note.bend:
        cents += np.interp(times, [p[0] for p in note.bend], [p[1] for p in note.bend])
    if note.vibrato is not None:
        depth, rate_hz, delay = note.vibrato
        cents += depth * np.clip((times - delay) * 4, 0, 1) * np.sin(2 * np.pi * rate_hz * times)
    return list(zip(times.tolist(), cents.tolist(), strict=True))


def by_fluidsynth(part: Part, tuning_cents: float, soundfont: str) -> np.ndarray:
    """Return a part as fluidsynth plays it, mono float32 at 44100 Hz."""
    with tempfile.TemporaryDirectory() as folder:
        song, wav = Path(folder) / "song.mid", Path(folder) / "song.wav"
        midi_of(part, tuning_cents).save(str(song))
        command = ["fluidsynth", "-ni", "-R", "0", "-C", "0", "-g", "0.5", "-r", "44100", "-F", str(wav), soundfont]
        subprocess.run([*command, str(song)], check=True, capture_output=True, timeout=300)
        audio, _ = soundfile.read(str(wav), dtype="float32", always_2d=True)
    return audio.mean(axis=1)


def _busy() -> float:
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", required=True, help="mn04.npz, by irmas convert")
    parser.add_argument("--soundfont", default="/usr/share/sounds/sf2/FluidR3_GM.sf2", help="General MIDI SoundFont")
    parser.add_argument("--songs", type=int, default=8, help="solo songs per class")
    options = parser.parse_args(arguments)
    if shutil.which("fluidsynth") is None:
        parser.error("the program fluidsynth is not installed; run apt-get install fluidsynth")
    meter = Meter(options.weights)
    ensemble = parse_sounds(options.soundfont).open(44100, 256 << 20)
    groups: dict[str, tuple[list[int], list[np.ndarray]]] = {}
    spent, heard, begun = {"irmas_tf": 0.0, "fluidsynth": 0.0}, 0.0, time.monotonic()
    for number, code in enumerate(IRMAS_CODES):
        for take in range(options.songs):
            song = compose_song(code, f"realism/{take}", 20.0)
            solo = dataclasses.replace(song, parts=[dataclasses.replace(song.leads[0], drive=0.0)])
            for note in solo.parts[0].notes:
                note.vowel = ""  # formants are ours, not the sampler's
            renderer, before = SongRenderer(ensemble, solo), _busy()
            ours = renderer.stem(solo.parts[0], 0.0, round(solo.seconds * 44100))[renderer.desk.pre_roll :]
            spent["irmas_tf"] += _busy() - before
            before = _busy()
            theirs = by_fluidsynth(solo.parts[0], renderer.mix.tuning_cents, options.soundfont)
            spent["fluidsynth"] += _busy() - before
            heard += solo.seconds
            for start in choose_starts(solo, 2, SECONDS, random.Random(take)):
                for name, audio in (("irmas_tf", ours), ("fluidsynth", theirs)):
                    piece = audio[round(start * 44100) : round((start + SECONDS) * 44100)]
                    level = max(float(np.sqrt(np.mean(piece**2))), 1e-6)
                    true, waves = groups.setdefault(f"{code} {name}", ([], []))
                    true.append(number)
                    waves.append(_fitted(soxr.resample(piece * np.float32(0.08 / level), 44100, WINDOW_HZ)))
    scored = {name: (true, meter.logits(np.stack(waves))) for name, (true, waves) in groups.items()}
    for name in spent:
        own = [pair for key, pair in scored.items() if key.endswith(name)]
        scored[f"all {name}"] = [n for true, _ in own for n in true], np.concatenate([x for _, x in own])
    print(table("class, renderer", scored))
    for name, seconds in spent.items():
        print(f"{name}: {1000 * seconds / heard:.1f} ms of processor time per second of sound")
    print(f"{time.monotonic() - begun:.0f} s in all")


if __name__ == "__main__":
    main(sys.argv[1:])
