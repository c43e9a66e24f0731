"""Give every reader damaged files; a program, so that a crash and a hang are seen from outside.

    python -m tests.helpers.fuzz_readers FOLDER COUNT SEED READER...

Prints a JSON object for each reader. A file may be read, or be refused by an error of this package in one line that
names it; all else is ``wrong``. The file that is being read lies in FOLDER, also after a crash.
"""

from __future__ import annotations

import contextlib
import dataclasses
import faulthandler
import io
import json
import random
import shutil
import sys
import time
import traceback
import warnings
from pathlib import Path

from irmas_tf.process.exit_codes import is_expected, one_line
from tests.helpers.damaged_files import mutate
from tests.helpers.file_readers import Reader
from tests.helpers.user_archives import ARCHIVES
from tests.helpers.user_texts import TEXTS

READERS = TEXTS | ARCHIVES

HANG_SECONDS = 120  # of one file, on a machine that is busy with other things
_MOST_LETTERS = 2500
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclasses.dataclass
class Outcome:
    """What became of a reader's files; ``extra_megabytes`` is the most that one took beyond its size (Linux)."""

    reader: str
    files: int = 0
    read: int = 0
    refused: int = 0
    wrong: list[str] = dataclasses.field(default_factory=list)
    slowest_seconds: float = 0.0
    extra_megabytes: float = 0.0


def _memory_megabytes(name: str) -> float:
    """Return VmHWM (the peak since `_forget_peak`) or VmRSS; 0 where the system does not say."""
    if not _STATUS.exists():
        return 0.0
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
    return int(lines[name].split()[0]) / 1024


def _forget_peak() -> None:
    if _CLEAR.exists():
        _CLEAR.write_text("5")


def problem_of(error: BaseException, path: Path, reader: Reader) -> str:
    """Return what is wrong with a refusal, or nothing."""
    if not is_expected(error):
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {str(error)[:200]} ({Path(last.filename).name}:{last.lineno})"
    line = one_line(error)
    if not any(name in line for name in (path.name, *reader.says)):
        return f"names no file: {line[:200]}"
    return f"{len(line)} letters: {line[:200]}" if len(line) > _MOST_LETTERS else ""


def run(name: str, folder: Path, count: int, seed: int) -> Outcome:
    """Return what a reader makes of so many damaged files."""
    reader, rng, outcome = READERS[name], random.Random(f"{seed} {name}"), Outcome(name)
    path = reader.make(folder)
    good = path.read_bytes()
    with contextlib.redirect_stderr(io.StringIO()):
        with contextlib.suppress(ValueError if reader.refuses else ()):
            reader.read(path)  # loads what it needs; raises if the good file is none
        for number in range(count):
            data = mutate(good, rng)
            path.write_bytes(data)
            faulthandler.dump_traceback_later(HANG_SECONDS, exit=True, file=sys.__stderr__)
            _forget_peak()
            before, start = _memory_megabytes("VmRSS"), time.perf_counter()
            wrong = ""
            try:
                reader.read(path)
                outcome.read += 1
            except Exception as error:
                wrong = problem_of(error, path, reader)
                outcome.refused += not wrong
            outcome.slowest_seconds = max(outcome.slowest_seconds, time.perf_counter() - start)
            extra = _memory_megabytes("VmHWM") - before - len(data) / 2**20
            outcome.extra_megabytes = max(outcome.extra_megabytes, extra)
            faulthandler.cancel_dump_traceback_later()
            outcome.files += 1
            if wrong:
                outcome.wrong.append(f"{name}, file {number}: {wrong}")
    return outcome


def main(folder: Path, count: int, seed: int, names: list[str]) -> None:
    """Print the outcomes."""
    warnings.simplefilter("ignore")
    for name in names:
        place = folder / "".join(c if c.isalnum() else "_" for c in name)
        place.mkdir(parents=True)
        print(json.dumps(dataclasses.asdict(run(name, place, count, seed))), flush=True)
        shutil.rmtree(place)


if __name__ == "__main__":
    faulthandler.enable()
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] or list(READERS))
