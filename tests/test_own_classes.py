"""Classes of a user's own from the files to every form of the answer, with names of any script and length."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import json
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf import embed, export_saved_model, export_tflite, load, predict, probe, train
from irmas_tf.beam.classify import cli as beam
from irmas_tf.client.command import cli as client
from irmas_tf.evaluate import cli as evaluate
from irmas_tf.inference.display_width import display_width
from irmas_tf.inference.exported_labels import ExportedLabels
from irmas_tf.process.csv_cells import KEEP
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.streaming import StreamingClassifier
from irmas_tf.tflite.facts import facts_text
from tests.helpers.flat_tables import mediapipe_heads

pytestmark = pytest.mark.slow

RATE_HZ = 8000
LICENCE = "Recorded by Ō, 2026; for any use – with “thanks”"
FLAGS = (
    f"--sample_rate_hz={RATE_HZ}", "--window_seconds=0.25", "--window_hop_seconds=0.25",
    "--branches=mel:frame_length=256:hop_length=128:num_bins=16:max_frequency_hz=4000",
    "--stem_stride=2", "--stage_channels=8", "--head_units=8", "--validation_fraction=0.25",
    "--batch_size=8", "--epochs=1", "--warmup_epochs=0.5", "--notflite", f"--licence_text={LICENCE}",
)  # fmt: skip
ODD = (
    "سه‌تار", "尺八", "Caxixí", 'the "big" one', "=SUM(A1:A9)", "tom-tom – no: floor tom", "drum & <bass>",
    "x" * 1000, "Southern hemisphere's large double-headed drum", "鼓", "नादस्वरम्", "e\u0302\u0301 🎻", "ที่ตี\u200bกลอง",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Case:
    """What is trained on: so many classes, and what of them is known."""

    count: int
    task: str
    files: int
    unknown: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """Their names, in the order of the outputs; their letters are composed."""
        ordinary = (f"class {k}" for k in range(self.count))
        odd = (unicodedata.normalize("NFC", name) for name in ODD)
        return tuple(sorted(next(odd, name) if k % 2 == 0 else name for k, name in enumerate(ordinary)))


CASES = {
    "2": Case(2, "single_label", 16),
    "20": Case(20, "multi_label", 40, unknown=True),
    "1000": Case(1000, "multi_label", 64),
}


def write_data(folder: Path, case: Case, prefix: str = "") -> Path:
    """Write a manifest and its sounds: every class is heard in four files or more, of songs of two files."""
    rng, rows = np.random.default_rng(case.count), [["path", "labels", "group"]]
    each = 1 if case.task == "single_label" else max(1, 4 * case.count // case.files)
    folder.mkdir()
    for k in range(case.files):
        heard = [case.classes[(k * each + i) % case.count] for i in range(each)]
        tone = np.sin(2 * np.pi * 150 * (1 + k % 8) * np.arange(RATE_HZ // 2) / RATE_HZ)
        name = f"{prefix}{k}.wav"
        soundfile.write(folder / name, 0.2 * tone + 0.02 * rng.standard_normal(len(tone)), RATE_HZ)
        heard = [unicodedata.normalize("NFD", one) for one in heard]
        rows.append([name, ";".join([*heard, *["?"] * (case.unknown and k % 2)]), f"{prefix}song {k // 2}"])
    with open(folder / "sounds.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder / "sounds.csv"


@pytest.fixture(scope="module", params=CASES)
def made(request, tmp_path_factory) -> tuple[Case, Path]:
    """Return a case and a folder with a trained run, models/own/1, own.tflite and two sounds, but not the data."""
    case, folder = CASES[request.param], tmp_path_factory.mktemp("own")
    data, run = write_data(folder / "data", case), f"--run_dir={folder / 'run'}"
    assert train.cli([*FLAGS, "--dataset=manifest", f"--data_dir={data}", f"--task={case.task}", run]) == 0
    for name in ("0.wav", "1.wav"):
        (folder / name).write_bytes((folder / "data" / name).read_bytes())
    (folder / "data").rename(folder / "away")  # most of what comes after the training needs no data
    assert export_saved_model.cli([run, f"--out={folder / 'models'}", "--name=own"]) == 0
    assert export_tflite.cli([run, f"--out={folder / 'own.tflite'}"]) == 0
    return case, folder


@contextlib.contextmanager
def data_there(folder: Path) -> Iterator[None]:
    """Have the data where the run was trained on it, inside the block."""
    (folder / "away").rename(folder / "data")
    try:
        yield
    finally:
        (folder / "data").rename(folder / "away")


def forms(folder: Path) -> list[Path]:
    return [folder / "run", folder / "models" / "own" / "1", folder / "own.tflite"]


def test_every_form_knows_names_and_licence_and_nothing_of_irmas(made) -> None:
    case, folder = made
    config = RunDir.open(folder / "run").load_config()
    assert config.labels.codes == config.labels.names == case.classes and config.dataset.licence == LICENCE
    sound = folder / "0.wav"
    answers = [load(form).classify(sound) for form in forms(folder)]
    for form, answer in zip(forms(folder), answers, strict=True):
        assert tuple(answer.probabilities) == case.classes, form
        np.testing.assert_allclose(answer.vector, answers[0].vector, atol=1e-4)
        assert set(answer.names) <= set(case.classes)
    with zipfile.ZipFile(folder / "own.tflite") as archive:
        for name in ("labels.txt", "labels_en.txt"):
            assert archive.read(name).decode("utf-8").split("\n") == [*case.classes, ""]
        facts = json.loads(archive.read("irmas_tf.json"))
    signature = json.loads((folder / "models/own/1/signature.json").read_text("utf-8"))
    for said in (facts, signature):
        assert tuple(said["labels"]) == tuple(said["label_names"]) == case.classes and said["licence"] == LICENCE
        assert "instrument" not in said["name"] + said["description"] and f"{case.count} classes" in said["description"]
    assert ExportedLabels.from_file(folder / "models/own/1/signature.json").scheme.codes == case.classes
    text = facts_text(folder / "own.tflite")
    assert LICENCE in text and ";".join(case.classes) in text
    stream = StreamingClassifier(folder / "own.tflite")
    stream.push(soundfile.read(sound, dtype="float32")[0])
    end = stream.finish()
    assert stream.codes == case.classes and end.label == answers[2].top(1)[0][0]


def test_mediapipe_finds_a_label_for_every_number_and_our_names_with_the_probabilities(made) -> None:
    case, folder = made
    rate_hz, channels, heads = mediapipe_heads(folder / "own.tflite")
    assert (rate_hz, channels) == (RATE_HZ, 1) and heads[0].name == "probabilities"
    assert all(head.labels == head.display_names == case.classes for head in heads[:2])


def test_a_server_is_asked_for_them_in_both_ways(made, capfd) -> None:
    pytest.importorskip("tensorflow_serving.apis", reason="tensorflow-serving-api is in the extra `serving`")
    from irmas_tf.deploy.session_model import SessionModel
    from tests.helpers.fake_serving import FakeServing

    case, folder = made
    version, sound = folder / "models" / "own" / "1", folder / "0.wav"
    wanted = load(folder / "run").classify(sound)
    model = SessionModel(version)
    server = FakeServing(model, "own")
    try:
        for url in (server.http, server.grpc):
            flags = [f"--url={url}", "--model=own", f"--signature={version / 'signature.json'}"]
            assert client([*flags, "--format=json", str(sound)]) == 0
            (line,) = map(json.loads, capfd.readouterr().out.splitlines())
            assert tuple(line["probabilities"]) == case.classes and tuple(line["labels"]) == wanted.labels
            np.testing.assert_allclose(list(line["probabilities"].values()), wanted.vector, atol=1e-4)
            assert client([*flags, "--top_k=1", str(sound)]) == 0
            assert "%" in capfd.readouterr().out
    finally:
        server.close()
        model.close()


def test_beam_writes_them(made, tmp_path) -> None:
    pytest.importorskip("apache_beam", reason="apache-beam is in the extra `beam`")
    from pyarrow import parquet

    case, folder = made
    model, files = f"--saved_model={folder / 'models' / 'own' / '1'}", f"--input={folder}/[01].wav"
    assert beam([files, model, f"--output={tmp_path / 'a'}", "--format=parquet", "--runner=DirectRunner"]) == 0
    rows = [row for file in tmp_path.glob("a-*.parquet") for row in parquet.read_table(file).to_pylist()]
    run = load(folder / "run")
    assert sorted(Path(row["file"]).name for row in rows) == ["0.wav", "1.wav"]
    for row in rows:
        wanted = run.classify(row["file"])
        assert tuple(row["probabilities"]) == case.classes and tuple(row["labels"]) == wanted.labels
        np.testing.assert_allclose(list(row["probabilities"].values()), wanted.vector, atol=1e-4)


def test_predict_writes_them_in_every_format(made, capfd) -> None:
    case, folder = made
    sounds = [str(folder / "0.wav"), str(folder / "1.wav")]
    model = [f"--model={folder / 'own.tflite'}", f"--csv_formulas={KEEP}"]
    activity = [f"--activity={folder / 'when'}", "--activity_formats=csv,json,audacity,png"]
    assert predict.cli([*model, "--format=json", *activity, *sounds]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert all(tuple(line["probabilities"]) == case.classes and line["class_names"] == {} for line in lines)
    assert predict.cli([*model, "--format=csv", *sounds]) == 0
    rows = list(csv.DictReader(capfd.readouterr().out.splitlines()))
    for row, line in zip(rows, lines, strict=True):
        assert {name: float(row[name]) for name in case.classes} == line["probabilities"]
        assert row["labels"] == row["label_names"] == ";".join(line["labels"])
    assert predict.cli([*model, *sounds]) == 0
    heading, *table = capfd.readouterr().out.splitlines()
    places = {display_width(line[: line.index(str(folder))]) for line in table}
    assert max(places) < 600  # a row is longer by what is named besides the most probable ones
    if case.count == 2:
        assert places == {heading.index("file")}
    when = folder / "when"
    for line, name in zip(lines, ("0", "1"), strict=True):
        (table_file,), (object_file,) = when.glob(f"{name}*.csv"), when.glob(f"{name}*.json")
        (tracks,), (picture,) = when.glob(f"{name}*.txt"), when.glob(f"{name}*.png")
        windows = list(csv.DictReader(table_file.read_text("utf-8").splitlines()))
        content = json.loads(object_file.read_text("utf-8"))
        assert tuple(content["probabilities"]) == case.classes and content["labels"] == line["labels"]
        for row in windows:
            assert set(row["labels"].split(";")) <= {*case.classes, ""}
        segments = [tuple(track.split("\t")) for track in tracks.read_text("utf-8").splitlines()]
        assert [label for _, _, label in segments] == [segment["label"] for segment in content["segments"]]
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_evaluate_scores_them_and_writes_them_in_its_tables(made, capsys) -> None:
    case, folder = made
    with data_there(folder):
        assert evaluate([f"--run_dir={folder / 'run'}", "--report_clips=1", f"--csv_formulas={KEEP}"]) == 0
    printed = capsys.readouterr().out
    words = ("accuracy", "macro F1") if case.task == "single_label" else ("micro F1", "macro F1", "LRAP", "mAP")
    assert all(word in printed for word in words) and ("accuracy" in printed) == (case.task == "single_label")
    reports = folder / "run" / "evaluation" / "validation"
    with open(reports / "per_class.csv", encoding="utf-8", newline="") as file:
        named = {row["class"] for row in csv.DictReader(file)}
    assert named == set(case.classes)
    assert (reports / "report.html").stat().st_size < 3_000_000


def test_songs_of_other_data_are_probed(made, tmp_path, capsys) -> None:
    """The embeddings of a run tell the classes of data that it never saw apart, and the table names each."""
    case, folder = made
    data = write_data(tmp_path / "new", case, "new ")
    arguments = [f"--run_dir={folder / 'run'}", f"--data_dir={data}", f"--cache_dir={tmp_path / 'cache'}"]
    assert probe.cli([*arguments, "--folds=2", "--format=json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert tuple(summary["classes"]) == tuple(summary["names"]) == case.classes
    assert summary["songs"] == case.files // 2
    assert ("accuracy" if case.task == "single_label" else "micro_f1") in summary


def test_embeddings_and_int8(made, tmp_path, capsys) -> None:
    case, folder = made
    output = tmp_path / "e.npz"
    assert embed.cli([f"--model={folder / 'own.tflite'}", f"--output={output}", str(folder / "0.wav")]) == 0
    assert np.load(output)["embeddings"].shape == (1, 8)
    capsys.readouterr()
    arguments = [f"--run_dir={folder / 'run'}", f"--out={tmp_path / 'i.tflite'}", "--quantization=int8"]
    with data_there(folder):
        assert export_tflite.cli(arguments) == 0
    score = "accuracy" if case.task == "single_label" else "micro F1"
    assert f"validation {score}" in capsys.readouterr().out
    assert load(tmp_path / "i.tflite").classes == case.classes
