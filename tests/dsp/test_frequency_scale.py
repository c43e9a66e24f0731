from __future__ import annotations

import librosa
import numpy as np
import pytest

from irmas_tf.dsp import frequency_scale

FREQUENCIES_HZ = np.concatenate([np.linspace(0.0, 2000.0, 41), np.geomspace(2000.0, 96000.0, 40)])


@pytest.mark.slow
@pytest.mark.parametrize("mel_scale", frequency_scale.MEL_SCALES)
def test_mel_agrees_with_librosa(mel_scale):
    htk = mel_scale == "htk"
    mels = frequency_scale.hz_to_mel(FREQUENCIES_HZ, mel_scale)
    np.testing.assert_allclose(mels, librosa.hz_to_mel(FREQUENCIES_HZ, htk=htk), rtol=1e-12)
    np.testing.assert_allclose(
        frequency_scale.mel_to_hz(mels, mel_scale), librosa.mel_to_hz(mels, htk=htk), rtol=1e-12, atol=1e-9
    )


@pytest.mark.parametrize("mel_scale", frequency_scale.MEL_SCALES)
def test_mel_inverse(mel_scale):
    mels = frequency_scale.hz_to_mel(FREQUENCIES_HZ, mel_scale)
    assert np.all(np.diff(mels) > 0) or len(np.unique(FREQUENCIES_HZ)) < len(FREQUENCIES_HZ)
    np.testing.assert_allclose(frequency_scale.mel_to_hz(mels, mel_scale), FREQUENCIES_HZ, rtol=1e-9, atol=1e-9)


def test_known_points():
    assert frequency_scale.hz_to_mel(1000.0, "slaney") == pytest.approx(15.0)
    assert frequency_scale.hz_to_mel(6400.0, "slaney") == pytest.approx(42.0)
    assert frequency_scale.hz_to_mel(1000.0, "htk") == pytest.approx(1000.0, abs=0.02)


@pytest.mark.parametrize("scale", frequency_scale.FREQUENCY_SCALES)
def test_edges_run_from_the_lowest_to_the_highest(scale):
    edges = frequency_scale.band_edges_hz(scale, 48, 55.0, 8000.0)
    assert len(edges) == 50
    assert edges[0] == pytest.approx(55.0) and edges[-1] == pytest.approx(8000.0)
    assert np.all(np.diff(edges) > 0)


def test_log_scale_has_constant_bands_per_octave():
    edges = frequency_scale.band_edges_hz("log", 95, 40.0, 40.0 * 2**8)
    np.testing.assert_allclose(edges[12:] / edges[:-12], 2.0, rtol=1e-12)


def test_linear_scale_is_evenly_spaced():
    np.testing.assert_allclose(np.diff(frequency_scale.band_edges_hz("linear", 9, 0.0, 1000.0)), 100.0)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("bark", 8, 30.0, 4000.0), "scale='bark': must be one of linear, mel, log"),
        (("mel", 0, 30.0, 4000.0), "num_bins=0"),
        (("mel", 8, 4000.0, 4000.0), "0 <= min < max"),
        (("mel", 8, -1.0, 4000.0), "0 <= min < max"),
        (("linear", 8, float("nan"), 4000.0), "0 <= min < max"),
        (("log", 8, 0.0, 4000.0), "min_frequency_hz=0: must be above 0 Hz"),
        (("mel", 8, 30.0, 4000.0, "bark"), "mel_scale='bark': must be one of htk, slaney"),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        frequency_scale.band_edges_hz(*arguments)


def test_unknown_mel_scale_back():
    with pytest.raises(ValueError, match="mel_scale='bark'"):
        frequency_scale.mel_to_hz(1.0, "bark")
