from __future__ import annotations

import pytest

from irmas_tf.config.registry import Registry


def test_entries_come_back_by_name_and_decorated_functions_are_unchanged():
    registry: Registry = Registry("block")

    @registry.register("plain")
    def plain():
        return 7

    registry.register("also")(print)
    assert registry.get("plain") is plain
    assert plain() == 7
    assert registry.names() == ("also", "plain")
    assert list(registry) == ["also", "plain"]
    assert "plain" in registry
    assert "other" not in registry


def test_a_duplicate_is_refused_and_changes_nothing():
    registry: Registry = Registry("block")
    registry.register("plain")(len)
    with pytest.raises(ValueError, match="block 'plain' is registered twice"):
        registry.register("plain")(sum)
    assert registry.get("plain") is len


def test_an_unknown_name_lists_the_known_ones():
    registry: Registry = Registry("block")
    registry.register("b")(len)
    registry.register("a")(len)
    with pytest.raises(ValueError, match="unknown block 'c'; known: a, b"):
        registry.get("c")


def test_a_built_in_entry_is_imported_when_it_is_asked_for():
    registry: Registry = Registry("codec", {"json": "json:dumps", "absent": "no_such_module:x"})
    assert registry.names() == ("absent", "json")
    assert registry.get("json")([1]) == "[1]"
    with pytest.raises(ValueError, match="codec 'json' is registered twice"):
        registry.register("json")(len)
    with pytest.raises(ModuleNotFoundError):
        registry.get("absent")


def test_what_was_registered_can_be_forgotten():
    registry: Registry = Registry("block")
    registry.register("plain")(len)
    registry.unregister("plain")
    registry.unregister("plain")
    assert registry.names() == ()
