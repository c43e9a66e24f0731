from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irmas_tf.config.backbones import BACKBONES
from irmas_tf.config.branches import FRONT_ENDS, BackboneBranch, Branch, known_branches, register_front_end
from irmas_tf.config.front_ends import SpectrogramBranch
from irmas_tf.config.settings import ConfigError


def test_a_spec_sets_what_it_names_and_leaves_the_rest_at_its_default():
    branch = Branch.parse("log:frame_length=2048:min_frequency_hz=40.5")
    assert branch == SpectrogramBranch(scale="log", frame_length=2048, min_frequency_hz=40.5)
    assert Branch.parse("mel") == SpectrogramBranch()


@pytest.mark.parametrize(
    "spec, message",
    [
        ("", "--branches=: '' is not a front-end or pretrained network; known: linear, log, mel, morlet, mn01, "),
        ("chroma", "--branches=chroma: 'chroma' is not a front-end or pretrained network; known: linear, log, mel"),
        ("mel:bins=3", "--branches=mel:bins=3: 'bins=3' is not KEY=VALUE with KEY one of hop_length, "),
        ("mel:num_bins", "--branches=mel:num_bins: 'num_bins' is not KEY=VALUE"),
        ("mel:num_bins=9:num_bins=9", "--branches=mel:num_bins=9:num_bins=9: num_bins is given twice"),
        ("mel:num_bins=9.5", "--branches=mel:num_bins=9.5: num_bins='9.5' is not a whole number"),
        ("mel:num_bins=1", "--branches=mel:num_bins=1: num_bins=1: must be at least 4"),
        ("mel:frame_length=64:hop_length=65", "hop_length must be at most frame_length=64"),
        ("log:min_frequency_hz=0", "scale log needs min_frequency_hz above 0"),
        ("mel:max_frequency_hz=20", "max_frequency_hz must be above min_frequency_hz=30"),
        ("mel:max_frequency_hz=nan", "max_frequency_hz=nan: must be above 0 Hz"),
        ("mel:omega0=6", "'omega0=6' is not KEY=VALUE with KEY one of hop_length, "),
        ("morlet:frame_length=512", "'frame_length=512' is not KEY=VALUE with KEY one of hop_length, "),
        ("morlet:omega0=3", "omega0=3.0: must be at least 4 and at most 64"),
        ("morlet:hop_length=-1", "hop_length=-1: must be at least 1"),
        ("morlet:trainable=yes", "trainable='yes' must be 0 or 1"),
        ("mn04:width=1", "'width=1' is not KEY=VALUE with KEY one of profile"),
        ("mn99:profile=1", "'mn99' is not a front-end or pretrained network; known: linear, log, mel, morlet, mn01"),
        ("mn99", "yamnet; a name of another package needs its extension installed or named in IRMAS_TF_EXTENSIONS"),
    ],
)
def test_a_bad_spec_is_refused_with_the_spec_and_the_reason(spec, message):
    with pytest.raises(ConfigError) as caught:
        Branch.parse(spec)
    assert str(caught.value).startswith("--branches=")
    assert message in str(caught.value)


@given(st.text(max_size=40))
def test_no_text_makes_parsing_fail_in_another_way(text):
    try:
        Branch.parse(text)
    except ConfigError as error:
        assert str(error).startswith("--branches=")


@pytest.mark.parametrize(
    "spec, message",
    [
        ("mel:max_frequency_hz=11026", "max_frequency_hz must be at most 11025 Hz, half of --sample_rate_hz=22050"),
        ("mel:frame_length=32768", "frame_length must be at most the 22050 samples of --window_seconds"),
        ("morlet:max_frequency_hz=11026", "max_frequency_hz must be at most 11025 Hz, half of --sample_rate_hz=22050"),
        ("morlet:max_frequency_hz=11000", "a max_frequency_hz of up to 10"),
        ("morlet:min_frequency_hz=4", "a min_frequency_hz of at least"),
        ("mn04", "takes 32000 Hz only; set --sample_rate_hz=32000 in place of --sample_rate_hz=22050"),
    ],
)
def test_what_does_not_fit_the_waveform_is_refused_with_what_would(spec, message):
    with pytest.raises(ConfigError, match=r"^--branches=") as caught:
        Branch.parse(spec).check_fits(22050, 22050)
    assert message in str(caught.value)


def test_the_defaults_fit_the_default_window():
    for scale in FRONT_ENDS:
        Branch.parse(scale).check_fits(22050, 66150)


def test_a_pretrained_network_is_its_name():
    for name in BACKBONES:
        branch = Branch.parse(name)
        assert branch == BackboneBranch(name)
        assert branch.spec() == name
    Branch.parse("yamnet").check_fits(16000, 100)


def test_a_profile_is_written_with_the_networks_name_and_refused_where_there_is_none():
    branch = Branch.parse("mn04:profile=1")
    assert branch == BackboneBranch("mn04", profile=True)
    assert branch.spec() == "mn04:profile=1"
    assert Branch.parse("mn04:profile=0").spec() == "mn04"
    with pytest.raises(ConfigError, match=r"--branches=yamnet:profile=1: profile=1 is for mn01, .*mn20 only"):
        Branch.parse("yamnet:profile=1")


def test_a_bandwidth_lies_where_the_network_hears():
    assert Branch.parse("mn04:bandwidth_hz=9500:profile=1").spec() == "mn04:profile=1:bandwidth_hz=9500"
    assert Branch.parse("yamnet:bandwidth_hz=4000") == BackboneBranch("yamnet", bandwidth_hz=4000)
    for deaf_or_idle in ("yamnet:bandwidth_hz=4", "yamnet:bandwidth_hz=8000"):
        with pytest.raises(ConfigError, match=f"--branches={deaf_or_idle}: .* at least 1000 and below 8000"):
            Branch.parse(deaf_or_idle)


def test_what_is_known_names_front_ends_with_the_same_settings_together():
    spectrograms, wavelets, networks = known_branches()
    assert spectrograms == "linear, log, mel (spectrograms on that frequency scale)"
    assert wavelets == "morlet (wavelet transform)"
    assert networks.startswith("mn01, mn02, ") and "profile=1 reads mn01, mn02" in networks


@pytest.mark.parametrize(
    "name, message", [("mel", "registered twice"), ("mn04", "name of a backbone"), ("a:b", "small letters, digits")]
)
def test_a_front_end_cannot_take_a_name_that_is_taken_or_cannot_be_written(name, message):
    with pytest.raises(ValueError, match=message):
        register_front_end(name)(SpectrogramBranch)
