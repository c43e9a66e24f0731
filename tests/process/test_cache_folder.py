from __future__ import annotations

from pathlib import Path

import pytest

from irmas_tf.process.cache_folder import cache_folder


@pytest.mark.parametrize(
    "own, users, expected",
    [
        ("/own", "/users", "/own"),
        ("relative", "/users", "/users/irmas_tf"),
        ("", "/users", "/users/irmas_tf"),
        ("", "relative", "/home/me/.cache/irmas_tf"),
        ("", "", "/home/me/.cache/irmas_tf"),
    ],
)
def test_the_variables_in_their_order(monkeypatch, own, users, expected):
    monkeypatch.setenv("IRMAS_TF_CACHE", own)
    monkeypatch.setenv("XDG_CACHE_HOME", users)
    monkeypatch.setenv("HOME", "/home/me")
    assert cache_folder() == Path(expected)
    assert cache_folder("audio") == Path(expected) / "audio"
