"""Put damaged files through check and predict; run as a program, so that a crash of a decoder is seen from outside.

    python fuzz_audio.py FOLDER COUNT SEED

Prints one JSON object at the end. A file that hangs a decoder ends the process after a while, with a traceback.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import random
import resource
import sys
import time
from pathlib import Path

BATCH = 250
BATCH_TIMEOUT_SECONDS = 180  # a busy machine takes 20, an idle one 2


def peak_megabytes() -> float:
    """Return the largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 10 if sys.platform == "linux" else 1 << 20)


def main(folder: Path, count: int, seed: int) -> None:
    from irmas_tf.datasets.irmas_check import check
    from irmas_tf.predict import cli
    from tests.helpers import mutations
    from tests.helpers.tiny_run import make_tiny_run

    run = make_tiny_run(folder / "run")
    rng = random.Random(seed)
    bases = mutations.base_files()
    total = {"files": 0, "answered": 0, "refused": 0, "found_by_check": 0, "seconds": {"check": 0.0, "predict": 0.0}}
    unnamed: list[str] = []
    for number, (suffix, data) in enumerate(bases):
        (folder / f"whole{number}.{suffix}").write_bytes(data)
    with contextlib.redirect_stdout(io.StringIO()):
        cli([f"--run_dir={run.path}", "--format=json", *map(str, folder.glob("whole*"))])
    baseline = peak_megabytes()  # of TensorFlow, the model and files as they should be
    for first in range(0, count, BATCH):
        audio = folder / f"batch{first}" / "IRMAS-TrainingData" / "cel"
        audio.mkdir(parents=True)
        for number in range(first, min(count, first + BATCH)):
            suffix, data = bases[number % len(bases)]
            damaged = mutations.mutate(data, rng.choice(bases)[1], rng)
            (audio / f"[cel][nod][cla]{number:04d}__1.{suffix}").write_bytes(damaged)
        names = sorted(path.name for path in audio.iterdir())
        faulthandler.dump_traceback_later(BATCH_TIMEOUT_SECONDS, exit=True)
        start = time.perf_counter()
        report = check(audio.parent.parent, deep=True, progress=False)
        total["seconds"]["check"] += time.perf_counter() - start
        start = time.perf_counter()
        answers, messages = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(answers), contextlib.redirect_stderr(messages):
            status = cli([f"--run_dir={run.path}", "--format=json", str(audio)])
        total["seconds"]["predict"] += time.perf_counter() - start
        faulthandler.cancel_dump_traceback_later()
        answered = [Path(json.loads(line)["file"]).name for line in answers.getvalue().splitlines()]
        refused = [line.split(": ")[1] for line in messages.getvalue().splitlines() if line.startswith("error: ")]
        refused = [Path(name).name for name in refused]
        unnamed += sorted(set(names) ^ {*answered, *refused}) + sorted(set(answered) & set(refused))
        if len(answered) + len(refused) != len(names) or status != (1 if refused else 0):
            unnamed.append(f"batch {first}: {len(answered)} + {len(refused)} of {len(names)}, status {status}")
        errors = [line for line in messages.getvalue().splitlines() if "Error: " in line or "Exception: " in line]
        unnamed += errors  # "TypeError: ..." is a bug that was caught, not a diagnosis
        named = {Path(name).name for finding in report.findings for name in finding.files}
        total["files"] += len(names)
        total["answered"] += len(answered)
        total["refused"] += len(refused)
        total["found_by_check"] += len(named & set(refused))
        for path in audio.iterdir():
            path.unlink()
    total["unnamed"] = unnamed
    total["grown_megabytes"] = peak_megabytes() - baseline
    print(json.dumps(total))


if __name__ == "__main__":
    faulthandler.enable()
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
