from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# Allocates, touches and frees 64 MB in large blocks, again and again, and prints how many pages the kernel handed out
# after the first round.
CODE = """
import resource, sys
from irmas_tf.training.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def once():
    blocks = [bytes(range(256)) * 16384 for _ in range(16)]
once()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    once()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", CODE, how], capture_output=True, text=True, check=True, timeout=60)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_freed_blocks_are_not_fetched_from_the_kernel_again():
    assert page_faults("keep") < 1000 < page_faults("return")


def test_other_systems_are_left_alone(monkeypatch):
    from irmas_tf.training import allocator

    monkeypatch.setattr(allocator.sys, "platform", "darwin")
    assert allocator.keep_freed_memory() is False
