"""A tiny SavedModel, really exported: the model of tests/evaluation/tiny_run.py.

Tests load it with `runpy.run_path(...)["export_tiny"]`, because test folders are not packages.
"""

from __future__ import annotations

import runpy
from pathlib import Path

make_tiny_run = runpy.run_path(str(Path(__file__).resolve().parent.parent / "evaluation" / "tiny_run.py"))[
    "make_tiny_run"
]


def export_tiny(folder: Path) -> Path:
    """Export the tiny run, made in folder/run, as folder/models/irmas/1 and return that."""
    from irmas_tf.evaluation.inference import load_run_model
    from irmas_tf.serving.metadata import describe
    from irmas_tf.serving.saved_model import export_saved_model

    run = make_tiny_run(folder / "run")
    model, config = load_run_model(run)
    return export_saved_model(model, config, describe(run, config), folder / "models" / "irmas")
