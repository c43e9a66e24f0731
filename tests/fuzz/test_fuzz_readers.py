from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from irmas_tf.config.settings import ConfigError
from tests.helpers import cases, fresh_process
from tests.helpers.damaged_files import mutate
from tests.helpers.file_readers import Reader, text_file
from tests.helpers.fuzz_readers import READERS, problem_of
from tests.helpers.user_archives import ARCHIVES
from tests.helpers.user_texts import TEXTS

COUNT = cases(200, 2000)
MOST_EXTRA_MEGABYTES = 200
IGNORANT = {"versions.json", "metrics.json", "checkpoint .npz"}  # a damaged one is as none


@pytest.mark.slow
@pytest.mark.parametrize("names", [[*TEXTS], [*ARCHIVES]], ids=["texts", "archives"])
def test_damaged_files_are_read_or_refused_in_a_line(names: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    program = ["-m", "tests.helpers.fuzz_readers", str(tmp_path / "files"), str(COUNT), "1", *names]
    done = fresh_process.run(program, environment, timeout=1200)
    assert done.returncode == 0, done.stderr[-4000:]
    outcomes = {outcome["reader"]: outcome for outcome in map(json.loads, done.stdout.splitlines())}
    assert list(outcomes) == names
    for name, outcome in outcomes.items():
        assert outcome["wrong"] == []
        assert outcome["files"] == outcome["read"] + outcome["refused"] == COUNT
        assert outcome["extra_megabytes"] < MOST_EXTRA_MEGABYTES, name
        # The damage must not be harmless, or this test would show little.
        assert name in IGNORANT or outcome["refused"] > 0.1 * COUNT, name


def test_mutations_are_reproducible_and_differ() -> None:
    data = b'{"a": [1, 2.5, "text"], "b": {"c": null}}'
    once, again = ([mutate(data, random.Random(f"{seed}")) for seed in range(200)] for _ in range(2))
    assert once == again and len(set(once)) > 150


@pytest.mark.parametrize(
    "error, problem",
    [
        (ConfigError("a.txt: is empty; write something"), ""),
        (ConfigError("it is empty"), "names no file"),
        (FileNotFoundError(2, "No such file", "a.txt"), ""),
        (ValueError("a.txt"), "ValueError: a.txt"),
        (RecursionError("too deep"), "RecursionError"),
    ],
)
def test_what_is_no_refusal_is_a_problem(tmp_path: Path, error: Exception, problem: str) -> None:
    reader = Reader(text_file("a.txt", "x"), Path.read_text)
    with pytest.raises(type(error)) as caught:
        raise error
    found = problem_of(caught.value, reader.make(tmp_path), reader)
    assert found.startswith(problem) and bool(found) == bool(problem)


def test_every_reader_has_a_name_of_its_own() -> None:
    assert len(READERS) == len(TEXTS) + len(ARCHIVES)
