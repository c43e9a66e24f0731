from __future__ import annotations

import dataclasses

import pytest

from irmas_tf.config.augment import OF_WAVEFORMS, AugmentConfig
from irmas_tf.config.run_config import SECTIONS, Config
from irmas_tf.config.settings import ConfigError


def test_everything_but_gain_and_masks_is_off_by_default():
    config = AugmentConfig()
    assert not config.uses_vocoder and not config.adds_folder_noise
    probabilities = ("silence", "mix", "empty", "noise")
    amounts = ("random_speed_semitones", "random_shift_seconds", "random_equalization_db", "mixup_alpha")
    assert not any(getattr(config, f"{name}_probability") for name in probabilities)
    assert not any(getattr(config, name) for name in amounts)


def test_what_changes_waveforms_is_off_by_default():
    defaults = {field.name: field.default for field in dataclasses.fields(AugmentConfig)}
    assert not any(defaults[name] for name in OF_WAVEFORMS)
    assert {name for name in defaults if name.endswith("_probability")} - {"vocoder_probability"} <= set(OF_WAVEFORMS)


def test_names_are_unique_over_all_sections():
    names = [field.name for section in SECTIONS.values() for field in dataclasses.fields(section)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["random_time_stretch", "random_pitch_semitones"])
def test_either_change_needs_the_vocoder(name):
    assert AugmentConfig(**{name: 0.1}).uses_vocoder


@pytest.mark.parametrize(
    "settings, message",
    [
        (
            {"noise_min_snr_db": 50.0},
            "--noise_min_snr_db=50: must be at most --noise_max_snr_db=40",
        ),
        (
            {"noise_probability": 0.5, "noise_kind": "folder"},
            "--noise_dir=: must name a folder of audio files with --noise_kind=folder",
        ),
        ({"noise_dir": "noises"}, "--noise_dir=noises: has no effect without --noise_kind=folder"),
        ({"noise_kind": "brown"}, "--noise_kind=brown: must be one of white, pink, folder"),
        ({"mix_targets": "sum"}, "--mix_targets=sum: must be one of union, level, predominant"),
        ({"mix_max_excerpts": 1}, "--mix_max_excerpts=1: must be at least 2 and at most 8"),
        ({"random_time_stretch": 0.6}, "--random_time_stretch=0.6: must be at least 0 and at most 0.5"),
        ({"vocoder_probability": 0.0}, "--vocoder_probability=0.0: must be above 0 and at most 1"),
        ({"empty_probability": 1.0}, "--empty_probability=1.0: must be at least 0 and below 1"),
    ],
)
def test_what_is_not_allowed_is_refused_with_the_flag_and_the_rule(settings, message):
    with pytest.raises(ConfigError) as caught:
        AugmentConfig(**settings)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "settings, flag",
    [
        ({"random_shift_seconds": 3.5}, "random_shift_seconds=3.5"),
        ({"silence_probability": 0.1, "silence_seconds": 4.0}, "silence_seconds=4"),
    ],
)
def test_places_lie_in_the_window(settings, flag):
    with pytest.raises(ConfigError) as caught:
        Config.from_dict({"augment": settings})
    assert str(caught.value) == f"--{flag}: must be at most --window_seconds=3"
    Config.from_dict({"augment": {"silence_seconds": 4.0}})  # off


def test_several_labels_or_none_need_the_task():
    AugmentConfig(mix_probability=0.5, empty_probability=0.1).check_task("multi_label")
    AugmentConfig().check_task("single_label")
    with pytest.raises(ConfigError) as caught:
        AugmentConfig(mix_probability=0.5).check_task("single_label")
    assert str(caught.value) == ("--mix_probability=0.5: is for --task=multi_label; for one label, --mixup_alpha mixes")
    with pytest.raises(ConfigError) as caught:
        AugmentConfig(empty_probability=0.1).check_task("single_label")
    assert str(caught.value) == "--empty_probability=0.1: is for --task=multi_label"
