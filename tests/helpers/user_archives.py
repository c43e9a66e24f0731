"""Readers of a user's archives, weights and models; see tests/helpers/file_readers.py."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.helpers.file_readers import KERAS, LITERT, Reader, calling


def _weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {"conv/kernel": rng.normal(size=[3, 3, 2]).astype(np.float32), "conv/bias": np.zeros(2, np.float32)}


def _make_openmic_arrays(folder: Path) -> Path:
    path = folder / "openmic-2018.npz"
    rng = np.random.default_rng(0)
    keys = np.array(["000046_3840", "000135_483840"])
    np.savez(path, Y_true=rng.random([2, 20]), Y_mask=rng.random([2, 20]) < 0.5, sample_key=keys.astype(object))
    return path


def _make_weight_file(folder: Path) -> Path:
    from irmas_tf.weights.weight_file import write_weight_file

    source = {"file": "x.pt", "sha256": "0" * 64}
    facts = {"backbone": "mn01", "front_end": "f", "labels": {}, "source": source, "licence": "MIT"}
    return write_weight_file(folder / "mn01.npz", facts, _weights())


def _make_folded_npz(folder: Path) -> Path:
    path = folder / "yamnet.npz"
    np.savez_compressed(path, **{name.replace("/", "_"): value for name, value in _weights().items()})
    return path


def _make_checkpoint(folder: Path) -> Path:
    state = np.frombuffer(json.dumps({"format": 1, "state": {"epoch": 1}}).encode(), np.uint8)
    path = folder / "checkpoint-000001.npz"
    np.savez(path, **{"model/00000": np.zeros([4, 3], np.float32), "state.json": state})
    return path


def _checkpoint(path: Path) -> Any:
    from irmas_tf.training.checkpoint import CheckpointStore

    return CheckpointStore(path.parent).load()


def _make_h5(folder: Path) -> Path:
    import h5py

    path = folder / "yamnet.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"layer1", b"dense"]
        for layer, variables in (("layer1", ("conv/kernel:0", "conv/bn/beta:0")), ("dense", ("bias:0",))):
            group = file.create_group(layer)
            names = [f"{layer}/{variable}" for variable in variables]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name in names:
                group.create_dataset(name, data=np.arange(6, dtype=np.float32), compression="gzip")
    return path


def _h5(path: Path) -> Any:
    from irmas_tf.weights.model_files import describe
    from irmas_tf.weights.yamnet_files import read_keras_h5

    describe(path)
    return read_keras_h5(path)


def _torch(write: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        from tests.helpers import torch_files

        path = folder / "weights.pth"
        getattr(torch_files, write)(path, {name.replace("/", "."): value for name, value in _weights().items()})
        return path

    return make


def _make_data_set(folder: Path) -> Path:
    path = folder / "set.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in ("set/cel/a.wav", "set/flu/b.wav", "set/readme.txt"):
            archive.writestr(member, member * 20)
    return path


def _extract(path: Path) -> None:
    from irmas_tf.datasets.archive import extract_archive
    from irmas_tf.datasets.irmas_layout import DataError
    from irmas_tf.downloads.http_download import DownloadError

    target = path.parent / "set"
    shutil.rmtree(target, ignore_errors=True)
    try:
        extract_archive(path, target, progress=False)
    except DownloadError as error:
        raise DataError(str(error)) from error  # irmas download tells either


def _make_tflite(folder: Path) -> Path:
    from irmas_tf.tflite.metadata import embed
    from tests.helpers.lite_run import lite_content, lite_facts

    path = folder / "model.tflite"
    path.write_bytes(embed(lite_content(), lite_facts()))
    return path


def _tflite(path: Path) -> Any:
    from irmas_tf.deploy.lite_model import LiteModel

    model = LiteModel.open(path, threads=1)
    return model.values(np.zeros([1, model.audio.window_samples], np.float32))


def _streaming(path: Path) -> Any:
    from irmas_tf.streaming import StreamingClassifier

    return list(StreamingClassifier(path).push(np.zeros(4000, np.float32)))


def _make_keras(folder: Path) -> Path:
    from tests.helpers.tiny_run import make_tiny_run

    run = make_tiny_run(folder)
    run.identity_path.unlink()  # which would refuse every damaged file
    return run.model_path


def _keras(path: Path) -> Any:
    from irmas_tf.inference.run_model import RunModel

    model = RunModel.open(path.parent)
    model.check_files()
    return model.model


_TORCH = calling("irmas_tf.weights.torch_checkpoint:read_torch_state")

ARCHIVES: dict[str, Reader] = {
    "OpenMIC .npz": Reader(_make_openmic_arrays, calling("irmas_tf.own_data.openmic_files:read_arrays")),
    "converted .npz": Reader(_make_weight_file, calling("irmas_tf.weights.weight_file:read_weight_file")),
    "YAMNet .npz": Reader(_make_folded_npz, calling("irmas_tf.weights.yamnet_files:read_folded_npz")),
    "YAMNet .h5": Reader(_make_h5, _h5),
    "PyTorch .pth": Reader(_torch("write_zip"), _TORCH),
    "PyTorch .pth of old": Reader(_torch("write_legacy"), _TORCH),
    "checkpoint .npz": Reader(_make_checkpoint, _checkpoint),
    "data set .zip": Reader(_make_data_set, _extract, says=("/set: ",)),
    ".tflite": Reader(_make_tflite, _tflite, LITERT),
    ".tflite in streaming": Reader(_make_tflite, _streaming, LITERT),
    ".tflite's facts": Reader(_make_tflite, calling("irmas_tf.tflite.facts:facts_text"), LITERT),
    ".keras": Reader(_make_keras, _keras, KERAS),
}
