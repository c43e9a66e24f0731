from __future__ import annotations

import pytest

from irmas_tf.config.augment import AugmentConfig
from irmas_tf.config.augmentations import (
    AUGMENTATIONS,
    BUILT_IN,
    describe_registered,
    parse_augmentation,
    registered_elsewhere,
)
from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from tests.helpers.registered import registered


@pytest.fixture
def hum():
    with registered("tests.helpers.outside_augmentation", AUGMENTATIONS, "hum") as module:
        yield module.Hum


def test_without_other_packages_there_are_those_of_this_one():
    assert set(AUGMENTATIONS) == set(BUILT_IN) and registered_elsewhere() == describe_registered() == []


def test_a_text_gives_the_settings_and_the_rest_are_defaults(hum):
    assert parse_augmentation("hum") == hum()
    assert parse_augmentation("hum:harmonics=1:level_db=-30") == hum(level_db=-30.0, harmonics=True)
    assert describe_registered() == ["hum:level_db=-40.0:mains_hz=50.0:harmonics=0"]
    assert AugmentConfig(augmentations=("hum:mains_hz=60",)).registered == {"hum": hum(mains_hz=60.0)}


@pytest.mark.parametrize(
    "specs, message",
    [
        ("hum:level=-30", "'level=-30' is not KEY=VALUE with KEY one of level_db, mains_hz, harmonics"),
        ("hum:level_db=x", "level_db='x' is not a number"),
        ("hum:level_db=3", "level_db=3.0: must be at least -120 and at most 0 dB"),
        ("hum:level_db=-3:level_db=-4", "level_db is given twice"),
        ("gain:random_gain_db=3", "gain is one of this package's augmentations, which have flags of their own"),
        ("buzz", "'buzz' is not an augmentation of another package; known: hum, or name its module in"),
        ("hum,hum:mains_hz=60", "hum is named twice"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_the_flag(hum, specs, message):
    with pytest.raises(ConfigError) as caught:
        AugmentConfig(augmentations=tuple(specs.split(",")))
    assert str(caught.value).startswith(f"--augmentations={specs}: {message}")


def test_it_has_no_effect_where_excerpts_are_embedded_once(hum):
    sections = {
        "audio": {"sample_rate_hz": 32000},
        "model": {"branches": ["mn01"], "head_units": 0},
        "training": {"stages": ["epochs=1:blocks=0:embed_once=1"]},
        "augment": {"random_gain_db": 0.0, "augmentations": ["hum"]},
    }
    with pytest.raises(ConfigError, match=r"--augmentations=hum: has no effect, .*; set it to empty, or add a stage"):
        Config.from_dict(sections)
