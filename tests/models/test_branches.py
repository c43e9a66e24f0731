from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from irmas_tf.config.augment import AugmentConfig
from irmas_tf.config.backbones import BACKBONES
from irmas_tf.config.run_config import Config
from irmas_tf.models.branches import build_branch, front_end, front_end_layer, scaled_channels


@pytest.mark.parametrize(
    "channels, multiplier, expected",
    [(24, 1.0, 24), (24, 0.5, 16), (24, 0.25, 8), (24, 0.01, 8), (96, 1.5, 144), (20, 1.0, 16)],
)
def test_channels_are_multiples_of_eight(channels, multiplier, expected):
    assert scaled_channels(channels, multiplier) == expected


@pytest.mark.parametrize("scale", ["mel", "linear", "log", "morlet"])
@pytest.mark.parametrize("samples", [4000, 3999, 4001])
def test_the_front_end_keeps_the_contract_of_frames_and_bins(small, specs, scale, samples):
    config = small(specs[scale])
    branch = config.model.branch_configs[0]
    waveform = keras.Input((None,))
    model = keras.Model(waveform, front_end(waveform, branch, config, "b", seed=0))
    out = model(np.zeros([2, samples], np.float32))
    assert tuple(out.shape) == (2, -(-samples // branch.hop_length), branch.num_bins)


def branch_model(config) -> keras.Model:
    waveform = keras.Input((None,))
    return keras.Model(waveform, build_branch(waveform, config.model.branch_configs[0], config, "b", seed=0))


@pytest.mark.parametrize("block", ["plain", "residual", "separable"])
def test_a_branch_ends_in_one_vector_per_example(small, specs, block):
    model = branch_model(small(specs["mel"], block=block))
    assert tuple(model(np.zeros([2, 4000], np.float32)).shape) == (2, 16)


def test_the_multipliers_scale_channels_and_blocks(small, specs):
    def convolutions(**model):
        layers = branch_model(small(specs["mel"], **model)).layers
        return [layer.filters for layer in layers if type(layer) is keras.layers.Conv2D]

    assert convolutions() == [8, 8, 16]  # stem, then one block a stage
    assert convolutions(width_multiplier=2.0) == [16, 16, 32]
    assert convolutions(depth_multiplier=2.0) == [8, 8, 8, 16, 16]
    assert convolutions(depth_multiplier=1.2) == [8, 8, 8, 16, 16]


def test_masks_change_features_in_training_only(small, specs):
    config = small(specs["mel"])
    waveform = keras.Input((None,))
    model = keras.Model(waveform, front_end(waveform, config.model.branch_configs[0], config, "b", seed=0))
    noise = np.random.default_rng(0).standard_normal([4, 4000]).astype(np.float32)
    np.testing.assert_array_equal(model(noise), model(noise))
    assert (np.asarray(model(noise, training=True)) == 0).any()
    assert not (np.asarray(model(noise)) == 0).any()


def test_a_wavelet_branch_gets_its_own_settings(small, specs):
    config = small(specs["morlet"] + ":omega0=9:trainable=1", log_offset=0.02)
    waveform = keras.Input((None,))
    model = keras.Model(waveform, front_end(waveform, config.model.branch_configs[0], config, "b", seed=0))
    layer = model.get_layer("b_scalogram")
    assert (layer.omega0, layer.hop_length, layer.num_bins, layer.trainable_wavelets) == (9.0, 128, 24, True)
    assert (layer.min_frequency_hz, layer.max_frequency_hz) == (800.0, 3200.0)
    assert layer.log_offset == pytest.approx(0.02 * 0.1)


def test_one_log_offset_lies_equally_far_below_a_tone_in_both_front_ends(small):
    """Within 9 dB, for the frame length that the factor was chosen for."""
    config = small(
        "mel:frame_length=1024:hop_length=128:num_bins=64:max_frequency_hz=4000",
        "morlet:hop_length=128:num_bins=48:min_frequency_hz=200:max_frequency_hz=3200",
    )
    tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000).astype(np.float32)[None]
    above = []
    for index, branch in enumerate(config.model.branch_configs):
        waveform = keras.Input((None,))
        layer = front_end_layer(branch, config, f"b{index}")
        model = keras.Model(waveform, layer(waveform))
        above.append(float(np.max(model(tone)) - np.min(model(np.zeros_like(tone)))))
    assert above[0] == pytest.approx(above[1], abs=1.0)


def test_mix_style_changes_training_only_and_is_absent_when_off(small, specs):
    off = branch_model(small(specs["mel"]))
    assert not [layer for layer in off.layers if "mix_style" in layer.name]
    augment = AugmentConfig(mix_style_share=1.0)
    on = branch_model(dataclasses.replace(small(specs["mel"]), augment=augment))
    names = [layer.name for layer in on.layers]
    assert names.index("b_normalization") < names.index("b_mix_style") < names.index("b_spec_augment")
    style = keras.Model(on.input, on.get_layer("b_mix_style").output)
    noise = np.random.default_rng(0).standard_normal([8, 4000]).astype(np.float32) * np.linspace(0.1, 1, 8)[:, None]
    still, mixed = style(noise, training=False), style(noise, training=True)
    np.testing.assert_array_equal(still, keras.Model(on.input, on.get_layer("b_normalization").output)(noise))
    assert (np.abs(mixed - still).max(axis=(1, 2)) > 0.1).sum() >= 4


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mn01", "yamnet"])
def test_a_network_with_a_bandwidth_does_not_hear_what_lies_above(name):
    rate = BACKBONES.get(name).sample_rate_hz
    time = np.arange(2 * rate) / rate
    # The envelope keeps the padded ends, which have kinks, silent.
    low, high = (np.sin(np.pi * time / 2) ** 4 * np.sin(2 * np.pi * f * time)[np.newaxis] for f in (1000.0, 6000.0))

    def what_highs_change(spec):
        keras.utils.set_random_seed(0)
        config = Config.from_dict({"audio": {"sample_rate_hz": rate}, "model": {"branches": [spec]}})
        model = branch_model(config)
        of_low, of_both = (np.array(model(x.astype(np.float32))) for x in (low, low + high))
        return np.abs(of_both - of_low).max()

    assert what_highs_change(f"{name}:bandwidth_hz=4000") < 0.1 * what_highs_change(name)
