from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from tests.helpers import ROOT, cases, fresh_process

COUNT = cases(200, 3000)


@pytest.mark.slow
def test_damaged_files_crash_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    program = str(ROOT / "tests" / "helpers" / "fuzz_audio.py")
    done = fresh_process.run([program, str(tmp_path), str(COUNT), "1"], environment, timeout=600)
    assert done.returncode == 0, done.stderr[-4000:]
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["wrong"] == []
    assert result["files"] == result["answered"] + result["refused"] == COUNT
    # The damage must be neither all fatal nor all harmless, or this test would show little.
    assert result["answered"] > 0.2 * COUNT and result["refused"] > 0.1 * COUNT
    assert result["noted"] > 0.05 * COUNT, "of much that is damaged, something is missing"
    assert result["grown_megabytes"] < 200, "a number in a header must not decide how much memory is taken"


def test_mutations_are_reproducible_and_differ() -> None:
    from tests.helpers import mutations

    (_, data), (_, other) = mutations.base_files()[:2]
    generators = random.Random(3), random.Random(3)
    once, again = ([mutations.mutate(data, other, rng) for _ in range(50)] for rng in generators)
    assert once == again
    assert len(set(once)) > 40
