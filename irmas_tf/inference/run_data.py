"""The data of a run, looked at before anything slow is begun: what is wrong with it is said without TensorFlow."""

from __future__ import annotations

from irmas_tf.config.run_config import Config
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.splits import load_split
from irmas_tf.inference.run_model import RunModel
from irmas_tf.process.places import why_not_writable
from irmas_tf.runs.identity import check_split
from irmas_tf.runs.run_dir import RunDir, RunDirError

TEST = "test"
SIDES = ("validation", "train")


def look_at_sides(run: RunDir, config: Config, data_dir: str = "") -> None:
    """Refuse data that is not there, or a run without its split; see `irmas_tf.datasets.dataset.Dataset.look`.

    Args:
        run: the run, whose split is needed.
        config: its configuration.
        data_dir: folder of the data; empty is the one the run was trained on.

    Raises:
        DataError: the data or the split is not there, or is not what it should be.
        RunDirError: the split is not the one that the model was trained with.
    """
    check_split(run)
    load_split(run.split_path)
    config.dataset.look(data_dir or config.data.data_dir)


def look_before_scoring(run_dir: str, data_dir: str, split: str) -> RunModel:
    """Return the model of a run, not loaded yet; refuse what cannot be scored, as far as a glance shows it.

    Args:
        run_dir: folder of the run.
        data_dir: folder of the data; empty is the one the run was trained on.
        split: side of the run's split, or test.

    Raises:
        ConfigError: there is no such split.
        RunDirError, ModelError, ThresholdsError: the run has no model, or one of its files is damaged, or nothing can
            be written to it.
        DataError: the data or the split is not there, or is not what it should be.
    """
    if split not in (*SIDES, TEST):
        raise ConfigError(f"--split={split}: must be one of {', '.join((*SIDES, TEST))}")
    model = RunModel.open(run_dir)
    model.check_files()
    if split == TEST:
        model.config.dataset.look_at_test(data_dir or model.config.data.data_dir)
    else:
        look_at_sides(model.run, model.config, data_dir)
    folder = model.run.evaluation_dir(split)
    if reason := why_not_writable(folder):
        raise RunDirError(
            f"{folder}: the reports go there, and nothing can be written ({reason}); copy the run to another place"
        )
    return model
