"""Reading SoundFonts: a synthetic one byte by byte, the bundled one against what a General MIDI bank must hold."""

from __future__ import annotations

import numpy as np
import pytest

from irmas_tf.timbres import sf2
from irmas_tf.timbres.sf2 import SoundFont, bundled_soundfont
from irmas_tf.timbres.zones import SoundFontError
from tests.helpers.sound_sources import make_sf2

SAMPLES = (np.sin(np.arange(2000) * 2 * np.pi / 50) * 20000).astype(np.int16)


def write(tmp_path, data: bytes):
    path = tmp_path / "test.sf2"
    path.write_bytes(data)
    return path


def test_a_zone_is_read_as_written(tmp_path):
    generators = [(43, 36 | 84 << 8), (44, 1 | 100 << 8), (58, 60), (51, 2), (52, 25), (48, 100), (54, 1), (8, 6900),
                  (34, -1200), (36, 1200), (37, 300), (38, 0), (40, 100)]  # fmt: skip
    font = SoundFont(write(tmp_path, make_sf2(generators, SAMPLES, (1000, 1500), preset=[(52, 10), (48, 50)])))
    assert font.presets == {(0, 5): "One"}
    (zone,) = font.zones(0, 5)
    assert zone.keys == (36, 84)
    assert zone.velocities == (1, 100)
    assert zone.loop == (1000, 1500)
    # Key 60, 2 semitones, 25 cents of the instrument, 10 of the preset, -7 of the sample: played 2.28 semitones up.
    assert zone.root_key == pytest.approx(60 - 2.28)
    assert zone.attenuation_db == pytest.approx(15.0 * 0.4)
    assert (zone.attack_seconds, zone.decay_seconds, zone.release_seconds) == (0.5, 2.0, 1.0)
    assert zone.hold_seconds == 0.0
    assert (zone.decay_at(60), zone.decay_at(72), zone.decay_at(48)) == (2.0, 1.0, 4.0)
    assert zone.sustain_db == 30.0
    assert zone.ratio(60, 44100) == pytest.approx(0.5 * 2 ** (2.28 / 12))
    np.testing.assert_allclose(font.samples(zone), SAMPLES / 32768.0, atol=1e-7)
    assert font.zones(0, 6) == []


def test_the_sample_key_counts_where_no_root_key_is_set_and_no_mode_means_no_loop(tmp_path):
    (zone,) = SoundFont(write(tmp_path, make_sf2([], SAMPLES, (1000, 1500)))).zones(0, 5)
    assert zone.root_key == pytest.approx(69.07)
    assert zone.loop is None
    assert zone.keys == (0, 127)


@pytest.mark.parametrize("cut", [0, 3, 40, 3000, 4100, 4250])
def test_a_damaged_file_is_refused_by_name(tmp_path, cut):
    path = write(tmp_path, make_sf2([], SAMPLES, (1000, 1500))[:cut])
    with pytest.raises(SoundFontError, match=r"test\.sf2"):
        SoundFont(path).zones(0, 5)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(SoundFontError, match=r"not a SoundFont.*--soundfont"):
        SoundFont(write(tmp_path, b"RIFF\0\0\0\0WAVEfmt "))
    with pytest.raises(SoundFontError, match=r"missing\.sf2.*cannot be read"):
        SoundFont(tmp_path / "missing.sf2")


def test_the_bundled_soundfont_is_general_midi():
    font = SoundFont(bundled_soundfont())
    assert all(font.zones(0, program) for program in range(128))
    assert font.zones(128, 0)
    assert font.presets[0, 40] == "Violin"


def test_without_pretty_midi_the_message_says_what_to_do(monkeypatch):
    monkeypatch.setattr(sf2.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SoundFontError, match=r"irmas_tf\[demo\].*--soundfont"):
        bundled_soundfont()
