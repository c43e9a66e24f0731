"""A tiny SavedModel, really exported: the model of tests/helpers/tiny_run.py."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.tiny_run import make_tiny_run


def export_tiny(folder: Path) -> Path:
    """Export the tiny run, made in folder/run, as folder/models/irmas/1 and return that."""
    from irmas_tf.deploy.metadata import describe
    from irmas_tf.deploy.saved_model import export_saved_model
    from irmas_tf.inference.run_model import RunModel

    run = make_tiny_run(folder / "run")
    model, config = RunModel.open(run).model, run.load_config()
    return export_saved_model(model, config, describe(run, config), folder / "models" / "irmas")
