"""Name the instruments in audio files by a server: ``irmas client --url=URL FILES_OR_FOLDERS...``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError, setting
from irmas_tf.process.csv_cells import ESCAPE, FORMULAS, FORMULAS_HELP


@dataclasses.dataclass(frozen=True)
class ClientOptions:
    """Flags of this command."""

    url: str = setting("", "The server: http://HOST:8501 (REST) or grpc://HOST:8500 (gRPC); https and grpcs with TLS.")
    model: str = setting("irmas", "Name of the model on the server.")
    model_version: int = setting(0, "Version number; 0 is the newest that is served.", minimum=0)
    version_label: str = setting("", "Label of the version, like stable or canary.")
    signature: str = setting("", "signature.json of the exported model: its labels, thresholds and rate.")
    labels: tuple[str, ...] = setting(
        ("irmas",), "Without --signature: a label scheme (irmas, report), or the codes of the classes in order."
    )
    format: str = setting(
        "table", "Table for people, JSON (one object per line) or CSV for programs.", choices=("table", "json", "csv")
    )
    output: str = setting(
        "", "File that the answers go to instead of standard output; it appears when all are there.", writes="file"
    )
    csv_formulas: str = setting(ESCAPE, FORMULAS_HELP, choices=FORMULAS)
    top_k: int = setting(3, "Classes in a row of the table; JSON and CSV always hold them all.", minimum=1)
    batch_size: int = setting(8, "Most files in a request.", minimum=1, maximum=1024)
    concurrency: int = setting(4, "Requests under way at a time.", minimum=1, maximum=256)
    max_request_mb: int = setting(
        64,
        "Most audio in a request; a longer file is decoded to the model's rate, or not sent.",
        minimum=1,
        maximum=1024,
    )
    timeout_seconds: float = setting(60.0, "Longest wait for the answer to a request.", above=0.0, unit="s")
    retries: int = setting(
        4, "Repetitions of a request that gets no answer, after pauses that double.", minimum=0, maximum=100
    )


TAKEN_FOR_IRMAS = "the model's classes are taken for those of IRMAS; --signature=FILE says which they are"

COMMAND = Command(
    "irmas_tf.client.command",
    """
    Name the instruments in audio files with a model on TensorFlow Serving, in the formats of irmas predict. WAV
    files go as they are, other formats are decoded here. Folders are searched recursively; '-' is standard input: a
    sound, or names of files, one per line.

    A file that cannot be read, or that the server refuses, is named on stderr; the others still get their answer, and
    the exit status is then 1. It is 2 if the server cannot be used or stops answering.
    """,
    options=ClientOptions,
    required=("url",),
    positional="FILES_OR_FOLDERS",
)


def main(flags: ParsedFlags) -> int:
    """Run the command; the exit status is 1 if any file got no answer."""
    if not flags.positional:
        raise ConfigError("no audio given: name files or folders after the flags")
    from irmas_tf.client.client_run import client_run
    from irmas_tf.client.model_address import ModelAddress
    from irmas_tf.client.server_answers import Sending
    from irmas_tf.inference.exported_labels import ExportedLabels
    from irmas_tf.process.retry import Retry

    options = flags.options
    if options.signature and flags.given("labels"):
        raise ConfigError("--signature and --labels cannot be combined; give one of them")
    address = ModelAddress(options.url, options.model, options.model_version, options.version_label)
    if options.signature:
        labels = ExportedLabels.from_file(options.signature)
    else:
        labels = ExportedLabels.from_words(options.labels)
    failures = client_run(
        address,
        flags.positional,
        labels,
        format=options.format,
        output=options.output,
        top_k=options.top_k,
        timeout_seconds=options.timeout_seconds,
        retry=Retry(options.retries),
        sending=Sending(options.batch_size, options.concurrency, options.max_request_mb << 20),
        csv_formulas=options.csv_formulas,
        note="" if options.signature or flags.given("labels") else TAKEN_FOR_IRMAS,
    )
    return 1 if failures else 0


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
