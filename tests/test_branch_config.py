from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irmas_tf.branch_config import FREQUENCY_SCALES, BranchConfig
from irmas_tf.settings import ConfigError


def test_a_spec_sets_what_it_names_and_leaves_the_rest_at_its_default():
    branch = BranchConfig.parse("log:frame_length=2048:min_frequency_hz=40.5")
    assert branch == BranchConfig(scale="log", frame_length=2048, min_frequency_hz=40.5)
    assert BranchConfig.parse("mel") == BranchConfig()


@pytest.mark.parametrize("frame_length, fft_length", [(16, 16), (17, 32), (1000, 1024), (1024, 1024), (1025, 2048)])
def test_the_fft_length_is_the_next_power_of_two(frame_length, fft_length):
    assert BranchConfig(frame_length=frame_length, hop_length=8).fft_length == fft_length


@pytest.mark.parametrize(
    "spec, message",
    [
        ("", "--branches=: scale=: must be one of linear, mel, log"),
        ("bark", "--branches=bark: scale=bark: must be one of linear, mel, log"),
        ("mel:bins=3", "--branches=mel:bins=3: 'bins=3' is not KEY=VALUE with KEY one of frame_length, "),
        ("mel:num_bins", "--branches=mel:num_bins: 'num_bins' is not KEY=VALUE"),
        ("mel:num_bins=9:num_bins=9", "--branches=mel:num_bins=9:num_bins=9: num_bins is given twice"),
        ("mel:num_bins=9.5", "--branches=mel:num_bins=9.5: num_bins='9.5' is not a number"),
        ("mel:num_bins=1", "--branches=mel:num_bins=1: num_bins=1: must be at least 4"),
        ("mel:frame_length=64:hop_length=65", "hop_length must be at most frame_length=64"),
        ("log:min_frequency_hz=0", "scale log needs min_frequency_hz above 0"),
        ("mel:max_frequency_hz=20", "max_frequency_hz must be above min_frequency_hz=30"),
        ("mel:max_frequency_hz=nan", "max_frequency_hz=nan: must be above 0 Hz"),
    ],
)
def test_a_bad_spec_is_refused_with_the_spec_and_the_reason(spec, message):
    with pytest.raises(ConfigError) as caught:
        BranchConfig.parse(spec)
    assert str(caught.value).startswith("--branches=")
    assert message in str(caught.value)


@given(
    scale=st.sampled_from(FREQUENCY_SCALES),
    frame_length=st.integers(16, 65536),
    hop_share=st.floats(0.01, 1.0),
    num_bins=st.integers(4, 4096),
    low=st.integers(1, 999),
    high=st.floats(1000, 96000),
)
def test_any_branch_survives_being_written_as_a_spec(scale, frame_length, hop_share, num_bins, low, high):
    branch = BranchConfig(scale, frame_length, max(1, int(hop_share * frame_length)), num_bins, low, high)
    again = BranchConfig.parse(branch.spec())
    assert again.max_frequency_hz == pytest.approx(high, rel=1e-9)
    assert again.spec() == branch.spec()
    assert (again.scale, again.frame_length, again.hop_length, again.num_bins, again.min_frequency_hz) == (
        branch.scale,
        branch.frame_length,
        branch.hop_length,
        branch.num_bins,
        branch.min_frequency_hz,
    )


@given(st.text(max_size=40))
def test_no_text_makes_parsing_fail_in_another_way(text):
    try:
        BranchConfig.parse(text)
    except ConfigError as error:
        assert str(error).startswith("--branches=")
