from __future__ import annotations

import collections
import os
import pickle
import sys
import zipfile

import numpy as np
import pytest

from irmas_tf.models.weight_table import WeightsError
from irmas_tf.weights.torch_checkpoint import read_torch_checkpoint
from tests.helpers import torch_files

WRITERS = {"zip": torch_files.write_zip, "legacy": torch_files.write_legacy}
each_format = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())

STATE = {
    "conv.weight": np.random.default_rng(0).standard_normal((4, 3, 2, 2)).astype(np.float32),
    "bn.running_var": np.arange(5, dtype=np.float64),
    "bn.num_batches_tracked": np.array(3, dtype=np.int64),
    "half": np.array([0.5, -2.0], np.float16),
    "flags": np.array([True, False]),
    "empty": np.zeros((0, 3), np.float32),
}


def call_of(function, *arguments):
    """Return a pickled call without the pickle's header and end."""

    class Call:
        def __reduce__(self):
            return function, arguments

    return pickle.dumps(Call(), 2)[2:-1]


def assert_same(tensors, state):
    assert list(tensors) == list(state)
    for key, expected in state.items():
        assert tensors[key].dtype == expected.dtype
        np.testing.assert_array_equal(tensors[key], expected)


@each_format
@pytest.mark.parametrize("wrapped", [False, True])
def test_state_dict_alone_or_in_a_checkpoint(write, wrapped, tmp_path):
    assert_same(read_torch_checkpoint(write(tmp_path / "x.pth", STATE, wrapped=wrapped)), STATE)


@each_format
def test_arrays_beside_the_weights_are_skipped(write, tmp_path):
    sampler = pickle.dumps({"indexes": np.arange(5), "pointer": np.int64(3)}, 2)[2:-1]
    sampler = sampler.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert_same(read_torch_checkpoint(write(tmp_path / "x.pth", STATE, also=sampler)), STATE)


@each_format
def test_nothing_in_a_hostile_checkpoint_is_run(write, tmp_path):
    target = tmp_path / "was_run"
    path = write(tmp_path / "evil.pth", STATE, also=call_of(os.mkdir, str(target)))
    with pytest.raises(WeightsError, match=r"evil\.pth: names posix\.mkdir.*nothing of it was run"):
        read_torch_checkpoint(path)
    assert not target.exists()


def test_no_torch_is_needed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it would raise
    assert len(read_torch_checkpoint(WRITERS["zip"](tmp_path / "x.pt", STATE))) == len(STATE)


@pytest.mark.parametrize("zipped", [True, False])
def test_what_pytorch_itself_writes(zipped, tmp_path):
    torch = pytest.importorskip("torch")
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    state = {
        "plain": base,
        "turned_slice": base.t()[1:, ::2],
        "parameter": torch.nn.Parameter(torch.ones(3)),
        "bfloat16": torch.tensor([1.5, -3.0], dtype=torch.bfloat16),
        "scalar": torch.tensor(4),
    }
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    state |= model.state_dict()
    path = tmp_path / "x.pth"
    torch.save({"epoch": 1, "model": collections.OrderedDict(state)}, path, _use_new_zipfile_serialization=zipped)
    tensors = read_torch_checkpoint(path)
    assert list(tensors) == list(state)
    for key, value in state.items():
        np.testing.assert_array_equal(tensors[key], value.detach().float().numpy())


@each_format
def test_cut_off_files(write, tmp_path):
    path = write(tmp_path / "x.pth", STATE)
    content = path.read_bytes()
    for length in (0, 1, 20, 150, len(content) // 2, len(content) - 3):
        path.write_bytes(content[:length])
        with pytest.raises(WeightsError, match=r"x\.pth"):
            read_torch_checkpoint(path)


@each_format
def test_damaged_bytes_raise_nothing_else(write, tmp_path):
    path = write(tmp_path / "x.pth", STATE)
    content, random = path.read_bytes(), np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(content)
        for position in random.integers(0, len(content), 3):
            damaged[position] = random.integers(256)
        path.write_bytes(damaged)
        try:
            read_torch_checkpoint(path)
        except WeightsError:
            pass


def tampered(path, old, new):
    """Replace bytes in the index of a zip checkpoint."""
    torch_files.write_zip(path, {"w": np.arange(6, dtype=np.float32).reshape(2, 3)})
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert old in members["archive/data.pkl"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data.replace(old, new) if name.endswith(".pkl") else data)
    return path


def integers(*values):
    return b"(" + b"".join(torch_files._integer(value) for value in values) + b"t"


@pytest.mark.parametrize(
    "old,new,message",
    [
        (integers(3, 1), integers(4, 1), "beyond its storage"),
        (integers(2, 3), integers(2**30, 2**30), "beyond its storage"),
        (integers(3, 1), integers(-3, 1), "no valid shape"),
        (integers(3, 1), integers(0, 0), None),  # a broadcast view of six numbers is fine
        (b"FloatStorage", b"QInt8Storage", "QInt8Storage"),
        (b"FloatStorage", b"DoubleStorage", "another size than announced"),
        (integers(2, 3) + integers(3, 1), integers(4, 3) + integers(0, 1), "larger than its storage"),
        (integers(2, 3), b"K\x02", "a tensor without a storage"),
        (b"ctorch\nFloatStorage\n", torch_files._text("float"), "a storage of unknown type None"),
        (torch_files._integer(6) + b"tQ", torch_files._integer(-6) + b"tQ", "a storage of no valid length"),
    ],
)
def test_views_that_do_not_fit_the_data(tmp_path, old, new, message):
    path = tampered(tmp_path / "x.pt", old, new)
    if message is None:
        assert read_torch_checkpoint(path)["w"].shape == (2, 3)
        return
    with pytest.raises(WeightsError, match=message):
        read_torch_checkpoint(path)


def test_parameters_and_bfloat16(tmp_path):
    """What PyTorch writes of ``nn.Parameter(torch.tensor([1.5, -3.0], dtype=torch.bfloat16))``."""
    tensor = torch_files._tensor("0", np.zeros(2, np.float16), False).replace(b"HalfStorage", b"BFloat16Storage")
    no_hooks = b"ccollections\nOrderedDict\n)R"
    parameter = b"ctorch._utils\n_rebuild_parameter\n" + torch_files._tuple(tensor, b"\x88", no_hooks) + b"R"
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02}(" + torch_files._text("w") + parameter + b"u.")
        archive.writestr("a/data/0", np.array([1.5, -3.0], "<f4").view("<u2")[1::2].tobytes())
    assert_same(read_torch_checkpoint(tmp_path / "x.pt"), {"w": np.array([1.5, -3.0], np.float32)})


@pytest.mark.parametrize(
    "keys, message",
    [
        ({}, "has no list of storages"),
        (["0", "9"], "a storage that it does not describe"),
        ([], "storage 0 is missing"),
    ],
)
def test_the_storages_of_the_old_format_are_those_of_its_tensors(tmp_path, keys, message):
    path = torch_files.write_legacy(tmp_path / "x.pth", {"w": np.arange(6, dtype=np.float32)})
    content, listed = path.read_bytes(), pickle.dumps(["0"], 2)
    assert content.count(listed) == 1
    path.write_bytes(content.replace(listed, pickle.dumps(keys, 2)))
    with pytest.raises(WeightsError, match=message):
        read_torch_checkpoint(path)


def test_the_numbers_of_a_cut_storage_are_missed(tmp_path):
    path = torch_files.write_legacy(tmp_path / "x.pth", {"w": np.arange(6, dtype=np.float32)})
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(WeightsError, match="storage 0 is cut off"):
        read_torch_checkpoint(path)


def test_numbers_of_a_big_endian_machine_are_refused(tmp_path):
    path = torch_files.write_zip(tmp_path / "x.pt", {"w": np.arange(6, dtype=np.float32)})
    path.write_bytes(path.read_bytes().replace(b"archive/byteorder", b"archive/no_endian"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/byteorder", "big")
    with pytest.raises(WeightsError, match="big-endian"):
        read_torch_checkpoint(path)


def test_tensors_that_share_a_storage(tmp_path):
    """Two views of one block, as of tied weights, are fine; a thousand are a small file that asks for much memory."""
    view = torch_files._tensor("0", np.zeros(1000, np.float32), False)
    for views, message in ((2, None), (1000, "much larger than the file")):
        body = b"\x80\x02}(" + b"".join(torch_files._text(f"w{number}") + view for number in range(views)) + b"u."
        with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
            archive.writestr("a/data.pkl", body)
            archive.writestr("a/data/0", bytes(4000))
        if message is None:
            assert len(read_torch_checkpoint(tmp_path / "x.pt")) == views
            continue
        with pytest.raises(WeightsError, match=message):
            read_torch_checkpoint(tmp_path / "x.pt")


def test_a_checkpoint_that_contains_itself_ends(tmp_path):
    state = {}
    state["model"] = state
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        archive.writestr("a/data.pkl", pickle.dumps(state, 2))
    with pytest.raises(WeightsError, match="no state dict"):
        read_torch_checkpoint(tmp_path / "x.pt")


def test_a_key_that_is_no_plain_value_is_refused(tmp_path):
    (tmp_path / "x.pth").write_bytes(b"\x80\x02})Ns.")
    with pytest.raises(WeightsError, match="a key of type tuple"):
        read_torch_checkpoint(tmp_path / "x.pth")


def test_names_of_storages_are_text(tmp_path):
    for old, new, message in (
        (torch_files._text("0"), b"K\x00", "not text"),
        (integers(2, 3), b"(" + torch_files._integer(1) * 33 + b"t", "33 axes"),
    ):
        path = tampered(tmp_path / "x.pt", old, new)
        with pytest.raises(WeightsError, match=message):
            read_torch_checkpoint(path)


def test_other_files(tmp_path):
    path = tmp_path / "x.pt"
    for content in (b"", b"hello", pickle.dumps({"a": 1}), pickle.dumps(5)):
        path.write_bytes(content)
        with pytest.raises(WeightsError, match=r"x\.pt"):
            read_torch_checkpoint(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/readme", "hello")
    with pytest.raises(WeightsError, match="not a PyTorch checkpoint"):
        read_torch_checkpoint(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", pickle.dumps({"epoch": 3}))
    with pytest.raises(WeightsError, match="no state dict"):
        read_torch_checkpoint(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("a/constants.pkl", b"")
    with pytest.raises(WeightsError, match="TorchScript"):
        read_torch_checkpoint(path)
