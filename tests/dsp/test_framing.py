from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from irmas_tf.dsp import framing

LENGTHS_AND_HOPS = st.integers(4, 300).flatmap(lambda length: st.tuples(st.just(length), st.integers(1, length)))


def cut(waveform: np.ndarray, frame_length: int, hop_length: int) -> np.ndarray:
    before, after = framing.padding(len(waveform), frame_length, hop_length)
    padded = np.pad(waveform, (before, after))
    starts = np.arange(framing.num_frames(len(waveform), hop_length)) * hop_length
    return np.stack([padded[start : start + frame_length] for start in starts])


@given(LENGTHS_AND_HOPS, st.integers(1, 2000))
def test_padding_makes_room_for_exactly_the_promised_frames(length_and_hop, samples):
    length, hop = length_and_hop
    before, after = framing.padding(samples, length, hop)
    frames = framing.num_frames(samples, hop)
    assert frames == int(np.ceil(samples / hop))
    assert before >= 0 and after >= 0
    assert before + samples + after == (frames - 1) * hop + length


@pytest.mark.parametrize("frame_length, hop_length", [(16, 8), (16, 16), (16, 5), (64, 1), (1024, 441)])
def test_frames_are_centred_in_their_hop(frame_length, hop_length):
    waveform = np.arange(1, 5 * hop_length + 3, dtype=float)
    frames = cut(waveform, frame_length, hop_length)
    peak = frame_length // 2
    assert framing.hann_window(frame_length)[peak] == 1.0
    for frame, values in enumerate(frames):
        center = framing.frame_center(frame, hop_length)
        assert frame * hop_length <= center < (frame + 1) * hop_length
        assert values[peak] == (waveform[center] if center < len(waveform) else 0)


def test_centres_of_two_hops_are_aligned():
    pairs = [(framing.frame_center(2 * t, 256) + framing.frame_center(2 * t + 1, 256)) / 2 for t in range(4)]
    assert pairs == [framing.frame_center(t, 512) for t in range(4)]


def test_no_samples_have_no_frames():
    assert framing.num_frames(0, 256) == 0


def test_tensors_give_the_same_numbers():
    tf = pytest.importorskip("tensorflow")
    for samples in (1, 255, 256, 257, 66150):
        assert int(framing.num_frames(tf.constant(samples), 256)) == framing.num_frames(samples, 256)
        before, after = framing.padding(tf.constant(samples), 1024, 256)
        assert (before, int(after)) == framing.padding(samples, 1024, 256)


def test_window_is_scipys_periodic_hann_in_float16():
    for length in (4, 16, 1000, 4096):
        window = framing.hann_window(length)
        exact = signal.get_window("hann", length, fftbins=True)
        assert window.dtype == np.float32
        np.testing.assert_array_equal(window, window.astype(np.float16))
        np.testing.assert_allclose(window, exact, rtol=2.0**-11, atol=2.0**-25)


@pytest.mark.parametrize("length, floor_db", [(512, -96), (1024, -99), (4096, -104)])
def test_window_rounding_leaves_a_floor_far_below_a_tone(length, floor_db):
    exact = signal.get_window("hann", length, fftbins=True)
    tone = np.sin(2 * np.pi * (length / 8 + 0.3) * np.arange(length) / length)
    floor = np.abs(np.fft.rfft(tone * (framing.hann_window(length) - exact)))
    peak = np.abs(np.fft.rfft(tone * exact)).max()
    assert 20 * np.log10(np.sqrt(np.mean(floor**2)) / peak) < floor_db


@pytest.mark.parametrize(
    "frame_length, hop_length, words",
    [(0, 1, "frame_length=0"), (16, 0, "hop_length=0"), (16, 17, "hop_length=17"), (16.0, 4, "frame_length=16.0"),
     (16, True, "hop_length=True"), (-4, 1, "frame_length=-4")],
)  # fmt: skip
def test_bad_arguments_are_named(frame_length, hop_length, words):
    with pytest.raises(ValueError, match=words):
        framing.check_frame_arguments(frame_length, hop_length)


def test_window_refuses_lengths_without_a_shape():
    with pytest.raises(ValueError, match="frame_length=3"):
        framing.hann_window(3)


@pytest.mark.parametrize("frame_length, fft_length", [(1, 1), (16, 16), (17, 32), (1000, 1024), (4096, 4096)])
def test_fft_length_is_the_next_power_of_two(frame_length, fft_length):
    assert framing.fft_length_for(frame_length) == fft_length
