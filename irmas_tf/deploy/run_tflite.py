"""The ``model.tflite`` of a run, which training leaves beside ``model.keras`` so that answers start at once.

It is the run's export in float32, compared with the model as every export is, and nothing else depends on it: a model
that LiteRT cannot run, or an installation without LiteRT, is a run all the same, which TensorFlow answers for.
"""

from __future__ import annotations

import os

from irmas_tf.process.exit_codes import one_line
from irmas_tf.process.optional_packages import is_installed
from irmas_tf.process.quiet_tensorflow import import_tensorflow
from irmas_tf.runs.identity import check_model
from irmas_tf.runs.run_dir import RunDir, RunDirError


def write_run_tflite(run_dir: str | os.PathLike[str]) -> str:
    """Make the ``model.tflite`` of a finished run, unless it is there and of the run's model; return a line about it.

    Of a file that is there already the line is empty.

    Nothing of it raises but an interruption: a training must not fail for what is made after its end.

    Args:
        run_dir: folder of the run.
    """
    from irmas_tf.inference.lite_run import why_not_lite

    run = RunDir.open(run_dir)
    if not is_installed("ai_edge_litert"):
        return _without(run, "LiteRT is not installed: pip install ai-edge-litert")
    try:
        config = run.load_config()
        check_model(run, config)
    except (RunDirError, OSError) as error:  # what is there may be of the run's own model, which is away
        return _without(run, one_line(error))
    try:
        if not why_not_lite(run, config.hash):
            return ""
        import_tensorflow()
        from irmas_tf.deploy.export_run import export_tflite

        export = export_tflite(os.fspath(run), os.fspath(run.tflite_path), overwrite=True)
    except Exception as error:  # a converter's own errors are of any type
        run.tflite_path.unlink(missing_ok=True)  # an earlier one is not of the model that is there now
        return _without(run, one_line(error) or type(error).__name__)
    worst = export.report.differences["probabilities"]
    return (
        f"{run.tflite_path}: the same model for LiteRT, which irmas predict starts faster with; probabilities differ by"
        f" {worst:.0e} at most"
    )


def _without(run: RunDir, reason: str) -> str:
    return f"note: no {run.tflite_path.name}, TensorFlow answers for the run ({reason})"
