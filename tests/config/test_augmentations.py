from __future__ import annotations

import pytest

from irmas_tf.augment.augmentation import Augmentation
from irmas_tf.config.augmentations import (
    AUGMENTATIONS,
    BUILT_IN,
    describe_registered,
    parse_augmentation,
    registered_elsewhere,
)
from irmas_tf.config.settings import ConfigError


def test_without_other_packages_there_are_those_of_this_one():
    assert set(AUGMENTATIONS) == set(BUILT_IN) and registered_elsewhere() == describe_registered() == []
    assert all(issubclass(AUGMENTATIONS.get(name), Augmentation) for name in BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
def test_those_of_this_package_have_flags_of_their_own(name):
    with pytest.raises(ConfigError, match=f"--augmentations={name}: {name} is one of this package's augmentations"):
        parse_augmentation(name)


def test_an_unknown_one_says_how_it_would_become_known():
    with pytest.raises(ConfigError, match="'hum' is not an augmentation of another package; known: none; install"):
        parse_augmentation("hum:level_db=-30")
