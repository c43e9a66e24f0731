from __future__ import annotations

import gc
import importlib
import os
import platform
import subprocess
import sys

import pytest

from irmas_tf.process import cpu

# Allocates, touches and frees 64 MB in large blocks, again and again, and prints how many pages the kernel handed out
# after the first round.
CODE = """
import resource, sys
from irmas_tf.process import cpu
if sys.argv[1] != "return":
    assert getattr(cpu, sys.argv[1])()
def once():
    blocks = [bytes(range(256)) * int(sys.argv[3]) for _ in range(int(sys.argv[2]))]
once()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    once()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str, blocks: int = 16, repeats: int = 16384) -> int:
    done = subprocess.run(
        [sys.executable, "-c", CODE, how, str(blocks), str(repeats)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_freed_blocks_are_not_fetched_from_the_kernel_again():
    assert page_faults("keep_freed_memory") < 1000 < page_faults("return")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_blocks_of_some_megabytes_are_reused():
    assert page_faults("reuse_blocks", blocks=4, repeats=12000) < 500 < page_faults("return", blocks=4, repeats=12000)


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr(cpu.sys, "platform", "darwin")
    assert cpu.keep_freed_memory() is False


@pytest.mark.parametrize(
    "machine, given, expected",
    [("x86_64", None, "1"), ("AMD64", None, "1"), ("x86_64", "0", "0"), ("aarch64", None, None), ("arm64", "1", "1")],
)
def test_onednn_is_preferred_on_x86_unless_the_user_says_otherwise(monkeypatch, machine, given, expected):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.delenv(cpu.ONEDNN, raising=False)
    if given is not None:
        monkeypatch.setenv(cpu.ONEDNN, given)
    cpu.prefer_onednn()
    assert os.environ.get(cpu.ONEDNN) == expected
    monkeypatch.delenv(cpu.ONEDNN, raising=False)  # or the setting would outlive this test


def test_the_settings_need_no_tensorflow():
    code = "import sys, irmas_tf.process.cpu; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_garbage_is_searched_for_again_after_the_start_but_not_in_what_was_there():
    code = (
        "import gc; from irmas_tf.process.cpu import pause_garbage_collection, resume_garbage_collection;"
        "pause_garbage_collection(); assert not gc.isenabled();"
        "resume_garbage_collection(); assert gc.isenabled() and gc.get_freeze_count() > 1000"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.slow
def test_a_program_that_calls_a_command_keeps_its_garbage_collection():
    importlib.import_module("numpy")
    before = gc.isenabled(), gc.get_freeze_count()
    cpu.pause_garbage_collection()
    cpu.resume_garbage_collection()
    assert (gc.isenabled(), gc.get_freeze_count()) == before
