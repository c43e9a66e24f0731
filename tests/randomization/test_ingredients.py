"""What --randomization may say, and what it means."""

from __future__ import annotations

import pytest

from irmas_tf.config.settings import ConfigError
from irmas_tf.randomization.ingredients import INGREDIENTS, Randomization


def test_later_items_win_and_the_text_reads_back():
    everything = Randomization.parse("all,codec=0, room=0.5")
    assert everything.strength("codec") == 0
    assert everything.strength("room") == 0.5
    assert everything.strength("eq") == 1
    assert Randomization.parse(everything.text) == everything
    assert Randomization.parse("eq,room") == Randomization.parse("room,eq")  # order says nothing
    assert not Randomization.parse("none") and not Randomization.parse("all,none") and not Randomization.parse("")


@pytest.mark.parametrize("text", ["rooms", "room=loud", "room=-1", "room=9", "room=", "all=nan"])
def test_what_is_wrong_is_named(text):
    if text == "room=":
        assert Randomization.parse(text).strength("room") == 1
        return
    with pytest.raises(ConfigError, match="--randomization=") as error:
        Randomization.parse(text)
    assert "\n" not in str(error.value)
    assert "choose from" in str(error.value) if text == "rooms" else "between 0 and 2" in str(error.value)
    assert all(name in str(error.value) for name in INGREDIENTS) or text != "rooms"
