from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("apache_beam", reason="apache-beam is in the extra `beam`")

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.portability.prism_runner import PrismRunner

from irmas_tf.beam.pipeline import matching_files
from irmas_tf.beam.runners import check_runner, make_pipeline, run_to_the_end
from irmas_tf.config.settings import ConfigError


@pytest.mark.parametrize("flags", [[], ["--runner=DirectRunner"], ["--runner=direct"], ["--runner=FnApiRunner"]])
def test_the_local_runner_is_the_one_in_this_process(flags: list[str]) -> None:
    assert isinstance(make_pipeline(PipelineOptions(flags)).runner, FnApiRunner)


@pytest.mark.parametrize(
    "name, words",
    [
        ("DaskRunner", "writes empty files"),
        ("apache_beam.runners.dask.dask_runner.DaskRunner", "writes empty files"),
        ("interactive", "is for notebooks"),
        ("Nonsense", "Apache Beam has no such runner"),
        ("nowhere.at.all.OwnRunner", "No module named 'nowhere'"),
        ("apache_beam.NoSuchRunner", "has no attribute 'NoSuchRunner'"),
    ],
)
def test_an_unknown_or_unfit_runner_is_one_line(name: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_pipeline(PipelineOptions([f"--runner={name}"]))
    message = str(caught.value)
    assert message.startswith(f"--runner={name}: ") and words in message and "\n" not in message
    if "." not in name:
        assert "possible: DirectRunner, DataflowRunner, FlinkRunner" in message


@pytest.mark.parametrize("name", ["flink", "SparkRunner", "PortableRunner", "PrismRunner", "my.own.Runner"])
def test_runners_elsewhere_are_taken_as_they_are(name: str) -> None:
    check_runner(name)


@pytest.mark.slow
def test_a_runner_that_cannot_start_is_one_line() -> None:
    options = PipelineOptions(["--runner=PortableRunner"])
    pipeline = make_pipeline(options)
    _ = pipeline | beam.Create([1])
    with pytest.raises(ConfigError, match=r"^--runner=PortableRunner: NotImplementedError: .*--job_endpoint"):
        run_to_the_end(pipeline, options)


@pytest.mark.slow
def test_each_file_is_taken_once_and_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fetched(*_: object) -> None:
        raise AssertionError("Prism was asked")

    monkeypatch.setattr(PrismRunner, "run_pipeline", fetched)
    monkeypatch.chdir(tmp_path)
    for name in ("a.wav", "b.wav", "._a.wav", "folder"):
        (tmp_path / name).mkdir() if name == "folder" else (tmp_path / name).touch()
    patterns = (f"{tmp_path}/*.wav", "*", f"{tmp_path}/folder/../a*", f"{tmp_path}/*.wav", "none*", "none*")
    options = PipelineOptions([])
    pipeline = make_pipeline(options)
    files, unmatched = matching_files(pipeline, patterns)
    _ = files | "Name of file" >> beam.Map(os.path.basename) | beam.io.WriteToText(f"{tmp_path}/out/files")
    _ = unmatched | "Errors" >> beam.io.WriteToText(f"{tmp_path}/out/errors")
    result = run_to_the_end(pipeline, options)

    def lines(what: str) -> list[str]:
        return sorted(line for path in (tmp_path / "out").glob(f"{what}*") for line in path.read_text().splitlines())

    assert lines("files") == ["a.wav", "b.wav"]
    assert len(lines("errors")) == 1 and "none*" in lines("errors")[0]
    (skipped,) = [c.committed for c in result.metrics().query()["counters"] if c.key.metric.name == "files_skipped"]
    assert skipped == 1
