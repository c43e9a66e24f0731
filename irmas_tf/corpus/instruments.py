"""The eleven IRMAS classes as General MIDI instruments: programs, ranges, genres and playing manners.

Programs left out on purpose: electric pianos (4, 5) are not what IRMAS calls piano; the piccolo (72) and other flutes
(74 to 79) are not the concert flute; tremolo and ensemble strings (44 to 51) are not a solo violin or cello; space
voice (91) and the other pads are textures, not singers. Synth vox (54) and solo vox (85) stay in with a small share,
as General MIDI has few voices.
"""

from __future__ import annotations

import dataclasses

from irmas_tf.timbres.notes import DRUM_BANK
from irmas_tf.timbres.sf2 import SoundFont
from irmas_tf.timbres.zones import SoundFontError

# Numbers are MIDI keys, 60 = middle C.


@dataclasses.dataclass(frozen=True)
class Program:
    """One General MIDI program of a class: its share, sounding range, the usual register and its manners."""

    number: int
    weight: float
    lowest: int
    highest: int
    comfortable: tuple[int, int]
    manners: tuple[tuple[str, float], ...]
    drive: float = 0.0


@dataclasses.dataclass(frozen=True)
class Expression:
    """How a melodic instrument shapes its line. Probabilities per note unless stated otherwise."""

    density: tuple[float, float]  # notes a beat at 100 bpm
    legato: float
    staccato: float
    vibrato_cents: tuple[float, float] = (0.0, 0.0)
    vibrato_hz: tuple[float, float] = (4.8, 6.2)
    grace: float = 0.0
    scoop: float = 0.0
    slide: float = 0.0
    fall: float = 0.0
    trill: float = 0.0
    double_stop: float = 0.0
    swell: float = 0.0
    leap: float = 0.15
    arpeggio: float = 0.2
    rest_beats: tuple[float, float] = (0.5, 1.5)
    attack: tuple[float, float] = (0.0, 0.0)


@dataclasses.dataclass(frozen=True)
class Instrument:
    """One class: where it is heard and on which programs."""

    code: str
    genres: tuple[tuple[str, float], ...]
    solo_share: float
    programs: tuple[Program, ...]
    expression: Expression
    test_weight: float  # share of the official test labels
    never_with: tuple[int, ...] = ()  # accompaniment programs too close to the class


# fmt: off
_LINE = (("melody", 1.0),)
_SONG = (("sing", 1.0),)
_STEEL = (("strum", .3), ("fingerpick", .35), ("chord_melody", .2), ("arpeggio", .15))
_NYLON = (("strum", .1), ("fingerpick", .4), ("chord_melody", .3), ("arpeggio", .2))
_PIANO = (("two_hands", .4), ("arpeggio", .2), ("block", .25), ("melody_octaves", .15))
_HAMMOND = (("organ_chords", .4), ("organ_riff", .25), ("organ_lead", .35))

INSTRUMENTS: dict[str, Instrument] = {i.code: i for i in (
    Instrument("cel", (("cla", .75), ("cou_fol", .08), ("pop_roc", .12), ("jaz_blu", .03), ("lat_sou", .02)), .35,
               (Program(42, 1, 36, 76, (40, 67), _LINE),),
               Expression((.5, 1.6), .6, .12, (12, 34), grace=.03, slide=.12, double_stop=.08, swell=.6,
                          attack=(.02, .07), rest_beats=(.25, 1.0)), 111, (40, 41, 42, 43, 48, 49)),
    Instrument("cla", (("cla", .6), ("jaz_blu", .3), ("cou_fol", .07), ("lat_sou", .03)), .25,
               (Program(71, 1, 50, 91, (53, 84), _LINE),),
               Expression((.8, 2.6), .55, .2, (0, 14), grace=.06, scoop=.08, trill=.03, swell=.4, leap=.22,
                          arpeggio=.35, attack=(.005, .03)), 62),
    Instrument("flu", (("cla", .55), ("jaz_blu", .17), ("cou_fol", .15), ("lat_sou", .1), ("pop_roc", .03)), .25,
               (Program(73, 1, 60, 96, (64, 88), _LINE),),
               Expression((.8, 2.8), .5, .2, (8, 24), grace=.1, scoop=.04, trill=.05, swell=.4,
                          attack=(.005, .03)), 163),
    Instrument("gac", (("cla", .2), ("cou_fol", .35), ("pop_roc", .25), ("lat_sou", .15), ("jaz_blu", .05)), .4,
               (Program(24, .45, 40, 84, (45, 76), _NYLON), Program(25, .55, 40, 84, (45, 76), _STEEL)),
               Expression((.8, 2.4), .4, .1, (0, 8), grace=.08, slide=.06, leap=.2, arpeggio=.35), 535,
               (24, 25, 105, 106)),
    Instrument("gel", (("pop_roc", .6), ("jaz_blu", .25), ("cou_fol", .1), ("lat_sou", .05)), .12,
               (Program(26, .17, 40, 86, (48, 77), (("lead", .7), ("jazz_chords", .3)), 0.0),
                Program(27, .2, 40, 86, (47, 76), (("arpeggio", .4), ("strum", .25), ("lead", .35)), .4),
                Program(28, .05, 40, 80, (40, 64), (("riff", 1.0),), .8),
                Program(29, .25, 40, 88, (50, 82), (("lead", .6), ("power", .4)), 1.2),
                Program(30, .29, 40, 88, (48, 82), (("lead", .4), ("power", .35), ("riff", .25)), 1.6),
                Program(31, .04, 52, 88, (56, 80), (("arpeggio", 1.0),), .3)),
               Expression((.8, 2.4), .5, .12, (10, 45), (4.5, 6.5), grace=.06, scoop=.2, slide=.15, leap=.2), 942,
               (26, 27, 28, 29, 30, 31)),
    Instrument("org", (("pop_roc", .35), ("cla", .25), ("jaz_blu", .25), ("cou_fol", .1), ("lat_sou", .05)), .3,
               (Program(16, .26, 36, 96, (48, 84), _HAMMOND), Program(17, .22, 36, 96, (48, 84), _HAMMOND),
                Program(18, .2, 36, 96, (48, 84), _HAMMOND),
                Program(19, .22, 36, 96, (43, 84), (("chorale", .55), ("toccata", .45))),
                Program(20, .1, 41, 89, (48, 80), (("chorale", .6), ("organ_lead", .4)))),
               Expression((.8, 2.4), .7, .1, (0, 10), (5.5, 6.8), grace=.1, leap=.15), 361, (16, 17, 18, 19, 20, 21)),
    Instrument("pia", (("cla", .35), ("pop_roc", .25), ("jaz_blu", .27), ("lat_sou", .08), ("cou_fol", .05)), .4,
               (Program(0, .4, 28, 100, (33, 91), _PIANO), Program(1, .35, 28, 100, (33, 91), _PIANO),
                Program(2, .17, 28, 100, (33, 91), _PIANO), Program(3, .08, 33, 96, (36, 88), _PIANO)),
               Expression((1.0, 3.0), .5, .15, grace=.06, trill=.02, leap=.2, arpeggio=.3), 995,
               (0, 1, 2, 3, 4, 5, 6, 7)),
    Instrument("sax", (("jaz_blu", .62), ("pop_roc", .2), ("cla", .06), ("lat_sou", .09), ("cou_fol", .03)), .2,
               (Program(64, .15, 56, 87, (60, 84), _LINE), Program(65, .4, 49, 81, (53, 78), _LINE),
                Program(66, .35, 44, 76, (47, 72), _LINE), Program(67, .1, 36, 69, (40, 63), _LINE)),
               Expression((.8, 2.6), .5, .18, (8, 30), (4.6, 5.8), grace=.08, scoop=.25, fall=.06, swell=.35, leap=.2,
                          arpeggio=.3, attack=(.005, .03)), 326),
    Instrument("tru", (("jaz_blu", .6), ("cla", .22), ("pop_roc", .08), ("lat_sou", .08), ("cou_fol", .02)), .2,
               (Program(56, .8, 54, 84, (57, 79), _LINE), Program(59, .2, 54, 84, (58, 79), _LINE)),
               Expression((.6, 2.2), .35, .3, (0, 22), (5.0, 6.2), grace=.05, scoop=.12, fall=.1, swell=.35, leap=.22,
                          arpeggio=.35, attack=(0, .015)), 167),
    Instrument("vio", (("cla", .6), ("cou_fol", .22), ("pop_roc", .08), ("jaz_blu", .06), ("lat_sou", .04)), .3,
               (Program(40, 1, 55, 100, (57, 88), _LINE),),
               Expression((.7, 2.6), .5, .15, (14, 40), grace=.08, slide=.12, trill=.03, double_stop=.08, swell=.55,
                          attack=(.015, .05)), 211, (40, 41, 42, 48, 49, 110)),
    Instrument("voi", (("pop_roc", .6), ("cou_fol", .14), ("jaz_blu", .12), ("lat_sou", .08), ("cla", .06)), .12,
               (Program(52, .34, 45, 81, (48, 76), _SONG), Program(53, .3, 52, 84, (55, 79), _SONG),
                Program(54, .14, 48, 81, (50, 76), _SONG), Program(85, .22, 52, 84, (55, 79), _SONG)),
               Expression((.7, 2.0), .65, .08, (18, 55), (4.9, 6.3), grace=.08, scoop=.35, slide=.3, fall=.05, swell=.5,
                          leap=.15, arpeggio=.12, rest_beats=(.5, 2.0), attack=(.015, .05)), 1044,
               (52, 53, 54, 85, 91)),
)}

# Accompaniment: (program, weight) by genre. Electric pianos and pads are fair here: nobody labels them.
BASSES: dict[str, tuple[tuple[int, float], ...]] = {
    "cla": ((43, .5), (42, .2), (45, .3)), "pop_roc": ((33, .5), (34, .35), (38, .15)),
    "jaz_blu": ((32, .8), (33, .1), (35, .1)), "cou_fol": ((32, .5), (33, .5)), "lat_sou": ((32, .5), (33, .5)),
}
CHORDS: dict[str, tuple[tuple[int, float], ...]] = {
    "cla": ((0, .35), (6, .15), (46, .15), (48, .2), (24, .05), (19, .1)),
    "pop_roc": ((0, .25), (25, .25), (27, .2), (4, .12), (18, .1), (30, .08)),
    "jaz_blu": ((0, .45), (26, .25), (4, .1), (11, .1), (16, .1)),
    "cou_fol": ((25, .5), (105, .15), (0, .15), (21, .1), (24, .1)),
    "lat_sou": ((24, .35), (0, .35), (25, .15), (11, .07), (21, .08)),
}
PADS: dict[str, tuple[tuple[int, float], ...]] = {
    "cla": ((48, .6), (49, .4)), "pop_roc": ((48, .35), (49, .2), (50, .2), (89, .25)), "jaz_blu": ((49, .5), (61, .5)),
    "cou_fol": ((48, .5), (49, .5)), "lat_sou": ((49, .5), (61, .5)),
}
DRUM_KITS: dict[str, tuple[tuple[int, float], ...]] = {
    "cla": ((48, 1.0),), "pop_roc": ((0, .4), (8, .3), (16, .2), (25, .1)), "jaz_blu": ((32, .5), (40, .4), (0, .1)),
    "cou_fol": ((0, .5), (40, .3), (8, .2)), "lat_sou": ((0, .7), (8, .3)),
}
# Classes as accompaniment instruments, to keep labels of test clips true.
PROGRAM_TO_CODE: dict[int, str] = {p.number: i.code for i in INSTRUMENTS.values() for p in i.programs}
# fmt: on


def check_soundfont(soundfont: SoundFont) -> None:
    """Check that a SoundFont has every instrument a corpus is played with; of drums, the standard kit is enough.

    Raises:
        SoundFontError: programs or the drum kit are missing; the message lists them.
    """
    wanted = {p.number for i in INSTRUMENTS.values() for p in i.programs}
    wanted |= {p for table in (BASSES, CHORDS, PADS) for options in table.values() for p, _ in options}
    missing = [str(p) for p in sorted(wanted) if not soundfont.zones(0, p)]
    if not soundfont.zones(DRUM_BANK, 0):
        missing.append("the standard drum kit (bank 128)")
    if missing:
        raise SoundFontError(
            f"{soundfont.path}: lacks General MIDI programs {', '.join(missing)}; name a full General MIDI SoundFont"
            " with --soundfont"
        )
