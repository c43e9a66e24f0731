"""Turn published weights into a safe weight file: ``python -m irmas_tf.convert --backbone=NAME ...``.

Exit status: 0 written, 2 wrong usage or weights that cannot be used.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from irmas_tf.process.exit_codes import run_command
from irmas_tf.process.quiet_tensorflow import import_tensorflow

if TYPE_CHECKING:
    import keras

    from irmas_tf.models.backbone import BackboneSpec

_VERIFY_SECONDS = 3
_SHOWN_CLASSES = 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m irmas_tf.convert",
        description="Read the published weights of a pretrained network and write them as a safe weight file (.npz)"
        " with their source, licence, checksum and set of classes (the classes' names: see --labels). Files are data:"
        " nothing in them is run, and PyTorch is not needed. Nothing is downloaded, except when --weights is an address"
        " of TensorFlow Hub.",
        epilog="Without --weights it says where a network's weights are published.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--backbone",
        required=True,
        metavar="NAME",
        help="yamnet, pann_cnn14, pann_cnn14_16k, mn04 (also mn01, mn02, mn05, mn10, mn20)",
    )
    parser.add_argument(
        "--weights",
        metavar="FILE",
        help="published file (.h5, .pth, .pt, .npz), folder of a SavedModel, or handle of TensorFlow Hub",
    )
    parser.add_argument("--out", metavar="FILE.npz", help="the weight file to write")
    parser.add_argument(
        "--labels",
        metavar="CSV",
        help="class names to record: a CSV with index and display_name, as AudioSet's class_labels_indices.csv (527"
        " classes) and yamnet_class_map.csv (521); without it names are recorded only from the class map that a"
        " SavedModel of TensorFlow Hub brings",
    )
    parser.add_argument("--verify", action="store_true", help="run silence, a sine and noise through the result")
    return parser


def _verify(model: keras.Model, spec: BackboneSpec, names: Sequence[str]) -> None:
    """Print the network's answers to three signals; a network that answers nonsense is an error.

    Raises:
        WeightsError: an answer is not finite, or the same to everything.
    """
    import numpy as np

    from irmas_tf.models.weight_table import WeightsError

    samples = _VERIFY_SECONDS * spec.sample_rate_hz
    time = np.arange(samples) / spec.sample_rate_hz
    signals = {
        "silence": np.zeros(samples),
        "440 Hz sine": 0.5 * np.sin(2 * np.pi * 440.0 * time),
        "noise": 0.1 * np.random.default_rng(0).standard_normal(samples),
    }
    outputs = model.predict_on_batch(np.stack(list(signals.values())).astype(np.float32))
    if not all(np.all(np.isfinite(value)) for value in outputs.values()):
        raise WeightsError(f"{spec.name}: with these weights the network's outputs are not finite")
    embedding = outputs["embedding"]
    if max(np.ptp(embedding, axis=0)) < 1e-6:
        raise WeightsError(f"{spec.name}: with these weights the network answers the same to everything")
    for signal, probabilities, vector in zip(signals, outputs["probabilities"], embedding, strict=True):
        best = np.argsort(probabilities)[::-1][:_SHOWN_CLASSES]
        shown = ", ".join(f"{names[i] if names else f'class {i}'} {probabilities[i]:.3f}" for i in best)
        print(f"  {signal:12} embedding of norm {np.linalg.norm(vector):.3g}; {shown}")


def _convert(args: argparse.Namespace) -> None:
    from irmas_tf.models.backbone import BACKBONES
    from irmas_tf.models.weight_table import WeightsError
    from irmas_tf.weights.weight_sources import is_handle, read_published, sha256_of, where_published

    try:
        spec = BACKBONES.get(args.backbone)
    except ValueError as error:
        raise WeightsError(f"--backbone: {error}") from error
    if not args.weights and not args.out:
        print(where_published(spec, f"weights/{spec.published_file}"))
        return
    if not args.weights:
        raise WeightsError(f"--weights is missing. {where_published(spec, f'weights/{spec.published_file}')}")
    if not args.out:
        raise WeightsError("--out is missing: name the weight file to write, e.g. --out=weights/" + spec.name + ".npz")

    from irmas_tf.weights.weight_file import check_name, write_weight_file

    check_name(args.out)
    print(f"{spec.name}: {spec.title}")
    if is_handle(args.weights):
        print(f"fetching {args.weights} through TensorFlow Hub, unless it has it already", flush=True)

    import_tensorflow()
    published = read_published(spec, args.weights)
    numbers = sum(tensor.size for tensor in published.tensors.values())
    print(f"read {published.source} ({published.format}): {len(published.tensors)} tensors, {numbers:,} numbers")
    print(f"  sha256 {published.sha256}", flush=True)

    from irmas_tf.weights.loading import convert_weights, load_pretrained, read_class_names

    class_map = args.labels or published.class_map
    names = read_class_names(class_map, spec.num_labels) if class_map else ()
    model, file = convert_weights(spec, published, names)
    if file.metadata["source"]["is_published_file"]:
        print(f"  this is the published file: {spec.url}")
    elif spec.sha256 and published.source == spec.published_file:
        print(f"warning: the published {spec.published_file} has sha256 {spec.sha256}", file=sys.stderr)
    if not file.metadata["front_end_verified"]:
        print(
            f"warning: nothing in {published.source} proves which front-end these weights were trained with; they are"
            f" used with {spec.front_end}",
            file=sys.stderr,
        )
    if args.verify:
        print(f"with {_VERIFY_SECONDS} s of audio:")
        _verify(model, spec, names)
    path = write_weight_file(args.out, file.metadata, file.tensors)
    if args.verify:
        load_pretrained(model, spec, path)
    parameters = sum(tensor.size for tensor in file.tensors.values())
    print(f"wrote {path}: {len(file.tensors)} tensors, {parameters:,} numbers, {path.stat().st_size:,} bytes")
    print(f"  sha256 {sha256_of(path)}")
    print(f"  front-end {spec.front_end}")
    print(f"  labels {spec.label_set}" + ("" if names else " (names not recorded; --labels records them)"))
    print(f"  licence {spec.licence}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    args = _parser().parse_args(argv)
    return run_command(lambda: _convert(args))


def cli() -> None:
    """Entry point of the console script."""
    sys.exit(main())


if __name__ == "__main__":
    cli()
