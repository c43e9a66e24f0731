"""Making an exported .tflite file the one in the package: its licence, what it was made from, and how good it is.

    python -m irmas_tf.shipped.stamp export.tflite --corpus=CORPUS/corpus.json --facts=facts.json

The facts are a JSON object: ``figures``, a text that says how good the model is and on what; ``licence``, a sentence
about its weights; ``command`` and ``seed``, which make it again; others go in as they are. What it was trained on is
taken from the corpus's manifest, and a corpus with a source whose terms do not allow that is refused. What the export
says of classes, thresholds and windows stays.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from irmas_tf.inference.exported_labels import ExportedLabels
from irmas_tf.process.atomic_files import atomic_path
from irmas_tf.process.bounded_json import BoundedJsonError, read_json
from irmas_tf.process.exit_codes import run_command
from irmas_tf.process.quiet_tensorflow import import_tensorflow
from irmas_tf.shipped.composed import MOST_BYTES, SHIPPED_FILE
from irmas_tf.streaming import StreamingError, read_model_facts
from irmas_tf.tflite.associated_files import without_associated_files
from irmas_tf.timbres.sources import names_that_may_not_ship

NEEDED = ("figures", "licence", "command", "seed")
_OF_THE_CORPUS = ("sources", "licence_of_sources", "corpus")
_KEPT_OF_CORPUS = (
    "generator_version",
    "sounds_version",
    "excerpts",
    "seed",
    "sounds",
    "timbre_changes",
    "randomization",
)
_OF_THE_EXPORT = ("labels", "label_names", "thresholds", "sample_rate_hz", "window_samples", "window_hop_samples")
_WRITTEN_ANEW = ("outputs", "min_runtime_version")


class StampError(ValueError):
    """The file or the facts cannot be used; the message names what and why."""


def stamp(source: Path, facts: Mapping[str, Any], corpus: Mapping[str, Any], out: Path = SHIPPED_FILE) -> Path:
    """Write a .tflite file with other facts; its numbers are those of the source.

    Args:
        source: what ``irmas export-tflite`` wrote.
        facts: see above.
        corpus: manifest of the corpus that the model has learnt from.
        out: file to write.

    Raises:
        StampError: the source is no export with thresholds, a fact is missing or not to be changed, the corpus has a
            source whose terms do not allow it, or the file is larger than a package may bring.
    """
    if missing := [name for name in NEEDED if name not in facts]:
        raise StampError(f"--facts: lacks {', '.join(missing)}")
    if fixed := [name for name in _OF_THE_EXPORT if name in facts]:
        raise StampError(f"--facts: {', '.join(fixed)} are the export's own; leave them out")
    if derived := [name for name in _OF_THE_CORPUS if name in facts]:
        raise StampError(f"--facts: {', '.join(derived)} are taken from --corpus; leave them out")
    facts = {**facts, **_facts_of(corpus)}
    try:
        own = read_model_facts(source)
    except StreamingError as error:
        raise StampError(str(error)) from error
    if ExportedLabels.from_facts(own, str(source)).thresholds is None:
        raise StampError(f"{source}: has no thresholds for several instruments; train with --task=multi_label")
    import_tensorflow("writing a .tflite file's metadata")
    from irmas_tf.tflite.flatbuffer import pack, unpack
    from irmas_tf.tflite.metadata import METADATA_BUFFER, embed

    model = unpack(without_associated_files(source.read_bytes()))
    model.metadata = [entry for entry in model.metadata or [] if entry.name != METADATA_BUFFER]
    kept = {name: value for name, value in own.items() if name not in _WRITTEN_ANEW}
    content = embed(pack(model), {**kept, **facts})
    if len(content) > MOST_BYTES:
        raise StampError(
            f"{source}: {len(content):,} bytes, more than {MOST_BYTES:,}; export with --quantization=dynamic"
        )
    with atomic_path(out) as temporary:
        temporary.write_bytes(content)
    return out


def _facts_of(corpus: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a model says of its corpus."""
    sounds = corpus.get("sounds")
    if not sounds:
        raise StampError("--corpus: its manifest names no sounds; make it with irmas soundfont --sounds=...")
    if barred := names_that_may_not_ship(sounds):
        raise StampError(
            f"--corpus: {', '.join(barred)}: not a source from which a model may be passed on; leave it out of --sounds"
        )
    return {
        "sources": [sound["name"] for sound in sounds],
        "licence_of_sources": corpus.get("licence", ""),
        "corpus": {name: corpus[name] for name in _KEPT_OF_CORPUS if name in corpus},
    }


def _read_object(path: Path, flag: str) -> dict[str, Any]:
    try:
        content = read_json(path)
    except BoundedJsonError as error:
        raise StampError(str(error)) from error
    if not isinstance(content, dict):
        raise StampError(f"{flag}={path}: must be a JSON object")
    return content


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m irmas_tf.shipped.stamp", description="Make the package's model.")
    parser.add_argument("source", type=Path, help="exported by irmas export-tflite")
    parser.add_argument("--facts", type=Path, required=True, help=f"JSON object with {', '.join(NEEDED)}")
    parser.add_argument("--corpus", type=Path, required=True, help="corpus.json of what it has learnt from")
    parser.add_argument("--out", type=Path, default=SHIPPED_FILE, help="file to write (%(default)s)")

    def command() -> int:
        options = parser.parse_args(argv)
        facts = _read_object(options.facts, "--facts")
        path = stamp(options.source, facts, _read_object(options.corpus, "--corpus"), options.out)
        print(f"{path}: {path.stat().st_size:,} bytes, {facts['figures']}")
        return 0

    return run_command(command)


if __name__ == "__main__":
    sys.exit(cli())
