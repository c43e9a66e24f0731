"""Classify a catalogue with Apache Beam: ``irmas beam --input 'gs://B/*.wav' ...``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from irmas_tf.config.commands import called_as
from irmas_tf.config.settings import ConfigError
from irmas_tf.process.exit_codes import run_command


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=called_as("irmas_tf.beam.classify"),
        description="Classify audio files with an exported SavedModel on any runner of Apache Beam. Answers go to"
        " OUTPUT-*.json (lines, as irmas predict writes them) or .parquet; files without an answer, with the reason,"
        " to OUTPUT.errors-*.json.",
        epilog="All other flags go to Beam, for example --runner=DataflowRunner --region=europe-west1 ...; on one"
        " machine --direct_num_workers=4 --direct_running_mode=multi_processing. Exit status: 0 all files have an"
        " answer, 1 some have none, 2 wrong usage.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--input",
        required=True,
        action="append",
        metavar="PATTERN",
        help="files, like 'gs://B/**.wav'; repeatable",
    )
    parser.add_argument("--saved_model", required=True, metavar="DIR", help="folder of an exported version")
    parser.add_argument("--output", required=True, metavar="PREFIX", help="what the names of the outputs begin with")
    parser.add_argument("--format", choices=("json", "parquet"), default="json", help="of the answers (default: json)")
    parser.add_argument("--overwrite", action="store_true", help="delete outputs that are there already")
    parser.add_argument("--batch_size", type=int, default=8, help="files that the model gets at once (default: 8)")
    parser.add_argument(
        "--max_clip_mb", type=int, default=256, help="longest clip, as WAV; longer ones are errors (default: 256)"
    )
    parser.add_argument("--num_shards", type=int, default=0, help="files of answers; 0 leaves it to the runner")
    return parser


class _StrictParser(argparse.ArgumentParser):
    """A parser whose errors are ours: Beam has hundreds of flags, and argparse would print them all."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(message)


def _beam_options(rest: list[str]) -> Any:
    """Return Beam's options.

    Raises:
        ConfigError: Beam is not installed, or does not know one.
    """
    try:
        from apache_beam.options.pipeline_options import PipelineOptions
    except ImportError as error:
        given = f" (flags for Beam: {' '.join(rest)})" if rest else ""
        raise ConfigError(f"needs Apache Beam, which is not installed: pip install 'irmas_tf[beam]'{given}") from error
    # Beam itself only warns about a flag that it does not know, and goes on without it.
    known = _StrictParser(allow_abbrev=False, add_help=False, conflict_handler="resolve")
    for options in PipelineOptions.__subclasses__():
        options._add_argparse_args(known)
    _, unknown = known.parse_known_args(rest)
    if unknown:
        raise ConfigError(f"unknown flag {unknown[0]}: neither this command nor Beam knows it; --help lists the flags")
    return PipelineOptions(rest)


def classify(args: argparse.Namespace, rest: list[str]) -> int:
    """Run the pipeline and wait for its end; return the exit status.

    Args:
        args: of this command.
        rest: flags for Beam.

    Raises:
        ConfigError, BeamFilesError, LabelsError: it cannot be started.
    """
    for name, least in (("batch_size", 1), ("max_clip_mb", 1), ("num_shards", 0)):
        if getattr(args, name) < least:
            raise ConfigError(f"--{name}={getattr(args, name)}: must be at least {least}")
    options = _beam_options(rest)
    from irmas_tf.beam.beam_files import clear_outputs, require_matches, require_place
    from irmas_tf.beam.exported_model import read_labels
    from irmas_tf.beam.pipeline import PipelineSettings, build
    from irmas_tf.beam.runners import make_pipeline, run_to_the_end, runs_here

    pipeline = make_pipeline(options)
    settings = PipelineSettings(
        tuple(args.input),
        args.saved_model,
        args.output,
        args.format,
        args.batch_size,
        args.max_clip_mb << 20,
        args.num_shards,
    )
    if runs_here(options):
        require_place(args.output)
    labels = read_labels(settings.saved_model)
    require_matches(settings.patterns)
    clear_outputs(settings.output_patterns, args.overwrite)
    build(pipeline, settings, labels)
    result = run_to_the_end(pipeline, options)
    answered, failed, skipped = (_count(result, f"files_{name}") for name in ("classified", "failed", "skipped"))
    where = f"; see {args.output}.errors-*" if failed else ""
    left = f"; {skipped} ._ files of macOS skipped" if skipped else ""
    print(f"{answered} files classified, {failed} without an answer{where}{left}", file=sys.stderr)
    if not (answered or failed or skipped):
        print("error: the runner looked at no file, or does not count: see the outputs", file=sys.stderr)
    return 0 if answered and not failed else 1


def _count(result: Any, name: str) -> int:
    """Return a counter of a finished pipeline; not every runner commits them."""
    from apache_beam.metrics import MetricsFilter

    counters = result.metrics().query(MetricsFilter().with_name(name))["counters"]
    return sum(counter.committed if counter.committed is not None else counter.attempted or 0 for counter in counters)


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_command(lambda: classify(*_parser().parse_known_args(argv)))


if __name__ == "__main__":
    sys.exit(cli())
