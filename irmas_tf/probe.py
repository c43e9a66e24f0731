"""Linear probe of frozen embeddings: ``irmas probe --backbone=mn04 --weights=W --data_dir=D``."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from irmas_tf.config.data import DataConfig
from irmas_tf.config.datasets import DATASETS, IRMAS, base_name, known_datasets
from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.labels import LABEL_SCHEMES
from irmas_tf.config.settings import setting
from irmas_tf.embed import NetworkOptions, load_embedder
from irmas_tf.process.atomic_files import write_json_atomic
from irmas_tf.process.cache_folder import cache_folder
from irmas_tf.process.optional_packages import require
from irmas_tf.runs.run_dir import RunDir

if TYPE_CHECKING:
    from irmas_tf.datasets.dataset import Dataset
    from irmas_tf.inference.window_model import WindowModel


@dataclasses.dataclass(frozen=True)
class ProbeOptions(NetworkOptions):
    """Flags of this command."""

    dataset: str = setting(IRMAS, "Data set.", known=known_datasets)
    data_dir: str = setting("", "Folder of the data set; for IRMAS, the one that holds IRMAS-TrainingData.")
    label_scheme: str = setting("irmas", "Classes of IRMAS.", choices=tuple(LABEL_SCHEMES))
    classes: tuple[str, ...] = setting((), "Classes of a data set that has those in the data; empty: all, sorted.")
    folds: int = setting(5, "Folds of the cross-validation; a song is never split.", minimum=2, maximum=100)
    regularization: float = setting(
        0.01, "C of the logistic regression, the inverse strength of its L2 penalty.", above=0.0
    )
    seed: int = setting(0, "Seed of the folds.", minimum=0)
    learning_curve: bool = setting(
        False, "Also train on an eighth, a quarter and a half of the songs: do more songs still help?"
    )
    cache_dir: str = setting("", "Where embeddings are kept; empty: irmas_tf/embeddings in the user's cache folder.")
    format: str = setting("table", "Table for people, JSON for programs.", choices=("table", "json"))
    output: str = setting("", "JSON file to write as well.", writes="file")


COMMAND = Command(
    "irmas_tf.probe",
    """
    Cross-validate a logistic regression on the frozen embeddings of the training excerpts, songs kept together: the
    first thing to try with a pretrained network, and the figure that fine-tuning has to beat. Of several or unknown
    labels, a regression per class. Of a trained run, its validation excerpts alone are taken, whose songs its network
    has not learnt from; the data set is the run's unless it is named.
    """,
    options=ProbeOptions,
    required=("data_dir",),
)


def _cache_dir(options: ProbeOptions) -> str:
    return options.cache_dir or str(cache_folder("embeddings"))


def _dataset(flags: ParsedFlags, model: WindowModel) -> Dataset:
    """Return the data set that the flags name, or the run's.

    Raises:
        ConfigError: the flags contradict one another.
        DataError: the classes have to be read from the data, and it is not there.
    """
    options, config = flags.options, getattr(model, "config", None)
    if config is not None and not flags.all_given("dataset", "label_scheme", "classes"):
        return config.dataset
    data = DataConfig(dataset=options.dataset, label_scheme=options.label_scheme, classes=options.classes)
    kind = DATASETS.get(base_name(data.dataset))
    return kind(kind(data).describe(options.data_dir))


def _look_at_data(flags: ParsedFlags) -> None:
    """Refuse data that is not there before a network is loaded.

    Raises:
        DataError: the message names the folder.
        RunDirError: there is no such run.
    """
    options = flags.options
    if options.run_dir and not flags.all_given("dataset", "label_scheme", "classes"):
        dataset = RunDir.open(options.run_dir).load_config().dataset
    else:
        data = DataConfig(dataset=options.dataset, label_scheme=options.label_scheme, classes=options.classes)
        dataset = DATASETS.get(base_name(data.dataset))(data)
    dataset.look(options.data_dir)


def main(flags: ParsedFlags) -> int:
    """Run the command."""
    options = flags.options
    require("sklearn", "the probe")
    from irmas_tf.reports.answer_output import check_output, shown

    check_output(options.output)
    _look_at_data(flags)
    model = load_embedder(options)
    from irmas_tf.probing.probe_run import probe_data, summarize, summary_table

    dataset = _dataset(flags, model)
    scheme = dataset.labels
    result = probe_data(
        model,
        dataset,
        options.data_dir,
        cache_dir=_cache_dir(options),
        folds=options.folds,
        regularization=options.regularization,
        seed=options.seed,
        batch_size=options.batch_size,
        learning_curve=options.learning_curve,
        progress=shown("embedding", say_failures=True),
    )
    summary = {"network": dict(model.source), **summarize(result, scheme)}
    if options.output:
        write_json_atomic(Path(options.output), summary)
    if options.format == "json":
        print(json.dumps(summary))
    else:
        print(summary_table(summary, scheme), end="")
    return 0


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
