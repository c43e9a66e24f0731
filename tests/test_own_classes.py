"""Classes of a user's own from the files to every form of the answer, with names of any script and length."""

from __future__ import annotations

import csv
import dataclasses
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irmas_tf import embed, export_saved_model, export_tflite, load, predict, train
from irmas_tf.client.batch_answers import BatchAnswers
from irmas_tf.inference.answers import Answer, answer_object
from irmas_tf.inference.display_width import display_width
from irmas_tf.inference.exported_labels import ExportedLabels
from irmas_tf.runs.run_dir import RunDir
from irmas_tf.streaming import StreamingClassifier
from irmas_tf.tflite.facts import facts_text

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
    "x" * 200, "Southern hemisphere's large double-headed drum",
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
        """Their names, in the order of the outputs."""
        ordinary = (f"class {k}" for k in range(self.count))
        odd = iter(ODD)
        return tuple(sorted(next(odd, name) if k % 2 == 0 else name for k, name in enumerate(ordinary)))


CASES = {
    "two, one each": Case(2, "single_label", 16),
    "two, both at times": Case(2, "multi_label", 16),
}


def write_data(folder: Path, case: Case) -> Path:
    """Write a manifest and its sounds: every class is heard in four files or more."""
    rng, rows = np.random.default_rng(case.count), [["path", "labels", "group"]]
    each = 1 if case.task == "single_label" else max(1, 4 * case.count // case.files)
    for k in range(case.files):
        heard = [case.classes[(k * each + i) % case.count] for i in range(each)]
        if case.task == "multi_label" and case.count == 2 and k % 4 == 0:
            heard = list(case.classes)
        tone = np.sin(2 * np.pi * 150 * (1 + k % 8) * np.arange(RATE_HZ // 2) / RATE_HZ)
        soundfile.write(folder / f"{k}.wav", 0.2 * tone + 0.02 * rng.standard_normal(len(tone)), RATE_HZ)
        rows.append([f"{k}.wav", ";".join([*heard, *["?"] * (case.unknown and k % 2)]), f"song {k // 2}"])
    with open(folder / "sounds.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder / "sounds.csv"


@pytest.fixture(scope="module", params=CASES)
def made(request, tmp_path_factory) -> tuple[Case, Path]:
    """Return a case and a folder with its data, a trained run, models/own/1 and own.tflite."""
    case, folder = CASES[request.param], tmp_path_factory.mktemp("own")
    data, run = write_data(folder, case), f"--run_dir={folder / 'run'}"
    assert train.cli([*FLAGS, "--dataset=manifest", f"--data_dir={data}", f"--task={case.task}", run]) == 0
    for sound in folder.glob("*.wav"):
        sound.rename(folder / f"kept {sound.name}")  # what comes after the training needs no data
    assert export_saved_model.cli([run, f"--out={folder / 'models'}", "--name=own"]) == 0
    assert export_tflite.cli([run, f"--out={folder / 'own.tflite'}"]) == 0
    return case, folder


def forms(folder: Path) -> list[Path]:
    return [folder / "run", folder / "models" / "own" / "1", folder / "own.tflite"]


def test_every_form_knows_names_and_licence_and_nothing_of_irmas(made) -> None:
    case, folder = made
    config = RunDir.open(folder / "run").load_config()
    assert config.labels.codes == config.labels.names == case.classes and config.dataset.licence == LICENCE
    sound = folder / "kept 0.wav"
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


def test_what_answers_for_a_server_and_for_beam_knows_them(made, tmp_path) -> None:
    """The graph on the bytes of a file, and the labels beside it: what clients and workers of Beam have."""
    pytest.importorskip("apache_beam", reason="apache-beam is in the extra `beam`")
    import pyarrow
    from pyarrow import parquet

    from irmas_tf.beam.exported_model import ExportedModel, read_labels
    from irmas_tf.beam.pipeline import parquet_schema

    case, folder = made
    version, sound = folder / "models" / "own" / "1", folder / "kept 0.wav"
    graph = ExportedModel(str(version))
    answers = BatchAnswers(lambda path, _: Path(path).read_bytes(), graph.classify, read_labels(str(version)), 1 << 24)
    (answer,) = answers([str(sound)])
    wanted = load(folder / "run").classify(sound)
    assert isinstance(answer, Answer) and answer.labels == wanted.labels
    np.testing.assert_allclose(list(answer.probabilities.values()), wanted.vector, atol=1e-4)
    assert tuple(answer.probabilities) == case.classes
    schema, row = parquet_schema(case.classes), answer_object(answer)
    rows = [{name: row[name] for name in schema.names}]
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema), tmp_path / "a.parquet")
    assert parquet.read_table(tmp_path / "a.parquet").to_pylist() == rows


def test_predict_writes_them_in_every_format(made, capfd) -> None:
    case, folder = made
    sounds = [str(folder / "kept 0.wav"), str(folder / "kept 1.wav")]
    model = f"--model={folder / 'own.tflite'}"
    activity = [f"--activity={folder / 'when'}", "--activity_formats=csv,json,audacity,png"]
    assert predict.cli([model, "--format=json", *activity, *sounds]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert all(tuple(line["probabilities"]) == case.classes and line["class_names"] == {} for line in lines)
    assert predict.cli([model, "--format=csv", *sounds]) == 0
    rows = list(csv.DictReader(capfd.readouterr().out.splitlines()))
    for row, line in zip(rows, lines, strict=True):
        assert {name: float(row[name]) for name in case.classes} == line["probabilities"]
        assert row["labels"] == row["label_names"] == ";".join(line["labels"])
    assert predict.cli([model, *sounds]) == 0
    heading, *table = capfd.readouterr().out.splitlines()
    places = {display_width(line[: line.index(str(folder))]) for line in table}
    assert max(places) < 600  # a row is longer by what is named besides the most probable ones
    if case.count == 2:
        assert places == {heading.index("file")}
    when = folder / "when"
    for line, name in zip(lines, ("kept 0", "kept 1"), strict=True):
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


def test_embeddings_and_int8(made, tmp_path, capsys) -> None:
    case, folder = made
    output = tmp_path / "e.npz"
    assert embed.cli([f"--model={folder / 'own.tflite'}", f"--output={output}", str(folder / "kept 0.wav")]) == 0
    assert np.load(output)["embeddings"].shape == (1, 8)
    for sound in folder.glob("kept *.wav"):
        sound.rename(folder / sound.name.removeprefix("kept "))
    capsys.readouterr()
    try:
        arguments = [f"--run_dir={folder / 'run'}", f"--out={tmp_path / 'i.tflite'}", "--quantization=int8"]
        assert export_tflite.cli(arguments) == 0
    finally:
        for sound in folder.glob("*.wav"):
            sound.rename(folder / f"kept {sound.name}")
    score = "accuracy" if case.task == "single_label" else "micro F1"
    assert f"validation {score}" in capsys.readouterr().out
    assert load(tmp_path / "i.tflite").classes == case.classes
