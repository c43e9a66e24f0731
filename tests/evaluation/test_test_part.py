"""A data set's own test part with one class per excerpt, and who saw its songs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from irmas_tf.beginnings.who_saw import seen_path
from irmas_tf.config.labels import SINGLE_LABEL
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.evaluation.single_label import evaluate_split
from irmas_tf.evaluation.single_label_summary import summarize_single_label
from irmas_tf.evaluation.test_part import dataset_named, published_counts
from irmas_tf.evaluation.test_part import test_side as side_for_tests
from irmas_tf.inference.run_model import RunModel
from irmas_tf.process.atomic_files import write_json_atomic
from irmas_tf.runs.run_dir import RunDir
from tests.helpers import partly_known as made
from tests.helpers.tiny_run import make_config


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunDir]:
    folder = tmp_path_factory.mktemp("one_each")
    with made.registered(made.OneEach):
        yield made.make_partly_known_run(folder / "run", made.write_excerpts(folder / "data"), SINGLE_LABEL)


@pytest.mark.slow
def test_it_is_scored_and_songs_that_were_trained_on_are_counted(run: RunDir) -> None:
    evaluation = evaluate_split(RunModel.open(run.path), split="test")
    assert evaluation.files == tuple(f"{song}-{k}.wav" for song in (8, 9) for k in range(3))
    assert evaluation.labels.tolist() == [2] * 3 + [0] * 3 and evaluation.leaks == 2
    summary = summarize_single_label(evaluation)
    assert summary["accuracy"]["value"] == np.mean(evaluation.predicted == evaluation.labels)
    assert any("2 songs of the test part were also trained on" in text for text in summary["warnings"])
    assert summary["names"] == list(made.NAMES.values()) and summary["majority_baseline"]["name"] == "low"


@pytest.mark.slow
def test_songs_that_the_run_before_had_learnt_are_counted(run: RunDir) -> None:
    write_json_atomic(seen_path(run), {"run": "earlier", "names": ["5-0.wav", "9-1.flac", "no such"]})
    try:
        for split, share in ("validation", "1 of 3"), ("test", "1 of 2"):
            warnings = summarize_single_label(evaluate_split(RunModel.open(run.path), split=split))["warnings"]
            assert any(f"{share} songs had been learnt by the run" in text for text in warnings)
    finally:
        seen_path(run).unlink()


def test_data_without_a_test_part_is_told(run: RunDir) -> None:
    config = run.load_config()
    assert side_for_tests(config, config.data.data_dir).is_single

    class NoTests(made.OneEach):
        def items(self, data_dir):
            return [item for item in super().items(data_dir) if not item.part]

    from irmas_tf.config.datasets import DATASETS

    DATASETS.unregister("partly_known")
    with made.registered(NoTests), pytest.raises(DataError, match="--dataset=partly_known keeps no excerpts"):
        side_for_tests(config, config.data.data_dir)
    made.register_dataset("partly_known")(made.OneEach)


def test_a_data_set_by_its_name() -> None:
    assert published_counts(dataset_named("irmas")).sum() == 6705
    assert published_counts(dataset_named("report"))[-1] == 760, "electric guitar is 'other'"
    assert dataset_named("irmas").labels == make_config().labels
    with pytest.raises(ConfigError, match="has the classes that its data holds"):
        dataset_named("manifest")
