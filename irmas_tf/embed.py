"""Turn audio into embeddings: ``irmas embed --backbone=mn04 --weights=W --output=F.npz FILES...``."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from irmas_tf.config.backbones import BACKBONES, profiled_backbones
from irmas_tf.config.flags import Command, ParsedFlags, run_main
from irmas_tf.config.settings import ConfigError, setting
from irmas_tf.process.cpu import start_one_blas_thread
from irmas_tf.process.csv_cells import ESCAPE, FORMULAS, FORMULAS_HELP
from irmas_tf.process.quiet_tensorflow import import_tensorflow

if TYPE_CHECKING:
    from irmas_tf.inference.window_model import WindowModel


@dataclasses.dataclass(frozen=True)
class NetworkOptions:
    """Flags that choose a network."""

    backbone: str = setting("", "Pretrained network.", known=BACKBONES.names)
    weights: str = setting("", "Weight file of the backbone, as irmas convert writes it.")
    profile: bool = setting(
        False,
        "Take time averages per frequency band of the backbone's middle and last layers in place of its embedding:"
        " longer, and it says more about timbre. Not every network has it.",
        known=profiled_backbones,
    )
    run_dir: str = setting("", "Take the embedding of this trained run instead; windows are then the run's.")
    model: str = setting(
        "", "Take the embedding of this model instead: .tflite file, folder of a SavedModel's version or of a run."
    )
    engine: str = setting(
        "auto",
        "What computes a trained model; as for irmas predict, and a backbone needs TensorFlow.",
        choices=("auto", "tensorflow", "litert"),
    )
    window_seconds: float = setting(
        3.0, "Length of the windows a backbone is given.", unit="s", minimum=0.1, maximum=60.0
    )
    window_hop_seconds: float = setting(3.0, "Hop between a backbone's windows.", unit="s", above=0.0, maximum=60.0)
    batch_size: int = setting(16, "Windows the network sees at once.", minimum=1, maximum=4096)


@dataclasses.dataclass(frozen=True)
class EmbedOptions(NetworkOptions):
    """Flags of this command."""

    output: str = setting(
        "", "File to write: .npz (NumPy; files, embeddings, metadata) or .csv (a row per file).", writes="file"
    )
    csv_formulas: str = setting(ESCAPE, FORMULAS_HELP, choices=FORMULAS)


COMMAND = Command(
    "irmas_tf.embed",
    """
    Write the embedding of every audio file: the mean over its windows of what a pretrained backbone, or a trained run,
    computes before its classifier. Folders are searched recursively; '-' is standard input, a sound or a list of
    files.

    A file that cannot be read is named on stderr; the others still get their embedding, and the exit status is then 1.
    """,
    options=EmbedOptions,
    required=("output",),
    positional="FILES_OR_FOLDERS",
)


def load_embedder(options: NetworkOptions) -> WindowModel:
    """Return the network that the flags choose.

    Raises:
        ConfigError: not exactly one of a backbone with its weights, a run and a model is named.
        RunDirError, ModelError, WeightsError: it cannot be loaded.
    """
    if sum(map(bool, (options.backbone, options.run_dir, options.model))) > 1:
        raise ConfigError("name either --backbone (with --weights) or --run_dir or --model")
    if options.weights and not options.backbone:
        raise ConfigError("--weights: are those of a --backbone; name it")
    if options.backbone and options.engine == "litert":
        raise ConfigError("--engine=litert: a pretrained backbone runs in TensorFlow; leave it out")
    if options.backbone and not options.weights:
        raise ConfigError(
            f"--weights is missing: irmas convert --backbone={options.backbone} says where they are"
            " published, and makes the file"
        )
    if options.profile and options.backbone not in (profiled := profiled_backbones()):
        raise ConfigError(f"--profile: is for --backbone={', '.join(profiled)} only")
    if not options.backbone:
        from irmas_tf.inference.open_models import open_model
        from irmas_tf.inference.window_model import EMBEDDING, require_output
        from irmas_tf.reports.answer_output import say_engine

        model = open_model(options.run_dir, options.model, options.engine)
        say_engine(model)
        # What is wrong with it is said before the work.
        require_output(model, EMBEDDING, options.model or options.run_dir)
        return model
    if options.backbone not in BACKBONES:
        raise ConfigError(f"--backbone={options.backbone}: must be one of {', '.join(BACKBONES)}")
    from irmas_tf.weights.weight_sources import require_weights

    require_weights(BACKBONES.get(options.backbone), options.weights, "weights")
    import_tensorflow("a pretrained network")
    from irmas_tf.inference.embedding import load_backbone

    return load_backbone(
        options.backbone,
        options.weights,
        options.window_seconds,
        options.window_hop_seconds,
        profile=options.profile,
    )


def main(flags: ParsedFlags) -> int:
    """Run the command; the exit status is 1 if any file got no embedding."""
    options = flags.options
    if not flags.positional:
        raise ConfigError("no audio given: name files or folders after the flags")
    from irmas_tf.audio.walk import AudioFiles
    from irmas_tf.inference.embedding_files import embed_files, embeddings_file, write_embeddings
    from irmas_tf.reports.answer_output import plain_warnings, say_skipped, shown

    target = embeddings_file(options.output)
    model = load_embedder(options)
    files = AudioFiles(list(flags.positional))
    show = shown("embedding", say_failures=True)
    with contextlib.closing(files), plain_warnings(files.shown):
        embeddings = embed_files(
            model,
            files,
            batch_size=options.batch_size,
            total=files.total,
            progress=lambda results, total: show(map(files.renamed, results), total),
        )
    say_skipped(files)
    if not embeddings.clips:
        print("error: no audio file could be embedded; nothing was written", file=sys.stderr)
        return 1
    write_embeddings(target, embeddings, model, options.csv_formulas)
    count, width = embeddings.matrix.shape
    print(f"{count} embedding{'s' if count > 1 else ''} of {width} numbers: {options.output}")
    return 1 if embeddings.failures else 0


def cli(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit status."""
    start_one_blas_thread()
    return run_main(main, COMMAND, argv)


if __name__ == "__main__":
    sys.exit(cli())
