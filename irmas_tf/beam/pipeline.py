"""The pipeline: file patterns -> files, each once -> answers and errors -> sharded files.

A file that gets no answer, for whatever reason of its own, becomes a line of the error output. What is wrong with the
model or the worker is raised, so that the runner tries the bundle elsewhere.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics
from apache_beam.utils.shared import Shared

from irmas_tf.audio.heard import Heard
from irmas_tf.audio.walk import Failure
from irmas_tf.beam.beam_files import is_folder, read_upload, reason_of, rooted
from irmas_tf.beam.exported_model import ExportedModel
from irmas_tf.client.batch_answers import BatchAnswers
from irmas_tf.inference.answers import Answer, answer_object
from irmas_tf.inference.exported_labels import ExportedLabels

NAMESPACE = "irmas_tf"
ERRORS = "errors"
SUFFIXES = {"json": ".json", "parquet": ".parquet"}


@dataclasses.dataclass(frozen=True)
class PipelineSettings:
    """What the pipeline does.

    Attributes:
        patterns: of the audio files, as Beam's filesystems match them.
        saved_model: folder of an exported version.
        output: what the names of the answers' files begin with; those of the errors begin with OUTPUT.errors.
        format: json (lines) or parquet.
        batch_size: files that the model gets at once.
        max_clip_bytes: longest clip, as WAV; longer ones are errors.
        num_shards: files of answers; 0 leaves it to the runner.
    """

    patterns: tuple[str, ...]
    saved_model: str
    output: str
    format: str = "json"
    batch_size: int = 8
    max_clip_bytes: int = 256 << 20
    num_shards: int = 0

    @property
    def output_patterns(self) -> list[str]:
        """Patterns of all the files that the pipeline may write."""
        return [f"{self.output}-*-of-*{SUFFIXES[self.format]}", f"{self.output}.errors-*-of-*.json"]


class MatchFiles(beam.DoFn):
    """Pattern -> path of each file, as bytes: names need not be UTF-8, and a coder of texts would fail on them."""

    def process(self, element: str) -> Iterator[Any]:
        """Yield paths, and an error for a pattern that matches nothing."""
        try:
            (matched,) = FileSystems.match([rooted(element)])
            reason = "" if matched.metadata_list else "matches no files"
        except OSError as error:
            reason = reason_of(error)
        if reason:
            Metrics.counter(NAMESPACE, "files_failed").inc()
            yield beam.pvalue.TaggedOutput(ERRORS, error_line(Failure(element, reason)))
            return
        for file in matched.metadata_list:
            if not is_folder(file.path):  # * matches folders, too
                yield os.fsencode(file.path)


class SkipAttributes(beam.DoFn):
    """Paths without those of ``._x.wav``, where macOS keeps attributes of x.wav on foreign disks: no audio."""

    def process(self, element: bytes) -> Iterator[bytes]:
        """Yield the path if its name does not begin so."""
        if os.path.basename(element).startswith(b"._"):
            Metrics.counter(NAMESPACE, "files_skipped").inc()
        else:
            yield element


def same_file(path: bytes) -> bytes:
    """Return what the names of one file in several patterns have in common: the whole path, without detours."""
    return path if b"://" in path else os.path.abspath(path)


class ClassifyFiles(beam.DoFn):
    """Batch of paths -> a row for each that has an answer; the others come out as `ERRORS`.

    Args:
        settings: of the pipeline.
        labels: of the model.
    """

    def __init__(self, settings: PipelineSettings, labels: ExportedLabels) -> None:
        self._settings = settings
        self._labels = labels
        self._shared = Shared()
        self._answered = Metrics.counter(NAMESPACE, "files_classified")
        self._failed = Metrics.counter(NAMESPACE, "files_failed")
        self._audio = Metrics.distribution(NAMESPACE, "clip_milliseconds")
        self._time = Metrics.distribution(NAMESPACE, "batch_milliseconds")

    def setup(self) -> None:
        """Take the process's one copy of the model."""
        folder, labels, max_bytes = self._settings.saved_model, self._labels, self._settings.max_clip_bytes
        self._model = self._shared.acquire(lambda: ExportedModel(folder), tag=folder)

        def read(path: str, heard: Heard) -> bytes:
            return read_upload(path, labels.sample_rate_hz, max_bytes, heard)

        self._answers = BatchAnswers(read, self._model.classify, labels, max_bytes)

    def process(self, element: Sequence[bytes]) -> Iterator[Any]:
        """Yield the rows of a batch."""
        start = time.perf_counter()
        answers = self._answers([os.fsdecode(path) for path in element])
        self._time.update(round(1000 * (time.perf_counter() - start)))
        for answer in answers:
            if isinstance(answer, Failure):
                self._failed.inc()
                yield beam.pvalue.TaggedOutput(ERRORS, error_line(answer))
            else:
                self._answered.inc()
                self._audio.update(round(1000 * answer.duration_seconds))
                yield self._row(answer)

    def _row(self, answer: Answer) -> Any:
        row = answer_object(answer)
        # JSON escapes what is no text; Parquet holds texts only.
        return json.dumps(row) if self._settings.format == "json" else {**row, "file": as_text(answer.path)}


def error_line(failure: Failure) -> str:
    """Return a file's error as JSON."""
    return json.dumps({"file": failure.path, "reason": failure.reason})


def as_text(name: str) -> str:
    """Return a file name as valid text: a byte that is not UTF-8 as ``\\\\xNN``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def parquet_schema(codes: Sequence[str]) -> Any:
    """Return the schema of answers: the fields of JSON's, with the probabilities as a struct of the class codes."""
    import pyarrow

    probabilities = pyarrow.struct([(code, pyarrow.float64()) for code in codes])
    return pyarrow.schema(
        [
            ("file", pyarrow.string()),
            ("duration_seconds", pyarrow.float64()),
            ("probabilities", probabilities),
            ("labels", pyarrow.list_(pyarrow.string())),
            ("notes", pyarrow.list_(pyarrow.struct([("code", pyarrow.string()), ("text", pyarrow.string())]))),
        ]
    )


def matching_files(pipeline: beam.Pipeline, patterns: Sequence[str]) -> tuple[Any, Any]:
    """Add the steps that find files; return the paths, each file once, and the errors of patterns."""
    matched = (
        pipeline
        | "Patterns" >> beam.Create(list(dict.fromkeys(patterns)))
        | "Match" >> beam.ParDo(MatchFiles()).with_outputs(ERRORS, main="files")
    )
    files = (
        matched.files
        | "Name" >> beam.Map(lambda path: (same_file(path), path))
        | "Once" >> beam.CombinePerKey(min)  # a file may be in several patterns
        | "Paths" >> beam.Values()
        | "Skip" >> beam.ParDo(SkipAttributes())
    )
    return files, matched[ERRORS]


def build(pipeline: beam.Pipeline, settings: PipelineSettings, labels: ExportedLabels) -> None:
    """Add the steps to a pipeline.

    Args:
        pipeline: to add them to.
        settings: what is done.
        labels: of the model, `irmas_tf.beam.exported_model.read_labels`.
    """
    files, unmatched = matching_files(pipeline, settings.patterns)
    classified = (
        files
        | "Spread" >> beam.Reshuffle()  # or one worker would do all the files of a pattern
        | "Batch" >> beam.BatchElements(min_batch_size=settings.batch_size, max_batch_size=settings.batch_size)
        | "Classify" >> beam.ParDo(ClassifyFiles(settings, labels)).with_outputs(ERRORS, main="rows")
    )
    suffix = SUFFIXES[settings.format]
    if settings.format == "json":
        write: Any = beam.io.WriteToText(settings.output, suffix, num_shards=settings.num_shards)
    else:
        schema = parquet_schema(labels.scheme.codes)
        write = beam.io.WriteToParquet(
            settings.output, schema, codec="snappy", file_name_suffix=suffix, num_shards=settings.num_shards
        )
    _ = classified.rows | "Write answers" >> write
    errors = (unmatched, classified[ERRORS]) | "All errors" >> beam.Flatten()
    _ = errors | "Write errors" >> beam.io.WriteToText(
        f"{settings.output}.errors", ".json", compression_type=CompressionTypes.UNCOMPRESSED
    )
