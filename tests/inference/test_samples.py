from __future__ import annotations

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.decode import decode_file
from irmas_tf.inference.samples import SamplesError, mono_waveform, window_values
from tests.helpers import tiny_run

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize(
    ("dtype", "subtype"), [("int16", "PCM_16"), ("int32", "PCM_32"), ("float32", "FLOAT"), ("float64", "DOUBLE")]
)
def test_samples_are_what_a_file_of_them_decodes_to(tmp_path, dtype, subtype, channels):
    path = tmp_path / "a.wav"
    soundfile.write(path, RNG.uniform(-0.9, 0.9, [5000, channels]), 44100, subtype)
    samples, rate_hz = soundfile.read(path, dtype=dtype)
    np.testing.assert_allclose(mono_waveform(samples, rate_hz, 22050), decode_file(path, 22050), atol=1e-6)


def test_bytes_of_8_bits_have_their_middle_at_128(tmp_path):
    path = tmp_path / "a.wav"
    samples = RNG.integers(0, 256, 3000).astype(np.uint8)
    soundfile.write(path, (samples.astype(float) - 128) / 128, 8000, "PCM_U8")
    np.testing.assert_allclose(mono_waveform(samples, 8000, 8000), decode_file(path, 8000), atol=1e-6)
    assert mono_waveform([0.5, -0.5], 8000, 8000).tolist() == [0.5, -0.5], "lists will do"


@pytest.mark.parametrize(
    ("samples", "rate_hz", "words"),
    [
        (np.zeros(100), None, "sample_rate_hz is missing"),
        (np.zeros(100), 44.1, r"sample_rate_hz=44.1: must be a whole number from 8,000 to 192,000"),
        (np.zeros(100), 7999, "must be a whole number from 8,000"),
        (np.zeros(100), "fast", "must be a whole number"),
        (np.zeros(100), float("inf"), "must be a whole number"),
        (np.zeros(0), 8000, r"are empty \(shape \[0\]\)"),
        (np.zeros([0, 2]), 8000, "are empty"),
        (np.zeros([2, 100]), 8000, r"shape \[2, 100\], which looks like \[channels, samples\]; transpose"),
        (np.zeros([1, 10, 2]), 8000, r"shape \[1, 10, 2\]; give \[samples\]"),
        (np.zeros([200, 100]), 8000, "100 channels; at most 64"),
        (np.array([0.0, 0.0, np.nan]), 8000, r"hold NaN or infinity, first at 0\.000 s"),
        (np.array([0.0, -np.inf]), 8000, "hold NaN or infinity"),
        (np.array([1e300, 0.0]), 8000, "hold NaN or infinity"),
        (np.array([1e30, 0.0]), 8000, r"a value of 1e\+30; full scale is 1\.0"),
        (np.zeros(100, np.int64), 8000, "are int64; give floats with full scale 1.0, or PCM integers"),
        (np.zeros(100, complex), 8000, "are complex128"),
        (["a", "b"], 8000, "give floats"),
        ([[1.0], [1.0, 2.0]], 8000, "are not an array"),
        (3.0, 8000, "samples are float; give a path, or an array"),
        (None, 8000, "samples are NoneType"),
    ],
)
def test_what_is_no_sound_is_refused_in_a_line(samples, rate_hz, words):
    with pytest.raises(SamplesError, match=words) as caught:
        mono_waveform(samples, rate_hz, 8000)
    assert "\n" not in str(caught.value)


def test_one_frame_of_many_channels_is_no_transposed_array():
    assert mono_waveform(np.ones([1, 2], np.float32), 8000, 8000).tolist() == [1.0]
    assert len(mono_waveform(np.zeros([20, 12]), 8000, 8000)) == 20


class FirstAndLast:
    """Stands in for a model."""

    audio = tiny_run.make_config().audio
    outputs = ("probabilities", "logits")

    def values(self, windows: np.ndarray, output: str) -> np.ndarray:
        assert len(windows) <= 16
        return windows[:, [0, -1]] * (1 if output == "logits" else 2)


def test_values_belong_to_their_windows_and_the_last_one_ends_with_the_sound():
    waveform = np.arange(40_500, dtype=np.float32)
    found = window_values(FirstAndLast(), waveform)
    assert found.starts.tolist() == [*range(0, 38_001, 1000), 38_500]
    np.testing.assert_array_equal(found.values["logits"], np.stack([found.starts, found.starts + 1999], axis=1))
    np.testing.assert_array_equal(found.values["probabilities"], 2 * found.values["logits"])
    np.testing.assert_allclose(found.mean("logits"), found.values["logits"].mean(axis=0))
    assert window_values(FirstAndLast(), np.ones(3, np.float32), ["logits"]).values["logits"].tolist() == [[1.0, 0.0]]
