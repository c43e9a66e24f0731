from __future__ import annotations

import numpy as np
import pytest
import soundfile

from irmas_tf.audio.decode import decode_file
from irmas_tf.audio.store import quantize
from irmas_tf.config.audio import AudioConfig
from irmas_tf.config.run_config import Config, DataConfig, ModelConfig
from irmas_tf.training import decoded
from irmas_tf.training.plain_examples import plain_examples

RATE = 8000
CONFIG = Config(
    model=ModelConfig(
        branches=("mel:frame_length=256:hop_length=64:num_bins=32:max_frequency_hz=4000",), stage_channels=(8,)
    ),
    data=DataConfig(loader_threads=2),
    audio=AudioConfig(sample_rate_hz=RATE, window_seconds=0.1, window_hop_seconds=0.1),
)


@pytest.mark.slow
@pytest.mark.parametrize("frames", [(1000, 1000), (900, 1000), (1000, 1700), (790, 100, 1000, 2000)])
def test_examples_are_rounded_cropped_and_lengthened_as_in_numpy_or_as_they_were_made(tmp_path, frames, monkeypatch):
    monkeypatch.setattr(decoded, "_FEWEST_FILES", 1)
    rng = np.random.default_rng(0)
    paths = [str(tmp_path / f"{k}.wav") for k in range(len(frames))]
    for path, length in zip(paths, frames, strict=True):
        soundfile.write(path, rng.uniform(-0.5, 0.5, length), RATE, subtype="PCM_16")
    crops = np.linspace(0.0, 0.999, len(frames))
    extras = (np.arange(len(frames), dtype=np.int32),)
    layouts, made = decoded.plain_layouts(paths, CONFIG), [None] * len(frames)
    layouts[1], made[1] = None, np.arange(1000, dtype=np.float32)
    dataset = plain_examples(paths, layouts, made, crops, extras, CONFIG, 1000)
    assert dataset.element_spec[0].shape == (1000,) and dataset.cardinality() == len(frames)
    for number, (waveform, extra) in enumerate(dataset.as_numpy_iterator()):
        stored = quantize(decode_file(paths[number], RATE))
        whole = stored.samples * stored.scale
        start = int(crops[number] * (max(0, len(whole) - 1000) + 1))
        again = max(0, min(len(whole), 1000 - len(whole), 200))
        expected = np.concatenate([whole[start : start + 1000], whole[:again], np.zeros(1000, np.float32)])[:1000]
        assert extra == number
        np.testing.assert_array_equal(waveform, made[number] if number == 1 else expected)
