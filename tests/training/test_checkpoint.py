from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from irmas_tf.training.checkpoint import CheckpointError, CheckpointStore


def variables(value: float) -> dict[str, list[tf.Variable]]:
    return {
        "model": [tf.Variable(np.full([2, 3], value, np.float32)), tf.Variable([1, 2], dtype=tf.int64)],
        "optimizer": [tf.Variable(value, dtype=tf.float32)],
        "average": [],
    }


def test_values_and_state_come_back_exactly(tmp_path):
    store = CheckpointStore(tmp_path / "checkpoints")
    assert store.load() is None
    saved = variables(1 / 3)
    state = {"loss": 0.1 + 0.2, "rows": [1, "é"], "none": None}
    store.save(saved, state)
    found = store.load()
    restored = variables(0.0)
    found.restore(restored)
    for group in saved:
        for one, other in zip(saved[group], restored[group], strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert found.state == state


def test_the_newest_counts_and_one_older_is_kept(tmp_path):
    store = CheckpointStore(tmp_path)
    for number in range(5):
        store.save(variables(number), {"number": number})
    assert [p.name for p in store.paths()] == ["checkpoint-000003.npz", "checkpoint-000004.npz"]
    assert store.load().state == {"number": 4}


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "text"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before_it(tmp_path, damage, capsys):
    store = CheckpointStore(tmp_path)
    store.save(variables(1), {"number": 1})
    newest = store.save(variables(2), {"number": 2})
    data = bytearray(newest.read_bytes())
    if damage == "flipped":
        data[100] ^= 0xFF
    newest.write_bytes({"truncated": data[: len(data) // 2], "flipped": data, "empty": b"", "text": b"hello"}[damage])
    assert store.load().state == {"number": 1}
    assert str(newest) in capsys.readouterr().err


def test_a_pickled_object_is_not_executed(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was executed",))

    np.savez(tmp_path / "checkpoint-000000.npz", **{"state.json": np.array([Bomb()], dtype=object)})
    assert CheckpointStore(tmp_path).load() is None


def test_a_failed_write_leaves_the_previous_checkpoint(tmp_path, monkeypatch):
    store = CheckpointStore(tmp_path)
    store.save(variables(1), {"number": 1})

    def full_disk(file, **arrays):
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space"):
        store.save(variables(2), {"number": 2})
    assert store.load().state == {"number": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint-000000.npz"]


@pytest.mark.parametrize(
    "other",
    [
        {"model": [tf.Variable(np.zeros([2, 3], np.float32))], "optimizer": [tf.Variable(0.0)], "average": []},
        {
            "model": [tf.Variable(np.zeros([3, 2], np.float32)), tf.Variable([1, 2], dtype=tf.int64)],
            "optimizer": [tf.Variable(0.0)],
            "average": [],
        },
        {
            "model": [tf.Variable(np.zeros([2, 3], np.float64)), tf.Variable([1, 2], dtype=tf.int64)],
            "optimizer": [tf.Variable(0.0)],
            "average": [],
        },
    ],
    ids=["number", "shape", "type"],
)
def test_another_models_checkpoint_is_refused_and_nothing_changes(tmp_path, other):
    store = CheckpointStore(tmp_path)
    path = store.save(variables(1), {})
    with pytest.raises(CheckpointError, match=str(path)):
        store.load().restore(other)
    assert not other["model"][0].numpy().any()
