"""Modules from outside the package register themselves, by an environment variable or an entry point."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from irmas_tf.config import extensions
from irmas_tf.config.registry import Registry
from irmas_tf.config.settings import ConfigError

REGISTRY: Registry = Registry("bird", extensible=True)
SOURCE = f"from {__name__} import REGISTRY\nREGISTRY.register('wren')(len)\n"


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that Python imports from; what it brought is forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(extensions, "_loaded", set())
    yield tmp_path
    REGISTRY.unregister("wren")
    sys.modules.pop("outside_birds", None)


def test_modules_in_the_environment_variable_are_imported_once_and_heard_of(outside, monkeypatch):
    (outside / "outside_birds.py").write_text(SOURCE)
    assert "wren" not in REGISTRY
    monkeypatch.setenv("IRMAS_TF_EXTENSIONS", " outside_birds ,")
    assert REGISTRY.get("wren") is len
    assert REGISTRY.names() == ("wren",)
    extensions.load_extensions()  # a second import would register it twice


def test_an_installed_package_needs_an_entry_point_only(outside):
    (outside / "outside_birds.py").write_text(SOURCE)
    metadata = outside / "birds-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: birds\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[irmas_tf.extensions]\nbirds = outside_birds\n")
    assert REGISTRY.get("wren") is len


def test_an_extension_that_cannot_be_imported_is_named_with_who_asks_for_it(outside, monkeypatch):
    (outside / "outside_birds.py").write_text("import no_such_module_anywhere\n")
    monkeypatch.setenv("IRMAS_TF_EXTENSIONS", "outside_birds")
    with pytest.raises(ConfigError, match="IRMAS_TF_EXTENSIONS=outside_birds: the extension 'outside_birds' cann"):
        REGISTRY.get("wren")


def test_an_unknown_name_says_that_an_extension_may_be_missing(outside):
    with pytest.raises(ValueError, match="unknown bird 'wren'; known: ; a name of another package needs its extension"):
        REGISTRY.get("wren")


def test_packages_are_read_only_where_one_of_them_may_declare_an_extension(tmp_path):
    """The look at the files alone must never miss what Python's own reader would find."""
    other, ours, old = (tmp_path / name for name in ("other-1.dist-info", "ours-1.dist-info", "old-1.egg-info"))
    for folder, group in ((other, "console_scripts"), (ours, extensions.GROUP), (old, extensions.GROUP)):
        folder.mkdir()
        (folder / "entry_points.txt").write_text(f"[{group}]\nname = module\n")
    path = (str(tmp_path), str(tmp_path / "absent"))
    assert extensions._may_have_entry_points(path)
    shutil.rmtree(ours)
    assert extensions._may_have_entry_points(path)
    shutil.rmtree(old)
    assert not extensions._may_have_entry_points(path)
    (tmp_path / "packages.zip").touch()
    assert extensions._may_have_entry_points((*path, str(tmp_path / "packages.zip")))
