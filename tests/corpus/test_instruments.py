"""The classes are IRMAS's, their programs are playable, and accompaniment never passes for the lead."""

from __future__ import annotations

import pytest

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.corpus.harmony import GENRES
from irmas_tf.corpus.instruments import BASSES, CHORDS, DRUM_KITS, INSTRUMENTS, PADS, PROGRAM_TO_CODE, check_soundfont
from irmas_tf.datasets.irmas_counts import TRAINING_EXCERPTS
from irmas_tf.timbres.sf2 import SoundFont, bundled_soundfont
from irmas_tf.timbres.zones import SoundFontError

# Sounding ranges as orchestration books give them; wider than what a program here may use.
LIMITS = {"cel": (36, 84), "cla": (50, 94), "flu": (59, 98), "gac": (40, 88), "gel": (40, 88), "org": (24, 103),
          "pia": (21, 108), "sax": (36, 91), "tru": (52, 86), "vio": (55, 105), "voi": (38, 86)}  # fmt: skip


def test_classes_are_those_of_irmas_in_order():
    assert tuple(INSTRUMENTS) == IRMAS_CODES == tuple(TRAINING_EXCERPTS)
    assert all(code == instrument.code for code, instrument in INSTRUMENTS.items())


@pytest.mark.parametrize("code", IRMAS_CODES)
def test_programs_stay_in_range_and_shares_add_up(code):
    instrument = INSTRUMENTS[code]
    assert sum(weight for _, weight in instrument.genres) == pytest.approx(1)
    assert {genre for genre, _ in instrument.genres} <= set(GENRES)
    assert sum(p.weight for p in instrument.programs) == pytest.approx(1)
    for program in instrument.programs:
        low, high = LIMITS[code]
        assert low <= program.lowest <= program.comfortable[0] < program.comfortable[1] <= program.highest <= high
        assert program.comfortable[1] - program.comfortable[0] >= 14  # an octave and a bit, or melodies have no room


def test_no_program_belongs_to_two_classes():
    assert len(PROGRAM_TO_CODE) == sum(len(i.programs) for i in INSTRUMENTS.values())
    for code, instrument in INSTRUMENTS.items():
        own = {p.number for p in instrument.programs}
        assert own <= set(instrument.never_with) or code in ("cla", "flu", "sax", "tru"), code


def test_every_genre_can_be_accompanied():
    for table in (BASSES, CHORDS, PADS, DRUM_KITS):
        assert set(table) == set(GENRES)
    winds = {p.number for code in ("cla", "flu", "sax", "tru") for p in INSTRUMENTS[code].programs}
    used = {p for table in (BASSES, CHORDS, PADS) for options in table.values() for p, _ in options}
    assert not winds & used  # these classes have no never_with list because nothing accompanies with them


def test_a_soundfont_without_the_instruments_is_refused(monkeypatch):
    font = SoundFont(bundled_soundfont())
    check_soundfont(font)
    monkeypatch.setattr(font, "zones", lambda bank, program: [] if (bank, program) in ((0, 40), (128, 0)) else [1])
    with pytest.raises(SoundFontError, match=r"programs 40, the standard drum kit.*--soundfont"):
        check_soundfont(font)
