"""One runtime on one file, in a process of its own: ``python -m irmas_tf.runtimes.worker JOB.json``.

Runtimes bring libraries that do not bear each other, and one that crashes must not end the comparison. The answer, or
the reason why there is none, is written beside the job; if nothing is written, the process crashed.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from irmas_tf.runtimes.runtime import RUNTIMES, ModelFile, Setup


def write_job(folder: Path, runtime: str, setup: Setup, file: ModelFile, windows: np.ndarray) -> Path:
    """Write what a worker is to do into an empty folder and return the path of its job."""
    np.save(folder / "windows.npy", windows)
    job = {
        "runtime": runtime,
        "options": dict(setup.options),
        "file": {**dataclasses.asdict(file), "path": str(file.path)},
    }
    path = folder / "job.json"
    path.write_text(json.dumps(job), encoding="utf-8")
    return path


def answer(runtime: str, options: dict[str, Any], file: ModelFile, windows: np.ndarray) -> dict[str, Any]:
    """Return ``probabilities`` (a list of rows) and what was ``found``, or why the file is ``refused``."""
    try:
        ask, found = RUNTIMES.get(runtime).load(file, **options)
        return {"probabilities": np.asarray(ask(windows), np.float64).tolist(), "found": found}
    except Exception as error:  # whatever a runtime raises is its reason
        return {"refused": f"{type(error).__name__}: {' '.join(str(error).split())}"}


def main(path: Path) -> None:
    """Do a job."""
    job = json.loads(path.read_text(encoding="utf-8"))
    facts = job["file"]
    file = ModelFile(**{**facts, "path": Path(facts["path"]), "codes": tuple(facts["codes"])})
    windows = np.load(path.with_name("windows.npy"), allow_pickle=False)
    result = answer(job["runtime"], job["options"], file, windows)
    path.with_name("answer.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
