"""Gravis patches: read as written, in every form of samples; damaged ones refused by name; a folder is a bank."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irmas_tf.timbres.notes import Note
from irmas_tf.timbres.pat import Patch, PatchFolder
from irmas_tf.timbres.sampler import Sampler
from irmas_tf.timbres.zones import SoundFontError
from tests.helpers.sound_sources import make_pat, make_patches

WAVE = (np.sin(np.arange(2205) * 2 * np.pi * 220 / 22050) * 30000).astype("<i2")


def read(tmp_path, data: bytes, **options) -> Patch:
    path = tmp_path / "040_test.pat"
    path.write_bytes(data)
    return Patch(path, **options)


@settings(max_examples=40, deadline=None)
@given(
    bits=st.sampled_from([8, 16]), unsigned=st.booleans(), backwards=st.booleans(),
    first=st.integers(0, 1000), length=st.integers(4, 1000), rate=st.integers(4000, 65535), root=st.floats(30, 4000),
)  # fmt: skip
def test_every_form_of_samples_is_the_same_sound(
    tmp_path_factory, bits, unsigned, backwards, first, length, rate, root
):
    stored = WAVE[::-1] if backwards else WAVE
    stored = (stored >> 8).astype("i1") if bits == 8 else stored
    if unsigned:
        kind = "u1" if bits == 8 else "<u2"
        stored = (stored.astype(int) + (1 << (bits - 1))).astype(kind)
    begin = len(WAVE) - first - length if backwards else first
    modes = (bits == 16) * 1 + unsigned * 2 + 4 + backwards * 16
    size = bits // 8
    patch = read(
        tmp_path_factory.mktemp("pat"),
        make_pat(stored, rate=rate, root_hz=root, loop=(begin * size, (begin + length) * size), modes=modes),
    )
    (zone,) = patch.zones
    assert zone.loop == (first, first + length)
    assert zone.rate_hz == rate
    assert 440 * 2 ** ((zone.root_key - 69) / 12) == pytest.approx(root, rel=1e-4)
    np.testing.assert_allclose(patch.waves[0], WAVE / 32768, atol=1 / 127 if bits == 8 else 1e-6)


def test_a_loop_back_and_forth_is_laid_out_forwards(tmp_path):
    (zone,) = read(tmp_path, make_pat(WAVE, loop=(2 * 1000, 2 * 1400), modes=1 | 4 | 8)).zones
    assert zone.loop == (1000, 1800)
    assert zone.end == 1800


def test_envelopes_follow_the_hardware_s_scale(tmp_path):
    # 48 steps down are a factor of 8; the release falls by 100 dB in a time that its rate's divisor stretches by 8.
    levels = (246, 246, 198, 0, 0, 0)

    def released(rate: int) -> float:
        rates = (63, 63, 63, rate, 63, 63)
        data = make_pat(WAVE, loop=(0, 4000), modes=1 | 4 | 32 | 64, rates=rates, levels=levels)
        return read(tmp_path, data).zones[0].release_seconds

    slow, slower = released(64 + 2), released(128 + 2)
    assert slower == pytest.approx(3.0)
    assert slow == pytest.approx(slower * 0.129, rel=0.1)
    zone = read(tmp_path, make_pat(WAVE, loop=(0, 4000), modes=1 | 4 | 32 | 64, levels=levels)).zones[0]
    assert zone.sustain_db == pytest.approx(18.06, abs=0.01)


@settings(max_examples=60, deadline=None)
@given(cut=st.floats(0, 0.999))
def test_a_cut_patch_is_refused_by_name_in_one_line(tmp_path_factory, cut):
    data = make_pat(WAVE, count=2)
    with pytest.raises(SoundFontError, match=r"040_test\.pat") as caught:
        read(tmp_path_factory.mktemp("pat"), data[: int(cut * len(data))])
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=12))
def test_changed_bytes_play_or_are_refused(tmp_path_factory, changes):
    data = bytearray(make_pat(WAVE, loop=(1000, 3000), modes=1 | 4 | 32 | 64))
    for place, value in changes:
        data[place] = value
    folder = tmp_path_factory.mktemp("patches")
    (folder / "040_test.pat").write_bytes(bytes(data))
    try:
        audio = Sampler(PatchFolder(folder)).play(0, 40, Note(0, 0.05, 60, 100))
    except SoundFontError as error:
        assert "040_test.pat" in str(error)
    else:
        assert np.isfinite(audio).all()


def test_a_folder_is_a_bank_with_drums(tmp_path):
    folder = PatchFolder(make_patches(tmp_path, (40, 73)))
    sampler = Sampler(folder)
    assert [sampler.can_play(0, p) for p in (40, 41, 73)] == [True, False, True]
    assert {z.keys for z in folder.zones(128, 0)} == {(36, 36), (38, 38), (42, 42)}
    low, high = (sampler.play(0, 40, Note(0, 0.5, key, 100))[2000:18000] for key in (57, 69))
    spectrum = [int(np.argmax(np.abs(np.fft.rfft(x * np.hanning(len(x)))))) for x in (low, high)]
    assert spectrum[1] == pytest.approx(2 * spectrum[0], abs=1)
    drum = sampler.play(128, 0, Note(0, 0.1, 38, 100), one_shot=True)
    assert np.abs(drum).max() > 0.1


def test_other_files_and_empty_folders_are_refused(tmp_path):
    (tmp_path / "x.pat").write_bytes(b"RIFF....")
    with pytest.raises(SoundFontError, match=r"x\.pat: not a Gravis"):
        Patch(tmp_path / "x.pat")
    with pytest.raises(SoundFontError, match=r"no patches named like"):
        PatchFolder(tmp_path)
