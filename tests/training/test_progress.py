from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest

from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training.checkpoint import CheckpointStore
from irmas_tf.training.progress import EpochRow, Progress, finished_progress


def row(epoch: int, accuracy: float) -> EpochRow:
    return EpochRow(epoch, 1.5, 0.5, 1.0 / 3.0, accuracy, 0.4, 1e-3, 50.0, 10.0)


def test_the_first_of_equal_epochs_is_the_best():
    progress = Progress()
    assert [progress.end_epoch(row(e + 1, a)) for e, a in enumerate([0.2, 0.5, 0.5, 0.4])] == [True, True, False, False]
    assert (progress.best_score, progress.best_epoch) == (0.5, 2)


def test_with_several_labels_the_best_has_the_highest_mean_average_precision():
    progress = Progress()
    for epoch, value in enumerate([0.3, 0.6, 0.5], start=1):
        scores = {"validation_accuracy": None, "validation_macro_f1": None, "validation_lrap": 1.0 - value}
        several = {**scores, "validation_mean_average_precision": value, "validation_micro_f1": 0.5}
        progress.end_epoch(dataclasses.replace(row(epoch, 0.0), **several))
    assert (progress.best_score, progress.best_epoch) == (0.6, 2)
    assert progress.score_name == "mean average precision"
    assert Progress.from_dict(json.loads(json.dumps(progress.to_dict()))) == progress


def test_patience_does_not_count_the_epochs_of_earlier_stages():
    progress = Progress()
    for epoch, accuracy in enumerate([0.5, 0.4, 0.4, 0.3, 0.4], start=1):
        progress.end_epoch(row(epoch, accuracy))
        assert progress.has_stalled(2, first_epoch=3) == (epoch == 5)


@pytest.mark.parametrize("patience, stops_after", [(0, None), (1, 3), (2, 4), (3, None)])
def test_patience_counts_epochs_since_the_best(patience, stops_after):
    progress, stopped = Progress(), None
    for epoch, accuracy in enumerate([0.2, 0.5, 0.5, 0.4, 0.6], start=1):
        progress.end_epoch(row(epoch, accuracy))
        if stopped is None and progress.has_stalled(patience):
            stopped = epoch
    assert stopped == stops_after


def test_an_epochs_sums_start_anew_after_it():
    progress = Progress(batch=3, seconds=4.0)
    progress.add(2.5, 3, 4)
    progress.add(1.5, 4, 4)
    assert (progress.loss_sum, progress.right, progress.seen) == (4.0, 7, 8)
    progress.end_epoch(row(1, 0.1))
    assert (progress.batch, progress.loss_sum, progress.right, progress.seen, progress.seconds) == (0, 0.0, 0, 0, 0.0)
    assert progress.epoch == 1


def test_progress_survives_json_exactly():
    progress = Progress(epoch=1, batch=2, update=7, loss_sum=0.1 + 0.2, right=3, seen=8, seconds=1.1)
    progress.end_epoch(row(1, 1 / 3))
    assert Progress.from_dict(json.loads(json.dumps(progress.to_dict()))) == progress


def test_only_a_run_with_all_its_files_is_finished(tmp_path):
    run = RunDir(tmp_path)
    assert finished_progress(run) is None
    store = CheckpointStore(run.checkpoints_dir)
    progress = Progress(finished="all 3 epochs are done")
    for is_complete, files, expected in ((False, True, False), (True, False, False), (True, True, True)):
        progress.is_complete = is_complete
        store.save({}, {"progress": progress.to_dict()})
        for path in (run.model_path, run.last_model_path, run.history_path):
            path.touch() if files else path.unlink(missing_ok=True)
        assert (finished_progress(run) is not None) is expected
    progress.thresholds = {"overall": 0.5}
    store.save({}, {"progress": progress.to_dict()})
    assert finished_progress(run) is None, "thresholds.json is still to be written"
    run.thresholds_path.touch()
    assert finished_progress(run) is not None


@pytest.mark.slow
def test_asking_whether_a_run_is_finished_needs_no_tensorflow():
    code = "import sys, irmas_tf.training.progress; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
