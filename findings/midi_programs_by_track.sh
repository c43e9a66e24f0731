#!/usr/bin/env bash
# Does a MIDI file's instrument by pretty_midi, symusic and miditoolkit, where labels come from, sound when a SoundFont synthesiser plays the file?
#
# Guess:  yes. A file holds 15 instruments beside the drums; who writes 16 gets an error, a warning or a second MIDI port, and readers look for
#         program changes where synthesisers do, in the channel.
# Found:  no, in both directions, in silence. All three write a 16th instrument into the first one's channel again. Programs are set at the
#         beginning, so all notes of the first instrument sound as the last that shares its channel: a piano as a flute, sample for sample. Read
#         back, each track has its own program, so labels say piano. And where one track sets the programs and another has the notes, as the
#         format allows, all three readers say piano (program 0), and the synthesiser plays the flute that was set.
#         So a set rendered from MIDI has wrong labels just in its fullest pieces: count instruments and channels, or render one by one.
# Seen:   2026-12-01, pretty_midi 0.2.11.post0, symusic 0.6.0, miditoolkit 1.0.1, mido 1.3.3, tinysoundfont 0.3.7, Linux, Python 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

"$python" -m venv "$work/env"
pip=("$work/env/bin/pip" --quiet --disable-pip-version-check install)
"${pip[@]}" pretty_midi==0.2.11.post0 symusic==0.6.0 miditoolkit==1.0.1 mido==1.3.3 numpy==2.4.6 'setuptools<81' 2>/dev/null
"${pip[@]}" --no-deps tinysoundfont==0.3.7 2>/dev/null # its one requirement is for playing aloud

cd "$work"
"$work/env/bin/python" - 2>/dev/null <<'PY'
import os
import warnings

import mido
import miditoolkit
import numpy as np
import pretty_midi
import symusic
import tinysoundfont

RATE, PIANO, ORGAN, FLUTE, A4 = 44100, 0, 19, 73, 69
soundfont = os.path.join(os.path.dirname(pretty_midi.__file__), "TimGM6mb.sf2")


def with_pretty_midi(path, programs):
    score = pretty_midi.PrettyMIDI()
    for place, program in enumerate(programs):
        instrument = pretty_midi.Instrument(program)
        instrument.notes.append(pretty_midi.Note(100, A4, 1.0 + place, 1.9 + place))
        score.instruments.append(instrument)
    score.write(path)


def with_symusic(path, programs):
    score = symusic.Score(480)
    for place, program in enumerate(programs):
        track = symusic.Track(program=program)
        track.notes.append(symusic.Note(960 * (1 + place), 864, A4, 100))
        score.tracks.append(track)
    score.dump_midi(path)


def with_miditoolkit(path, programs):
    score = miditoolkit.MidiFile(ticks_per_beat=480)
    for place, program in enumerate(programs):
        instrument = miditoolkit.Instrument(program=program)
        instrument.notes.append(miditoolkit.Note(100, A4, 960 * (1 + place), 960 * (1 + place) + 864))
        score.instruments.append(instrument)
    score.dump(path)


def first_note(path):
    synth = tinysoundfont.Synth(samplerate=RATE)
    synth.sfload(soundfont)
    tinysoundfont.Sequencer(synth).midi_load(path)
    return np.frombuffer(bytes(synth.generate(2 * RATE)), np.float32)


def sounds_as(path):
    (name,) = (name for name in single if np.array_equal(first_note(path), single[name]))
    return name


def labels(path):
    return {
        "pretty_midi": int(pretty_midi.PrettyMIDI(path).instruments[0].program),
        "symusic": int(symusic.Score(path).tracks[0].program),
        "miditoolkit": int(miditoolkit.MidiFile(path).instruments[0].program),
    }


single = {}
for name, program in (("piano", PIANO), ("flute", FLUTE)):
    with_pretty_midi("single.mid", [program])
    single[name] = first_note("single.mid")
assert np.abs(single["piano"]).max() > 0.01 and not np.array_equal(single["piano"], single["flute"])

warnings.simplefilter("error")  # a warning would end the script
for write in (with_pretty_midi, with_symusic, with_miditoolkit):
    for organs in (13, 14):
        write("many.mid", [PIANO] + [ORGAN] * organs + [FLUTE])
        heard, read = sounds_as("many.mid"), labels("many.mid")
        print(f"{write.__name__}, {organs + 2} instruments: the first, a piano, sounds as {heard}; its program by {read}")
        assert heard == ("flute" if organs == 14 else "piano") and set(read.values()) == {PIANO}

apart = mido.MidiFile(type=1, ticks_per_beat=480)
apart.tracks.append(mido.MidiTrack([mido.Message("program_change", channel=0, program=FLUTE, time=0)]))
note = dict(channel=0, note=A4)
apart.tracks.append(
    mido.MidiTrack([mido.Message("note_on", velocity=100, time=960, **note), mido.Message("note_off", time=864, **note)])
)
apart.save("apart.mid")
heard, read = sounds_as("apart.mid"), labels("apart.mid")
print(f"program change in one track, note in the next: sounds as {heard}; its program by {read}")
assert heard == "flute" and set(read.values()) == {PIANO}
PY
echo "As written in this script."
