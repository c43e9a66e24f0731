from __future__ import annotations

import csv
import os
import signal

import pytest
import tensorflow as tf

from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training.callbacks import (
    Console,
    Interrupted,
    StopRequest,
    TensorBoard,
    table_header,
    table_line,
    write_history,
)
from irmas_tf.training.progress import EpochRow

ROW = EpochRow(7, 1.5, 0.5, 1.25, 0.7125, 0.6875, 1e-3, 51.5, 82.25)


SEVERAL = EpochRow(7, 1.5, 0.5, 1.25, None, None, 1e-3, 51.5, 82.25, 0.8125, 0.875, 0.75)


def test_table_columns_line_up():
    assert len(table_line(ROW, False)) == len(table_header())
    assert len(table_line(SEVERAL, False)) == len(table_header("multi_label"))
    assert "0.8125" in table_line(SEVERAL, False) and "val mAP" in table_header("multi_label")
    assert table_line(ROW, True).endswith(" *")
    assert "0.7125" in table_line(ROW, False) and "51.5" in table_line(ROW, False)


def test_the_history_is_whole_and_exact(tmp_path):
    path = tmp_path / "history.csv"
    for count in (1, 2, 2):  # written again after a resumption
        write_history(path, [ROW] * count)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    assert {k: float(v) for k, v in rows[0].items()} == {k: float(v) for k, v in vars(ROW).items() if v is not None}
    assert "validation_lrap" not in rows[0]


def test_the_history_has_the_columns_of_its_task(tmp_path):
    write_history(tmp_path / "history.csv", [SEVERAL])
    header = (tmp_path / "history.csv").read_text().splitlines()[0].split(",")
    assert "validation_lrap" in header and "validation_accuracy" not in header


def test_the_console_also_logs(tmp_path, capsys):
    console = Console(tmp_path / "train.log")
    console.line("one é")
    console.line("two")
    assert capsys.readouterr().out == "one é\ntwo\n"
    assert (tmp_path / "train.log").read_text(encoding="utf-8") == "one é\ntwo\n"


def test_tensorboard_gets_every_score(tmp_path):
    run = RunDir(tmp_path)
    TensorBoard(run).write(ROW)
    (events,) = run.tensorboard_dir.iterdir()
    found = {
        value.tag: (event.step, float(tf.make_ndarray(value.tensor)))
        for event in tf.compat.v1.train.summary_iterator(str(events))
        for value in event.summary.value
    }
    assert found["validation/accuracy"] == (7, pytest.approx(0.7125))
    assert found["train/loss"] == (7, 1.5)
    assert {"train/accuracy", "validation/loss", "validation/macro_f1", "learning_rate"} <= found.keys()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_first_signal_is_remembered_and_a_second_obeyed(number):
    before = signal.getsignal(number)
    received = []
    signal.signal(number, lambda *args: received.append(args[0]))
    try:
        stop = StopRequest()
        with stop.listening():
            os.kill(os.getpid(), number)
            assert stop.signal_number == number and received == []
            os.kill(os.getpid(), number)
            assert received == [number]
        os.kill(os.getpid(), number)
        assert received == [number, number], "the handler was not given back"
    finally:
        signal.signal(number, before)


def test_an_interruption_is_called_by_its_signal():
    assert str(Interrupted(signal.SIGTERM)) == "SIGTERM"
