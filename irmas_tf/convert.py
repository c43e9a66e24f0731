"""Turn published weights into a safe weight file: ``irmas convert --backbone=NAME --weights=FILE --out=FILE.npz``."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from irmas_tf.config.backbones import BACKBONES
from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import setting

if TYPE_CHECKING:
    from irmas_tf.weights.conversion import Conversion


@dataclasses.dataclass(frozen=True)
class ConvertOptions:
    """Flags of this command."""

    backbone: str = setting("", "Pretrained network.", known=BACKBONES.names)
    weights: str = setting(
        "",
        "Published file (.h5, .pth, .pt, .npz), folder of a SavedModel, or handle of TensorFlow Hub. Empty: only say"
        " where the network's weights are published.",
    )
    out: str = setting("", "Weight file to write, ending in .npz.", writes="file")
    labels: str = setting(
        "",
        "Class names to record: a CSV with index and display_name, as AudioSet's class_labels_indices.csv (527 classes)"
        " and yamnet_class_map.csv (521). Empty: only the class map that a SavedModel of TensorFlow Hub brings.",
    )
    verify: bool = setting(False, "Run silence, a sine and noise through the result.")


COMMAND = Command(
    "irmas_tf.convert",
    """
    Read the published weights of a pretrained network and write them as a safe weight file (.npz) with their source,
    licence, checksum and set of classes. Files are data: nothing in them is run, and PyTorch is not needed. Nothing is
    downloaded, except when --weights is an address of TensorFlow Hub.
    """,
    options=ConvertOptions,
    required=("backbone",),
)


def _report(made: Conversion) -> None:
    """Print what was read and written, and warn about what nothing proves."""
    from irmas_tf.process.checksums import checksum_of
    from irmas_tf.weights.conversion import VERIFY_SECONDS

    spec, published, metadata = made.spec, made.published, made.metadata
    numbers = sum(tensor.size for tensor in published.tensors.values())
    print(f"{spec.name}: {spec.title}")
    print(f"read {published.source} ({published.format}): {len(published.tensors)} tensors, {numbers:,} numbers")
    print(f"  sha256 {published.sha256}")
    for note in made.notes:
        print(f"  {note}")
    if metadata["source"]["is_published_file"]:
        print(f"  this is the published file: {spec.url}")
    elif spec.sha256 and published.source == spec.published_file:
        print(f"warning: the published {spec.published_file} has sha256 {spec.sha256}", file=sys.stderr)
    if not metadata["front_end_verified"]:
        print(
            f"warning: nothing in {published.source} proves which front-end these weights were trained with; they are"
            f" used with {spec.front_end}",
            file=sys.stderr,
        )
    if made.answers:
        print(f"with {VERIFY_SECONDS} s of audio:")
    for answer in made.answers:
        best = ", ".join(f"{name} {probability:.3f}" for name, probability in answer.best)
        print(f"  {answer.signal:12} embedding of norm {answer.embedding_norm:.3g}; {best}")
    size = made.path.stat().st_size
    print(f"wrote {made.path}: {made.tensors} tensors, {made.parameters:,} numbers, {size:,} bytes")
    print(f"  sha256 {checksum_of(made.path)}")
    print(f"  front-end {spec.front_end}")
    named = "" if metadata["labels"]["names"] else " (names not recorded; --labels records them)"
    print(f"  labels {spec.label_set}{named}")
    print(f"  licence {spec.licence}")


def main(flags: ParsedFlags) -> None:
    """Run the command."""
    options = flags.options
    from irmas_tf.weights.conversion import convert, find_backbone
    from irmas_tf.weights.weight_sources import is_handle, where_published

    spec = find_backbone(options.backbone)
    if not options.weights and not options.out:
        print(where_published(spec, f"weights/{spec.published_file}"))
        return
    if is_handle(options.weights):
        print(f"fetching {options.weights} through TensorFlow Hub, unless it has it already", flush=True)
    _report(convert(options.backbone, options.weights, options.out, labels=options.labels, verify=options.verify))


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
