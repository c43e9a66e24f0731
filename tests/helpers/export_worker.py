"""Export a run again and again: ``python export_worker.py RUN BASE COUNT``; the tests watch, or kill it."""

from __future__ import annotations

import sys
from pathlib import Path

from irmas_tf.deploy.export_inputs import load_run
from irmas_tf.deploy.saved_model import export_saved_model

if __name__ == "__main__":
    loaded = load_run(sys.argv[1])
    print("ready", flush=True)
    for _ in range(int(sys.argv[3])):
        export_saved_model(loaded.model, loaded.config, loaded.facts, Path(sys.argv[2]))
        print("exported", flush=True)
