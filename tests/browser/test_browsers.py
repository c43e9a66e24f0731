from __future__ import annotations

import os
import sys

import pytest

from irmas_tf.browser import browsers
from irmas_tf.browser.browsers import open_in_browser, require_browser, version_of
from irmas_tf.config.settings import ConfigError

STAND_IN = f"""#!{sys.executable}
import os, pathlib, subprocess, sys, time
if "--version" in sys.argv:
    print("Chromium 1.2.3 built on a test")
else:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    profile = next(a.partition("=")[2] for a in sys.argv if a.startswith("--user-data-dir="))
    pathlib.Path(profile, "child").write_text(str(child.pid))
    pathlib.Path(os.environ["SEEN"]).write_text(profile + chr(10) + sys.argv[-1])
    time.sleep(600)
"""


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks into /proc")
def test_a_browser_is_ended_with_what_it_started_and_its_profile_removed(tmp_path, monkeypatch):
    program = tmp_path / "chromium"
    program.write_text(STAND_IN)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("SEEN", str(tmp_path / "seen"))
    assert version_of("chromium") == "Chromium 1.2.3"
    with open_in_browser("chromium", "http://127.0.0.1:1/") as process:
        while not (tmp_path / "seen").is_file() or not (tmp_path / "seen").read_text():
            assert process.poll() is None
        profile, url = (tmp_path / "seen").read_text().split("\n")
        child = int(open(os.path.join(profile, "child")).read())
        assert url == "http://127.0.0.1:1/" and is_alive(child)
    assert process.poll() is not None and not is_alive(child) and not os.path.exists(profile)


def test_a_browser_that_is_missing_is_told_with_the_remedy(monkeypatch):
    monkeypatch.setattr(browsers.shutil, "which", lambda name: None)
    with pytest.raises(ConfigError, match=r"--check=firefox: none of .* is installed; .*firefox-esr"):
        require_browser("firefox")
