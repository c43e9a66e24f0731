from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irmas_tf.config.branches import FRONT_ENDS, Branch
from irmas_tf.config.front_ends import MorletBranch, SpectrogramBranch
from irmas_tf.config.run_config import Config, ModelConfig
from irmas_tf.layers.base import FrontEnd


@pytest.mark.parametrize("frame_length, fft_length", [(16, 16), (17, 32), (1000, 1024), (1024, 1024), (1025, 2048)])
def test_the_fft_length_is_the_next_power_of_two(frame_length, fft_length):
    assert SpectrogramBranch(frame_length=frame_length, hop_length=8).fft_length == fft_length


@pytest.mark.parametrize("name", FRONT_ENDS.names())
def test_the_layer_is_a_front_end_and_takes_its_arguments(name):
    branch = Branch.parse(name)
    layer = branch.layer_class()(**branch.layer_arguments(Config()))
    assert isinstance(layer, FrontEnd)
    assert (layer.hop_length, layer.num_bins) == (branch.hop_length, branch.num_bins)


def test_settings_of_the_model_reach_the_layers():
    config = Config(model=ModelConfig(mel_scale="htk", log_offset=0.02))
    assert SpectrogramBranch().layer_arguments(config).items() >= {"mel_scale": "htk", "log_offset": 0.02}.items()
    morlet = MorletBranch(trainable=True).layer_arguments(config)
    assert morlet["log_offset"] == pytest.approx(0.002)
    assert morlet["trainable_wavelets"] is True


@given(
    scale=st.sampled_from(("linear", "mel", "log")),
    frame_length=st.integers(16, 65536),
    hop_share=st.floats(0.01, 1.0),
    num_bins=st.integers(4, 4096),
    low=st.integers(1, 999),
    high=st.floats(1000, 96000),
)
def test_any_branch_survives_being_written_as_a_spec(scale, frame_length, hop_share, num_bins, low, high):
    branch = SpectrogramBranch(scale, max(1, int(hop_share * frame_length)), num_bins, low, high, frame_length)
    again = Branch.parse(branch.spec())
    assert isinstance(again, SpectrogramBranch)
    assert again.max_frequency_hz == pytest.approx(high, rel=1e-9)
    assert again.spec() == branch.spec()
    assert (again.scale, again.frame_length, again.hop_length, again.num_bins, again.min_frequency_hz) == (
        branch.scale,
        branch.frame_length,
        branch.hop_length,
        branch.num_bins,
        branch.min_frequency_hz,
    )


@given(
    omega0=st.integers(4, 64),
    hop_length=st.integers(1, 65536),
    num_bins=st.integers(4, 4096),
    low=st.integers(1, 999),
    high=st.integers(1000, 96000),
    trainable=st.booleans(),
)
def test_any_wavelet_branch_survives_being_written_as_a_spec(omega0, hop_length, num_bins, low, high, trainable):
    branch = MorletBranch("morlet", hop_length, num_bins, low, high, omega0, trainable)
    assert Branch.parse(branch.spec()) == branch
