from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("apache_beam", reason="apache-beam is in the extra `beam`")

import apache_beam as beam

from irmas_tf.beam.exported_model import read_labels
from irmas_tf.beam.pipeline import PipelineSettings, as_text, build, parquet_schema
from irmas_tf.predict import cli as predict

pytestmark = pytest.mark.slow

BAD = {"text.wav": "not audio", "empty.wav": "empty", "chunks.wav": "without a format and a data chunk"}


def run(settings: PipelineSettings) -> dict[str, int]:
    """Run the pipeline on the direct runner; return its counters, and the number of clips in its distribution."""
    pipeline = beam.Pipeline(runner="DirectRunner")
    build(pipeline, settings, read_labels(settings.saved_model))
    result = pipeline.run()
    result.wait_until_finish()
    metrics = result.metrics().query()
    ours = [one for one in metrics["counters"] if one.key.metric.namespace == "irmas_tf"]
    counters = dict.fromkeys(("files_classified", "files_failed"), 0)
    for one in ours:
        counters[one.key.metric.name] += one.committed
    clips = [one.committed.count for one in metrics["distributions"] if one.key.metric.name == "clip_milliseconds"]
    return {**counters, "clips": sum(clips)}


def lines(folder: Path, pattern: str) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.glob(pattern)) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def wanted(tiny_export: Path, catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return {file name: answer} of predict with the live model, for the good files."""
    output = tmp_path_factory.mktemp("predict") / "answers.json"
    arguments = [f"--run_dir={tiny_export.parents[2] / 'run'}", "--format=json", f"--output={output}"]
    predict([*arguments, str(catalogue)])
    answers = [json.loads(line) for line in output.read_text().splitlines()]
    return {os.path.basename(one["file"]): one for one in answers if os.path.basename(one["file"]) not in BAD}


def compare(found: dict[str, Any], live: dict[str, Any]) -> None:
    assert list(found["probabilities"]) == list(live["probabilities"])
    for code, probability in live["probabilities"].items():
        assert found["probabilities"][code] == pytest.approx(probability, abs=1e-5)
    assert found["labels"] == live["labels"] and found["notes"] == live["notes"]
    assert found["duration_seconds"] == pytest.approx(live["duration_seconds"], abs=2e-3)


def test_answers_are_those_of_predict_and_bad_files_are_errors(
    tiny_export: Path, catalogue: Path, tmp_path: Path, wanted: dict[str, dict[str, Any]]
) -> None:
    patterns = (f"{catalogue}/*", f"{catalogue}/none*")
    settings = PipelineSettings(patterns, str(tiny_export), str(tmp_path / "out" / "x"), batch_size=4, num_shards=2)
    counters = run(settings)
    assert counters == {"files_classified": 7, "files_failed": 4, "clips": 7}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "x-00000-of-00002.json", "x-00001-of-00002.json", "x.errors-00000-of-00001.json",
    ]  # fmt: skip
    found = {os.path.basename(one["file"]): one for one in lines(tmp_path / "out", "x-*.json")}
    assert set(found) == set(wanted) and len(found) == 7
    for name, answer in found.items():
        compare(answer, wanted[name])
        assert answer["file"] == f"{catalogue}/{name}"
    errors = {os.path.basename(one["file"]): one["reason"] for one in lines(tmp_path / "out", "x.errors-*.json")}
    assert set(errors) == {*BAD, "none*"}
    assert errors["none*"] == "matches no files"
    assert all(words in errors[name] for name, words in BAD.items())


def test_parquet_from_and_to_another_filesystem(
    tiny_export: Path, catalogue: Path, shelf: Path, wanted: dict[str, dict[str, Any]]
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    shutil.copytree(tiny_export, shelf / "models" / "1")
    shutil.copytree(catalogue, shelf / "audio")
    counters = run(PipelineSettings(("shelf://audio/*",), "shelf://models/1", "shelf://out/x", "parquet", batch_size=2))
    assert counters == {"files_classified": 7, "files_failed": 3, "clips": 7}
    tables = [parquet.read_table(path) for path in sorted((shelf / "out").glob("x-*.parquet"))]
    rows = [row for table in tables for row in table.to_pylist()]
    assert len(rows) == 7
    names = {as_text(name): name for name in wanted}
    for row in rows:
        compare(row, wanted[names[row["file"].rpartition("/")[2]]])
        assert row["file"].startswith("shelf://audio/")
    assert {one["file"] for one in lines(shelf / "out", "x.errors-*")} == {f"shelf://audio/{name}" for name in BAD}


def test_the_schema_has_a_number_for_every_class() -> None:
    schema = parquet_schema(["b", "a"])
    assert schema.names == ["file", "duration_seconds", "probabilities", "labels", "notes"]
    assert [field.name for field in schema.field("probabilities").type] == ["b", "a"]


def test_names_as_text() -> None:
    assert as_text(os.fsdecode(b"a\xe9.wav")) == "a\\xe9.wav"
    assert as_text("ä.wav") == "ä.wav"


def test_shards_of_answers_and_errors_are_told_apart_by_name() -> None:
    import fnmatch

    answers, errors = PipelineSettings((), "m", "o/x").output_patterns
    assert fnmatch.fnmatch("o/x-00000-of-00001.json", answers)
    assert fnmatch.fnmatch("o/x.errors-00000-of-00001.json", errors)
    assert not fnmatch.fnmatch("o/x.errors-00000-of-00001.json", answers)
