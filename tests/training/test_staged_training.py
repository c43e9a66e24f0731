"""Trainings in stages: what learns in each, and that a stop in any of them changes nothing."""

from __future__ import annotations

import dataclasses
import os
import signal

import keras
import numpy as np
import pytest

from irmas_tf.models.weight_table import WeightsError
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.training import loop
from irmas_tf.training.callbacks import Interrupted
from irmas_tf.training.fine_tuning import load_pretrained_weights
from irmas_tf.training.loop import train
from irmas_tf.weights.weight_file import read_weight_file, write_weight_file
from tests.helpers import small_network
from tests.helpers.run_files import checkpoint_values, history_rows

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of the small network's weights; ``--branches=small`` is known as long as this module's tests run."""
    with small_network.registered():
        yield small_network.write_weights(tmp_path_factory.mktemp("weights") / "small.npz")


@pytest.fixture(scope="module")
def staged(corpus, tiny, weights):
    return tiny(
        corpus,
        branches=("small",),
        pretrained_weights=(str(weights),),
        sample_rate_hz=32000,
        window_seconds=0.25,
        window_hop_seconds=0.25,
        epochs=30,
        warmup_epochs=1.0,
        dropout=0.2,
        head_units=0,
        stages=(
            "epochs=2:learning_rate=0.02:blocks=0:embed_once=1",
            "epochs=1:learning_rate=0.001:blocks=1:layer_decay=0.5",
        ),
    )


def weights_of(model: keras.Model) -> dict[str, np.ndarray]:
    return {v.path: v.numpy() for v in model.variables if "seed" not in v.path}


@pytest.fixture(scope="module")
def staged_run(staged, tmp_path_factory) -> RunDir:
    run = RunDir.create(tmp_path_factory.mktemp("staged"), staged)
    train(staged, run)
    return run


def test_a_frozen_stage_trains_the_head_and_the_next_one_what_it_names(staged, staged_run):
    log = staged_run.log_path.read_text()
    assert "stage 1 of 2: epochs=2" in log
    assert "stage 2 of 2: epochs=1" in log
    assert len(history_rows(staged_run)) == 3
    keras.utils.set_random_seed(staged.training.seed)
    model = loop.build_model(staged)
    load_pretrained_weights(model, staged)
    start = weights_of(model)
    end = weights_of(keras.models.load_model(staged_run.last_model_path))
    changed = {path for path, value in end.items() if not np.array_equal(value, start[path])}
    blocks = {path.split("_block")[1][0] for path in changed if "_block" in path}
    assert blocks == {"2"}
    assert any("logits" in path for path in changed)


def test_a_staged_training_goes_on_from_any_stage(staged, staged_run, weights, tmp_path):
    run = RunDir.create(tmp_path / "run", staged)
    for update in (12, 14):  # the last of a stage, and one in the middle

        def send(progress, update=update) -> None:
            if progress.update == update:
                os.kill(os.getpid(), signal.SIGTERM)

        with pytest.raises(Interrupted):
            train(staged, run, on_update=send)
    file = read_weight_file(weights)
    other = write_weight_file(tmp_path / "other.npz", {**file.metadata, "source": {"sha256": "1"}}, file.tensors)
    model = dataclasses.replace(staged.model, pretrained_weights=(str(other),))
    with pytest.raises(WeightsError, match=r"other\.npz: the run began with other weights of small"):
        train(dataclasses.replace(staged, model=model), run)
    assert run.load_config() == staged
    train(staged, run)
    assert checkpoint_values(run) == checkpoint_values(staged_run)


def test_a_cached_stage_is_the_frozen_stage_where_training_changes_no_example(staged, tmp_path):
    def trained(embed_once: int) -> RunDir:
        config = dataclasses.replace(
            staged,
            audio=dataclasses.replace(staged.audio, window_seconds=0.5, window_hop_seconds=0.5),
            model=dataclasses.replace(staged.model, dropout=0.0),
            augment=dataclasses.replace(staged.augment, time_masks=0, frequency_masks=0),
            training=dataclasses.replace(
                staged.training, stages=(f"epochs=1:learning_rate=0.02:blocks=0:embed_once={embed_once}",)
            ),
        )
        run = RunDir.create(tmp_path / str(embed_once), config)
        train(config, run)
        return run

    plain, cached = trained(0), trained(1)
    for one, other in zip(history_rows(plain), history_rows(cached), strict=True):
        for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
            assert float(one[name]) == pytest.approx(float(other[name]), rel=1e-3), name
    found = weights_of(keras.models.load_model(cached.last_model_path))
    for path, value in weights_of(keras.models.load_model(plain.last_model_path)).items():
        np.testing.assert_allclose(found[path], value, rtol=2e-3, atol=2e-4, err_msg=path)
