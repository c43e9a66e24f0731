from __future__ import annotations

import importlib.metadata
import json

from irmas_tf import __version__
from irmas_tf.process import versions


def test_the_versions_are_those_that_are_installed():
    found = versions.collect_versions()
    assert found == json.loads(json.dumps(found))
    assert found["irmas_tf"] == __version__
    assert found["numpy"] == importlib.metadata.version("numpy")
    assert found["cpu_count"] >= 1


def test_a_package_that_is_not_installed_has_no_version(monkeypatch):
    monkeypatch.setattr(versions, "_RECORDED_PACKAGES", ("no-such-package-here",))
    assert versions.collect_versions()["no-such-package-here"] is None


def test_the_commit_is_that_of_our_own_checkout_only(tmp_path, monkeypatch):
    commit = versions.git_commit()
    assert commit is None or len(commit) == 40
    monkeypatch.setattr(versions, "__file__", str(tmp_path / "irmas_tf" / "versions.py"))
    assert versions.git_commit() is None
    (tmp_path / ".git").mkdir()  # not a repository
    assert versions.git_commit() is None
