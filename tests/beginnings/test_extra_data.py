from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from irmas_tf.beginnings.extra_data import joined, load_extra
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training.epoch_plan import plan_epoch, plan_with_extra
from irmas_tf.training.sides import load_sides
from tests.helpers.tone_corpus import tiny_config


@pytest.fixture(scope="module")
def second(corpus, tmp_path_factory) -> Path:
    """A folder of classes: the cellos of the corpus under another name, its pianos changed, and sitars."""
    folder = tmp_path_factory.mktemp("second")
    for code, name in (("cel", "Cello"), ("pia", "pia"), ("flu", "sitar")):
        shutil.copytree(corpus / "IRMAS-TrainingData" / code, folder / name)
        for path in (folder / name).iterdir() if name != "Cello" else ():
            path.write_bytes(path.read_bytes()[:-200] + bytes(200))
    return folder


def extra_of(config, tmp_path):
    sides = load_sides(config, RunDir(tmp_path))
    return sides, sides.extra


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_classes_are_matched_by_name_and_what_validates_never_trains(corpus, second, tmp_path, task):
    config = tiny_config(corpus, extra_data_dir=str(second), extra_dataset="folder", task=task)
    sides, extra = extra_of(config, tmp_path)
    codes = config.labels.codes
    heard = {codes[k] for k in np.flatnonzero((extra.targets == 1).any(axis=0))}
    assert heard == {"cel", "pia"}
    held_out = {Path(path).read_bytes() for path in sides.validation.paths}
    assert not held_out & {Path(path).read_bytes() for path in extra.paths}
    assert any("of songs that are validated on, and are left out" in note for note in sides.notes)
    if task == "single_label":
        assert extra.is_single and not any("sitar" in name for name in extra.names)
    else:
        # Fluters of the run are unknown in data that has no such class; its own other class is a negative of both.
        assert (extra.targets[:, codes.index("flu")] == -1).all()
        rows = [k for k, name in enumerate(extra.names) if "sitar" in name]
        assert len(rows) == 24 and (extra.targets[np.ix_(rows, [codes.index("cel"), codes.index("pia")])] == 0).all()
    both = joined(sides.train, extra)
    assert len(both) == len(sides.train) + len(extra) and not set(both.groups[-len(extra) :]) & set(sides.train.groups)


def test_a_second_set_without_a_class_of_the_run_or_without_files_is_refused(corpus, second, tmp_path):
    shutil.copytree(second / "sitar", tmp_path / "odd" / "sitar")
    shutil.copytree(second / "pia", tmp_path / "odd" / "oud")
    config = tiny_config(corpus, extra_data_dir=str(tmp_path / "odd"), extra_dataset="folder")
    side = load_sides(tiny_config(corpus), RunDir(tmp_path / "run")).validation
    with pytest.raises(ConfigError, match="has none of the run's classes: it has oud, sitar, the run cel, cla"):
        load_extra(config, side)
    with pytest.raises(DataError, match=r"--extra_data_dir=.*nosuch"):
        load_extra(tiny_config(corpus, extra_data_dir=str(tmp_path / "nosuch")), side)


@pytest.mark.parametrize("balance", [False, True])
@pytest.mark.parametrize("extra", [7, 400])
def test_shares_are_exact_per_batch_and_every_set_is_gone_through_in_its_own_order(balance, extra):
    rng, own = np.random.default_rng(0), 100
    labels = np.eye(3, dtype=np.int8)[rng.integers(0, 3, own + extra)]
    options = {"batch_size": 8, "per_batch": 3, "seed": 4, "balance": balance}
    plans = [plan_with_extra(labels, extra, epoch=epoch, **options) for epoch in range(5)]
    assert all(len(plan.order) == 20 * 8 for plan in plans)
    for plan in plans:
        assert ((plan.order.reshape(20, 8) >= own).sum(axis=1) == 3).all()
    places = np.stack([plan.order.reshape(20, 8) >= own for plan in plans])
    assert places.any(axis=(0, 1)).all() and not places.all(axis=(0, 1)).any(), "not always the same places"
    alone = plan_epoch(labels[:own], seed=4, epoch=2, balance=balance)
    mine = plans[2].order < own
    np.testing.assert_array_equal(plans[2].order[mine], alone.order)
    np.testing.assert_array_equal(plans[2].example_seed[mine], alone.example_seed)
    stream = np.concatenate([plan.order[plan.order >= own] for plan in plans])
    if not balance:  # whole passes, one after the other, across the ends of epochs
        for begin in range(0, len(stream) - extra + 1, extra):
            assert sorted(stream[begin : begin + extra]) == list(range(own, own + extra))
        assert len(set(stream)) == min(len(stream), extra)
    assert len({tuple(row) for plan in plans for row in plan.example_seed}) > 0.9 * 5 * 160 or balance
    np.testing.assert_array_equal(plans[3].crop, plan_with_extra(labels, extra, epoch=3, **options).crop)
