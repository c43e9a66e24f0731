"""Readers of a user's JSON, CSV and text files, and of what a server answers; see tests/helpers/file_readers.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from irmas_tf.config.labels import IRMAS_CODES, get_label_scheme
from irmas_tf.own_data.openmic_classes import CLASSES
from irmas_tf.runs.run_dir import RunDir
from tests.helpers.file_readers import Reader, calling, json_file, text_file
from tests.helpers.tiny_run import make_config


def _in_run(name: str, value: Any = None) -> Callable[[Path], Path]:
    """Return what makes a run folder with such a file."""

    def make(folder: Path) -> Path:
        RunDir.create(folder, make_config())
        return folder / name if value is None else json_file(name, value)(folder)

    return make


def _reading_run(read: Callable[[RunDir], Any]) -> Callable[[Path], Any]:
    return lambda path: read(RunDir.open(path.parent))


def _go_on(path: Path) -> None:
    """Go on with a run, whose configuration and versions are compared with now."""
    RunDir.create(path.parent, make_config())


def _licences(run: RunDir) -> Any:
    from irmas_tf.runs.origin import licences_of

    return licences_of(run, make_config())


def _seen(run: RunDir) -> Any:
    from irmas_tf.beginnings.who_saw import extra_names

    return extra_names(run)


def _check_split(run: RunDir) -> None:
    from irmas_tf.runs.identity import check_split

    run.split_path.write_text("{}")
    try:
        check_split(run)
    except ValueError as error:
        if "is not the split" not in str(error):  # which it is not
            raise


def _thresholds(path: Path) -> Any:
    from irmas_tf.runs.thresholds import Thresholds

    return Thresholds.load(path, IRMAS_CODES).vector(IRMAS_CODES)


def _metrics(path: Path) -> Any:
    """Return what `irmas_tf.deploy.metadata.describe` takes out of an evaluation."""
    from irmas_tf.deploy import metadata

    return metadata._metrics(RunDir(path.parents[2]), "a" * 64)


def _signature(path: Path) -> Any:
    from irmas_tf.inference.exported_labels import ExportedLabels

    return ExportedLabels.from_file(path)


def _saved_model_facts(path: Path) -> Any:
    from irmas_tf.deploy.saved_model import read_facts

    return read_facts(path.parent)


def _class_map(path: Path) -> Any:
    from irmas_tf.own_data.openmic_files import check_class_map

    return check_class_map(path.parent)


def _make_manifest(folder: Path) -> Path:
    for name in ("a.wav", "b.wav", "c d.wav"):
        (folder / name).touch()
    rows = "path,labels,group,split\na.wav,cello,one,train\nb.wav,flute;violin,two,test\nc d.wav,'x',,\n"
    return text_file("list.csv", rows)(folder)


def _list(path: Path) -> Any:
    from irmas_tf.submissions.score_clips import read_list

    return read_list(str(path))


def _flagfile(path: Path) -> Any:
    from irmas_tf.config.flags import parse_flags
    from irmas_tf.train import COMMAND

    return parse_flags(COMMAND, ["--run_dir=r", "--data_dir=d", f"--flagfile={path}"]).config()


class _Server:
    """Answers with a file's content."""

    def __init__(self, content: bytes, status: int) -> None:
        self.content, self.status = content, status

    def request(self, *_: Any, **__: Any) -> Any:
        from irmas_tf.client.bounded_http import HttpAnswer

        return HttpAnswer(self.status, "OK", {}, self.content)


def _asking(ask: Callable[[Any], Any], status: int = 200) -> Callable[[Path], Any]:
    """Return what asks a server that answers with a file's content."""

    def read(path: Path) -> Any:
        from irmas_tf.client.model_address import ModelAddress
        from irmas_tf.client.rest_transport import RestTransport

        rest = RestTransport(ModelAddress("http://localhost:8501", "irmas"), 1.0)
        rest._local.session = _Server(path.read_bytes(), status)
        return ask(rest)

    return read


def _num_classes(rest: Any) -> Any:
    return rest.num_classes()


def _classify(rest: Any) -> Any:
    return rest.classify([b"RIFF", b"RIFF"])


_SPLIT = {
    "format": 1,
    "seed": 1,
    "split_by": "song",
    "validation_fraction": 0.2,
    "train": ["cel/[cel][nod]1__1.wav", "flu/b.wav"],
    "validation": ["gac/c.wav", "vio/d.wav"],
}
_THRESHOLDS = {"per_class": dict.fromkeys(IRMAS_CODES, 0.5), "overall": 0.5, "chosen_on": "mixtures"}
_IDENTITY = {"format": 1, "models": [{"model_sha256": "a" * 64, "config_hash": "b", "split_sha256": "c" * 64}]}
_ORIGIN = {
    "init_from": {"path": "a", "sha256": "b", "layers": ["c"], "classes": {}, "licences": ["CC BY"]},
    "extra_data": {"folder": "d", "kind": "folder", "licence": "CC0"},
}
_METRICS = {
    "model_sha256": "a" * 64,
    "split": "validation",
    "headline": {"aggregation": "mean", "regime": "own", "level": "overall"},
    "aggregations": {
        "mean": {
            "lrap": 0.5,
            "mean_average_precision": 0.5,
            "decisions": {"own": {"overall": {"micro_f1": 0.5, "macro_f1": 0.4}}},
        }
    },
}
_SIGNATURE = {
    "labels": ["cel", "flu", "vio"],
    "label_names": ["cello", "flute", "violin"],
    "thresholds": {"cel": 0.5, "flu": 0.4, "vio": 0.3},
    "sample_rate_hz": 8000,
    "window_samples": 2000,
    "window_hop_samples": 1000,
    "silence_dbfs": -85.0,
}
_CLASS_MAP = {code: index for index, code in enumerate(CLASSES)}
_SCORES = "file,labels,cel,flu\na.wav,cel,0.5,0.1\nb.wav,flu,0.1,1e-3\n"
_CLASS_NAMES = 'index,mid,display_name\n0,/m/1,Cello\n1,/m/2,"Flute, wooden"\n2,/m/3,Horn\n'
_RELEVANCE = "sample_key,instrument,relevance\n000046_3840,cello,0.8\n000135_483840,flute,0.1\n"
_FLAGS = "# a run\n--epochs=3\n--branches=mel:num_bins=16\n"
_REST_METADATA = {
    "metadata": {
        "signature_def": {
            "signature_def": {
                "classify_audio": {
                    "outputs": {
                        name: {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}, *dims]}}
                        for name, dims in (("probabilities", [{"size": "3"}]), ("duration_seconds", []))
                    }
                }
            }
        }
    }
}
_REST_OUTPUTS = {
    "outputs": {
        "probabilities": [[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]],
        "duration_seconds": [1.5, 2.0],
        "silent": [False, True],
    }
}
_SERVER = ("http://localhost:8501", "the server")

TEXTS: dict[str, Reader] = {
    "config.json": Reader(_in_run("config.json"), _reading_run(RunDir.load_config)),
    "config.json of a run that goes on": Reader(_in_run("config.json"), _go_on),
    "versions.json": Reader(_in_run("versions.json"), _go_on),
    "pretrained.json": Reader(
        _in_run("pretrained.json", [{"source": "x", "licence": "MIT"}]), _reading_run(RunDir.load_pretrained)
    ),
    "origin.json": Reader(_in_run("origin.json", _ORIGIN), _reading_run(_licences)),
    "seen.json": Reader(_in_run("seen.json", {"extra": ["cel/a.wav"], "names": ["b.wav"]}), _reading_run(_seen)),
    "identity.json": Reader(_in_run("identity.json", _IDENTITY), _reading_run(_check_split)),
    "split.json": Reader(json_file("split.json", _SPLIT), calling("irmas_tf.datasets.splits:load_split")),
    "thresholds.json": Reader(json_file("thresholds.json", _THRESHOLDS), _thresholds),
    "metrics.json": Reader(json_file("evaluation/validation/metrics.json", _METRICS), _metrics),
    "signature.json": Reader(json_file("signature.json", _SIGNATURE), _signature),
    "signature.json of a SavedModel": Reader(json_file("signature.json", _SIGNATURE), _saved_model_facts),
    "class-map.json": Reader(json_file("class-map.json", _CLASS_MAP), _class_map),
    "score CSV": Reader(text_file("scores.csv", _SCORES), calling("irmas_tf.evaluation.score_file:read_score_file")),
    "label CSV": Reader(
        text_file("labels.csv", "file;labels\na.wav;cel\nb.wav;vio\n"),
        calling("irmas_tf.evaluation.score_file:read_label_table", get_label_scheme("irmas")),
    ),
    "manifest CSV": Reader(_make_manifest, calling("irmas_tf.own_data.manifest:read_manifest")),
    "class names CSV": Reader(
        text_file("names.csv", _CLASS_NAMES), calling("irmas_tf.weights.loading:read_class_names", 3)
    ),
    "OpenMIC CSV": Reader(text_file("t.csv", _RELEVANCE), calling("irmas_tf.own_data.openmic_files:read_table")),
    "labels TXT": Reader(
        text_file("clip.txt", "cel\t\nflu\t\n"), calling("irmas_tf.datasets.irmas_records:read_label_file")
    ),
    "list of files": Reader(text_file("list.txt", "a.wav\nb/c.wav\n"), _list),
    "flagfile": Reader(text_file("run.flags", _FLAGS), _flagfile, says=("--",)),
    "REST metadata": Reader(json_file("a.json", _REST_METADATA), _asking(_num_classes), says=_SERVER),
    "REST answer": Reader(json_file("a.json", _REST_OUTPUTS), _asking(_classify), says=_SERVER),
    "REST error": Reader(
        json_file("a.json", {"error": "the clip is no WAV"}), _asking(_classify, 404), "", _SERVER, True
    ),
}
